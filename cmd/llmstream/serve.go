package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"
)

var serveCommand = command{
	name: "serve", arguments: "[FILE…]", summary: "recordings as an HTTP server that answers like the providers",
	help: `Serve answers each request to the path of a provider with a recorded stream,
event by event, until it is interrupted. The dialect is that of the path:

  /v1/chat/completions  /v1/completions  /v1/responses  /v1/messages
  /v1beta/models/MODEL:streamGenerateContent  /v1beta/interactions
  /v2/chat  /v1/chat  /api/chat  /api/generate  /ai/run/MODEL
  /model/MODEL/converse-stream  /model/MODEL/invoke-with-response-stream

and longer ones that end so. Recordings are those of the FILEs, and behind them
those that are built in; GET / lists them. The one that a request names is
served: in the parameter "recording" of its query, in the header
Llmstream-Recording, or as its model, in the body or the path. A name is
DIALECT/NAME as it is listed, or NAME in the dialect of the path, either with or
without its extension. A request that names none gets the first FILE of its
dialect, or else a plain answer. What else a request says, and any key, is
ignored: the answer is as it was recorded.

Each flag but -addr may be given by a request as well, for itself alone: as a
parameter of its query, such as ?pace=50ms&cut=3e, or as a header, such as
Llmstream-Pace. A PLACE is a number of bytes, such as 1000, or with an "e" of
events, such as 3e.`,
	flags: func(s *invocation, flags *flag.FlagSet) {
		addrFlag(s, flags)
		for _, f := range faultFlags {
			flags.Func(f.name, f.usage, func(value string) error { return f.set(&s.faults, value) })
		}
	},
	whole: func(s *invocation, names []string) error {
		r, err := s.recordings(names)
		if err != nil {
			return err
		}
		h := &replay{recordings: r, faults: s.faults}
		return s.untilInterrupted(h, func(at string) string {
			return fmt.Sprintf("serving %d recordings at %s", len(r.all), at)
		})
	},
}

func addrFlag(s *invocation, flags *flag.FlagSet) {
	flags.StringVar(&s.addr, "addr", "127.0.0.1:0", "listen at `ADDRESS`; port 0: any that is free")
}

// untilInterrupted serves until the program is interrupted. When it listens it
// prints a line, given the URL.
func (s *invocation) untilInterrupted(h http.Handler, line func(at string) string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server, err := listen(s.addr, h)
	if err != nil {
		return err
	}
	to := s.stdout
	if s.json {
		to = bufio.NewWriter(s.stderr)
	}
	fmt.Fprintln(to, line(server.url))
	if to.Flush() != nil {
		server.listener.Close()
		return errWrite
	}
	server.start()
	select {
	case <-ctx.Done():
		stop() // the second interrupt ends the program
		return server.close()
	case err := <-server.failed:
		return err
	}
}

// A server listens, and when it has been started answers.
type server struct {
	http.Server
	url      string
	listener net.Listener
	failed   chan error     // it serves no longer
	requests sync.WaitGroup // that are being answered
}

// grace is how long streams may go on when the server is closed.
const grace = 500 * time.Millisecond

func listen(addr string, h http.Handler) (*server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + l.Addr().String(), failed: make(chan error, 1)}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.requests.Add(1)
		defer s.requests.Done()
		h.ServeHTTP(w, req)
	})
	s.ReadHeaderTimeout = time.Minute
	s.ErrorLog = log.New(io.Discard, "", 0) // it would tell of requests
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	s.listener = l
	return s, nil
}

// start begins to answer.
func (s *server) start() {
	go func() { s.failed <- s.Serve(s.listener) }()
}

// close lets streams end, but breaks off those that take too long.
func (s *server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := s.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	s.requests.Wait() // those that were broken off end at once, and may have something to print
	return err
}

// headerOf is the header of a request that stands for a flag.
func headerOf(flag string) string { return "Llmstream-" + strings.ToUpper(flag[:1]) + flag[1:] }
