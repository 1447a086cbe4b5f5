package llmstream

import (
	"encoding"
	"fmt"
	"reflect"
	"testing"
	"unsafe"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// W-06, W-12
func TestHasOutput(t *testing.T) {
	x := []byte("x")
	for _, c := range []struct {
		name string
		d    Delta
		want bool
	}{
		{"content", Delta{Kind: KindContent, Text: x}, true},
		{"no content", Delta{Kind: KindContent}, false},
		{"refusal", Delta{Kind: KindRefusal, Text: x}, true},
		{"reasoning", Delta{Kind: KindReasoning, Text: x}, true},
		{"structured reasoning", Delta{Kind: KindReasoning, Detail: &ReasoningDetail{Text: x}}, true},
		{"a summary", Delta{Kind: KindReasoning, Detail: &ReasoningDetail{Summary: x}}, true},
		{"a signature", Delta{Kind: KindReasoning, Detail: &ReasoningDetail{Signature: x, ID: x, Type: x}}, false},
		{"a tool's name", Delta{Kind: KindToolCall, ToolCall: ToolCallDelta{Name: x}}, true},
		{"a tool's arguments", Delta{Kind: KindToolCall, ToolCall: ToolCallDelta{Arguments: x}}, true},
		{"a tool call's id", Delta{Kind: KindToolCall, ToolCall: ToolCallDelta{ID: x, Type: x}}, false},
		{"a picture", Delta{Kind: KindMedia, Text: x}, true},
		{"the end of a tool call", Delta{Kind: KindToolCallEnd, ToolCall: ToolCallDelta{ArgumentsValid: true}}, false},
		{"a role", Delta{Kind: KindStart, Start: &Start{Role: x}}, false},
		{"others", Delta{Kind: KindOther, Text: x, Raw: x}, false},
		{"a finish", Delta{Kind: KindFinish, NativeFinishReason: x}, false},
		{"usage", Delta{Kind: KindUsage, Usage: Usage{Raw: x}}, false},
		{"logprobs", Delta{Kind: KindLogprobs, Text: x}, false},
	} {
		require.Equal(t, c.want, c.d.HasOutput(), c.name)
	}
}

// Delivered tells at any time whether a delta had output.
func TestDeliveredMeansThatADeltaHadOutput(t *testing.T) {
	for _, event := range []string{
		says("x"), says(""), says(`\ud83d`), chunk(`"delta":{"role":"assistant"}`), chunk(`"delta":{"reasoning":"x"}`), chunk(`"delta":{"refusal":"x"}`), "null",
		chunk(`"delta":{"reasoning_details":[{"text":"x"}]}`), chunk(`"delta":{"reasoning_details":[{"summary":"x"}]}`), chunk(`"delta":{"reasoning_details":[{"signature":"x"}]}`),
		calls(`{"index":0,"id":"c"}`), calls(`{"index":0,"function":{"name":"f"}}`), calls(`{"index":0,"function":{"arguments":"1"}}`),
		stops, `{"choices":[],"usage":{"total_tokens":1}}`, chunk(`"text":"x"`), chunk(`"delta":{"images":[{"url":"u"}]}`), chunk(`"logprobs":{"content":[]}`),
	} {
		got := false
		p := NewParser(OpenAIChat, HandlerFunc(func(d *Delta) error {
			got = got || d.HasOutput()
			return nil
		}), nil)
		p.Write([]byte(testkit.SSE(event)))
		require.Equal(t, got, p.Outcome().Delivered, event)
	}
}

func TestDeliveredMeansThatADeltaHadOutputInRecordings(t *testing.T) {
	for _, r := range recordings(t) {
		got := false
		p := NewParser(r.dialect, HandlerFunc(func(d *Delta) error {
			got = got || d.HasOutput()
			return nil
		}), nil)
		for i := range r.body {
			p.Write(r.body[i : i+1])
			if got != p.seen.Delivered {
				require.Equal(t, got, p.Outcome().Delivered, "%s, byte %d", r.file, i)
			}
		}
		p.Close()
		require.Equal(t, got, p.Outcome().Delivered, r.file)
	}
}

// A clone says the same and shares no memory with what was cloned; but for Err,
// which is nobody else's.
func TestCloneSharesNoMemory(t *testing.T) {
	var d Delta
	fill(reflect.ValueOf(&d).Elem())
	c := d.Clone()
	require.Equal(t, &d, c)
	owned := map[uintptr]string{}
	memory(reflect.ValueOf(&d), "Delta", func(at uintptr, path string) { owned[at] = path })
	require.Greater(t, len(owned), 20)
	memory(reflect.ValueOf(c), "Delta", func(at uintptr, path string) {
		require.NotContains(t, owned, at, path)
	})
	require.Equal(t, &Delta{}, (&Delta{}).Clone())
}

// fill gives every field of v a value that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8, reflect.Uint32:
		v.SetUint(1)
	case reflect.Interface: // Err
	default:
		panic("a kind of field that this test does not know: " + v.Kind().String())
	}
}

// memory calls f for all that v points to.
func memory(v reflect.Value, path string, f func(at uintptr, path string)) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			memory(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			f(v.Pointer(), path)
			memory(v.Elem(), path, f)
		}
	case reflect.Slice:
		f(uintptr(unsafe.Pointer(unsafe.SliceData(v.Bytes()))), path)
	}
}

// Each name comes back as the constant that it belongs to, and no other name does.
func TestNamesAsText(t *testing.T) {
	back := func(v interface {
		encoding.TextMarshaler
		fmt.Stringer
	}, to encoding.TextUnmarshaler) {
		t.Helper()
		text, err := v.MarshalText()
		require.NoError(t, err)
		require.Equal(t, v.String(), string(text))
		require.NoError(t, to.UnmarshalText(text))
		require.Equal(t, v, reflect.ValueOf(to).Elem().Interface())
	}
	for s := StateOpen; s <= StateStopped; s++ {
		back(s, new(State))
	}
	for d := Auto; d <= BedrockAgents; d++ {
		back(d, new(Dialect))
	}
	for w := WireUnknown; w <= WireFrames; w++ {
		back(w, new(Wire))
	}
	for r := FinishNone; r <= FinishUnknown; r++ {
		back(r, new(FinishReason))
	}
	for v := TriUnknown; v <= TriNo; v++ {
		back(v, new(Tri))
	}
	for k := KindStart; k <= KindBlocked; k <<= 1 {
		back(k, new(Kind))
	}
	back(Kind(0), new(Kind))
	back(KindContent|KindBlocked, new(Kind))
	for _, to := range []encoding.TextUnmarshaler{new(State), new(Dialect), new(Wire), new(Tri), new(Kind)} {
		require.ErrorContains(t, to.UnmarshalText([]byte("nothing")), `"nothing"`)
	}
	for _, v := range []encoding.TextMarshaler{State(99), Dialect(99), Wire(99), Tri(99)} {
		_, err := v.MarshalText()
		require.ErrorContains(t, err, "(99) has no name")
	}
	r := FinishStop
	require.NoError(t, r.UnmarshalText([]byte("nothing")))
	require.Equal(t, FinishUnknown, r)
}

func TestKindString(t *testing.T) {
	for k, want := range map[Kind]string{
		0: "none", KindStart: "start", KindContent: "content", KindToolCallEnd: "tool_call_end", KindDone: "done",
		KindContent | KindDone: "content|done", KindItem: "item", KindBlocked: "blocked", KindBlocked << 1: "none", KindBlocked<<1 | KindPing: "ping",
	} {
		require.Equal(t, want, k.String())
	}
	names := map[string]bool{}
	for k := KindStart; k <= KindBlocked; k <<= 1 {
		names[k.String()] = true
	}
	require.Len(t, names, len(kindNames))
	require.NotContains(t, names, "none")
}

// C-10: what is unknown is not success.
func TestFinishReasons(t *testing.T) {
	for native, want := range map[string]FinishReason{
		"stop": FinishStop, "end_turn": FinishStop, "eos": FinishStop, "COMPLETE": FinishStop, "length": FinishLength, "max_tokens": FinishLength, "MAX_TOKENS": FinishLength,
		"tool_calls": FinishToolCalls, "tool_use": FinishToolCalls, "TOOL_CALL": FinishToolCalls, "content_filter": FinishContentFilter, "SAFETY": FinishContentFilter,
		"function_call": FinishFunctionCall, "": FinishNone, "malformed_function_call": FinishUnknown, "error": FinishUnknown, "insufficient_system_resource": FinishUnknown, "Stop!": FinishUnknown,
	} {
		require.Equal(t, want, FinishReason(decode.FinishReasonOf([]byte(native))), native)
	}
	for reason, want := range map[FinishReason]string{
		FinishNone: "", FinishStop: "stop", FinishLength: "length", FinishToolCalls: "tool_calls", FinishContentFilter: "content_filter",
		FinishFunctionCall: "function_call", FinishUnknown: "unknown", 99: "unknown",
	} {
		require.Equal(t, want, reason.String())
	}
}

func TestHandlersLeavesOutNil(t *testing.T) {
	var l lines
	h := Handlers(nil, &l, nil)
	require.NoError(t, h.HandleDelta(&Delta{Kind: KindDone, Choice: -1}))
	require.Equal(t, lines{"done"}, l)
	require.NoError(t, Handlers(nil).HandleDelta(&Delta{}))
	require.ErrorIs(t, HandlerFunc(func(*Delta) error { return errBoom }).HandleDelta(nil), errBoom)
}
