package encode_test

import (
	"bytes"
	"encoding/json"
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

// The events of a run are those that are written without one.
func TestRunsChangeNothing(t *testing.T) {
	variants := []*encode.Options{options(), {HoldStart: true, ReasoningAlias: true}, {DropReasoning: true}, {DataPing: true}, {MaxHeld: 100}}
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		for _, r := range recordings(t) {
			for i, o := range variants {
				o.Now = options().Now
				outcome := func(isLong, pings bool) (string, encode.Lost) {
					var b bytes.Buffer
					e, err := encode.New(&b, to, o)
					require.NoError(t, err)
					var h llmstream.Handler = e
					if isLong {
						h = longWay{e}
					}
					if pings {
						h = pinging{h, e}
					}
					p := llmstream.NewParser(r.dialect, h, nil)
					p.Write(r.body)
					p.Close()
					_ = e.Close(p.Outcome())
					return b.String(), e.Lost()
				}
				for _, pings := range []bool{false, true} {
					want, lostWant := outcome(true, pings)
					got, lost := outcome(false, pings)
					require.Equal(t, want, got, "%s, options %d", r.name, i)
					require.Equal(t, lostWant, lost, "%s, options %d", r.name, i)
				}
			}
		}
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
