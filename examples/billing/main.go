// Billing is a reverse proxy that writes what each answer cost, as a line of JSON. If a
// client of chat completions does not ask for the usage, it does, and hides the usage
// from the client. When a client leaves early, it reads on, because the usage comes at
// the end.
//
//	go run ../cmd/llmstream serve -addr 127.0.0.1:8081 &
//	go run ./billing -addr 127.0.0.1:8080 -upstream http://127.0.0.1:8081 &
//	curl -N http://127.0.0.1:8080/v1/chat/completions -H 'X-Customer: ada' -d '{"stream":true}'
package main

import (
	"flag"
	"log"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"

	"github.com/seed-4d65deac/llmstream/httptee"
)

// billing returns a reverse proxy that calls bill once for each request, at its end.
func billing(upstream *url.URL, bill func(*http.Request, *httptee.Result)) http.Handler {
	return httptee.FullDuplex(&httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		FlushInterval: -1, // pass each event on at once
		Transport: httptee.Transport(nil, &httptee.Options{
			RequestUsage: true,
			UsageOnly:    true, // keep no text
			Drain:        httptee.Drain{Time: time.Minute},
			Done:         bill,
		}),
	})
}

// record returns a function that writes the tokens of an answer. A count that the provider
// has not reported is left out: it is not zero.
func record(to *slog.Logger) func(*http.Request, *httptee.Result) {
	return func(q *http.Request, r *httptee.Result) {
		fields := []any{"customer", q.Header.Get("X-Customer"), "model", r.Model, "state", r.Outcome.State.String()}
		if n, ok := r.Usage.InputUncached(); ok {
			fields = append(fields, "input", n, "cached", r.Usage.Cached)
		}
		if n, ok := r.Usage.OutputTotal(); ok {
			fields = append(fields, "output", n)
		}
		to.Info("bill", fields...)
	}
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "listen at this `address`")
	upstream := flag.String("upstream", "http://127.0.0.1:8081", "pass requests on to this `URL`")
	flag.Parse()
	to, err := url.Parse(*upstream)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(*addr, billing(to, record(slog.New(slog.NewJSONHandler(os.Stdout, nil))))))
}
