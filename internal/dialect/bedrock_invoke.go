package dialect

import (
	"bytes"
	"encoding/base64"
	"slices"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// Bedrock's InvokeModelWithResponseStream carries the events of the model's own
// dialect: {"bytes":"<base64 of the event>","p":"<padding>"} (B-01).

// IsEnvelope reports whether a frame of this type is one of InvokeModel.
func IsEnvelope(typ []byte) bool { return string(typ) == "chunk" }

// Unwrap returns the event that a payload embeds, in a buffer of the context. It returns
// nil if the payload embeds nothing.
func Unwrap(s *decode.Context, data []byte) (inner []byte, offset int, err error) {
	coded, ok := codedBytes(data)
	if !ok || s.Limits.Whole {
		if len(data) == 0 || data[0] != '{' {
			return nil, 0, nil
		}
		if offset, err = s.Parse(data); err != nil {
			return nil, offset, err
		}
		if coded, ok = s.Text(decode.Member(s.Root, "bytes"), nil); !ok {
			return nil, 0, nil
		}
	}
	size := base64.StdEncoding.DecodedLen(len(coded))
	s.EmbeddedBuf = slices.Grow(s.EmbeddedBuf[:0], size)[:size]
	n, err := base64.StdEncoding.Decode(s.EmbeddedBuf, coded)
	if err != nil {
		return nil, 0, fault.Reason("what InvokeModel carries is not base64")
	}
	if n == 0 {
		return nil, 0, nil
	}
	return s.EmbeddedBuf[:n:n], 0, nil
}

// codedBytes is the fast path for payloads in the form that Bedrock writes: bytes first,
// then nothing or the padding. A backslash is not base64: ok is false, and the JSON
// parser reads the payload.
func codedBytes(data []byte) (coded []byte, ok bool) {
	const begin, padding = `{"bytes":"`, `,"p":"`
	if !bytes.HasPrefix(data, []byte(begin)) {
		return nil, false
	}
	data = data[len(begin):]
	end := bytes.IndexByte(data, '"')
	if end < 0 {
		return nil, false
	}
	coded, data = data[:end], data[end+1:]
	if bytes.HasPrefix(data, []byte(padding)) {
		data = data[len(padding):]
		n := jsonscan.PlainLen(data, true)
		if n == len(data) || data[n] != '"' {
			return nil, false
		}
		data = data[n+1:]
	}
	return coded, string(data) == "}" && bytes.IndexByte(coded, '\\') < 0
}

// AddInvocationMetrics decodes the metrics that Bedrock adds to the last event of every
// model (B-06). They end the stream. They are its usage if the model itself has reported
// no usage.
func AddInvocationMetrics(s *decode.Context) {
	const name = "amazon-bedrock-invocationMetrics"
	if !s.Escaped && !bytes.Contains(s.Data, []byte(name)) {
		return
	}
	if metrics := decode.Member(s.Root, name); metrics.GetObject() != nil {
		s.Contextual = true
		if s.Usage.Reported == 0 {
			addBedrockUsage(s, metrics)
		}
		s.EndStream()
	}
}

// embeddedDialect returns the dialect of an event that InvokeModel embeds. It returns
// Bedrock for a model without a dialect of its own, Nova among them, and Auto if the
// event does not show its dialect.
func embeddedDialect(s *decode.Context) ID {
	var m modelEvent
	m.read(s)
	if m.choices != nil && m.stopsOtherwise() {
		return Bedrock
	}
	for d := range rows {
		if row := &rows[d]; ID(d) != Bedrock && row.detect != nil && row.detect(s) {
			return ID(d)
		}
	}
	var e converseEvent
	if e.read(s); m.hasAnswer() || e.hasAnswer() {
		return Bedrock
	}
	return Auto
}
