// Translate is a proxy for clients of chat completions and of Anthropic's Messages, in
// front of servers that take chat completions. Each client gets the stream in its own
// dialect, whatever dialect the server answers in. If a server fails before its first
// output, the next one is asked, and the client does not notice.
//
//	go run ../cmd/llmstream serve -addr 127.0.0.1:8081 -status 503 &
//	go run ../cmd/llmstream serve -addr 127.0.0.1:8082 &
//	go run ./translate http://127.0.0.1:8081/v1/chat/completions http://127.0.0.1:8082/v1/chat/completions &
//	curl -N http://127.0.0.1:8080/v1/messages -d '{"stream":true,"messages":[{"role":"user","content":"Hello?"}]}'
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
	"github.com/seed-4d65deac/llmstream/encode/httpencode"
)

// A translator is a handler with the URLs of its upstreams, the preferred one first.
type translator []string

func (t translator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client := llmstream.DetectDialect("", r.URL.Path)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<20))
	if err == nil {
		body, err = chatRequest(body, client)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	httpencode.SetHeader(w.Header())
	enc, err := encode.New(w, client, &encode.Options{HoldStart: true, IncludeUsage: true})
	for i := 0; i < len(t) && err == nil; i++ {
		enc.Reset(w)
		failure := pass(r.Context(), enc, t[i], r.Header, body)
		if failure == nil || enc.Started() || r.Context().Err() != nil {
			return // the client has its answer, or an error in its own dialect, or has left
		}
		log.Printf("%s: %v", t[i], failure)
	}
	http.Error(w, "no upstream answers", http.StatusBadGateway)
}

// pass asks an upstream and writes its answer to enc.
func pass(ctx context.Context, enc *encode.Encoder, url string, header http.Header, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header["Authorization"] = header["Authorization"]
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	p := llmstream.NewParser(llmstream.DetectDialect(resp.Header.Get("Content-Type"), req.URL.Path), enc, nil)
	_, err = io.Copy(p, resp.Body)
	p.CloseWithError(err)
	return enc.Close(p.Outcome())
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// chatRequest returns a client's request in the form of chat completions. Of Anthropic's
// requests it knows streams of plain text. It refuses the rest rather than drop it.
func chatRequest(body []byte, client llmstream.Dialect) ([]byte, error) {
	if client == llmstream.OpenAIChat {
		return body, nil
	}
	var in struct {
		Model     string    `json:"model"`
		MaxTokens int       `json:"max_tokens,omitempty"`
		Stream    bool      `json:"stream"`
		Messages  []message `json:"messages"`
		System    string    `json:"system,omitempty"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return nil, err
	}
	if client != llmstream.AnthropicMessages || !in.Stream {
		return nil, errors.New("only streams of chat completions and of Messages are translated")
	}
	if in.System != "" {
		in.Messages = append([]message{{"system", in.System}}, in.Messages...)
		in.System = ""
	}
	return json.Marshal(in)
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "listen at this `address`")
	flag.Parse()
	if flag.NArg() == 0 {
		log.Fatal("no URL of an upstream")
	}
	log.Fatal(http.ListenAndServe(*addr, translator(flag.Args())))
}
