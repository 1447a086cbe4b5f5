package clients

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/httptee"
	"github.com/stretchr/testify/require"
)

// Clients that stop at the end marker have not left, and their connections are used again: one for 40 requests.
func TestClientsKeepTheirConnections(t *testing.T) {
	ours := func(t testing.TB, c *http.Client, address, _ string) (a answer) {
		resp, err := c.Post(address+"/v1/chat/completions", "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		defer resp.Body.Close()
		r := llmstream.NewReader(resp.Body, llmstream.Auto, nil)
		for r.Next() {
		}
		require.NoError(t, r.Err())
		return a
	}
	for _, test := range []struct {
		name, recording string
		fold            func(testing.TB, *http.Client, string, string) answer
	}{
		{"openai-go", "openai-chat/usage-final-chunk.sse", foldOpenAI},
		{"anthropic-sdk-go", "anthropic-messages/text.sse", foldAnthropic},
		{"our Reader", "openai-chat/usage-final-chunk.sse", ours},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r recording
			for _, r = range builtIn(t) {
				if r.name == test.recording {
					break
				}
			}
			require.Equal(t, test.recording, r.name)
			var connections atomic.Int64
			server := httptest.NewUnstartedServer(r)
			server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
				if s == http.StateNew {
					connections.Add(1)
				}
			}
			server.Start()
			t.Cleanup(server.Close)
			var w watched
			c := watching(client(t, server), &w)
			const requests = 40
			for range requests {
				require.Empty(t, test.fold(t, c, server.URL, "m").failure)
			}
			for _, told := range w.wait(t, requests) {
				require.False(t, told.ClientLeft)
				require.Equal(t, llmstream.StateComplete, told.Outcome.State)
			}
			most := int64(10) // a busy machine may not find the end of a body in time
			if os.Getenv("LLMSTREAM_RATIOS") != "" {
				most = 1
			}
			require.LessOrEqual(t, connections.Load(), most)
			t.Logf("%d connections for %d requests", connections.Load(), requests)
		})
	}
}

// With Strict the clients fail where an answer was cut, and else they do not.
func TestClientsOfStrict(t *testing.T) {
	for _, test := range []struct {
		name, recording, end string
		fold                 func(testing.TB, *http.Client, string, string) answer
	}{
		{"openai-go", "openai-chat/usage-final-chunk.sse", `"finish_reason":"stop"`, foldOpenAI},
		{"anthropic-sdk-go", "anthropic-messages/text.sse", "event: message_delta", foldAnthropic},
	} {
		for _, r := range builtIn(t) {
			if r.name != test.recording {
				continue
			}
			cut := r
			cut.body = cut.body[:bytes.Index(cut.body, []byte(test.end))]
			cut.body = cut.body[:bytes.LastIndex(cut.body, []byte("\n\n"))+2]
			for _, strict := range []bool{false, true} {
				for _, sent := range []recording{r, cut} {
					s := serve(t, sent)
					c := client(t, s)
					c.Transport = httptee.Transport(c.Transport, &httptee.Options{Strict: strict})
					failed := test.fold(t, c, s.URL, "m").failure != ""
					require.Equal(t, strict && len(sent.body) == len(cut.body), failed, "%s %v", test.name, strict)
				}
			}
		}
	}
}

// A client that does not ask for usage sees nothing of what RequestUsage adds, and the usage is known.
func TestClientsOfRequestUsage(t *testing.T) {
	var r recording
	for _, r = range builtIn(t) {
		if r.name == "openai-chat/usage-final-chunk.sse" {
			break
		}
	}
	asked := make(chan string, 10)
	upstream := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		asked <- string(body)
		sent := r
		if !strings.Contains(string(body), `"include_usage":true`) {
			from := bytes.LastIndex(r.body, []byte(`data: {`))
			sent.body = append(bytes.Clone(r.body[:from]), "data: [DONE]\n\n"...)
		}
		sent.ServeHTTP(w, q)
	})
	var answers [2]answer
	for i, on := range []bool{false, true} {
		s := serve(t, upstream)
		done := make(chan *httptee.Result, 1)
		c := client(t, s)
		c.Transport = httptee.Transport(c.Transport, &httptee.Options{RequestUsage: on, Done: func(_ *http.Request, r *httptee.Result) { done <- r }})
		answers[i] = foldOpenAI(t, c, s.URL, "m")
		select {
		case told := <-done:
			require.Equal(t, on, told.Usage.Output > 0)
		case <-time.After(10 * time.Second):
			t.Fatal("no result")
		}
		require.Equal(t, on, strings.Contains(<-asked, "include_usage"))
	}
	require.Equal(t, answers[0], answers[1])
}
