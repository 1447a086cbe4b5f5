package clients

import (
	"io"
	"net/http"
	"testing"
)

// A nodeClient folds answers with the clients in the folder node.
type nodeClient struct{ nodeProcess }

func startNode(t testing.TB) *nodeClient { return &nodeClient{startNodeProcess(t, "node")} }

func (n *nodeClient) fold(t testing.TB, dialect, address, model string) answer {
	var got struct {
		Folded, Failure, Text string
		Calls                 []call
	}
	n.ask(t, map[string]string{"dialect": dialect, "address": address, "model": model}, &got)
	return answer{folded: got.Folded, failure: got.Failure, text: got.Text, calls: marshal(got.Calls)}
}

// forward is what a gateway does that is no reverse proxy: it asks with a client of
// its own, and copies the answer.
func forward(c *http.Client, to string) http.Handler {
	return fullDuplex(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		ask, err := http.NewRequestWithContext(q.Context(), q.Method, to+q.URL.RequestURI(), q.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		ask.Header, ask.ContentLength = q.Header.Clone(), q.ContentLength
		r, err := c.Do(ask)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer r.Body.Close()
		for name, values := range r.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(r.StatusCode)
		buffer := make([]byte, 32<<10)
		for err == nil {
			var n int
			n, err = r.Body.Read(buffer)
			w.Write(buffer[:n])
			w.(http.Flusher).Flush()
		}
		if err != io.EOF {
			panic(http.ErrAbortHandler)
		}
	}))
}

// forwarding is the path through a Transport for those who cannot use one of Go.
var forwarding = path{"forwarding", throughClient(true), throughClient(false)}

func throughClient(watch bool) func(testing.TB, http.Handler, *watched) (*http.Client, string) {
	return func(t testing.TB, upstream http.Handler, w *watched) (*http.Client, string) {
		behind := serve(t, upstream)
		c := client(t, behind)
		if watch {
			c = watching(c, w)
		}
		front := serve(t, forward(c, behind.URL))
		return client(t, front), front.URL
	}
}

// sdks are the clients of Node.
func (n *nodeClient) sdks() []sdk {
	const end = "the end's own list counts, whatever came before"
	all := []sdk{
		{dialect: "openai-chat", hangs: []string{"choice-index-huge.sse"}, differs: map[string]string{
			"broken-utf8.sse":               "each byte that is none is a character",
			"content-parts.sse":             "parts are joined as text",
			"content-parts-others.sse":      "parts are joined as text",
			"duplicate-keys.sse":            "parts are joined as text",
			"function-call-beside.sse":      "the old form counts, and is no call",
			"function-call.sse":             "the old form is no call",
			"gemini-compat.sse":             "thoughts are content",
			"reasoning-summary-parts.sse":   "parts are joined as text",
			"tools-arguments-object.sse":    "an object is joined as text",
			"tools-index-missing.sse":       "calls have no place",
			"tools-call-again.sse":          "a call that is sent again is joined",
			"tools-index-zero.sse":          "all are one call",
			"tools-one-list-same-index.sse": "all are one call",
		}},
		{dialect: "openai-responses", differs: map[string]string{
			"done-word.sse":         end,
			"end-empty.sse":         end,
			"end-has-more.sse":      end,
			"seeds.sse":             end,
			"end-only.sse":          "custom calls are no function calls",
			"end-other-order.sse":   end,
			"image.sse":             end,
			"index-zero.sse":        end,
			"reasoning-summary.sse": end,
			"reasoning-text.sse":    end,
			"tools-custom.sse":      "custom calls are no function calls",
			"tools-incomplete.sse":  end,
			"tools-interleaved.sse": end,
			"usage-beside.sse":      end,
			"usage-zeros.sse":       end,
		}},
		{dialect: "anthropic-messages", parses: true, differs: map[string]string{
			"blocks-in-turn.sse":   "blocks are in the order in which they came",
			"index-hostile.sse":    "blocks are in the order in which they came",
			"text-at-start.sse":    "a delta with no index is dropped",
			"tools-cut-length.sse": "arguments that break off are closed",
		}},
	}
	for i := range all {
		dialect := all[i].dialect
		all[i].fold = func(t testing.TB, _ *http.Client, address, model string) answer {
			return n.fold(t, dialect, address, model)
		}
	}
	return all
}

// Node's clients notice nothing either.
func TestNodeClientsNoticeNothing(t *testing.T) {
	n := startNode(t)
	noticeNothing(t, n.sdks(), []path{forwarding, paths[1], paths[2]})
}
