package httptee_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/httptee"
)

const answer = `data: {"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}

data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":1}}

data: [DONE]

`

// upstream answers as a provider does.
func upstream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, answer)
}

// ask does a request and prints what it brings.
func ask(client *http.Client, at string) {
	resp, err := client.Get(at + "/v1/chat/completions")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	n, _ := io.Copy(io.Discard, resp.Body)
	fmt.Println("client:", n, "bytes")
}

func ExampleTransport() {
	provider := httptest.NewServer(http.HandlerFunc(upstream))
	defer provider.Close()
	client := &http.Client{Transport: httptee.Transport(nil, &httptee.Options{
		Done: func(_ *http.Request, r *httptee.Result) {
			fmt.Println(r.Status, r.Dialect, r.Model, r.Outcome.State, r.Completion.Choices[0].Message.Content)
		},
	})}
	ask(client, provider.URL)
	// Output:
	// 200 openai-chat m complete Hello
	// client: 279 bytes
}

func ExampleModifyResponse() {
	provider := httptest.NewServer(http.HandlerFunc(upstream))
	defer provider.Close()
	to, _ := url.Parse(provider.URL)
	done := make(chan *httptee.Result, 1)
	gateway := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: httptee.ModifyResponse(&httptee.Options{
			UsageOnly: true,
			Done:      func(_ *http.Request, r *httptee.Result) { done <- r },
		}),
	})
	defer gateway.Close()
	ask(http.DefaultClient, gateway.URL)
	r := <-done
	fmt.Println(r.Outcome.State, r.Events, "events,", r.Usage.Input, "tokens in,", r.Usage.Output, "out")
	// Output:
	// client: 279 bytes
	// complete 4 events, 7 tokens in, 1 out
}

// A reverse proxy that may answer while its client is still sending.
func ExampleFullDuplex() {
	provider := httptest.NewServer(http.HandlerFunc(upstream))
	defer provider.Close()
	to, _ := url.Parse(provider.URL)
	gateway := httptest.NewServer(httptee.FullDuplex(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
	}))
	defer gateway.Close()
	ask(http.DefaultClient, gateway.URL)
	// Output: client: 279 bytes
}

func ExampleMiddleware() {
	done := make(chan *httptee.Result, 1)
	server := httptest.NewServer(httptee.Middleware(http.HandlerFunc(upstream), &httptee.Options{
		Done: func(r *http.Request, result *httptee.Result) {
			fmt.Println(r.URL.Path, result.Outcome.State)
			done <- result
		},
		Deltas: func(*http.Request) llmstream.Handler {
			return llmstream.HandlerFunc(func(d *llmstream.Delta) error {
				if d.HasOutput() {
					fmt.Printf("delta: %s\n", d.Text)
				}
				return nil
			})
		},
	}))
	defer server.Close()
	resp, err := http.Get(server.URL + "/v1/chat/completions")
	if err != nil {
		log.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	<-done
	// Output:
	// delta: Hello
	// /v1/chat/completions complete
}

// A client that fails when an answer was cut off, instead of taking half an answer for a whole one.
func ExampleOptions_strict() {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, answer[:170])
	}))
	defer provider.Close()
	client := &http.Client{Transport: httptee.Transport(nil, &httptee.Options{Strict: true})}
	resp, err := client.Get(provider.URL + "/v1/chat/completions")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	fmt.Println(err)
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF))
	// Output:
	// llmstream: stream ended before the answer was complete
	// true
}

// The usage of streams whose clients do not ask for it. They do not see that it was asked for.
func ExampleOptions_requestUsage() {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Printf("sent: %s\n", body)
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n"+
			"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}\n\n"+
			"data: [DONE]\n\n")
	}))
	defer provider.Close()
	client := &http.Client{Transport: httptee.Transport(nil, &httptee.Options{
		RequestUsage: true,
		Done:         func(_ *http.Request, r *httptee.Result) { fmt.Println("usage:", r.Usage.Input, r.Usage.Output) },
	})}
	resp, err := client.Post(provider.URL+"/v1/chat/completions", "application/json", strings.NewReader(`{"stream":true}`))
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	got, _ := io.ReadAll(resp.Body)
	fmt.Printf("%s", got)
	// Output:
	// sent: {"stream_options":{"include_usage":true},"stream":true}
	// usage: 7 1
	// data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}
	//
	// data: [DONE]
}

// A body that net/http does not carry, such as the BodyStream of fasthttp.
func ExampleTeeReader() {
	tee := httptee.TeeReader(&httptee.Options{
		Done: func(_ *http.Request, r *httptee.Result) { fmt.Println(r.Outcome.State, r.Usage.Output) },
	})
	body := tee(strings.NewReader(answer), &http.Response{
		StatusCode: 200,
		Header:     http.Header{"Content-Type": {"text/event-stream"}},
		Request:    &http.Request{Method: "POST", URL: &url.URL{Path: "/v1/chat/completions"}},
	})
	defer body.Close()
	n, _ := io.Copy(io.Discard, body)
	fmt.Println(n, "bytes")
	// Output:
	// complete 1
	// 279 bytes
}

// How long a provider asks its clients to wait, and its name for the request.
func ExampleResult_RetryAfter() {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.Header().Set("X-Request-Id", "req_1")
		http.Error(w, `{"error":{"message":"slow down"}}`, http.StatusTooManyRequests)
	}))
	defer provider.Close()
	ask(&http.Client{Transport: httptee.Transport(nil, &httptee.Options{
		Done: func(_ *http.Request, r *httptee.Result) {
			wait, ok := r.RetryAfter()
			fmt.Println(wait, ok, r.RequestID(), r.Outcome.APIError.Retryable())
		},
	})}, provider.URL)
	// Output:
	// 20s true req_1 true
	// client: 34 bytes
}

func ExampleResult_RequestID() {
	r := &httptee.Result{Header: http.Header{"Request-Id": {"req_1"}}}
	fmt.Println(r.RequestID())
	// Output: req_1
}

// A watchdog that ends requests whose answer does not get on.
func ExampleProgress() {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // keep-alives, and never an answer
			io.WriteString(w, ": waiting\n\n")
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
	}))
	defer provider.Close()
	ctx, cancel := context.WithCancelCause(context.Background())
	client := &http.Client{Transport: httptee.Transport(nil, &httptee.Options{
		Begin: func(_ *http.Request, p *httptee.Progress) {
			go func() {
				for !p.Ended() {
					if p.SinceOutput() > 50*time.Millisecond {
						cancel(fmt.Errorf("no output"))
						return
					}
					time.Sleep(time.Millisecond)
				}
			}()
		},
		Done: func(_ *http.Request, r *httptee.Result) {
			fmt.Println(r.Outcome.State, r.Timings.FirstOutput == httptee.Never)
		},
	})}
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, provider.URL, nil)
	resp, err := client.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	fmt.Println(context.Cause(ctx))
	// Output:
	// stopped true
	// no output
}

// Reading on for the usage when the client has left.
func ExampleDrain() {
	clientLeft := make(chan bool)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-clientLeft
		io.WriteString(w, answer)
	}))
	defer provider.Close()
	done := make(chan *httptee.Result)
	client := &http.Client{Transport: httptee.Transport(nil, &httptee.Options{
		Drain: httptee.Drain{Time: time.Minute, Bytes: 1 << 20},
		Done:  func(_ *http.Request, r *httptee.Result) { done <- r },
	})}
	resp, err := client.Get(provider.URL)
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	clientLeft <- true
	r := <-done
	fmt.Println(r.ClientLeft, r.Outcome.State, r.Usage.Output, r.Drained)
	// Output: true complete 1 279
}

func ExampleHistogram() {
	var gaps httptee.Histogram
	for i := range 100 {
		gaps.Add(time.Duration(i) * time.Millisecond)
	}
	fmt.Println(gaps.N(), gaps.Mean(), gaps.Max)
	fmt.Println(gaps.Quantile(0.5), gaps.Quantile(0.99))
	// Output:
	// 100 49.5ms 99ms
	// 49.152ms 98.304ms
}

// The gaps of many answers, as the buckets of a Prometheus histogram.
func ExampleHistogram_Buckets() {
	var all, one httptee.Histogram
	one.Add(70 * time.Microsecond)
	one.Add(time.Hour)
	all.Merge(&one)
	for bound, less := range all.Buckets() {
		fmt.Printf("le=%g: %d\n", bound.Seconds(), less)
		if bound > 70*time.Microsecond {
			break
		}
	}
	fmt.Println("le=+Inf:", all.N())
	// Output:
	// le=6.4e-05: 0
	// le=8e-05: 1
	// le=+Inf: 2
}

func ExampleHistogram_Merge() {
	var all, one httptee.Histogram
	one.Add(time.Second)
	all.Merge(&one)
	all.Merge(&one)
	fmt.Println(all.N(), all.Sum)
	// Output: 2 2s
}

func ExampleBound() {
	fmt.Println(httptee.Bound(0), httptee.Bound(1), httptee.Bound(2))
	// Output: 64µs 80µs 96µs
}

// A compressed body that came faster than it could be decoded.
func ExampleLagError() {
	fmt.Println(&httptee.LagError{Max: 1 << 20})
	// Output: httptee: more than 1048576 bytes wait to be decoded: the rest was not read
}

// A compressed body that inflated to more than Options.MaxInflated allows.
func ExampleInflateError() {
	fmt.Println(&httptee.InflateError{Limit: "MaxInflated", Max: 256 << 20})
	// Output: httptee: the compressed body holds more than MaxInflated allows: 268435456
}

func ExamplePanicError() {
	fmt.Println(&httptee.PanicError{Value: "index out of range"})
	// Output: httptee: a handler panicked: index out of range
}
