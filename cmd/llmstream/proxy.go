package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/seed-4d65deac/llmstream/httptee"
)

var proxyCommand = command{
	name: "proxy", summary: "a reverse proxy that prints a line for each stream that passes",
	help: `Proxy passes requests on to the server at URL, and its answers back, byte for
byte and at once, until it is interrupted. When a stream ends it prints a line:

  state=complete status=200 dialect=openai-chat model=gpt-4o finish=stop
  input=12 output=34 first_output=310ms gaps=33 gap_p50=20ms gap_p99=41ms
  gap_max=41ms tool_calls=weather path=/v1/chat/completions

Input and output are token counts, which are left out if the provider did not
tell them; so is what else there was nothing of. Times are from the request on;
a gap is the time between one moment of output and the next. With -json it is a
line of JSON, with times in milliseconds, and the address goes to standard error.

The server hears that a client has left, and breaks its answer off. With -drain
the answer is read on in the client's place, since providers count the tokens of
all of it and tell so only at its end. One that is still read on when this program
is interrupted gets no line.

No header of a request is kept or shown, nor its query or its body, where keys
are, nor the texts of a provider's errors, which may repeat a key. Credentials
are passed on as the client sent them. Nothing is encrypted between the client
and this proxy: leave it on loopback.`,
	flags: func(s *invocation, flags *flag.FlagSet) {
		addrFlag(s, flags)
		flags.Func("upstream", "the server is at `URL`, such as https://api.openai.com", func(value string) (err error) {
			s.upstream, err = parseUpstream(value)
			return err
		})
		flags.Func("drain", "when a client has left, read its answer on for a `DURATION` at most, such as 1m", func(value string) error {
			return setDuration(&s.drain, value)
		})
		flags.BoolVar(&s.json, "json", false, "print lines of JSON")
	},
	whole: func(s *invocation, _ []string) error {
		if s.upstream == nil {
			return errors.New("no -upstream is given")
		}
		p := &printer{invocation: s, json: s.json}
		return s.untilInterrupted(newProxy(s.upstream, p, s.drain), func(at string) string {
			return fmt.Sprintf("proxying %s at %s", shownURL(s.upstream), at)
		})
	},
}

func parseUpstream(value string) (*url.URL, error) {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("it is no URL of http or https") // and not shown: it may have a password
	}
	return u, nil
}

// shownURL is u without what may be secret.
func shownURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// newProxy returns a reverse proxy to a server, whose streams p prints. Those whose
// clients have left are read on for a time.
func newProxy(to *url.URL, p *printer, drain time.Duration) http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // what the client can decode is its own affair
	transport.MaxIdleConnsPerHost = 100
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:     httptee.Transport(transport, &httptee.Options{Done: p.done, Drain: httptee.Drain{Time: drain}}),
		FlushInterval: -1, // at once
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, req *http.Request, err error) {
			if req.Context().Err() == nil {
				p.complain(req.URL.Path, err)
			}
			http.Error(w, "llmstream proxy: the upstream gives no answer", http.StatusBadGateway)
		},
	}
	return httptee.FullDuplex(proxy) // since an upstream may answer before it has read all
}

// milliseconds is d as JSON; nil: it did not happen.
func milliseconds(d time.Duration) *float64 {
	if d == httptee.Never {
		return nil
	}
	ms := float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
	return &ms
}
