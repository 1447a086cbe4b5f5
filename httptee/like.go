package httptee

import (
	"io"
	"net/http"
)

// Handlers find out what a ResponseWriter can do by asserting interfaces, so that each set of methods
// needs a type of its own.

type flushes interface {
	http.Flusher
	FlushError() error
}

// notifies is http.CloseNotifier, which is deprecated and still used.
type notifies interface{ CloseNotify() <-chan bool }

// The optional methods that a responseWriter wraps. It takes the other two, Push and
// CloseNotify, from the ResponseWriter below unchanged.
const (
	canFlush = 1 << iota
	canHijack
	canReadFrom
)

// like returns w with the optional methods that the ResponseWriter below has, and no others.
func (w *responseWriter) like(below http.ResponseWriter) http.ResponseWriter {
	can := 0
	if _, ok := below.(http.Flusher); ok {
		can |= canFlush
	}
	if _, ok := below.(http.Hijacker); ok {
		can |= canHijack
	}
	if _, ok := below.(io.ReaderFrom); ok {
		can |= canReadFrom
	}
	p, pushes := below.(http.Pusher)
	c, notified := below.(notifies)
	switch {
	case pushes && notified:
		return w.likePushingNotifying(can, p, c)
	case pushes:
		return w.likePushing(can, p)
	case notified:
		return w.likeNotifying(can, c)
	}
	return w.likePlain(can)
}

func (w *responseWriter) likePlain(can int) http.ResponseWriter {
	f, h, r := (*flusher)(w), (*hijacker)(w), (*readerFrom)(w)
	switch can {
	case canFlush:
		return struct {
			*responseWriter
			flushes
		}{w, f}
	case canHijack:
		return struct {
			*responseWriter
			http.Hijacker
		}{w, h}
	case canFlush | canHijack:
		return struct {
			*responseWriter
			flushes
			http.Hijacker
		}{w, f, h}
	case canReadFrom:
		return struct {
			*responseWriter
			io.ReaderFrom
		}{w, r}
	case canFlush | canReadFrom:
		return struct {
			*responseWriter
			flushes
			io.ReaderFrom
		}{w, f, r}
	case canHijack | canReadFrom:
		return struct {
			*responseWriter
			http.Hijacker
			io.ReaderFrom
		}{w, h, r}
	case canFlush | canHijack | canReadFrom:
		return struct {
			*responseWriter
			flushes
			http.Hijacker
			io.ReaderFrom
		}{w, f, h, r}
	}
	return w
}

func (w *responseWriter) likePushing(can int, p http.Pusher) http.ResponseWriter {
	f, h, r := (*flusher)(w), (*hijacker)(w), (*readerFrom)(w)
	switch can {
	case canFlush:
		return struct {
			*responseWriter
			flushes
			http.Pusher
		}{w, f, p}
	case canHijack:
		return struct {
			*responseWriter
			http.Hijacker
			http.Pusher
		}{w, h, p}
	case canFlush | canHijack:
		return struct {
			*responseWriter
			flushes
			http.Hijacker
			http.Pusher
		}{w, f, h, p}
	case canReadFrom:
		return struct {
			*responseWriter
			io.ReaderFrom
			http.Pusher
		}{w, r, p}
	case canFlush | canReadFrom:
		return struct {
			*responseWriter
			flushes
			io.ReaderFrom
			http.Pusher
		}{w, f, r, p}
	case canHijack | canReadFrom:
		return struct {
			*responseWriter
			http.Hijacker
			io.ReaderFrom
			http.Pusher
		}{w, h, r, p}
	case canFlush | canHijack | canReadFrom:
		return struct {
			*responseWriter
			flushes
			http.Hijacker
			io.ReaderFrom
			http.Pusher
		}{w, f, h, r, p}
	}
	return struct {
		*responseWriter
		http.Pusher
	}{w, p}
}

func (w *responseWriter) likeNotifying(can int, c notifies) http.ResponseWriter {
	f, h, r := (*flusher)(w), (*hijacker)(w), (*readerFrom)(w)
	switch can {
	case canFlush:
		return struct {
			*responseWriter
			flushes
			notifies
		}{w, f, c}
	case canHijack:
		return struct {
			*responseWriter
			http.Hijacker
			notifies
		}{w, h, c}
	case canFlush | canHijack:
		return struct {
			*responseWriter
			flushes
			http.Hijacker
			notifies
		}{w, f, h, c}
	case canReadFrom:
		return struct {
			*responseWriter
			io.ReaderFrom
			notifies
		}{w, r, c}
	case canFlush | canReadFrom:
		return struct {
			*responseWriter
			flushes
			io.ReaderFrom
			notifies
		}{w, f, r, c}
	case canHijack | canReadFrom:
		return struct {
			*responseWriter
			http.Hijacker
			io.ReaderFrom
			notifies
		}{w, h, r, c}
	case canFlush | canHijack | canReadFrom:
		return struct {
			*responseWriter
			flushes
			http.Hijacker
			io.ReaderFrom
			notifies
		}{w, f, h, r, c}
	}
	return struct {
		*responseWriter
		notifies
	}{w, c}
}

func (w *responseWriter) likePushingNotifying(can int, p http.Pusher, c notifies) http.ResponseWriter {
	f, h, r := (*flusher)(w), (*hijacker)(w), (*readerFrom)(w)
	switch can {
	case canFlush:
		return struct {
			*responseWriter
			flushes
			http.Pusher
			notifies
		}{w, f, p, c}
	case canHijack:
		return struct {
			*responseWriter
			http.Hijacker
			http.Pusher
			notifies
		}{w, h, p, c}
	case canFlush | canHijack:
		return struct {
			*responseWriter
			flushes
			http.Hijacker
			http.Pusher
			notifies
		}{w, f, h, p, c}
	case canReadFrom:
		return struct {
			*responseWriter
			io.ReaderFrom
			http.Pusher
			notifies
		}{w, r, p, c}
	case canFlush | canReadFrom:
		return struct {
			*responseWriter
			flushes
			io.ReaderFrom
			http.Pusher
			notifies
		}{w, f, r, p, c}
	case canHijack | canReadFrom:
		return struct {
			*responseWriter
			http.Hijacker
			io.ReaderFrom
			http.Pusher
			notifies
		}{w, h, r, p, c}
	case canFlush | canHijack | canReadFrom:
		return struct {
			*responseWriter
			flushes
			http.Hijacker
			io.ReaderFrom
			http.Pusher
			notifies
		}{w, f, h, r, p, c}
	}
	return struct {
		*responseWriter
		http.Pusher
		notifies
	}{w, p, c}
}
