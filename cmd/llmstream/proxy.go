package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/signal"
	"syscall"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
	"github.com/seed-4d65deac/llmstream/encode/httpencode"
	"github.com/seed-4d65deac/llmstream/httptee"
)

var proxyCommand = command{
	name: "proxy", summary: "a reverse proxy that prints a line for each stream that passes",
	help: `Proxy runs until it is interrupted. It forwards requests to the server at URL, and
returns its answers byte for byte and without delay. When a stream ends it prints a
line:

  state=complete status=200 dialect=openai-chat model=gpt-4o finish=stop
  input=12 output=34 first_output=310ms gaps=33 gap_p50=20ms gap_p99=41ms
  gap_max=41ms tool_calls=weather path=/v1/chat/completions

Input and output are numbers of tokens. What the provider did not report, or what
did not occur, is left out. Times count from the request; a gap is the time
between one output and the next. With -json each line is JSON, with times in
milliseconds, and the address goes to standard error.

Requests never wait for these lines to be read. If no program reads them, lines are
dropped. A later line dropped=N then gives their number. Each value has at most 200
bytes. Characters that are not printable are escaped.

When a client leaves, its request to the server is cancelled. With -drain the
answer is read to its end all the same, because providers charge for all of it
and report the tokens only there. An answer that is still being read when the
program is interrupted gets no line.

With -to, clients get each stream in another dialect. docs/transcoding.md lists what
a translation loses. Requests, whole answers and errors with a status of their own
are not translated. The lines describe what the server sent, not the translation.

Headers, queries and bodies of requests may hold keys, so they are neither kept
nor shown. Messages of a provider's errors are not shown either, because some
repeat the key. Types and codes of errors are shown if they look like words.
Clients send their own credentials. The user and password in a URL such as
https://USER:PASSWORD@HOST are used for requests without an Authorization header.
The connection between client and proxy is not encrypted: keep it on loopback.`,
	flags: func(s *invocation, flags *flag.FlagSet) {
		addrFlag(s, flags)
		// It is parsed later: package flag would print a wrong value, which may hold a password.
		flags.StringVar(&s.upstream, "upstream", "", "forward to the server at `URL`, such as https://api.openai.com")
		flags.Func("drain", "after a client has left, read its answer for at most this `DURATION`, such as 1m", func(value string) error {
			return setDuration(&s.drain, value)
		})
		flags.Func("to", "give clients the streams in dialect `NAME`: "+targetNames, func(name string) error { return setTarget(&s.to, name) })
		flags.BoolVar(&s.json, "json", false, "print lines of JSON")
	},
	whole: func(s *invocation, _ []string) error {
		upstream, err := parseUpstream(s.upstream)
		if err != nil {
			return wrongCall{err.Error()}
		}
		signal.Ignore(syscall.SIGPIPE) // a reader that has gone ends neither the program nor a stream
		defer signal.Reset(syscall.SIGPIPE)
		p := newPrinter(s.rawStdout, s.stderr, s.json)
		defer p.close()
		to := s.stdout
		if s.json {
			to = bufio.NewWriter(s.stderr)
		}
		return s.untilInterrupted(newProxy(upstream, p, s.drain, s.to), to, func(at string) string {
			return fmt.Sprintf("proxying %s at %s", field(shownURL(upstream)), at)
		})
	},
}

func parseUpstream(value string) (*url.URL, error) {
	if value == "" {
		return nil, errors.New("no -upstream is given")
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("-upstream is not an http or https URL")
	}
	return u, nil
}

// shownURL returns u without the parts that may be secret.
func shownURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// newProxy returns a reverse proxy to a server. It gives each response to p, and reads
// those whose clients have left for at most drain. Unless as is Auto, clients get streams in
// that dialect.
func newProxy(to *url.URL, p *printer, drain time.Duration, as llmstream.Dialect) http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // the client alone decides what it can decode
	transport.MaxIdleConnsPerHost = 100
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			if to.User != nil && r.Out.Header.Get("Authorization") == "" {
				password, _ := to.User.Password()
				r.Out.SetBasicAuth(to.User.Username(), password)
			}
		},
		Transport:     httptee.Transport(transport, &httptee.Options{Done: p.done, Drain: httptee.Drain{Time: drain}}),
		FlushInterval: -1, // after each write
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, req *http.Request, err error) {
			if req.Context().Err() == nil {
				p.complain(req.URL.Path, err)
			}
			http.Error(w, "llmstream proxy: no answer from upstream", http.StatusBadGateway)
		},
	}
	if as != llmstream.Auto {
		forward := proxy.Rewrite
		proxy.Rewrite = func(r *httputil.ProxyRequest) {
			forward(r)
			r.Out.Header.Del("Accept-Encoding") // compressed streams are not translated
		}
		proxy.ModifyResponse = httpencode.ModifyResponse(as, &encode.Options{IncludeUsage: true})
	}
	return httptee.FullDuplex(proxy) // an upstream may answer before it has read the whole request
}

// milliseconds returns d for JSON, or nil if d is httptee.Never.
func milliseconds(d time.Duration) *float64 {
	if d == httptee.Never {
		return nil
	}
	ms := float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
	return &ms
}
