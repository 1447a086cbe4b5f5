package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/seed-4d65deac/llmstream/sse"
	"github.com/stretchr/testify/require"
)

// A server of the protocol that breaks off the stream of each tools/call after one event,
// and sends the rest when the stream is resumed.
type server struct {
	t         *testing.T
	initiated bool
	resumed   []string // the Last-Event-ID of each request that resumes
	asked     json.RawMessage
	id        int
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		s.resumed = append(s.resumed, r.Header.Get("Last-Event-ID"))
		s.events(w, func(out *sse.Writer) {
			out.SetID("2")
			out.WriteEvent("message", fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"9 °C"}]}}`, s.id))
		})
		return
	}
	var in struct {
		ID     int
		Method string
		Params json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if in.Method != "initialize" && r.Header.Get("Mcp-Session-Id") != "s1" {
		http.Error(w, "no session", http.StatusNotFound)
		return
	}
	s.asked = in.Params
	switch in.Method {
	case "initialize":
		w.Header().Set("Mcp-Session-Id", "s1")
		s.json(w, in.ID, `"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}}}`)
	case "notifications/initialized":
		s.initiated = true
		w.WriteHeader(http.StatusAccepted)
	case "tools/list":
		s.json(w, in.ID, `"result":{"tools":[{"name":"get_weather"}]}`)
	case "tools/call":
		s.id = in.ID
		s.events(w, func(out *sse.Writer) {
			out.SetRetry(1)
			out.SetID("1")
			out.WriteEvent("message", []byte(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}`))
		})
	case "nothing":
		s.events(w, func(out *sse.Writer) { out.WriteComment("nothing") })
	default:
		s.json(w, in.ID, `"error":{"code":-32601,"message":"Method not found"}`)
	}
}

func (s *server) json(w http.ResponseWriter, id int, member string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%d,%s}`, id, member)
}

func (s *server) events(w http.ResponseWriter, write func(*sse.Writer)) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := sse.NewWriter(w)
	write(out)
	require.NoError(s.t, out.Flush())
}

func TestClient(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	s := &server{t: t}
	at := httptest.NewServer(s)
	defer at.Close()

	c, err := connect(t.Context(), at.URL)
	require.NoError(t, err)
	require.True(t, s.initiated)

	// An answer as JSON.
	result, err := c.call(t.Context(), "tools/list", "{}")
	require.NoError(t, err)
	require.JSONEq(t, `{"tools":[{"name":"get_weather"}]}`, string(result))

	// An answer as a stream that breaks off and is resumed.
	result, err = c.call(t.Context(), "tools/call", `{"name":"get_weather","arguments":{"city":"Oslo"}}`)
	require.NoError(t, err)
	require.JSONEq(t, `{"content":[{"type":"text","text":"9 °C"}]}`, string(result))
	require.JSONEq(t, `{"name":"get_weather","arguments":{"city":"Oslo"}}`, string(s.asked))
	require.Equal(t, []string{"1"}, s.resumed)
	require.Contains(t, logged.String(), "notifications/progress")

	// A stream without an answer and without an ID cannot be resumed.
	_, err = c.call(t.Context(), "nothing", "{}")
	require.ErrorContains(t, err, "no answer came")
	require.Len(t, s.resumed, 1)

	_, err = c.call(t.Context(), "other", "{}")
	require.ErrorContains(t, err, "Method not found")
	c.header.Del("Mcp-Session-Id")
	_, err = c.call(t.Context(), "tools/list", "{}")
	require.ErrorContains(t, err, "404")
}
