package clients

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nodePatience is how long a client may take over an answer.
const nodePatience = 30 * time.Second

// oldestNode is the first version that the clients run on.
const oldestNode = 18

// A nodeClient folds answers in one process, one after the other.
type nodeClient struct {
	asks    io.Writer
	answers *bufio.Reader
	process *os.Process
}

// startNode installs the clients of Node, which takes some seconds, and starts
// them. It skips the test where that cannot be.
func startNode(t testing.TB) *nodeClient {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s: Node's clients are not tested", program)
		}
	}
	version, _ := exec.Command("node", "--version").Output()
	major := regexp.MustCompile(`^v(\d+)\.`).FindSubmatch(version)
	if major == nil {
		t.Skipf("node does not run: %q", version)
	}
	if n, _ := strconv.Atoi(string(major[1])); n < oldestNode {
		t.Skipf("node %s is older than what its clients run on", version)
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "client.mjs"} {
		text, err := os.ReadFile(filepath.Join("node", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm could not install the clients: %v\n%s", err, out)
	}
	node := exec.Command("node", "client.mjs")
	node.Dir, node.Stderr = dir, os.Stderr
	asks, err := node.StdinPipe()
	require.NoError(t, err)
	answers, err := node.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, node.Start())
	t.Cleanup(func() {
		asks.Close() // which ends it
		node.Wait()
	})
	return &nodeClient{asks, bufio.NewReader(answers), node.Process}
}

func (n *nodeClient) fold(t testing.TB, dialect, address, model string) answer {
	ask, err := json.Marshal(map[string]string{"dialect": dialect, "address": address, "model": model})
	require.NoError(t, err)
	_, err = n.asks.Write(append(ask, '\n'))
	require.NoError(t, err)
	hung := time.AfterFunc(nodePatience, func() { n.process.Kill() })
	line, err := n.answers.ReadBytes('\n')
	require.NoError(t, err, "the client is gone, or took too long")
	hung.Stop()
	var got struct {
		Folded, Failure, Text string
		Calls                 []call
	}
	require.NoError(t, json.Unmarshal(line, &got))
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
			panic(http.ErrAbortHandler)
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
