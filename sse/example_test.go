package sse_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/seed-4d65deac/llmstream/sse"
)

func printData(e *sse.Event) error {
	fmt.Printf("%s\n", e.Data)
	return nil
}

// In a program, the reader is the body of a response.
func ExampleEvents() {
	body := strings.NewReader("event: add\ndata: 73857293\n\ndata: one\ndata: two\n\ndata: unfinished, so it is dropped")
	for e, err := range sse.Events(body, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q %q\n", e.Type, e.Data)
	}
	// Output:
	// "add" "73857293"
	// "" "one\ntwo"
}

// An event past a limit is reported in its place, and the loop may go on.
func ExampleEvents_limit() {
	body := strings.NewReader("data: 123456\n\ndata: 12\n\n")
	for e, err := range sse.Events(body, &sse.Options{MaxEvent: 5}) {
		var limit *sse.LimitError
		switch {
		case errors.As(err, &limit):
			fmt.Println(limit.Limit, limit.Max)
		case err != nil:
			fmt.Println(err) // of the reader
		default:
			fmt.Printf("%s\n", e.Data)
		}
	}
	// Output:
	// MaxEvent 5
	// 12
}

func ExampleEvent() {
	body := strings.NewReader("id: 7\nevent: add\nretry: 3000\ndata: one\n\ndata: two\n\n")
	for e := range sse.Events(body, nil) {
		fmt.Printf("type %q data %q id %q retry %d\n", e.Type, e.Data, e.ID, e.Retry)
	}
	// Output:
	// type "add" data "one" id "7" retry 3000
	// type "" data "two" id "7" retry -1
}

func ExampleNewParser() {
	p := sse.NewParser(sse.HandlerFunc(printData), &sse.Options{MaxEvent: 1 << 20})
	io.WriteString(p, "data: one\n\n")
	fmt.Println(p.Close())
	// Output:
	// one
	// <nil>
}

// The stream may be split anywhere, as a network splits it.
func ExampleParser() {
	p := sse.NewParser(sse.HandlerFunc(printData), nil)
	for _, piece := range []string{"da", "ta: on", "e\n", "\ndata:", " two\n\nda"} {
		io.WriteString(p, piece)
	}
	fmt.Println(p.Close())
	// Output:
	// one
	// two
	// <nil>
}

// Whatever copies bytes can feed a parser.
func ExampleParser_Write() {
	p := sse.NewParser(sse.HandlerFunc(printData), nil)
	n, err := io.Copy(p, strings.NewReader("data: one\n\n"))
	fmt.Println(n, err)
	// Output:
	// one
	// 11 <nil>
}

func ExampleParser_Close() {
	p := sse.NewParser(sse.HandlerFunc(printData), &sse.Options{MaxLine: 10})
	io.WriteString(p, "data: a long line\n\ndata: one\n\n")
	fmt.Println(p.Close())
	// Output:
	// one
	// sse: event left out: it exceeds MaxLine (10 bytes)
}

func ExampleParser_Reset() {
	p := sse.NewParser(sse.HandlerFunc(printData), nil)
	io.WriteString(p, "id: 7\ndata: one\n\n")
	p.Reset()
	fmt.Printf("%q\n", p.LastEventID())
	// Output:
	// one
	// ""
}

// A client that reconnects tells the server how far it has read.
func ExampleParser_Resume() {
	p := sse.NewParser(sse.HandlerFunc(printData), nil)
	for _, connection := range []string{"id: 1\ndata: one\n\nid: 2\ndata: tw", "id: 2\ndata: two\n\n"} {
		p.Resume()
		if id := p.LastEventID(); len(id) > 0 {
			fmt.Printf("Last-Event-ID: %s\n", id)
		}
		io.WriteString(p, connection)
		p.Close()
	}
	// Output:
	// one
	// Last-Event-ID: 1
	// two
}

// The id of an event that was cut does not count.
func ExampleParser_LastEventID() {
	p := sse.NewParser(sse.HandlerFunc(printData), nil)
	io.WriteString(p, "id: 1\ndata: one\n\nid: 2\ndata: tw")
	p.Close()
	fmt.Printf("Last-Event-ID: %s\n", p.LastEventID())
	// Output:
	// one
	// Last-Event-ID: 1
}

func ExampleParser_Retry() {
	p := sse.NewParser(sse.HandlerFunc(printData), nil)
	fmt.Println(p.Retry())
	io.WriteString(p, "retry: 3000\n\n")
	fmt.Println(p.Retry())
	// Output:
	// -1
	// 3000
}

// counter counts the bytes of the events that it gets.
type counter struct{ bytes int }

func (c *counter) HandleEvent(e *sse.Event) error {
	c.bytes += len(e.Data)
	return nil
}

func ExampleHandler() {
	var c counter // has a method HandleEvent
	p := sse.NewParser(&c, nil)
	io.WriteString(p, "data: one\n\ndata: three\n\n")
	fmt.Println(c.bytes)
	// Output:
	// 8
}

// An error of the handler stops the parser.
func ExampleHandlerFunc() {
	errDone := errors.New("that was the last one")
	p := sse.NewParser(sse.HandlerFunc(func(e *sse.Event) error {
		if string(e.Data) == "[DONE]" {
			return errDone
		}
		return printData(e)
	}), nil)
	_, err := io.WriteString(p, "data: one\n\ndata: [DONE]\n\ndata: two\n\n")
	fmt.Println(err)
	// Output:
	// one
	// that was the last one
}

func ExampleHandlerFunc_HandleEvent() {
	sse.HandlerFunc(printData).HandleEvent(&sse.Event{Data: []byte("one")})
	// Output:
	// one
}

// commentPrinter prints comments beside events.
type commentPrinter struct{ sse.Handler }

func (commentPrinter) HandleComment(comment []byte) error {
	fmt.Printf("comment %q\n", comment)
	return nil
}

func ExampleCommentHandler() {
	p := sse.NewParser(commentPrinter{sse.HandlerFunc(printData)}, nil)
	io.WriteString(p, ": keep-alive\n\ndata: one\n\n")
	// Output:
	// comment " keep-alive"
	// one
}

func ExampleOptions() {
	o := sse.Options{MaxLine: 1 << 16, MaxEvent: 1 << 20} // 64 KiB a line, 1 MiB an event
	for e, err := range sse.Events(strings.NewReader("data: one\n\n"), &o) {
		fmt.Printf("%s %v\n", e.Data, err)
	}
	// Output:
	// one <nil>
}

func ExampleLimitError() {
	p := sse.NewParser(sse.HandlerFunc(printData), &sse.Options{MaxEvent: 2})
	io.WriteString(p, "data: one\n\n")
	var limit *sse.LimitError
	if errors.As(p.Close(), &limit) {
		fmt.Println(limit.Limit, limit.Max)
	}
	// Output:
	// MaxEvent 2
}

func ExampleLimitError_Error() {
	err := &sse.LimitError{Limit: "MaxEvent", Max: 2}
	fmt.Println(err.Error())
	// Output:
	// sse: event left out: it exceeds MaxEvent (2 bytes)
}

// The zero value is no parser.
func ExampleErrNoHandler() {
	var p sse.Parser
	_, err := io.WriteString(&p, "data: one\n\n")
	fmt.Println(errors.Is(err, sse.ErrNoHandler), err)
	// Output:
	// true sse: parser has no handler: use NewParser
}

// Whoever recovers from a panic of the handler finds the parser stopped.
func ExampleErrPanicked() {
	p := sse.NewParser(sse.HandlerFunc(func(*sse.Event) error { panic("no") }), nil)
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		io.WriteString(p, "data: one\n\n")
	}()
	fmt.Println(p.Close())
	// Output:
	// recovered: no
	// sse: handler panicked
}

func ExampleErrReentrant() {
	var p *sse.Parser
	p = sse.NewParser(sse.HandlerFunc(func(*sse.Event) error { return p.Close() }), nil)
	_, err := io.WriteString(p, "data: one\n\n")
	fmt.Println(err)
	// Output:
	// sse: parser was called by its own handler
}
