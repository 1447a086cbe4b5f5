package dialect_test

import (
	"encoding/json"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// parted is a functionCall with pieces of its arguments.
func parted(name string, more bool, pieces ...string) string {
	call := `"partialArgs":[` + strings.Join(pieces, ",") + `]`
	if name != "" {
		call = `"name":"` + name + `",` + call
	}
	if more {
		call += `,"willContinue":true`
	}
	return `{"candidates":[{"content":{"parts":[{"functionCall":{` + call + `}}]}}]}`
}

func TestPartialArguments(t *testing.T) {
	piece := func(path, member, value string, more bool) string {
		p := `{"jsonPath":` + strconv.Quote(path) + `,"` + member + `":` + value
		if more {
			p += `,"willContinue":true`
		}
		return p + "}"
	}
	str := func(path, text string) string { return piece(path, "stringValue", `"`+text+`"`, false) }
	num := func(path string, n int) string { return piece(path, "numberValue", strconv.Itoa(n), false) }
	for _, c := range []struct {
		name   string
		pieces []string
		want   string
		valid  bool
	}{
		{"a number", []string{num("$.a", 7)}, `{"a":7}`, true},
		{"a root that is an array", []string{num("$[0]", 7), num("$[1]", 8)}, `[7,8]`, true},
		{"nested", []string{num("$.a.b.c", 1), num("$.a.b.d", 2), num("$.a.e[0][0]", 3), num("$.a.e[0][1]", 4), num("$.f", 5)},
			`{"a":{"b":{"c":1,"d":2},"e":[[3,4]]},"f":5}`, true},
		{"names in quotes", []string{num(`$['a b']`, 1), num(`$["c\"d"]`, 2), num(`$['it\'s']`, 3), num(`$['e"f']`, 4), num("$['g\\\\']", 5)},
			`{"a b":1,"c\"d":2,"it's":3,"e\"f":4,"g\\":5}`, true},
		{"a string in pieces", []string{piece("$.a", "stringValue", `"x"`, true), piece("$.a", "stringValue", `"\"y"`, true), str("$.a", "")}, `{"a":"x\"y"}`, true},
		{"a string that another ends", []string{piece("$.a", "stringValue", `"x"`, true), str("$.b", "y")}, `{"a":"x","b":"y"}`, true},
		{"a string that the call ends", []string{piece("$.a", "stringValue", `"x"`, true)}, `{"a":"x"}`, true},
		{"a string ended by nothing", []string{piece("$.a", "stringValue", `"x"`, true), `{"jsonPath":"$.a"}`}, `{"a":"x"}`, true},
		{"nothing said yet", []string{`{"jsonPath":"$.a","willContinue":true}`, str("$.a", "x")}, `{"a":"x"}`, true},
		{"words", []string{piece("$.a", "boolValue", "false", false), piece("$.b", "nullValue", `"NULL_VALUE"`, false), piece("$.c", "nullValue", "null", false)}, `{"a":false,"b":null,"c":null}`, true},

		{"no path", []string{num("", 1), num("$", 1), num("a", 1), num("$.", 1), num("$a", 1), num("$[x]", 1), num("$['a", 1), num("$[", 1)}, "", false},
		{"not the first element", []string{num("$.a[1]", 1)}, "", false},
		{"a gap", []string{num("$.a[0]", 1), num("$.a[2]", 1)}, `{"a":[1]}`, false},
		{"a huge element", []string{num("$.a[0]", 1), num("$.a[99999999999999999999]", 1)}, `{"a":[1]}`, false},
		{"the same again", []string{num("$.a", 1), num("$.a", 1)}, `{"a":1}`, false},
		{"a number for the rest of a string", []string{piece("$.a", "stringValue", `"x"`, true), num("$.a", 1)}, `{"a":"x"}`, false},
		{"into a string", []string{piece("$.a", "stringValue", `"x"`, true), num("$.a.b", 1)}, `{"a":"x"}`, false},
		{"a string that goes on behind it", []string{piece("$.a", "stringValue", `"x"`, true), num("$.a.b", 1), str("$.a", "y"), num("$.c", 1)}, `{"a":"xy","c":1}`, false},
		{"into a number", []string{num("$.a", 1), num("$.a.b", 1)}, `{"a":1}`, false},
		{"over an object", []string{num("$.a.b", 1), num("$.a", 1)}, `{"a":{"b":1}}`, false},
		{"back into an object", []string{num("$.a.b", 1), num("$.c", 1), num("$.a.d", 1)}, `{"a":{"b":1},"c":1}`, false},
		{"an element of an object", []string{num("$.a.b", 1), num("$.a[0]", 1)}, `{"a":{"b":1}}`, false},
		{"an object for a string", []string{piece("$.a", "stringValue", "{}", false)}, "", false},
		{"an index past 31 bits", []string{num("$.a[4294967296]", 1)}, "", false},
		{"just not too deep", []string{num("$"+strings.Repeat(".a", 299), 1)}, strings.Repeat(`{"a":`, 299) + "1" + strings.Repeat("}", 299), true},
		{"just too deep", []string{num("$"+strings.Repeat(".a", 300), 1)}, "", false},
		{"too deep", []string{num("$"+strings.Repeat(".a", 400), 1)}, "", false},
		{"too long", []string{num("$."+strings.Repeat("a", 5000), 1)}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			together := testkit.SSE(parted("f", false, c.pieces...), `{"candidates":[{"finishReason":"STOP"}]}`)
			events := []string{parted("f", true)}
			for _, p := range c.pieces {
				events = append(events, parted("", true, p))
			}
			apart := testkit.SSE(append(events, `{"candidates":[{"finishReason":"STOP"}]}`)...)
			for _, body := range []string{together, apart} {
				var a llmstream.Accumulator
				p := llmstream.NewParser(llmstream.Gemini, &a, nil)
				p.Write([]byte(body))
				p.Close()
				call, ok := a.ToolCall(0, 0)
				require.True(t, ok)
				require.Equal(t, c.want, call.Arguments)
				require.Equal(t, c.valid, call.ArgumentsValid)
				require.True(t, call.Ended)
				require.Equal(t, c.valid, p.Outcome().Damage == nil)
			}
		})
	}
}

// A call that is to continue and does not breaks off, unless an event ends it.
func TestPartialArgumentsThatNeverCome(t *testing.T) {
	stop := `{"candidates":[{"finishReason":"STOP"}]}`
	for _, c := range []struct {
		events []string
		state  llmstream.State
		valid  bool
	}{
		{[]string{parted("f", false), stop}, llmstream.StateComplete, true},
		{[]string{parted("f", true), parted("", false), stop}, llmstream.StateComplete, true},
		{[]string{parted("f", true), stop}, llmstream.StateTruncated, false},
		{[]string{parted("f", true), parted("g", false), stop}, llmstream.StateTruncated, false},
	} {
		r := streamtest.ReadFolded(llmstream.Gemini, nil, []byte(testkit.SSE(c.events...)))
		require.Equal(t, c.state, r.Outcome.State, c.events)
		require.Equal(t, c.valid, r.Completion.Choices[0].Message.ToolCalls[0].ArgumentsValid, c.events)
	}
}

// maxPartialKeys is how many members an object may have whose parts come in pieces.
const maxPartialKeys = 1 << 10

// An object that has very many members is written in linear time, or not at all.
func TestPartialArgumentsWithManyMembers(t *testing.T) {
	events := []string{parted("f", true)}
	for i := range 4 * maxPartialKeys {
		events = append(events, parted("", true, `{"jsonPath":"$.a`+strconv.Itoa(i)+`","numberValue":1}`))
	}
	_, o := streamtest.Push(llmstream.Gemini, nil, testkit.SSE(events...))
	require.EqualValues(t, 3*maxPartialKeys, o.Anomalies.Malformed)
	require.ErrorContains(t, o.Damage, "too many")
}

// FuzzPartialArguments: arguments that come in pieces are the arguments. The
// oracle is encoding/json.
func FuzzPartialArguments(f *testing.F) {
	f.Add(`{"a":{"b":["x y",true,null,{"c":-1.5e3}]},"d'\"\\e":"f\n🍵"}`, uint8(2))
	f.Add(`[[1,[2]],[{"a":"b"}]]`, uint8(1))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			return
		}
		events := []string{parted("f", true)}
		if !eachPiece(value, "$", int(size), func(piece string) { events = append(events, parted("", true, piece)) }) || len(events) < 2 {
			return // empty objects and arrays cannot be said
		}
		var a llmstream.Accumulator
		p := llmstream.NewParser(llmstream.Gemini, &a, nil)
		p.Write([]byte(testkit.SSE(append(events, `{"candidates":[{"finishReason":"STOP"}]}`)...)))
		p.Close()
		call, _ := a.ToolCall(0, 0)
		want, err := json.Marshal(value)
		require.NoError(t, err)
		require.JSONEq(t, string(want), call.Arguments)
		require.True(t, call.ArgumentsValid)
	})
}

// eachPiece takes a value apart as Gemini does, with strings in pieces of a size.
// !ok: it holds what cannot be said.
func eachPiece(value any, path string, size int, f func(piece string)) (ok bool) {
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	at := `{"jsonPath":` + quoted(path)
	switch v := value.(type) {
	case map[string]any:
		var keys []string
		for key := range v {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			name, _ := json.Marshal(key)
			if len(path)+len(name) > 1000 || strings.Count(path, "[") > 100 || !eachPiece(v[key], path+"["+string(name)+"]", size, f) {
				return false
			}
		}
		return len(v) > 0 && len(v) < maxPartialKeys
	case []any:
		for i := range v {
			if len(path) > 1000 || strings.Count(path, "[") > 100 || !eachPiece(v[i], path+"["+strconv.Itoa(i)+"]", size, f) {
				return false
			}
		}
		return len(v) > 0
	case string:
		runes := []rune(v)
		for size > 0 && len(runes) > size {
			f(at + `,"stringValue":` + quoted(string(runes[:size])) + `,"willContinue":true}`)
			runes = runes[size:]
		}
		f(at + `,"stringValue":` + quoted(string(runes)) + "}")
	default:
		member := map[bool]string{true: "boolValue", false: "numberValue"}
		_, isBool := v.(bool)
		b, _ := json.Marshal(v)
		name := member[isBool]
		if v == nil {
			name = "nullValue"
		}
		f(at + `,"` + name + `":` + string(b) + "}")
	}
	return path != "$"
}
