package main

import (
	"bytes"
	"net/http"
	"sync"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// in returns the recording in another dialect. What is no stream stays as it is, such as an
// error with a status of its own.
func (one *recording) in(to llmstream.Dialect) *recording {
	if one.dialect == to || one.status != http.StatusOK || one.isWhole() {
		return one
	}
	var body bytes.Buffer
	// The time stands still, so that every answer to the same request is the same.
	enc, err := encode.New(&body, to, &encode.Options{IncludeUsage: true, Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		return one // setTarget lets no other dialect through
	}
	p := llmstream.NewParser(one.dialect, enc, nil)
	p.Write(one.body)
	p.Close()
	enc.Close(p.Outcome()) // a buffer takes all
	other := *one
	other.dialect, other.wire, other.media, other.body = to, llmstream.WireSSE, "text/event-stream; charset=utf-8", body.Bytes()
	other.pieces = sync.OnceValue(other.cut)
	return &other
}
