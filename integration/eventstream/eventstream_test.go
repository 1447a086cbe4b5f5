package eventstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/seed-4d65deac/llmstream"
)

// message is what both decoders make of a frame.
type message struct{ typ, data string }

// reading is what a decoder makes of a stream: the messages up to the first that
// it cannot read, and what stopped it there.
type reading struct {
	messages []message
	damaged  bool // a frame is wrong
	cut      bool // the last frame is not whole
	at       int  // where that frame begins; oracle only
}

// oracle reads with the AWS SDK's decoder.
func oracle(raw []byte) (r reading) {
	src := bytes.NewReader(raw)
	for {
		r.at = len(raw) - src.Len()
		m, err := eventstream.NewDecoder().Decode(src, nil)
		switch {
		case err == nil && endsInName(raw[r.at:]):
			r.damaged = true
		case err == nil:
			r.messages = append(r.messages, messageOf(m))
			continue
		case r.at == len(raw):
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			r.cut = true
		default:
			r.damaged = true
		}
		return r
	}
}

// messageOf names a message as [llmstream.Event] does.
func messageOf(m eventstream.Message) message {
	header := func(name string) string {
		if v, ok := m.Headers.Get(name).(eventstream.StringValue); ok {
			return string(v)
		}
		return ""
	}
	switch header(":message-type") {
	case "exception":
		return message{header(":exception-type"), string(m.Payload)}
	case "error":
		if len(m.Payload) == 0 {
			return message{header(":error-code"), header(":error-message")}
		}
		return message{header(":error-code"), string(m.Payload)}
	}
	return message{header(":event-type"), string(m.Payload)}
}

// read reads with the library, in reads of this size.
func read(raw []byte, size int) (r reading, wire llmstream.Wire) {
	events := llmstream.EventHandlerFunc(func(e *llmstream.Event) error {
		r.messages = append(r.messages, message{string(e.Type), string(e.Data)})
		return nil
	})
	damaged := llmstream.HandlerFunc(func(d *llmstream.Delta) error {
		// Payloads that are no JSON are damage too, but not of the frames.
		if d.Kind == llmstream.KindMalformed && d.Raw == nil {
			r.damaged = true
		}
		return nil
	})
	p := llmstream.NewParser(llmstream.Bedrock, damaged, &llmstream.Options{Events: events})
	for piece := range slices.Chunk(raw, size) {
		piece = bytes.Clone(piece)
		p.Write(piece)
		for i := range piece {
			piece[i] = 'X'
		}
	}
	p.Close()
	r.cut = p.Outcome().Anomalies.PendingBytes > 0
	return r, p.Wire()
}

// FuzzEventStream compares the two on any bytes. Those that are made at random
// have no right checksum, so that mend, bit by bit, says of which frames they are
// to be set right: of the prelude, and of the whole.
func FuzzEventStream(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed, uint32(0), byte(0))
		f.Add(seed, uint32(0x5555_5555), byte(1))
		f.Add(seed, ^uint32(0), byte(7))
	}
	f.Fuzz(func(t *testing.T, raw []byte, mend uint32, size byte) {
		raw = mended(raw, mend)
		compare(t, raw, max(1, len(raw)))
		compare(t, raw, 1+int(size))
	})
}

func compare(t *testing.T, raw []byte, size int) {
	want := oracle(raw)
	got, wire := read(raw, size)
	if wire != llmstream.WireFrames {
		if len(want.messages) > 0 {
			t.Fatalf("the wire is %v, but %d messages were in the stream", wire, len(want.messages))
		}
		return
	}
	n := len(want.messages)
	if len(got.messages) < n || !slices.Equal(want.messages, got.messages[:n]) {
		t.Fatalf("want %q\ngot  %q", want.messages, got.messages)
	}
	switch {
	case want.damaged || want.cut:
		// Where one gives up the other may read on behind the damage.
		if !got.damaged && !got.cut {
			t.Fatalf("a frame at %d is damaged or not whole: not told", want.at)
		}
	case len(got.messages) != n || got.damaged || got.cut:
		t.Fatalf("want %d messages and no damage, got %d, damaged %t, cut %t", n, len(got.messages), got.damaged, got.cut)
	}
	if want.cut && !got.damaged && len(got.messages) != n {
		t.Fatalf("read %d messages, and then one more out of an unfinished frame", n)
	}
}

const minFrame = 16

// mended sets checksums right, as far as the lengths can be followed.
func mended(raw []byte, which uint32) []byte {
	raw = bytes.Clone(raw)
	for at := 0; len(raw)-at >= minFrame; which = which>>2 | which<<30 {
		frame := raw[at:]
		total := uint64(binary.BigEndian.Uint32(frame))
		if which&1 != 0 {
			binary.BigEndian.PutUint32(frame[8:], crc32.ChecksumIEEE(frame[:8]))
		}
		if total < minFrame || total > uint64(len(frame)) {
			break
		}
		if end := total - 4; which&2 != 0 {
			binary.BigEndian.PutUint32(frame[end:], crc32.ChecksumIEEE(frame[:end]))
		}
		at += int(total)
	}
	return raw
}

// endsInName tells whether a frame's headers end with the length of a name and no
// name. The SDK takes that for the end of the headers; the library, for damage.
func endsInName(frame []byte) bool {
	headers := frame[12 : 12+binary.BigEndian.Uint32(frame[4:])]
	widths := [...]int{0, 0, 1, 2, 4, 8, 2, 2, 8, 16}
	for len(headers) > 1 {
		value := headers[1+int(headers[0]):]
		typ := value[0]
		value = value[1:]
		width := widths[typ]
		if typ == 6 || typ == 7 {
			width += int(binary.BigEndian.Uint16(value))
		}
		headers = value[width:]
	}
	return len(headers) == 1 && headers[0] > 0
}

// seeds are streams that the SDK's own encoder writes, and what becomes of them.
func seeds(f *testing.F) (all [][]byte) {
	text := func(name, value string) eventstream.Header {
		return eventstream.Header{Name: name, Value: eventstream.StringValue(value)}
	}
	event := func(typ, payload string) eventstream.Message {
		return eventstream.Message{
			Headers: eventstream.Headers{text(":event-type", typ), text(":content-type", "application/json"), text(":message-type", "event")},
			Payload: []byte(payload),
		}
	}
	streams := [][]eventstream.Message{
		{event("messageStart", `{"role":"assistant"}`), event("contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"hi"}}`), event("messageStop", `{"stopReason":"end_turn"}`)},
		{event("chunk", `{"bytes":"eyJvdXRwdXRUZXh0IjoiaGkifQ==","p":"abc"}`)},
		{{Headers: eventstream.Headers{text(":message-type", "exception"), text(":exception-type", "throttlingException")}, Payload: []byte(`{"message":"slow down"}`)}},
		{{Headers: eventstream.Headers{text(":message-type", "error"), text(":error-code", "500"), text(":error-message", "broken")}}},
		{{Headers: eventstream.Headers{
			{Name: "true", Value: eventstream.BoolValue(true)}, {Name: "false", Value: eventstream.BoolValue(false)},
			{Name: "byte", Value: eventstream.Int8Value(-1)}, {Name: "short", Value: eventstream.Int16Value(2)},
			{Name: "int", Value: eventstream.Int32Value(3)}, {Name: "long", Value: eventstream.Int64Value(4)},
			{Name: "bytes", Value: eventstream.BytesValue("abc")}, {Name: "time", Value: eventstream.TimestampValue{}},
			{Name: "uuid", Value: eventstream.UUIDValue{1, 2, 3}}, text(":event-type", "all"),
		}}},
		{{}},
	}
	for _, s := range streams {
		var b bytes.Buffer
		for _, m := range s {
			if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
				f.Fatal(err)
			}
		}
		whole := b.Bytes()
		all = append(all, whole, whole[:len(whole)-1], whole[:len(whole)/2])
		for _, at := range []int{0, 4, 8, 12, len(whole) / 2, len(whole) - 1} { // damage behind a good frame, and in it
			broken := append(bytes.Clone(whole), whole...)
			broken[at] ^= 0x40
			all = append(all, broken, append(bytes.Clone(whole), broken...))
		}
	}
	return append(all, nil, make([]byte, 16), make([]byte, 40))
}
