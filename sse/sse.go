// Package sse reads and writes server-sent events, the text/event-stream of section 9.2
// of the WHATWG HTML standard.
//
// A [Parser] takes the bytes of a stream, however they are split, and calls a [Handler]
// for each event. [Events] pulls the events out of an io.Reader. A [Writer] writes
// events. The Parser and Events follow the standard to the letter:
//
//   - Lines end with LF, CRLF or CR. A byte order mark may stand before the first.
//   - A blank line dispatches an event, unless no data line has come.
//   - Data lines are joined with LF. One space after a colon is removed.
//   - Fields that the standard does not name are ignored.
//   - An event that is unfinished when the stream ends is dropped.
//
// Memory is bounded by [Options]. An event within one read is not copied, and the
// cost of an event does not depend on how the stream is split.
package sse

import (
	"errors"
	"io"
	"strconv"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// An Event is one event of a stream. Its slices are borrowed: they are valid until
// the handler returns, or until the next event is pulled.
type Event struct {
	// Type is the value of the last "event" field. If it is empty, the type is
	// "message".
	Type []byte
	// Data holds the data lines, joined with "\n".
	Data []byte
	// ID is the last event ID of the stream, which this event or an earlier one has
	// set. It is empty if no event has set one.
	ID []byte
	// Retry is the reconnection time that this event sets, in milliseconds, or -1
	// if it sets none. Values above 1<<31-1 become that.
	Retry int
}

// A Handler takes the events of a stream, one after the other.
type Handler interface {
	// HandleEvent borrows e until it returns. An error stops the parser, which
	// returns it from Write and Close.
	HandleEvent(e *Event) error
}

// HandlerFunc is a function that is a [Handler].
type HandlerFunc func(e *Event) error

// HandleEvent calls f(e).
func (f HandlerFunc) HandleEvent(e *Event) error { return f(e) }

// A CommentHandler is a [Handler] that takes comments too. Servers send them to
// keep connections alive.
type CommentHandler interface {
	Handler
	// HandleComment borrows comment, the rest of the line after the colon, until
	// it returns. A comment may come between the lines of an event. An error
	// stops the parser, as an error of HandleEvent does. Comments longer than
	// [Options].MaxLine are skipped.
	HandleComment(comment []byte) error
}

// Options bounds the memory that one stream may take. A nil *Options, and fields
// that are zero or negative, mean the defaults.
type Options struct {
	// MaxLine is the number of bytes that a line may have, without its end. An event
	// with a longer data line is left out and reported as a [LimitError]; its id and
	// retry fields still count. Any other line that is longer is ignored. The default
	// is 32 MiB.
	MaxLine int
	// MaxEvent is the number of bytes of data that an event may have. A larger
	// event is left out and reported as a [LimitError]. The default is 32 MiB.
	MaxEvent int
}

const (
	defaultMaxLine  = 32 << 20
	defaultMaxEvent = 32 << 20
)

func (o *Options) limits() wire.Limits {
	l := wire.Limits{Line: defaultMaxLine, Event: defaultMaxEvent}
	if o != nil && o.MaxLine > 0 {
		l.Line = o.MaxLine
	}
	if o != nil && o.MaxEvent > 0 {
		l.Event = o.MaxEvent
	}
	return l
}

// A LimitError reports that an event was left out because it is past a limit. It
// quotes nothing of the event.
type LimitError struct {
	Limit string // the name of the field of Options: "MaxLine" or "MaxEvent"
	Max   int    // the limit itself, in bytes
}

func (e *LimitError) Error() string {
	return "sse: event left out: it exceeds " + e.Limit + " (" + strconv.Itoa(e.Max) + " bytes)"
}

// limitError returns the public form of err, which is what the wire found wrong.
func limitError(err error) error {
	if limit, ok := err.(*fault.Limit); ok {
		return (*LimitError)(limit)
	}
	return err
}

var (
	// ErrNoHandler is returned by a Parser that has no handler: a zero Parser, or one
	// that was made with a nil handler.
	ErrNoHandler = errors.New("sse: parser has no handler: use NewParser")
	// ErrPanicked is returned by a Parser whose handler has panicked. The panic itself
	// passes through Write. Reset and Resume make the parser usable again.
	ErrPanicked = errors.New("sse: handler panicked")
	// ErrReentrant is returned by a Parser that its own handler calls.
	ErrReentrant = errors.New("sse: parser was called by its own handler")
)

// A Parser takes the bytes of a stream and calls its [Handler] for each event.
// It is an io.WriteCloser, starts no goroutine and does no I/O. Make one with
// [NewParser]. A Parser is not safe for concurrent use.
type Parser struct {
	events   wire.SSEReader
	frame    wire.Frame // the event that the handler borrows
	handler  Handler
	comments CommentHandler // the handler, or nil if it takes no comments
	leftOut  error          // the first event past a limit
	err      error          // ends the reading: of the handler, ErrPanicked or ErrReentrant
	closed   bool
	writing  bool // Write is running, so that a call comes from the handler
}

var _ io.WriteCloser = (*Parser)(nil)

// NewParser returns a parser that calls h for each event, and for each comment if
// h is a [CommentHandler]. If h is nil, Write and Close return [ErrNoHandler]. o
// may be nil and is copied.
func NewParser(h Handler, o *Options) *Parser {
	if f, ok := h.(HandlerFunc); ok && f == nil {
		h = nil
	}
	p := &Parser{handler: h}
	p.comments, _ = h.(CommentHandler)
	p.events.Init(o.limits(), true, p.comments != nil)
	return p
}

// Write takes the next bytes of the stream and calls the handler for each event
// that they complete, before it returns. It does not keep b or change it.
//
// If the handler returns an error, Write returns it with the number of bytes up to
// the end of that event, and each further call returns 0 and the same error until
// Reset or Resume. After Close, Write returns io.ErrClosedPipe; after a panic of
// the handler, [ErrPanicked]; and [ErrReentrant] if the handler calls it.
func (p *Parser) Write(b []byte) (n int, err error) {
	switch {
	case p.handler == nil:
		return 0, ErrNoHandler
	case p.writing:
		return 0, ErrReentrant
	case p.err != nil:
		return 0, p.err
	case p.closed:
		return 0, io.ErrClosedPipe
	}
	p.writing = true
	defer p.endWrite()
	for {
		k, ok := p.events.Next(b[n:], &p.frame)
		n += k
		if ok {
			p.deliver()
		}
		if !ok || p.err != nil {
			p.writing = false
			return n, p.err
		}
	}
}

// deliver calls the handler for the frame.
func (p *Parser) deliver() {
	var err error
	switch f := &p.frame; f.Kind {
	case wire.FrameEvent:
		err = p.handler.HandleEvent((*Event)(&f.Event))
	case wire.FrameTooLarge:
		if p.leftOut == nil {
			p.leftOut = limitError(f.Err)
		}
	case wire.FrameComment:
		if p.comments != nil && f.Data != nil { // the data of a comment past MaxLine is nil
			err = p.comments.HandleComment(f.Data)
		}
	}
	if p.err == nil { // the handler may have called Reset, which is then the error
		p.err = err
	}
}

// endWrite releases what the last event borrowed. If Write is still running here,
// the handler has panicked or ended its goroutine.
func (p *Parser) endWrite() {
	p.frame = wire.Frame{}
	if p.writing {
		p.writing, p.err = false, ErrPanicked
	}
}

// Close ends the stream and drops an unfinished event. It returns the error that
// ended the reading, else a *[LimitError] if an event was left out, else nil. It
// may be called again. If the handler calls it, it returns [ErrReentrant] and does
// nothing.
func (p *Parser) Close() error {
	switch {
	case p.handler == nil:
		return ErrNoHandler
	case p.writing:
		return ErrReentrant
	}
	p.closed = true
	if p.err != nil {
		return p.err
	}
	return p.leftOut
}

// Reset makes p ready for another stream with the same handler and options. It
// forgets the last event ID and the reconnection time, and keeps its memory. A
// handler must not call it: the running Write then stops with [ErrReentrant].
func (p *Parser) Reset() {
	if p.begin() {
		p.events.Reset()
	}
}

// Resume makes p ready for the next connection of the same stream. It differs from
// Reset in that the last event ID and the reconnection time stay until the stream
// sets others, as in browsers. An unfinished event is dropped, with its id. A
// handler must not call it: the running Write then stops with [ErrReentrant].
func (p *Parser) Resume() {
	if p.begin() {
		p.events.Resume()
	}
}

// begin clears what ended the last stream. ok is false if the handler is running.
func (p *Parser) begin() (ok bool) {
	if p.writing {
		p.err = ErrReentrant
		return false
	}
	p.err, p.leftOut, p.closed = nil, nil, false
	return true
}

// LastEventID returns the last event ID of the stream, which a client sends as the
// Last-Event-ID header when it reconnects. It is empty if the stream has set none.
// It is borrowed until the next call of Write, Reset or Resume.
func (p *Parser) LastEventID() []byte { return p.events.LastEventID() }

// Retry returns the reconnection time that the stream has set, in milliseconds, or
// -1 if it has set none.
func (p *Parser) Retry() int {
	if p.handler == nil { // of a zero Parser nothing is initialized
		return -1
	}
	return p.events.LastRetry()
}
