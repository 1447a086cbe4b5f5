package main

import (
	"bytes"
	"net/http"
	"sync"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// in returns the recording in another dialect. A recording that is not a stream stays as it
// is, such as an error with a status of its own.
func (one *recording) in(to llmstream.Dialect) *recording {
	if one.dialect == to || one.status != http.StatusOK || one.isWhole() {
		return one
	}
	var body bytes.Buffer
	// The time is fixed, so that equal requests get equal answers.
	enc, err := encode.New(&body, to, &encode.Options{IncludeUsage: true, Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		return one // never: setTarget has checked the dialect
	}
	p := llmstream.NewParser(one.dialect, enc, nil)
	p.Write(one.body)
	p.Close()
	enc.Close(p.Outcome()) // writing to a buffer cannot fail
	other := *one
	other.dialect, other.wire, other.media, other.body = to, llmstream.WireSSE, "text/event-stream; charset=utf-8", body.Bytes()
	other.pieces = sync.OnceValue(other.cut)
	return &other
}
