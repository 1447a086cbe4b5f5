package dialect_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// Calls without ids are others each time, though they have the same index (T-02).
func TestCallsWithoutIDsAtOneIndex(t *testing.T) {
	l, o := streamtest.Push(llmstream.AnthropicMessages, nil,
		blockEvents(`{"type":"tool_use","name":"f","input":{}}`, "")(0)+blockEvents(`{"type":"tool_use","name":"g","input":{}}`, `{"type":"input_json_delta","partial_json":"%d"}`)(0)+
			blockEvents("", `{"type":"input_json_delta","partial_json":"%d"}`)(7))
	require.Equal(t, streamtest.Lines{"tool_call #0 name=f type=function", "tool_call #1 name=g type=function", "tool_call #1 args=7"}, l)
	require.Equal(t, 2, o.Choices[0].ToolCalls)
}

// A call whose piece may have been lost must not be run, also if an event was lost before the
// call began.
func TestCallsThatBeginAfterDamageMayLosePieces(t *testing.T) {
	call := func(i int) string {
		return testkit.SSE(fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":{"type":"tool_use","id":"t%d","name":"f","input":{}}}`, i, i))
	}
	piece := func(i int, text string) string {
		return testkit.SSE(fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"input_json_delta","partial_json":%q}}`, i, text))
	}
	damaged := testkit.SSE(`{"type":"content_block_delta","ind`)
	end := testkit.SSE(`{"type":"content_block_stop","index":1}`, `{"type":"message_delta","delta":{"stop_reason":"tool_use"}}`, `{"type":"message_stop"}`)
	for _, before := range []string{"", damaged} {
		var a llmstream.Accumulator
		p := llmstream.NewParser(llmstream.AnthropicMessages, &a, nil)
		p.Write([]byte(call(0) + before + call(1) + piece(1, `{"a":`) + damaged + piece(1, `1}`) + end))
		p.Close()
		ended, ok := a.ToolCall(0, 1)
		require.True(t, ok)
		require.Equal(t, `{"a":1}`, ended.Arguments)
		require.False(t, ended.Ended, before)
	}
}

// What stands there as a whole is told at once, whether or not it is said to end.
func TestWholeBlocksAreTold(t *testing.T) {
	start := func(content string) string {
		return testkit.SSE(`{"type":"message_start","message":{"id":"m","content":[` + content + `]}}`)
	}
	for _, c := range []struct {
		name, body string
		want       streamtest.Lines
	}{
		{"a result", blockEvents(`{"type":"web_search_tool_result","content":[]}`, "")(0), streamtest.Lines{`item {"type":"web_search_tool_result","content":[]}`}},
		{"another model", blockEvents(`{"type":"fallback"}`, "")(0), streamtest.Lines{`item {"type":"fallback"}`}},
		{"a server tool's call with its input", blockEvents(`{"type":"server_tool_use","input":{"a":1}}`, "")(0), streamtest.Lines{`item {"type":"server_tool_use","input":{"a":1}}`}},
		{"and without", blockEvents(`{"type":"server_tool_use","input":{}}`, "")(0), streamtest.Lines{"other"}},
		{"thinking that has yet to come", blockEvents(`{"type":"thinking","thinking":"","signature":""}`, "")(0), streamtest.Lines{"other"}},
		{"a call with its input as text", blockEvents(`{"type":"tool_use","id":"a","name":"f","input":"{\"a\":1}"}`, "")(0), streamtest.Lines{`tool_call #0 id=a name=f type=function args={"a":1}`}},
		{"calls of the message", start(`{"type":"tool_use","id":"a","name":"f","input":{"a":1}},{"type":"tool_use","id":"b","name":"f"}`),
			streamtest.Lines{"start id=m", `tool_call #0 id=a name=f type=function args={"a":1}`, "tool_call_end #0 valid", "tool_call #1 id=b name=f type=function", "tool_call_end #1 valid"}},
		{"the message once more, of which the id comes late", testkit.SSE(`{"type":"message_start","message":{}}`) + start(""), streamtest.Lines{"other", "start id=m"}},
	} {
		l, o := streamtest.Push(llmstream.AnthropicMessages, nil, c.body)
		require.Equal(t, c.want, l, c.name)
		require.Zero(t, o.Anomalies.Malformed, c.name)
	}
}

// After the end of a message another one begins: nothing of the first is left (O-22).
func TestAnotherMessageOfAnthropic(t *testing.T) {
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.AnthropicMessages, &a, nil)
	p.Write([]byte(testkit.SSE(
		`{"type":"message_start","message":{"id":"m"}}`,
		`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"f","input":{"a":1}}}`,
		`{"type":"message_stop"}`,
		`{"type":"message_start","message":{"id":"n"}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}`,
	)))
	m := a.Completion().Choices[0].Message
	require.Equal(t, "x", m.Content)
	require.Empty(t, m.ToolCalls)
}

// A call that another message's part has taken the place of is not open any more.
func TestCallInPlaceOfWhichAnotherBlockBegins(t *testing.T) {
	_, o := streamtest.Push(llmstream.AnthropicMessages, nil, testkit.SSE(
		`{"type":"message_start","message":{"id":"m"}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}`,
		`{"type":"message_start","message":{"id":"n"}}`,
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"x"}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"["}}`,
		`{"type":"message_stop"}`,
	))
	require.Zero(t, o.OpenToolCalls)
	require.Equal(t, llmstream.StateComplete, o.State)
	require.EqualValues(t, 1, o.Anomalies.Malformed) // that another begins there
}

// E-03: errors of gateways, which name no type or say nothing.
func TestErrorsOfGatewaysToAnthropic(t *testing.T) {
	for event, want := range map[string]string{
		`{"error":{"message":"no"}}`:  "error no",
		`{"message":"no"}`:            "error no",
		`{"type":"error"}`:            "error ",
		`{"type":"error","error":{}}`: "error ",
	} {
		l, o := streamtest.Push(llmstream.AnthropicMessages, nil, testkit.SSE(event))
		require.Equal(t, streamtest.Lines{want}, l, event)
		require.Equal(t, llmstream.StateError, o.State, event)
	}
}

// heldBlocksOf returns a body in which a server tool's input comes in this many
// pieces of this many bytes.
func heldBlocksOf(pieces, size int) string {
	var b strings.Builder
	block := blockEvents(`{"type":"server_tool_use","id":"s","name":"f","input":{}}`, "")
	b.WriteString(block(0))
	for i := range pieces {
		begin, end := "", ""
		if i == 0 {
			begin = `{\"a\":\"`
		}
		if i == pieces-1 {
			end = `\"}`
		}
		fmt.Fprintf(&b, "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"%s%s%s\"}}\n\n",
			begin, strings.Repeat("x", size), end)
	}
	return b.String() + "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
}

// What a held block becomes at its end, or at that of the message.
func TestHeldBlocksEnd(t *testing.T) {
	start := func(index int) string {
		return fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":{"type":"server_tool_use","id":"%d","input":{}}}`, index, index)
	}
	input := func(json string) string {
		return `{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"` + json + `"}}`
	}
	const stop, end = `{"type":"content_block_stop","index":2}`, `{"type":"message_stop"}`
	item := func(id, input string) string {
		return `item {"type":"server_tool_use","id":"` + id + `","input":` + input + `}`
	}
	for _, c := range []struct {
		name   string
		events []string
		want   streamtest.Lines
	}{
		{"no input", []string{start(2), stop}, streamtest.Lines{"other", item("2", "{}")}},
		{"an input", []string{start(2), input("[1]"), stop}, streamtest.Lines{"other", "other", item("2", "[1]")}},
		{"an input that breaks off", []string{start(2), input("[1"), stop}, streamtest.Lines{"other", "other", "other"}},
		{"an input that is no JSON", []string{start(2), input("[NaN]"), stop}, streamtest.Lines{"other", "other", "malformed"}},
		{"at the end of the message, in order", []string{start(5), start(2), start(9), end}, streamtest.Lines{"other", "other", "other", item("2", "{}"), item("5", "{}"), item("9", "{}"), "done"}},
	} {
		l, _ := streamtest.Push(llmstream.AnthropicMessages, nil, testkit.SSE(c.events...))
		require.Equal(t, c.want, l, c.name)
	}
	deltas := streamtest.Read(llmstream.AnthropicMessages, nil, []byte(testkit.SSE(start(5), start(2), end))).Deltas
	require.Equal(t, []int{2, 5, 0}, []int{deltas[2].Part, deltas[3].Part, deltas[4].Part})
}

// A stream and a body in its place give the same items in the same order, whatever
// the blocks are and wherever their pieces are cut.
func TestBlocksInPiecesAreWholeBlocks(t *testing.T) {
	for _, blocks := range [][]string{
		{`{"type":"server_tool_use","id":"a","name":"f","input":{"q":"\u00e9 \"x\"\n","n":[1,{"m":null}]}}`, `{"type":"web_search_tool_result","tool_use_id":"a","content":[]}`},
		{`{"type":"mcp_tool_use","id":"a","name":"f","server_name":"s","input":{}}`, `{"type":"container_upload","file_id":"f"}`, `{"type":"fallback","from":{},"to":{}}`},
		{`{"type":"server_tool_use","id":"a","caller":{"type":"direct"},"input":{"last":true}}`, `{"type":"text","text":"x"}`, `{"type":"compaction","content":"so far"}`},
	} {
		for size := 1; size < 8; size++ {
			stream := "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"role\":\"assistant\",\"content\":[]}}\n\n"
			for i, block := range blocks {
				var whole map[string]any
				require.NoError(t, json.Unmarshal([]byte(block), &whole))
				var pieces []any
				if input, ok := whole["input"]; ok {
					text, _ := json.Marshal(input)
					for piece := range slices.Chunk([]rune(string(text)), size) {
						pieces = append(pieces, map[string]any{"type": "input_json_delta", "partial_json": string(piece)})
					}
					whole["input"] = map[string]any{}
				} else if whole["type"] == "compaction" {
					pieces = append(pieces, map[string]any{"type": "compaction_delta", "content": whole["content"]})
					whole["content"] = nil
				}
				event := func(typ, name string, value any) {
					data, err := json.Marshal(map[string]any{"type": typ, "index": i, name: value})
					require.NoError(t, err)
					stream += testkit.SSE(string(data))
				}
				event("content_block_start", "content_block", whole)
				for _, piece := range pieces {
					event("content_block_delta", "delta", piece)
				}
				event("content_block_stop", "x", nil)
			}
			items := func(body string) []string {
				var a llmstream.Accumulator
				p := llmstream.NewParser(llmstream.AnthropicMessages, &a, nil)
				p.Write([]byte(body))
				p.Close()
				var texts []string
				for _, item := range a.Completion().Choices[0].Message.Items {
					var v any
					require.NoError(t, json.Unmarshal(item, &v))
					text, _ := json.Marshal(v)
					texts = append(texts, string(text))
				}
				return texts
			}
			want := items(`{"id":"m","type":"message","role":"assistant","content":[` + strings.Join(blocks, ",") + `],"stop_reason":"end_turn"}`)
			require.NotEmpty(t, want)
			require.Equal(t, want, items(stream))
		}
	}
}

// blockEvents returns the events of a content block: first its beginning, and then a
// delta that holds the number i.
func blockEvents(block, delta string) func(i int) string {
	return func(i int) string {
		if i == 0 {
			return "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":" + block + "}\n\n"
		}
		return "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":" + fmt.Sprintf(delta, i%1000) + "}\n\n"
	}
}

// A block that comes in pieces is as long as an event may be, and no longer.
func TestOpenItemsAreBounded(t *testing.T) {
	const most = 4000
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.AnthropicMessages, &a, &llmstream.Options{MaxEvent: most})
	p.Write([]byte(heldBlocksOf(30, 100)))
	require.Len(t, a.Completion().Choices[0].Message.Items, 1)
	require.Nil(t, p.Outcome().Damage)

	p.Write([]byte(heldBlocksOf(100, 100)))
	require.Len(t, a.Completion().Choices[0].Message.Items, 1, "nothing is given that lacks a piece")
	require.EqualValues(t, 1, p.Outcome().Anomalies.Malformed, "it is reported once")
	var limit *llmstream.LimitError
	require.ErrorAs(t, p.Outcome().Damage, &limit)
	require.Equal(t, llmstream.LimitError{Limit: "MaxEvent", Max: most}, *limit)

	p.Write([]byte(heldBlocksOf(30, 100)))
	require.Len(t, a.Completion().Choices[0].Message.Items, 2, "the next block has all the room again")

	p = llmstream.NewParser(llmstream.AnthropicMessages, nil, &llmstream.Options{MaxToolCalls: 3})
	for i := range 10 {
		fmt.Fprintf(p, "data: {\"type\":\"content_block_start\",\"index\":%d,\"content_block\":{\"type\":\"server_tool_use\",\"id\":\"s\"}}\n\n", i)
	}
	require.EqualValues(t, 7, p.Outcome().Anomalies.Malformed)
	require.ErrorContains(t, p.Outcome().Damage, "MaxToolCalls")
}
