package main

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/valyala/fastjson"
)

// frameLoop is a fastjsonLoop for the binary frames of Bedrock. It verifies both
// checksums and reads the headers up to the event type. InvokeModel has JSON in base64
// inside its JSON.
type frameLoop struct {
	*fastjsonLoop
	frame   []byte
	carried []byte
	inner   fastjson.Parser
}

func (l *frameLoop) read(f *feed) {
	l.text = l.text[:0]
	for {
		event, payload, err := l.next(f)
		if err != nil {
			return
		}
		l.foldFrame(event, payload)
	}
}

const (
	preludeSize  = 12 // the length of the frame, that of the headers, a checksum of both
	checksumSize = 4
)

// next reads a frame.
func (l *frameLoop) next(r io.Reader) (event string, payload []byte, err error) {
	l.grow(preludeSize)
	if _, err := io.ReadFull(r, l.frame); err != nil {
		return "", nil, err
	}
	size, headers := binary.BigEndian.Uint32(l.frame), binary.BigEndian.Uint32(l.frame[4:])
	if crc32.ChecksumIEEE(l.frame[:8]) != binary.BigEndian.Uint32(l.frame[8:]) ||
		size > maxLine || headers > size || size-headers < preludeSize+checksumSize {
		return "", nil, io.ErrUnexpectedEOF
	}
	l.grow(int(size))
	if _, err := io.ReadFull(r, l.frame[preludeSize:]); err != nil {
		return "", nil, err
	}
	body := l.frame[:size-checksumSize]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(l.frame[size-checksumSize:]) {
		return "", nil, io.ErrUnexpectedEOF
	}
	end := preludeSize + headers
	return eventType(body[preludeSize:end]), body[end:], nil
}

// grow extends the frame to a length and keeps its contents.
func (l *frameLoop) grow(size int) {
	if size > cap(l.frame) {
		l.frame = append(make([]byte, 0, 2*size), l.frame...)
	}
	l.frame = l.frame[:size]
}

// eventType finds the event type among the headers, which Bedrock sends as strings only.
func eventType(headers []byte) string {
	for len(headers) > 0 {
		n := 1 + int(headers[0])
		if len(headers) < n+3 {
			break
		}
		name, value := headers[1:n], headers[n+3:]
		size := int(binary.BigEndian.Uint16(headers[n+1:]))
		if len(value) < size {
			break
		}
		if string(name) == ":event-type" {
			return eventTypes[string(value[:size])]
		}
		headers = value[size:]
	}
	return ""
}

// eventTypes are the known event types, so that none has to be allocated.
var eventTypes = map[string]string{
	carriedEvent: carriedEvent, "messageStart": "messageStart", "contentBlockStart": "contentBlockStart",
	"contentBlockDelta": "contentBlockDelta", "contentBlockStop": "contentBlockStop", "messageStop": "messageStop", "metadata": "metadata",
}

const carriedEvent = "chunk" // the event type of InvokeModel

func (l *frameLoop) foldFrame(event string, payload []byte) {
	v, err := l.parser.ParseBytes(payload)
	if err != nil || event == "" {
		return
	}
	if event != carriedEvent {
		l.foldConverse(v)
		return
	}
	if l.carried, err = base64.StdEncoding.AppendDecode(l.carried[:0], v.GetStringBytes("bytes")); err != nil {
		return
	}
	if v, err = l.inner.ParseBytes(l.carried); err != nil {
		return
	}
	switch {
	case v.Get("type") != nil:
		l.foldAnthropic(v)
	case v.Get("outputText") != nil: // Titan
		l.add(v, "outputText")
		l.look(v, "completionReason")
	case v.Get("completion") != nil: // Anthropic's text completions
		l.add(v, "completion")
		l.look(v, "stop_reason")
	default: // Nova: an event of Converse, in a member with its name
		v.GetObject().Visit(func(_ []byte, event *fastjson.Value) { l.foldConverse(event) })
	}
}
