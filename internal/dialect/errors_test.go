package dialect_test

import (
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

func TestErrorsOfAllShapes(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       streamtest.Lines
	}{
		{"E-02 a string", testkit.SSE(`{"error":"no"}`), streamtest.Lines{"error no"}},
		{"E-02 an array", testkit.SSE(`{"error":[{"message":"no"}]}`), streamtest.Lines{"error no"}},
		{"E-03 no error member", testkit.SSE(`{"object":"error","message":"no"}`), streamtest.Lines{"error no"}},
		{"E-04 by its type", "event: error\ndata: {\"code\":\"c\",\"message\":\"no\"}\n\n", streamtest.Lines{"error no"}},
		{"E-04 by its type, text", "event: error\ndata: no\n\n", streamtest.Lines{"error no"}},
		{"E-04 by its type, with choices", "event: error\ndata: {\"choices\":[],\"message\":\"no\"}\n\n", streamtest.Lines{"error no"}},
		{"E-13 with choices", testkit.SSE(`{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"error"}],"error":{"message":"no"}}`), streamtest.Lines{"content x", "finish unknown(error)", "error no"}},
		{"E-05 empty ones are none", testkit.SSE(`{"error":null,"choices":[]}`, `{"error":{},"choices":[]}`, `{"error":[],"choices":[]}`, `{"error":"","choices":[]}`, `{"error":false,"choices":[]}`, `{"errors":[]}`, `{"errors":null,"choices":[]}`, `{"errors":["x"],"choices":[]}`), streamtest.Lines{"other", "other", "other", "other", "other", "other", "other", "other"}},
		{"E-05 messages of success are none", testkit.SSE(`{"code":200,"message":"success"}`, `{"code":0,"message":"ok"}`), streamtest.Lines{"other", "other"}},
		{"E-02 of Groq's own", testkit.SSE(`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","error":"no"}}`), streamtest.Lines{"finish stop(stop)", "error no"}},
		{"C-22 a filter's nested one is none", testkit.SSE(testkit.Chunk(`"index":0,"delta":{"content":"x"},"content_filter_results":{"error":{"code":"content_filter_error"}}`)), streamtest.Lines{"content x"}},
		{"F-37 as a field", "error: {\"code\":400,\"message\":\"no\"}\n\ndata: [DONE]\n\n", streamtest.Lines{"error no", "done"}},
		{"F-37 as a field, with no message", "error: {\"code\":\"bad\"}\n\n", streamtest.Lines{"error "}},
		{"F-37 as a field, text", "error: no\n\n", streamtest.Lines{"error no"}},
		{"F-38 a bare line behind events", testkit.SSE(testkit.Says("x")) + "{\"error\":{\"message\":\"no\"}}\n\n" + testkit.SSE(testkit.Says("y")), streamtest.Lines{"content x", "error no", "content y"}},
		{"F-38 a bare line and at once an event", testkit.SSE(testkit.Says("x")) + "{\"error\":{\"message\":\"no\"}}\n" + testkit.SSE(testkit.Says("y")), streamtest.Lines{"content x", "error no", "content y"}},
		{"F-38 over lines", testkit.SSE(testkit.Says("x")) + "{\"error\":{\r\n\"message\":\r\n\"no\"}}\r\n\r\n", streamtest.Lines{"content x", "error no"}},
		{"F-38 an array", testkit.SSE(testkit.Says("x")) + "[{\"error\":{\"message\":\"no\"}}]\n\n" + testkit.SSE(testkit.Says("y")), streamtest.Lines{"content x", "error no", "content y"}},
		{"F-38 an array over lines", testkit.SSE(testkit.Says("x")) + "[\n{\"error\":\n{\"message\":\"no\"}}\n]\n", streamtest.Lines{"content x", "error no"}},
		{"F-38 an array that breaks off", testkit.SSE(testkit.Says("x")) + "[{\"error\":\n{\"me", streamtest.Lines{"content x", "error [{\"error\":\n{\"me"}},
		{"F-38 a page and at once an event with a type", "<p>no\nevent: error\ndata: {\"message\":\"no more\"}\n\n", streamtest.Lines{"error <p>no", "error no more"}},
		{"F-38 over lines, and a comment between them", testkit.SSE(testkit.Says("x")) + "{\"error\":{\n: ping\n\"message\":\"no\"}}\n\n", streamtest.Lines{"content x", "error no"}}, // F-03
		{"F-38 brackets that are no error", testkit.SSE(testkit.Says("x")) + "[DONE]\n\n[\n\n[{}]\n\n" + testkit.SSE(testkit.Says("y")), streamtest.Lines{"content x", "content y"}},
		{"E-04 by its type, an array", "event: error\ndata: [{\"error\":{\"message\":\"no\"}}]\n\n", streamtest.Lines{"error no"}},
		{"F-38 a page", "<html>\n<p>no</p>\n", streamtest.Lines{"error <html>\n<p>no</p>"}},
		{"F-39 text as data", testkit.SSE(`error: no`, `'async for' requires an object`), streamtest.Lines{"error error: no", "error 'async for' requires an object"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, _ := streamtest.Push(llmstream.OpenAIChat, nil, c.body)
			require.Equal(t, c.want, want)
			testkit.EachCut(c.body, func(cuts ...int) {
				var l streamtest.Lines
				p := llmstream.NewParser(llmstream.OpenAIChat, &l, nil)
				testkit.WriteCut(t, p.Write, c.body, cuts...)
				p.Close()
				require.Equal(t, c.want, l, "cut at %v", cuts)
			})
		})
	}
}

// E-01, E-03: a gateway's errors are such in any dialect.
func TestErrorsOfGateways(t *testing.T) {
	for d := range dialect.Table {
		for _, event := range []string{`{"error":{"message":"no"}}`, `{"error":"no"}`, `{"message":"no"}`, `{"detail":"no"}`, `{"object":"error","message":"no"}`} {
			l, o := streamtest.Push(llmstream.Dialect(d), nil, testkit.SSE(event))
			require.Equal(t, streamtest.Lines{"error no"}, l, "%v: %s", llmstream.Dialect(d), event)
			require.Equal(t, llmstream.StateError, o.State, "%v: %s", llmstream.Dialect(d), event)
		}
	}
}

// An error in place of a stream is none of its events; one that an answer comes with, or
// that comes behind something, is.
func TestErrorInPlaceOfAStreamIsNoEvent(t *testing.T) {
	const failed = `{"error":{"message":"no"}}`
	for body, want := range map[string]int64{
		failed:                            0,
		failed + "\n" + failed:            1,
		testkit.Says("x") + "\n" + failed: 2,
		testkit.Says("x")[:len(testkit.Says("x"))-1] + `,"error":{"message":"no"}}`: 1,
		testkit.SSE(failed): 1,
	} {
		_, o := streamtest.Push(llmstream.OpenAIChat, nil, body)
		require.Equal(t, llmstream.StateError, o.State, body)
		require.Equal(t, want, o.Events, body)
	}
}
