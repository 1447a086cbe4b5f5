package clients

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	gopath "path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

// A recording is a body and how a server sends it.
type recording struct {
	name, path, contentType string
	body                    []byte
}

// requestPaths are where the providers serve what is in each folder of testdata.
var requestPaths = map[string]string{
	"openai-chat":         "/v1/chat/completions",
	"openai-responses":    "/v1/responses",
	"anthropic-messages":  "/v1/messages",
	"gemini":              "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
	"gemini-interactions": "/v1beta/interactions",
	"cohere":              "/v2/chat",
	"ollama":              "/api/chat",
	"cloudflare":          "/client/v4/accounts/a/ai/run/m",
	"bedrock":             "/model/m/converse-stream",
}

func contentType(file string) string {
	switch gopath.Ext(file) {
	case ".ndjson":
		return "application/x-ndjson"
	case ".json", ".txt":
		return "application/json"
	case ".frames", ".bin", ".b64":
		return "application/vnd.amazon.eventstream"
	}
	return "text/event-stream"
}

// recordings returns the recordings in testdata, and a hundred from the folder that
// LLMSTREAM_CORPUS names.
func recordings(t testing.TB) []recording { return append(builtIn(t), corpus(t)...) }

func builtIn(t testing.TB) (all []recording) {
	files, err := fs.Glob(testdata.FS, "*/*")
	require.NoError(t, err)
	for _, file := range files {
		dialect := gopath.Dir(file)
		if requestPaths[dialect] == "" || strings.HasSuffix(file, ".want.json") {
			continue
		}
		body, err := testdata.Body(file)
		require.NoError(t, err)
		all = append(all, recording{file, requestPaths[dialect], contentType(file), body})
	}
	require.NotEmpty(t, all)
	return all
}

func corpus(t testing.TB) (some []recording) {
	folder := os.Getenv("LLMSTREAM_CORPUS")
	if folder == "" {
		t.Log("LLMSTREAM_CORPUS is not set: only the recordings of testdata are replayed")
		return nil
	}
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	require.NoError(t, err)
	var manifest struct {
		Streams []struct{ Path, Dialect string }
	}
	require.NoError(t, json.Unmarshal(text, &manifest))
	for i := range 100 {
		s := manifest.Streams[i*len(manifest.Streams)/100]
		body, err := os.ReadFile(filepath.Join(folder, s.Path))
		require.NoError(t, err)
		if strings.HasSuffix(s.Path, ".b64") {
			body, err = base64.StdEncoding.DecodeString(strings.TrimSpace(string(body)))
			require.NoError(t, err)
		}
		some = append(some, recording{s.Path, requestPaths[s.Dialect], contentType(s.Path), body})
	}
	return some
}

// ServeHTTP sends the recording, an event at a time.
func (r recording) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	io.Copy(io.Discard, q.Body) // as a server does that needs it for its answer
	w.Header().Set("Content-Type", r.contentType)
	for _, event := range r.events() {
		w.Write(event)
		w.(http.Flusher).Flush()
	}
}

// events cuts the body behind each blank line, or else each line, or else anywhere.
func (r recording) events() (events [][]byte) {
	end := "\n\n"
	if r.contentType == "application/x-ndjson" {
		end = "\n"
	}
	for _, e := range strings.SplitAfter(string(r.body), end) {
		for len(e) > 4096 {
			events, e = append(events, []byte(e[:4096])), e[4096:]
		}
		events = append(events, []byte(e))
	}
	return events
}
