package encode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// longWay is an encoder that never skips what a run has settled.
type longWay struct{ *encode.Encoder }

func (l longWay) HandleDelta(d *llmstream.Delta) error {
	l.ForgetRun()
	return l.Encoder.HandleDelta(d)
}

// pinging writes a heartbeat after each delta.
type pinging struct {
	llmstream.Handler
	e *encode.Encoder
}

func (p pinging) HandleDelta(d *llmstream.Delta) error {
	if err := p.Handler.HandleDelta(d); err != nil {
		return err
	}
	return p.e.Ping()
}

// transcription is what an encoder has written, and what was counted.
type transcription struct {
	stream  string
	lost    encode.Lost
	outcome llmstream.Outcome
}

// transcribe writes a recording whose body comes in pieces of a size; 0: whole. around may
// wrap the encoder in another handler.
func transcribe(t *testing.T, r *recording, to llmstream.Dialect, o *encode.Options, size int, around func(*encode.Encoder) llmstream.Handler) transcription {
	t.Helper()
	var b bytes.Buffer
	e, err := encode.New(&b, to, o)
	require.NoError(t, err)
	p := llmstream.NewParser(r.dialect, around(e), nil)
	if size == 0 {
		size = max(1, len(r.body))
	}
	for piece := range slices.Chunk(r.body, size) {
		n, err := p.Write(piece)
		require.NoError(t, err)
		require.Equal(t, len(piece), n)
	}
	p.Close()
	_ = e.Close(p.Outcome())
	return transcription{b.String(), e.Lost(), p.Outcome()}
}

// The events of a run are those that are written without one, whether its texts come as
// deltas or not, and however the source is cut.
func TestRunsChangeNothing(t *testing.T) {
	variants := []*encode.Options{options(), {HoldStart: true, ReasoningAlias: true}, {DropReasoning: true}, {DataPing: true}, {MaxHeld: 100}}
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		for _, r := range recordings(t) {
			for i, o := range variants {
				o.Now = options().Now
				about := fmt.Sprintf("%s, options %d", r.name, i)
				long := func(e *encode.Encoder) llmstream.Handler { return longWay{e} }
				want := transcribe(t, &r, to, o, 0, long)
				byDelta := transcribe(t, &r, to, o, 0, func(e *encode.Encoder) llmstream.Handler { return llmstream.HandlerFunc(e.HandleDelta) })
				require.Equal(t, want, byDelta, about)
				for _, size := range []int{0, 700, 13} {
					direct := transcribe(t, &r, to, o, size, func(e *encode.Encoder) llmstream.Handler { return e })
					require.Equal(t, want, direct, about)
				}
				if i == 0 || o.DataPing {
					want := transcribe(t, &r, to, o, 0, func(e *encode.Encoder) llmstream.Handler { return pinging{longWay{e}, e} })
					pings := transcribe(t, &r, to, o, 0, func(e *encode.Encoder) llmstream.Handler { return pinging{e, e} })
					require.Equal(t, want, pings, about)
				}
			}
		}
	})
}

// failing fails at a Write, or panics, and counts them.
type failing struct {
	writes, at int
	panics     bool
}

var errFull = errors.New("full")

func (f *failing) Write(b []byte) (int, error) {
	if f.writes++; f.writes == f.at {
		if f.panics {
			panic(errFull)
		}
		return 0, errFull
	}
	return len(b), nil
}

// Texts of one read are one Write. An error of the writer ends the reading.
func TestTextsOfAReadAreOneWrite(t *testing.T) {
	body := longAnthropic()[:8<<10]
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		var w failing
		e, err := encode.New(&w, to, options())
		require.NoError(t, err)
		p := llmstream.NewParser(llmstream.AnthropicMessages, e, nil)
		p.Write(body[:4<<10])
		before := w.writes
		p.Write(body[4<<10:])
		require.LessOrEqual(t, w.writes-before, 2, "the event that was cut, and the others")

		for at := 1; ; at++ {
			w = failing{at: at}
			e.Reset(&w)
			p.Reset()
			n, err := p.Write(body)
			if w.writes < at {
				require.NoError(t, err)
				break
			}
			require.ErrorIs(t, err, errFull)
			require.Less(t, n, len(body))
			require.True(t, bytes.HasSuffix(body[:n], []byte("\n\n")), "up to the end of an event")
			n, err = p.Write(body[n:])
			require.Zero(t, n)
			require.ErrorIs(t, err, errFull)
			require.Equal(t, at, w.writes)
			require.Equal(t, llmstream.StateStopped, func() llmstream.State { p.Close(); return p.Outcome().State }())
		}
	})
}

// A panic of the writer passes, wherever it happens, and ends the reading.
func TestPanicOfTheWriter(t *testing.T) {
	body := longAnthropic()[:8<<10]
	for at := 1; ; at++ {
		w := &failing{at: at, panics: true}
		e, err := encode.New(w, llmstream.OpenAIChat, options())
		require.NoError(t, err)
		p := llmstream.NewParser(llmstream.AnthropicMessages, e, nil)
		write := func() {
			p.Write(body[:2<<10])
			p.Write(body[2<<10:])
		}
		if !didPanic(write) {
			require.Greater(t, at, 5)
			break
		}
		_, err = p.Write(body)
		require.ErrorIs(t, err, llmstream.ErrStopped)
		require.Equal(t, at, w.writes)
	}
}

func didPanic(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// What follows a run is compared from its first byte: here a block that nothing has begun,
// whose event has the length of the others.
func TestEventAfterARun(t *testing.T) {
	var b strings.Builder
	b.Write(longAnthropic()[:4<<10])
	body := b.String()[:strings.LastIndex(b.String(), "event: ")]
	event := func(index int, text string) {
		body += fmt.Sprintf("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":%d,\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}}\n\n", index, text)
	}
	event(0, "\xc3") // half a character, which comes as a delta
	for range 5 {
		event(0, "\xa9abc")
	}
	event(1, "other")
	event(1, "others")
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		r := recording{"", llmstream.AnthropicMessages, []byte(body)}
		want := transcribe(t, &r, to, options(), 0, func(e *encode.Encoder) llmstream.Handler { return longWay{e} })
		got := transcribe(t, &r, to, options(), 0, func(e *encode.Encoder) llmstream.Handler { return e })
		require.Equal(t, want, got)
		require.NoError(t, valid(to, got.stream))
	})
}

// A run ends where its text does: at another kind, part or choice, at a detail, at half a
// character, at a finish reason, and at the end.
func TestRunsEnd(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		signed := reasoning("c")
		signed.Detail = &llmstream.ReasoningDetail{Type: []byte("thinking"), Index: -1, Signature: []byte("c2ln")}
		deltas := []llmstream.Delta{
			begin("x1", "m"), reasoning("a"), reasoning("b"), signed, reasoning("d"), reasoning("e"),
			part(1, content("f")), part(1, content("g")), part(1, content("\xc3")), part(1, content("\xa9")), part(1, content("h")),
			part(2, content("i")), part(2, content("j")), part(1, content("k")), part(1, content("l")),
			ofChoice(1, content("m")), ofChoice(1, content("n")), part(2, refusal("o")), part(2, refusal("p")),
			part(2, content("q")), stop(), part(2, content("r")), stop(), done(), content("s"), content("t"),
		}
		var want, got strings.Builder
		long, err := encode.New(&want, to, options())
		require.NoError(t, err)
		e, err := encode.New(&got, to, options())
		require.NoError(t, err)
		for i := range deltas {
			require.NoError(t, longWay{long}.HandleDelta(&deltas[i]))
			require.NoError(t, e.HandleDelta(&deltas[i]))
			require.Equal(t, want.String(), got.String(), "delta %d", i)
		}
		require.Equal(t, long.Lost(), e.Lost())
		require.Equal(t, int64(2), e.Lost().Order)
		require.Equal(t, int64(2), e.Lost().AfterEnd)
	})
}

// Texts of every length are escaped, at every place, as encoding/json reads them.
func TestEscapedTexts(t *testing.T) {
	for length := range 40 {
		plain := strings.Repeat("abcdefgh", 5)[:length]
		for at := range length {
			for _, odd := range []string{"\"", `\`, "\n", "\r", "\t", "\x00", "\x1f", "\x7f", "é", "𝄞", "\xff", "\xc3", "<", " ", "\u2028"} {
				text := plain[:at] + odd + plain[at+1:]
				for _, room := range []int{0, 100} {
					got := encode.AppendEscaped(make([]byte, 0, room), []byte(text))
					require.NotContains(t, string(got), "\n")
					var back string
					require.NoError(t, json.Unmarshal([]byte(`"`+string(got)+`"`), &back), text)
					require.Equal(t, strings.ToValidUTF8(text, "\uFFFD"), back)
				}
			}
		}
	}
	require.Equal(t, "x\uFFFD\uFFFDy", string(encode.AppendEscaped(nil, []byte("x\xff\xfey"))), "one U+FFFD for each byte")
}
