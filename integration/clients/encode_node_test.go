package clients

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// moreNode is Google's client for Node and Vercel's AI SDK, in one process.
type moreNode struct{ nodeProcess }

// folded is what one of the clients made of a stream.
type folded struct {
	Text, Finish, Failure string
	Calls                 []call
	Warnings              []string
}

func (n *moreNode) fold(t testing.TB, client string, dialect llmstream.Dialect, address string) (got folded) {
	n.ask(t, map[string]string{"client": client, "dialect": dialect.String(), "address": address}, &got)
	return got
}

// isVercels reports whether an answer has what Vercel's SDK gives in a form of its own: a
// refusal is text, what the provider's tools do, images too, are calls, and of several choices there is
// one.
func isVercels(client string, c *llmstream.Completion) bool {
	if client != "vercel" {
		return false
	}
	for _, choice := range c.Choices {
		if choice.Message.Refusal != "" || len(choice.Message.Items)+len(choice.Message.Images) > 0 {
			return true
		}
	}
	return len(c.Choices) > 1
}

// Google's client for Node and Vercel's AI SDK fold what was written to what the library
// reads from it, warn of nothing, and report a stream that was cut.
func TestMoreNodeClientsReadWhatIsWritten(t *testing.T) {
	node := moreNode{startNodeProcess(t, "nodemore")}
	var stream string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		io.WriteString(w, stream)
	}))
	defer server.Close()
	for _, client := range []string{"google", "vercel"} {
		for _, r := range readers {
			if client == "google" && r.to != llmstream.Gemini {
				continue
			}
			r.parses, r.ids = true, true
			t.Run(client+"/"+r.to.String(), func(t *testing.T) {
				whole, broken := 0, 0
				for _, one := range builtIn(t) {
					for _, ping := range []bool{false, true} {
						var c *llmstream.Completion
						var o llmstream.Outcome
						stream, c, o = encoded(t, one.body, r.to, ping, ping)
						got := node.fold(t, client, r.to, server.URL)
						about := one.name + "\n" + stream
						require.Empty(t, got.Warnings, about)
						if o.State != llmstream.StateComplete {
							require.NotEmpty(t, got.Failure, about)
							broken++
							continue
						}
						whole++
						if unreadable(c) || isVercels(client, c) {
							continue
						}
						require.Empty(t, got.Failure, about)
						text, calls := r.said(c)
						require.Equal(t, text, got.Text, about)
						if got.Calls == nil {
							got.Calls = []call{}
						}
						require.Equal(t, calls, r.written(t, marshal(got.Calls)), about)
					}
				}
				t.Logf("%d answers and %d errors read, half of them with heartbeats", whole, broken)
			})
		}
	}
}
