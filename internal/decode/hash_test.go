package decode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func hashOf(pieces ...string) (h argumentsHash) {
	for _, p := range pieces {
		h.add([]byte(p))
	}
	return h
}

// Where the pieces end makes no difference, nor does white space between tokens.
func TestArgumentsHash(t *testing.T) {
	const whole = `{"path":"C:\\Users\\\"x\" y","n":[1, 2, {"é":null}],"long":"0123456789abcdef 0123456789"}`
	want := hashOf(whole)
	for i := range whole {
		for j := i; j < len(whole); j += 7 {
			got := hashOf(whole[:i], whole[i:j], whole[j:])
			require.True(t, want.equal(&got), "cut at %d and %d", i, j)
		}
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"a":1}`, " {\n\"a\" : 1 }\t", true},
		{`{"a":1}`, `{"a":2}`, false},
		{`{"a":" b"}`, `{"a":"b"}`, false},
		{`{"a":"\" "}`, `{"a":"\""}`, false},
		{`{"a":"12345678"}`, `{"a":"12345679"}`, false},
		{`{}`, ``, false},
		{`{"a":1}`, `{"a":1}{}`, false},
	} {
		a, b := hashOf(c.a), hashOf(c.b)
		require.Equal(t, c.same, a.equal(&b), "%s and %s", c.a, c.b)
	}
}

// Calls whose pieces are read one at a time and several at once come to the same.
func TestTryArguments(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		ok     bool
		state  CallState
	}{
		{[]string{`{"a"`, `:1`, `}`}, true, CallWhole},
		{[]string{`{"a"`, `:1`}, true, CallOpen},
		{[]string{`{}`, ` `}, true, CallWhole},
		{[]string{`{}`, `{}`}, false, CallOpen}, // T-33: it matters where the first one ends
		{[]string{`1`, `2`}, true, CallWhole},
		{[]string{`x`}, false, CallOpen},
	} {
		var one, several Call
		all := ""
		for _, p := range c.pieces {
			one.TakeArguments([]byte(p))
			all += p
		}
		require.Equal(t, c.ok, several.TryArguments([]byte(all)), all)
		require.Equal(t, c.state, several.State, all)
		if c.ok {
			require.Equal(t, one, several, all)
		}
	}
}

func TestFields(t *testing.T) {
	var c Context
	c.Attach(new(Stream), &Limits{MaxValues: 100})
	_, err := c.Parse([]byte(`{"a":1,"text":2,"content":3,"b":4,"b":5,"ab":6}`))
	require.NoError(t, err)
	var a, text, b, missing = c.Root, c.Root, c.Root, c.Root
	Fields(c.Root, "a text|content b missing", &a, &text, &b, &missing)
	require.Equal(t, []string{"1", "3", "5"}, []string{string(c.Raw(a)), string(c.Raw(text)), string(c.Raw(b))})
	require.Equal(t, c.Root, missing) // not set
}
