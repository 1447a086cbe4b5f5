package clients

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// moreNode is Google's client for Node and Vercel's AI SDK, in one process.
type moreNode struct {
	asks    io.Writer
	answers *bufio.Reader
	process *os.Process
}

// startMoreNode installs the clients and starts them. It skips the test where that cannot
// be.
func startMoreNode(t testing.TB) *moreNode {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s: Node's clients are not tested", program)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "client.mjs"} {
		text, err := os.ReadFile(filepath.Join("nodemore", name))
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
	return &moreNode{asks, bufio.NewReader(answers), node.Process}
}

// folded is what one of the clients made of a stream.
type folded struct {
	Text, Finish, Failure string
	Calls                 []call
	Warnings              []string
}

func (n *moreNode) fold(t testing.TB, client string, dialect llmstream.Dialect, address string) (got folded) {
	ask, err := json.Marshal(map[string]string{"client": client, "dialect": dialect.String(), "address": address})
	require.NoError(t, err)
	_, err = n.asks.Write(append(ask, '\n'))
	require.NoError(t, err)
	hung := time.AfterFunc(nodePatience, func() { n.process.Kill() })
	line, err := n.answers.ReadBytes('\n')
	require.NoError(t, err, "the client is gone, or took too long")
	hung.Stop()
	require.NoError(t, json.Unmarshal(line, &got))
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
	node := startMoreNode(t)
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
