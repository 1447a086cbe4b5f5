package dialect_test

import (
	"fmt"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// Another response behind the end of one begins once, however often that is told.
func TestResponseBehindAnother(t *testing.T) {
	const created, progress, completed = `{"type":"response.created","response":{"id":"%s"}}`,
		`{"type":"response.in_progress","response":{"id":"%s"}}`, `{"type":"response.completed","response":{"id":"%s","status":"completed"}}`
	var events []string
	for _, id := range []string{"a", "b", "c"} {
		for _, event := range []string{created, progress, completed} {
			events = append(events, fmt.Sprintf(event, id))
		}
	}
	require.Equal(t, 2, timesBegunAgain(events...))
}

// timesBegunAgain returns how many answers begin behind the first.
func timesBegunAgain(events ...string) (n int) {
	p := llmstream.NewParser(llmstream.OpenAIResponses, llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		if d.Kind == llmstream.KindRestart {
			n++
		}
		return nil
	}), nil)
	p.Write([]byte(testkit.SSE(events...)))
	return n
}

// Which response is another's its id tells: one without is, and the end of one may lack
// the id that its beginning had.
func TestResponseBehindAnotherByID(t *testing.T) {
	for _, c := range []struct {
		events []string
		again  int
	}{
		{[]string{`{"type":"response.created","response":{"id":"a"}}`, `{"type":"response.completed","response":{"id":"a"}}`, `{"type":"response.created","response":{"model":"m"}}`}, 1},
		{[]string{`{"type":"response.created","response":{"id":"a"}}`, `{"type":"response.completed","response":{}}`, `{"type":"response.in_progress","response":{"id":"a"}}`}, 0},
		{[]string{`{"type":"response.created","response":{"id":"a"}}`, `{"type":"response.in_progress","response":{"id":"b"}}`}, 0},
	} {
		require.Equal(t, c.again, timesBegunAgain(c.events...), c.events)
	}
}

// The finish reason of a response behind another is its own, as are the calls that its
// end tells of.
func TestCallsOfAResponseBehindAnother(t *testing.T) {
	const call = `{"type":"function_call","call_id":"%s","name":"f","arguments":"{}"}`
	first := []string{`{"type":"response.created","response":{"id":"a"}}`, `{"type":"response.completed","response":{"id":"a","output":[` + fmt.Sprintf(call, "c") + `]}}`, `{"type":"response.created","response":{"id":"b"}}`}
	begun := streamtest.Lines{"start id=a", "tool_call #0 id=c name=f type=function", "tool_call #0 args={}", "tool_call_end #0 valid", "finish tool_calls(completed)", "done", "restart", "restart", "start id=b"}
	l, _ := streamtest.Push(llmstream.OpenAIResponses, nil, testkit.SSE(append(first, `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hi"}`, `{"type":"response.completed","response":{"id":"b"}}`)...))
	require.Equal(t, append(begun[:len(begun):len(begun)], "content Hi", "finish stop(completed)", "done"), l)
	l, _ = streamtest.Push(llmstream.OpenAIResponses, nil, testkit.SSE(append(first, `{"type":"response.completed","response":{"id":"b","output":[`+fmt.Sprintf(call, "d")+`]}}`)...))
	require.Equal(t, append(begun[:len(begun):len(begun)], "tool_call #1 id=d name=f type=function", "tool_call #1 args={}", "tool_call_end #1 valid", "finish tool_calls(completed)", "done"), l)
}
