package proof

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/seed-4d65deac/llmstream/testdata"
	"github.com/stretchr/testify/require"
)

const (
	saysHi     = `event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"hi"}}`
	endsTurn   = `event messageStop {"stopReason":"end_turn"}`
	tellsUsage = `event metadata {"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}`
)

// A stream that breaks off at any byte means what its whole frames mean, and
// how much of another had come (B-02).
func TestFramesCutAnywhere(t *testing.T) {
	for _, name := range []string{"converse-tools", "invoke-nova", "exception"} {
		body, err := testdata.Body("bedrock/" + name + ".frames")
		require.NoError(t, err)
		whole := read(llmstream.Bedrock, nil, body)
		var ends []int
		for at := 0; at < len(body); ends = append(ends, at) {
			at += int(binary.BigEndian.Uint32(body[at:]))
		}
		for end := 0; end <= len(body); end += sample(3) {
			frames, last := 0, 0
			for frames < len(ends) && ends[frames] <= end {
				last = ends[frames]
				frames++
			}
			got := read(llmstream.Bedrock, nil, body[:end])
			require.EqualValues(t, frames, got.Outcome.Events, "%s cut at %d", name, end)
			require.Equal(t, end-last, got.Outcome.Anomalies.PendingBytes, "%s cut at %d", name, end)
			require.Equal(t, finishedBy(whole, frames), got.Outcome.State == llmstream.StateComplete, "%s cut at %d", name, end)
			if end > 0 {
				require.Equal(t, llmstream.WireFrames, got.Outcome.Wire)
			} else {
				require.Equal(t, llmstream.StateEmpty, got.Outcome.State)
			}
			for i, d := range got.Deltas {
				if d.Raw != nil { // what no event brought, the end did
					require.True(t, streamtest.SameDelta(whole.Deltas[i], d), "%s cut at %d", name, end)
				}
			}
			requireSame(t, got, read(llmstream.Bedrock, nil, body[:end], end/2), end)
		}
	}
}

// finishedBy reports whether a finish reason is among what the first events brought.
func finishedBy(r reading, events int) bool {
	var last []byte
	seen := 0
	for _, d := range r.Deltas {
		if !bytes.Equal(d.Raw, last) {
			seen++
			last = d.Raw
		}
		if d.Kind == llmstream.KindFinish {
			return seen <= events
		}
	}
	return false
}

// Each frame's deltas come with its last byte (contract 3).
func TestFramesArePrompt(t *testing.T) {
	var l lines
	p := llmstream.NewParser(llmstream.Bedrock, &l, &llmstream.Options{Kinds: llmstream.KindContent})
	for i := range 3 {
		frame := framed(saysHi)
		for k := range frame {
			require.Len(t, l, i, "byte %d", k)
			p.Write([]byte(frame[k : k+1]))
		}
		require.Len(t, l, i+1)
	}
}

// What is past a limit is skipped, and reading goes on after it (contract 10).
func TestFramesPastLimits(t *testing.T) {
	big := `event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"` + strings.Repeat("x", 200) + `"}}`
	body := framed(`event messageStart {"role":"assistant"}`, big, saysHi, endsTurn, tellsUsage)
	o := &llmstream.Options{MaxEvent: 100}
	testkit.EachCut(body, func(cuts ...int) {
		got := read(llmstream.Bedrock, o, []byte(body), cuts...)
		require.Equal(t, "hi", got.Completion.Choices[0].Message.Content)
		require.Equal(t, llmstream.StateComplete, got.Outcome.State)
		require.EqualValues(t, 1, got.Outcome.Anomalies.Malformed)
		var limit *llmstream.LimitError
		require.ErrorAs(t, got.Outcome.Damage, &limit)
		require.Equal(t, llmstream.LimitError{Limit: "MaxEvent", Max: 100}, *limit)
	})
	just := &llmstream.Options{MaxEvent: len(big) - len("event contentBlockDelta ")}
	require.Zero(t, read(llmstream.Bedrock, just, []byte(body)).Outcome.Anomalies.Malformed)
	require.Zero(t, read(llmstream.Bedrock, just, []byte(body), len(body)/2).Outcome.Anomalies.Malformed)

	headers := testkit.Prelude(16+wire.MaxHeaderSize+1, wire.MaxHeaderSize+1) + strings.Repeat("x", wire.MaxHeaderSize+1) + "crc!"
	l, out := push(llmstream.Bedrock, nil, framed(saysHi)+headers+framed(endsTurn, tellsUsage))
	require.Equal(t, lines{"content hi", "malformed", "finish stop(end_turn)", "usage in=1 out=2 total=3", "done"}, l)
	require.ErrorContains(t, out.Damage, "headers")
}

// Headers may be just as large as the format allows, in the first frame too, of which
// the lengths have to show what it is.
func TestFramesWithTheLargestHeaders(t *testing.T) {
	const typ = "\x0b:event-type\x07\x00\x11contentBlockDelta"
	filler := func(n int) string {
		return "\x01a\x06" + string(binary.BigEndian.AppendUint16(nil, uint16(n))) + strings.Repeat("x", n)
	}
	headers := typ + filler(1<<16-1) + filler(wire.MaxHeaderSize-len(typ)-1<<16-9)
	require.Len(t, headers, wire.MaxHeaderSize)
	hi := testkit.RawFrame(headers, `{"contentBlockIndex":0,"delta":{"text":"hi"}}`)
	for _, cut := range []int{0, 1, 7, 8, 11, 12, len(hi) - 1, len(hi), len(hi) + 5, len(hi) + 12} {
		var l lines
		p := llmstream.NewParser(llmstream.Auto, &l, nil)
		testkit.WriteCut(t, p.Write, hi+hi, cut)
		require.Equal(t, lines{"content hi", "content hi"}, l, "cut at %d", cut)
	}
}

// A length is a name and never the size of an allocation (contract 10).
func TestFrameThatClaimsMuch(t *testing.T) {
	for _, prelude := range []string{testkit.Prelude(1<<32-1, 0), testkit.Prelude(1<<25, 100), testkit.Prelude(1<<32-1, 1<<32-17)} {
		p := llmstream.NewParser(llmstream.Bedrock, nil, nil)
		p.Write([]byte(framed(saysHi)))
		p.Write([]byte(prelude))
		var m, n runtime.MemStats
		piece := bytes.Repeat([]byte("x"), 1000)
		runtime.ReadMemStats(&m)
		for range 1000 {
			p.Write(piece)
		}
		runtime.ReadMemStats(&n)
		require.Less(t, n.TotalAlloc-m.TotalAlloc, uint64(8<<20))
		p.Close()
		require.Equal(t, llmstream.StateTruncated, p.Outcome().State)
		require.Equal(t, 12+1000*1000, p.Outcome().Anomalies.PendingBytes)
	}
}

// Lengths that no frame can have are damage, even where a checksum proves them:
// what follows is found by its own.
func TestFrameOfImpossibleLengths(t *testing.T) {
	for _, prelude := range []string{testkit.Prelude(0, 0), testkit.Prelude(15, 0), testkit.Prelude(20, 5), testkit.Prelude(100, 1<<32-1)} {
		body := framed(saysHi) + prelude + "?" + framed(endsTurn, tellsUsage)
		testkit.EachCut(body, func(cuts ...int) {
			got := read(llmstream.Bedrock, nil, []byte(body), cuts...)
			require.EqualValues(t, 1, got.Outcome.Anomalies.Malformed)
			require.Equal(t, llmstream.StateComplete, got.Outcome.State)
			require.True(t, got.Outcome.SawDone)
		})
	}
}

// After a prelude that is wrong the next that proves itself counts, wherever it
// is; what looks like one and proves nothing does not.
func TestFramesAreFoundAgain(t *testing.T) {
	hi := framed(saysHi)
	for _, garbage := range []string{
		"", "x", "\x00", hi[:11], hi[:12][1:], strings.Repeat("\x00", 50), "data: {}\n\n", framed("lost " + saysHi),
		"\x00\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00",
	} {
		body := hi + framed("lost "+saysHi) + garbage + hi + framed(endsTurn, tellsUsage)
		testkit.EachCut(body, func(cuts ...int) {
			got := read(llmstream.Bedrock, nil, []byte(body), cuts...)
			require.Equal(t, "hihi", got.Completion.Choices[0].Message.Content, "%q", garbage)
			require.EqualValues(t, 1, got.Outcome.Anomalies.Malformed)
			require.Zero(t, got.Outcome.Anomalies.PendingBytes)
			require.Equal(t, llmstream.StateComplete, got.Outcome.State)
			require.Error(t, got.Outcome.Err())
		})
	}
	_, o := push(llmstream.Bedrock, nil, hi+framed("lost "+saysHi)+strings.Repeat("x", 100))
	require.Equal(t, llmstream.StateTruncated, o.State)
	require.EqualValues(t, 2, o.Events)
}

// Bytes that nothing proves to be frames are text. Text begins with other bytes, so
// it is not held back.
func TestFramesAreSniffed(t *testing.T) {
	hi := framed(saysHi)
	for n := range wire.PreludeSize {
		p := llmstream.NewParser(llmstream.Auto, nil, nil)
		p.Write([]byte(hi[:n]))
		require.Equal(t, llmstream.WireUnknown, p.Wire(), n)
	}
	p := llmstream.NewParser(llmstream.Auto, nil, nil)
	p.Write([]byte(hi[:wire.PreludeSize]))
	require.Equal(t, llmstream.WireFrames, p.Wire())

	for body, wire := range map[string]llmstream.Wire{
		"d": llmstream.WireSSE, ":": llmstream.WireSSE, "{": llmstream.WireJSON, "\x02": llmstream.WireSSE, "\xff\xff": llmstream.WireSSE,
		"\x00\x00\x00\x0f\x00\x00\x00\x00": llmstream.WireSSE, // too short for a frame
		"\x00\x00\x00\x20\xff":             llmstream.WireSSE, // too large headers
		hi[:11] + "?":                      llmstream.WireSSE,
		"\x00\x00\n:\x00\n\n\n?":           llmstream.WireSSE,
	} {
		p := llmstream.NewParser(llmstream.Auto, nil, nil)
		p.Write([]byte(body))
		require.Equal(t, wire, p.Wire(), "%q", body)
		if body[0] < ' ' {
			require.Equal(t, llmstream.StateNotStream, closed(p).State, "%q", body)
		}
	}
	for total, wire := range map[uint32]llmstream.Wire{wire.MinFrame: llmstream.WireFrames, 1 << 24: llmstream.WireFrames, wire.MaxUsualFrame: llmstream.WireFrames, wire.MaxUsualFrame + 1: llmstream.WireSSE} {
		p := llmstream.NewParser(llmstream.Auto, nil, nil)
		p.Write([]byte(testkit.Prelude(total, 0)))
		require.Equal(t, wire, p.Wire(), total)
	}
	body := "\x00\x00\n" + testkit.SSE(says("hi"), testkit.Stops, "[DONE]")
	testkit.EachCut(body, func(cuts ...int) {
		require.Equal(t, "hi", read(llmstream.Auto, nil, []byte(body), cuts...).Completion.Choices[0].Message.Content)
	})
}

func closed(p *llmstream.Parser) llmstream.Outcome {
	p.Close()
	return p.Outcome()
}

// Run with: go test -run ^$ -bench Frames .
func BenchmarkFrames(b *testing.B) {
	text := strings.Repeat("word ", 8)
	for name, body := range map[string]string{
		"stream=converse": strings.Repeat(framed(fmt.Sprintf(`event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":%q},"p":"abcdefghijkl"}`, text)), 1000),
		"stream=nova":     strings.Repeat(framed(fmt.Sprintf(`chunk {"contentBlockDelta":{"delta":{"text":%q},"contentBlockIndex":0}}`, text)), 1000),
		"stream=lost":     framed("lost "+saysHi) + strings.Repeat("\x00", 100_000),
	} {
		b.Run(name, func(b *testing.B) {
			start, body := []byte(framed(`event messageStart {"role":"assistant"}`)), []byte(body)
			p := llmstream.NewParser(llmstream.Bedrock, nil, nil)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				p.Reset()
				p.Write(start)
				p.Write(body)
			}
			if o := p.Outcome(); o.Events < 2 || name != "stream=lost" && o.Anomalies.Malformed > 0 {
				b.Fatal(o)
			}
		})
	}
}
