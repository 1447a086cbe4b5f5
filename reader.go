package llmstream

import (
	"io"
	"iter"
)

// A Reader must not read into its buffer before the wire has taken all of it: until
// then, an unfinished event may be a slice of the buffer.

// readSize is how many bytes a Reader asks for at a time: the most that a TLS
// record holds.
const readSize = 16 << 10

// maxEmptyReads is how many reads in a row may return nothing.
const maxEmptyReads = 100

// A Reader pulls the deltas of a stream out of an io.Reader:
//
//	for r.Next() {
//		use(r.Delta())
//	}
//	err := r.Err()
//
// A Reader is not safe for concurrent use.
type Reader struct {
	stream
	src io.Reader

	buf    []byte
	unread []byte // of buf
	at     int    // which delta of the event is the current one; -1 before the first
	have   bool   // the deltas of an event are being delivered
	srcErr error  // what src ended with
}

// NewReader returns a reader of the stream r in dialect d. It does not close r. o may
// be nil and is copied. NewReader panics if d is not a dialect of this package.
func NewReader(r io.Reader, d Dialect, o *Options) *Reader {
	x := &Reader{src: r}
	x.init(d, o)
	return x
}

// Reset makes r ready to read the stream src in the same dialect with the same
// options. It keeps its memory.
func (r *Reader) Reset(src io.Reader) {
	r.reset()
	r.src, r.unread, r.at, r.have, r.srcErr = src, nil, 0, false, nil
}

// Next advances to the next delta and reports whether there is one. It reads no
// further than that needs, and not past the dialect's end marker unless Options.ReadToEnd
// is set, because a server may keep the connection open. Bytes that the same read
// returned after the marker are dropped.
func (r *Reader) Next() bool {
	for {
		if r.have {
			if r.at++; r.at < r.scratch.count() {
				r.scratch.load(r.at)
				return true
			}
			r.have = false
		}
		if !r.decode() {
			return false
		}
	}
}

// decode decodes the next event that gives deltas, reading as much as that takes.
func (r *Reader) decode() (ok bool) {
	if r.enter() == errZero {
		return false
	}
	for r.handlerErr == nil && r.phase == phaseReading {
		if r.seen.SawDone && !r.opt.ReadToEnd && r.hasEnded() {
			r.quit, r.srcErr = true, nil
			break
		}
		n, ok, err := r.advance(r.unread)
		r.unread = r.unread[n:]
		if r.handlerErr = err; err != nil {
			break
		}
		if ok {
			r.at, r.have = -1, true
			return true
		}
		if r.fatal != nil || !r.fill() {
			break
		}
	}
	cause := r.srcErr
	if r.seen.SawDone && !r.opt.ReadToEnd { // a failure after the end marker changes nothing
		cause = nil
	}
	ok, err := r.end(cause)
	if err != nil {
		r.handlerErr = err
		ok, _ = r.end(cause)
	}
	r.at, r.have = -1, ok
	return ok
}

// hasEnded reports whether the end marker ends an answer or a failure. A marker before
// any output ends nothing that comes after it (E-19).
func (r *Reader) hasEnded() bool {
	return len(r.seen.Choices) > 0 || r.seen.BlockReason != "" || r.seen.FirstError != nil
}

// fill reads some bytes. It releases the scratch first, because a read may take
// minutes.
func (r *Reader) fill() bool {
	if r.srcErr != nil {
		return false
	}
	r.release()
	if r.buf == nil {
		r.buf = make([]byte, readSize)
	}
	for range maxEmptyReads {
		n, err := r.src.Read(r.buf)
		r.unread, r.srcErr = r.buf[:n], err
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	r.srcErr = io.ErrNoProgress
	return false
}

// Delta returns the current delta, which is borrowed until the next call of Next. It
// panics if Next has not returned true.
func (r *Reader) Delta() *Delta { return &r.scratch.out }

// Err returns nil until Next has returned false, and then Outcome().Err(), which is
// nil only if the stream was complete and undamaged.
func (r *Reader) Err() error { return r.err() }

// Deltas iterates over the remaining deltas, each with a nil error. If Err is not nil
// at the end, it comes as a last pair with a nil delta. After a break, ranging again
// continues after the last delta.
func (r *Reader) Deltas() iter.Seq2[*Delta, error] {
	return func(yield func(*Delta, error) bool) {
		for r.Next() {
			if !yield(r.Delta(), nil) {
				return
			}
		}
		if err := r.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// Text iterates over the content of the first choice, a piece at a time. Each piece is
// borrowed until the next one. If Err is not nil at the end, it comes as a last pair with a
// nil piece. Other deltas are read and dropped.
func (r *Reader) Text() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for d, err := range r.Deltas() {
			if err != nil {
				yield(nil, err)
				return
			}
			if d.Kind == KindContent && d.Choice == 0 && !yield(d.Text, nil) {
				return
			}
		}
	}
}

// Fold reads the stream src in dialect d to its end and returns the whole answer. The
// error is that of [Reader.Err]: nil only if the stream was complete and undamaged. The
// completion holds what had come before it, and is never nil. Fold does not close src. o may
// be nil. It panics if d is not a dialect of this package.
func Fold(src io.Reader, d Dialect, o *Options) (*Completion, error) {
	r := NewReader(src, d, o)
	var a Accumulator
	for r.Next() {
		a.HandleDelta(r.Delta())
	}
	return a.Completion(), r.Err()
}

// Dialect returns the dialect of the stream; see [Parser.Dialect].
func (r *Reader) Dialect() Dialect { return r.dialect }

// Wire returns the wire of the stream; see [Parser.Wire].
func (r *Reader) Wire() Wire { return r.wireKind() }

// Outcome returns the verdict on the stream. Before Next has returned false its
// state is StateOpen. It belongs to the caller.
func (r *Reader) Outcome() Outcome { return r.outcome() }
