package decode

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Lists that no decoder looks into count as one value each, and come out as they went in.
func TestPackedListsKeepTheirJSON(t *testing.T) {
	for name, c := range map[string]struct{ in, out string }{
		"numbers":          {`[1, -2.5e3,  4]`, `[1,-2.5e3,4]`},
		"in a text":        {`{"a":[1,2,3,4,5,6,7,8,9,0],"s":"e0,[e1]"}`, ``},
		"beside escapes":   {`{"a":[1,2,3,4,5,6,7,8,9,0],"s":"\"e0"}`, ``},
		"beside exponents": {`{"a":[1,2,3,4,5,6,7,8,9,0],"s":1e1,"t":true,"f":false}`, ``},
		"twice":            {`[{"a":[1,2,3,4,5,6]},{"a":[7,8]},[9]]`, ``},
		"logprobs":         {`{"logprobs":{"content":[{"token":"a b","bytes":[1]}, {"token":"[]"},null,null,null,null]}}`, `{"logprobs":{"content":[{"token":"a b","bytes":[1]},{"token":"[]"},null,null,null,null]}}`},
		"tools":            {`{"tools":[{"a":{"b":{"c":{"d":{"e":{"f":{}}}}}}}]}`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			var c2 Context
			c2.Attach(new(Stream), &Limits{MaxValues: 8})
			data := []byte(`{"v":` + c.in + `}`)
			c2.Begin(nil, data)
			_, err := c2.Parse(data)
			require.NoError(t, err)
			if c.out == "" {
				c.out = c.in
			}
			require.Equal(t, c.out, string(c2.Raw(Member(c2.Root, "v"))))
			require.Equal(t, c.in, string(c2.JSONOf(Member(c2.Root, "v"))))
			require.Equal(t, `{"v":`+c.out+`}`, string(c2.Wrap("", c2.Root, "")))
		})
	}
}

// A packed list is an array to every function that asks for the type.
func TestPackedListIsAnArray(t *testing.T) {
	var c Context
	c.Attach(new(Stream), &Limits{MaxValues: 4, MaxBadText: 100})
	parse := func(data string) {
		c.Begin(nil, []byte(data))
		_, err := c.Parse(c.Data)
		require.NoError(t, err)
	}
	parse(`{"v":[1,2,3,4],"n":7}`)
	v, n := Member(c.Root, "v"), Member(c.Root, "n")
	require.True(t, c.IsArray(v))
	require.True(t, c.IsFilledArray(v))
	require.False(t, c.IsNumber(v))
	require.True(t, c.IsNumber(n))
	require.False(t, c.IsFilledArray(n))
	require.Empty(t, c.label(v))
	require.Equal(t, "7", c.label(n))
	_, ok := c.Int(v)
	require.False(t, ok)
	_, ok = c.Text(v, nil)
	require.False(t, ok)

	parse(`{"n":7}`) // nothing of the event before is left
	require.Equal(t, `{"n":7}`, string(c.Raw(c.Root)))

	parse(`{"v":e0}`) // fastjson takes it for a number
	require.False(t, c.IsArray(Member(c.Root, "v")))
	require.Equal(t, `e0`, string(c.Raw(Member(c.Root, "v"))))
}

// What is not JSON is not packed, and neither is what still has too many values.
func TestRefusesToPack(t *testing.T) {
	for _, data := range []string{
		`{"a":[1,2,3,4,5,6,7,8,9],"b":[{},{},{},{},{},{},{},{}]}`,
		`{"a":[1,2,3,4,5,6,7,8,9]`, `{"a":[1,2,3,4,5,6,7,8,9]]`, `{"a":[1,2,3,4,5,6,7,8,9],}`, `{"a":[1,2,3,4,5,6,7,8,9]}x`,
		`{"a":[1,2,3,4,5,6,7,8,9`, `{"a":[1,2,3,4,5,6,7,8,9],"b":[1 2]}`, `{"a":[1,2,3,4,5,6,7,8,9],"b":[1,e0]}`,
		`{"a":[1,2,3,4,5,6,7,8,9],"b":e0}`, `{"a":[1,2,3,4,5,6,7,8,9],b:1}`, `{"tools":[1,2,3,4,5,6,7,8,9,{]}`,
		strings.Repeat("[", 100) + `1,2,3,4,5,6,7,8,9` + strings.Repeat("]", 100),
	} {
		var c Context
		c.Attach(new(Stream), &Limits{MaxValues: 8})
		c.Begin(nil, []byte(data))
		_, err := c.Parse(c.Data)
		require.ErrorContains(t, err, "MaxValues", data)
	}
}
