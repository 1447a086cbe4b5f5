package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"
)

// The timeouts of a server. None of them bounds how long an answer may take.
const (
	headerTimeout = time.Minute     // for the header of a request
	bodyTimeout   = time.Minute     // for the body of a request that serve reads
	idleTimeout   = 2 * time.Minute // between two requests on a connection
	writeTimeout  = 5 * time.Minute // for one write: a client that takes nothing for so long is gone
	grace         = 500 * time.Millisecond
)

// untilInterrupted serves until the program is interrupted. When it listens it prints
// a line to to, made from its URL.
func (s *invocation) untilInterrupted(h http.Handler, to *bufio.Writer, line func(at string) string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server, err := listen(s.addr, h)
	if err != nil {
		return err
	}
	to.WriteString(line(server.url) + "\n")
	if err := to.Flush(); err != nil {
		server.listener.Close()
		return errWrite
	}
	server.start()
	select {
	case <-ctx.Done():
		stop() // a second interrupt ends the program
		return server.close()
	case err := <-server.failed:
		return err
	}
}

// A server listens at once, and answers when it has been started.
type server struct {
	http.Server
	url      string
	listener net.Listener
	failed   chan error     // receives the error that ended it
	requests sync.WaitGroup // those that are being answered
}

func listen(addr string, h http.Handler) (*server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + l.Addr().String(), failed: make(chan error, 1)}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.requests.Add(1)
		defer s.requests.Done()
		timed := &timedWriter{w, http.NewResponseController(w)}
		timed.unbound() // an earlier request on this connection may have left one
		h.ServeHTTP(timed, req)
		if req.ProtoMajor == 1 {
			timed.bound() // for the end of the answer, which the server writes
		}
	})
	s.ReadHeaderTimeout = headerTimeout
	s.IdleTimeout = idleTimeout
	s.ErrorLog = log.New(io.Discard, "", 0) // it would quote requests
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

// close gives streams a grace period to end, and then breaks them off.
func (s *server) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := s.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	s.requests.Wait() // a handler that was broken off returns at once, and may still print
	return err
}

// A timedWriter bounds the time of each write. http.Server.WriteTimeout would bound the
// whole answer, and a stream may take hours.
type timedWriter struct {
	http.ResponseWriter
	flow *http.ResponseController
}

// Unwrap is for http.ResponseController.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *timedWriter) Write(b []byte) (int, error) {
	w.bound()
	defer w.unbound()
	return w.ResponseWriter.Write(b)
}

// FlushError is called by http.ResponseController.Flush.
func (w *timedWriter) FlushError() error {
	w.bound()
	defer w.unbound()
	return w.flow.Flush()
}

// bound and unbound do nothing if the connection knows no deadlines.
func (w *timedWriter) bound() { w.flow.SetWriteDeadline(time.Now().Add(writeTimeout)) }

// unbound has to follow each write: in HTTP/2 a deadline that passes resets the stream,
// even if nothing is being written.
func (w *timedWriter) unbound() { w.flow.SetWriteDeadline(time.Time{}) }
