package httpencode_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
	"github.com/seed-4d65deac/llmstream/encode/httpencode"
)

func upstreamOf(body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, body)
	}))
}

// printed posts to a server and prints what it answers.
func printed(server string) {
	resp, err := http.Post(server, "application/json", strings.NewReader(`{"stream":true}`))
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, resp.Header.Get("Content-Type"))
	fmt.Println(strings.TrimSpace(string(body)))
}

func ExampleModifyResponse() {
	upstream := upstreamOf(source) // of OpenAI chat
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = httpencode.ModifyResponse(llmstream.Gemini, nil)

	front := httptest.NewServer(proxy)
	defer front.Close()
	printed(front.URL + "/v1/chat/completions")
	// Output:
	// 200 OK text/event-stream; charset=utf-8
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"index":0}],"modelVersion":"m","responseId":"x1"}
	//
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"modelVersion":"m","responseId":"x1"}
}

// A gateway that translates, and tries another upstream as long as the client has seen
// nothing.
func ExampleSetHeader() {
	busy, good := upstreamOf(`data: {"error":{"message":"overloaded"}}`+"\n\n"), upstreamOf(source)
	defer busy.Close()
	defer good.Close()

	gateway := func(w http.ResponseWriter, r *http.Request) {
		httpencode.SetHeader(w.Header())
		question, err := io.ReadAll(r.Body)
		enc, _ := encode.New(w, llmstream.Gemini, &encode.Options{HoldStart: true})
		for _, upstream := range []string{busy.URL, good.URL} {
			var resp *http.Response
			if resp, err = http.Post(upstream, "application/json", bytes.NewReader(question)); err != nil {
				continue
			}
			enc.Reset(w)
			p := llmstream.NewParser(llmstream.OpenAIChat, enc, nil)
			_, err = io.Copy(p, resp.Body)
			resp.Body.Close()
			p.CloseWithError(err)
			if err = enc.Close(p.Outcome()); err == nil || enc.Started() {
				return
			}
		}
		http.Error(w, err.Error(), http.StatusBadGateway)
	}

	front := httptest.NewServer(http.HandlerFunc(gateway))
	defer front.Close()
	printed(front.URL)
	// Output:
	// 200 OK text/event-stream; charset=utf-8
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"index":0}],"modelVersion":"m","responseId":"x1"}
	//
	// data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"modelVersion":"m","responseId":"x1"}
}
