package proof

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/dialect"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

func TestNewParserPanicsOnAnUnknownDialect(t *testing.T) {
	require.Panics(t, func() { llmstream.NewParser(llmstream.Dialect(200), nil, nil) })
	require.Panics(t, func() { llmstream.NewReader(strings.NewReader(""), llmstream.Dialect(200), nil) })
	require.Equal(t, "unknown", llmstream.Dialect(200).String())
}

func TestParseDialect(t *testing.T) {
	for i := range dialect.Table {
		d := llmstream.Dialect(i)
		got, err := llmstream.ParseDialect(d.String())
		require.NoError(t, err)
		require.Equal(t, d, got)
	}
	for _, name := range []string{"", "chat", "OpenAI-Chat", "openai-chat "} {
		_, err := llmstream.ParseDialect(name)
		require.ErrorContains(t, err, fmt.Sprintf("%q", name))
	}
}

func TestDetectDialect(t *testing.T) {
	for _, c := range []struct {
		contentType, path string
		want              llmstream.Dialect
	}{
		{"text/event-stream", "/v1/chat/completions", llmstream.OpenAIChat},
		{"Text/Event-Stream; charset=UTF-8", "/v1/chat/completions", llmstream.OpenAIChat}, // F-28
		{"application/json", "/v1/chat/completions", llmstream.OpenAIChat},
		{"", "/v1/chat/completions", llmstream.OpenAIChat},
		{"", "/openai/deployments/x/chat/completions?api-version=1", llmstream.OpenAIChat},
		{"", "/v1/chat/completions/", llmstream.OpenAIChat},
		{"", "/v1/completions", llmstream.OpenAIChat},
		{"text/html", "/v1/chat/completions", llmstream.Auto},
		{"text/event-stream", "", llmstream.Auto},
		{"text/event-stream", "/v1/chat/completions/abc", llmstream.Auto},
		{"text/event-stream", "/v1/models", llmstream.Auto},
		{"", "", llmstream.Auto},
		{";;;", "/v1/chat/completions", llmstream.OpenAIChat},
		{"text/event-stream", "/v1/responses", llmstream.OpenAIResponses},
		{"text/event-stream", "/v1/responses/resp_1?stream=true&starting_after=7", llmstream.OpenAIResponses},
		{"text/event-stream", "/v1/messages", llmstream.AnthropicMessages},
		{"text/event-stream", "/anthropic/v1/messages?beta=true", llmstream.AnthropicMessages},
		{"", "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@1:streamRawPredict", llmstream.AnthropicMessages},
		{"", "/v1/projects/p/locations/l/publishers/mistralai/models/m:streamRawPredict", llmstream.Auto},
		{"", "/v1/threads/t/messages", llmstream.Auto},
		{"application/json", "/v1beta/models/gemini-x:streamGenerateContent", llmstream.Gemini},
		{"text/event-stream", "/v1beta/models/gemini-x:streamGenerateContent?alt=sse", llmstream.Gemini},
		{"text/event-stream", "/v1beta/interactions", llmstream.GeminiInteractions},
		{"text/event-stream", "/v1beta/interactions/v1_abc?stream=true", llmstream.GeminiInteractions},
		{"text/event-stream", "/v2/chat", llmstream.Cohere},
		{"application/stream+json", "/v1/chat", llmstream.Cohere},
		{"application/x-ndjson", "/api/chat", llmstream.Ollama},
		{"application/json", "/api/generate", llmstream.Ollama},
		{"text/event-stream", "/api/chat", llmstream.Auto},
		{"application/vnd.amazon.eventstream", "/model/anthropic.claude-x/converse-stream", llmstream.Bedrock},
		{"application/json", "/model/anthropic.claude-x/converse", llmstream.Bedrock},
		{"", "/model/amazon.nova-x/invoke-with-response-stream", llmstream.Bedrock},
		{"application/vnd.amazon.eventstream", "/v1/chat/completions", llmstream.Auto},
		{"application/vnd.amazon.eventstream", "/endpoints/e/invocations-response-stream", llmstream.Auto},
	} {
		require.Equal(t, c.want, llmstream.DetectDialect(c.contentType, c.path), "%q %q", c.contentType, c.path)
	}
}

// Auto gives at once what it can say, and the dialect is clear from the first
// event that tells.
func TestAutoDialect(t *testing.T) {
	var l lines
	p := llmstream.NewParser(llmstream.Auto, &l, nil)
	step := func(event string, d llmstream.Dialect, want ...string) {
		t.Helper()
		l = nil
		p.Write([]byte(event))
		require.Equal(t, lines(want), l)
		require.Equal(t, d, p.Dialect())
	}
	step(": c\n\n", llmstream.Auto)
	step(testkit.SSE(""), llmstream.Auto, "ping")
	step("event: ping\ndata: {\"type\":\"ping\"}\n\n", llmstream.Auto, "ping")
	step(testkit.SSE(`{"error":{"message":"no"}}`), llmstream.Auto, "error no")
	step("event: error\ndata: {\"message\":\"no\"}\n\n", llmstream.Auto, "error no")
	step(testkit.SSE(says("x")), llmstream.OpenAIChat, "content x")
	step(testkit.SSE("[DONE]"), llmstream.OpenAIChat, "done")
	require.Error(t, p.Close())
	require.Equal(t, llmstream.OpenAIChat, p.Outcome().Dialect)
	p.Reset()
	require.Equal(t, llmstream.Auto, p.Dialect())

	for _, object := range []string{"chat.completion.chunk", "chat.completion", "text_completion"} { // and no choices
		_, o := push(llmstream.Auto, nil, testkit.SSE(`{"object":"`+object+`","usage":{"total_tokens":1}}`))
		require.Equal(t, llmstream.OpenAIChat, o.Dialect, object)
	}
	_, o := push(llmstream.Auto, nil, testkit.SSE("[DONE]"))
	require.True(t, o.SawDone)
	require.Equal(t, llmstream.StateEmpty, o.State)
}

// A stream of no dialect comes through as events, and the outcome says that the
// dialect is not known. Where one was asked for, it is as if the answer was empty.
func TestUnknownDialect(t *testing.T) {
	body := "event: weather\ndata: {\"celsius\":-3}\n\n" + testkit.SSE(`{"type":"ping"}`, `{"type":"wind"}`)
	for _, c := range []struct {
		dialect llmstream.Dialect
		body    string
		want    llmstream.State
	}{
		{llmstream.Auto, body, llmstream.StateNotStream},
		{llmstream.Auto, body + testkit.SSE("[DONE]"), llmstream.StateNotStream},
		{llmstream.OpenAIChat, testkit.SSE(`{"type":"ping"}`, "", "{}"), llmstream.StateEmpty},
		{llmstream.Auto, testkit.SSE(`{"type":"ping"}`, "", "{}"), llmstream.StateEmpty},
		{llmstream.Auto, body + testkit.Whole, llmstream.StateComplete},
		{llmstream.Auto, body + testkit.SSE(`{"error":"no"}`), llmstream.StateError},
	} {
		l, o := push(c.dialect, nil, c.body)
		require.Equal(t, c.want, o.State, c.body)
		var e *llmstream.DialectError
		if unknown := c.want == llmstream.StateNotStream; unknown {
			require.Equal(t, lines{"other", "ping", "other"}, l[:3])
			require.ErrorIs(t, o.Err(), llmstream.ErrNotStream)
			require.ErrorAs(t, o.Err(), &e)
			require.Equal(t, llmstream.DialectError{}, *e)
		} else {
			require.False(t, errors.As(o.Err(), &e), c.body)
		}
	}
	late := llmstream.NewParser(llmstream.Auto, nil, nil) // behind the marker it does not matter what cut the body
	late.Write([]byte(body + testkit.SSE("[DONE]")))
	require.ErrorContains(t, late.CloseWithError(errBoom), "not known")
	require.Equal(t, llmstream.StateNotStream, late.Outcome().State)
	for _, event := range []string{`{"response":"x","celsius":-3}`, `{"response":{"celsius":-3}}`} { // nor are they Cloudflare's
		_, o := push(llmstream.Auto, nil, testkit.SSE(event))
		require.Equal(t, llmstream.StateNotStream, o.State, event)
	}
	_, o := push(llmstream.Auto, nil, `{"celsius":-3}`)
	require.ErrorContains(t, o.Err(), "not known")
}

// A stream of another kind says so, whatever dialect was asked for, and what it says
// is no error.
func TestUnknownDialectByPath(t *testing.T) {
	l, o := push(llmstream.OpenAIChat, nil, testkit.SSE(`{"type":"wind"}`)+"event: output\ndata: Once\n\n")
	require.Equal(t, "other", l[0])
	require.Equal(t, llmstream.StateError, o.State, "a text in a stream of chat is an error")

	l, o = push(llmstream.OpenAIChat, nil, testkit.SSE(`{"type":"wind"}`, `{"celsius":-3}`))
	require.Equal(t, lines{"other", "other"}, l)
	var e *llmstream.DialectError
	require.ErrorAs(t, o.Err(), &e)
	require.Equal(t, llmstream.DialectError{Want: llmstream.OpenAIChat}, *e)

	l, o = push(llmstream.Auto, nil, "event: output\ndata: Once upon\n\nevent: output\ndata:  a time\n\nevent: done\ndata: {}\n\n")
	require.Equal(t, lines{"other", "other", "other"}, l)
	require.Equal(t, llmstream.StateNotStream, o.State)
	require.Nil(t, o.APIError)
}

// Models behind one path of Cloudflare's answer in several dialects.
func TestOtherDialectsOfAPath(t *testing.T) {
	responses, err := fs.ReadFile(testdata.FS, "openai-responses/text.sse")
	require.NoError(t, err)
	for d, body := range map[llmstream.Dialect]string{
		llmstream.OpenAIChat:      testkit.Whole,
		llmstream.OpenAIResponses: string(responses),
	} {
		_, o := push(llmstream.Cloudflare, nil, body)
		require.NoError(t, o.Err())
		require.Equal(t, d, o.Dialect)
	}
}

// A wire that a row names is one that there is, and each row has one.
func TestDialectsHaveWires(t *testing.T) {
	for d := range dialect.Table {
		if llmstream.Dialect(d) != llmstream.Auto {
			require.NotZero(t, dialect.Table[d].Wires, dialect.Table[d].Name)
		}
	}
	for _, r := range recordings(t) {
		p := llmstream.NewParser(r.Dialect, nil, nil)
		p.Write(r.Body)
		p.Close()
		require.True(t, p.Wire() == llmstream.WireUnknown || dialect.Table[r.Dialect].Wires.Has(wire.Kind(p.Wire())), "%s comes over %v", r.File, p.Wire())
	}
}

// A recording that is read as another dialect says which one it is in, unless it
// says nothing that only its own says.
func TestRecordingsInAnotherDialect(t *testing.T) {
	for _, r := range recordings(t) {
		_, o := push(r.Dialect, nil, string(r.Body))
		if o.State != llmstream.StateComplete {
			continue
		}
		for i := range dialect.Table {
			if d := llmstream.Dialect(i); d != r.Dialect && d != llmstream.Auto && !dialect.ID(d).Accepts(dialect.ID(r.Dialect)) {
				_, o := push(d, nil, string(r.Body))
				if r.Dialect == llmstream.Bedrock && o.State == llmstream.StateComplete {
					continue // it carries the events of this one
				}
				var e *llmstream.DialectError
				require.ErrorAs(t, o.Err(), &e, "%s read as %v", r.File, d)
				require.Equal(t, llmstream.DialectError{Want: d, Got: r.Dialect}, *e, r.File)
			}
		}
	}
}
