package encode_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// FuzzEncode reads any bytes as a stream of any dialect, and writes what they say in each
// of the four: what is written is valid, and complete exactly if the source was. With the
// usual options it says the same when it is read again.
func FuzzEncode(f *testing.F) {
	for i, r := range recordings(f) {
		if len(r.body) < 4<<10 {
			f.Add(uint8(r.dialect), uint8(0), r.body)
			f.Add(uint8(r.dialect), uint8(i), r.body)
		}
	}
	f.Fuzz(func(t *testing.T, dialect, flags uint8, body []byte) {
		from := llmstream.Dialect(dialect)
		if from.String() == "unknown" {
			return
		}
		o := options()
		o.HoldStart, o.HoldArguments, o.RawArguments = flags&1 != 0, flags&2 != 0, flags&4 != 0
		o.DataPing, o.IncompleteAsCompleted, o.DropReasoning = flags&8 != 0, flags&16 != 0, flags&32 != 0
		o.ThinkingBlocks, o.ReasoningAlias = flags&64 != 0, flags&64 != 0
		o.RefusalAsSafety, o.MalformedAsError = flags&128 != 0, flags&128 != 0
		_, outcome := read(from, body)
		one := newOriginal(recording{"", from, body})
		for _, to := range targets {
			var b strings.Builder
			e, err := encode.New(&b, to, o)
			if err != nil {
				t.Fatal(err)
			}
			p := llmstream.NewParser(from, e, nil)
			p.Write(body)
			p.Close()
			if err := e.Close(p.Outcome()); err != nil && !o.HoldStart {
				t.Fatal(err)
			}
			if err := validBut(to, b.String(), e.Lost()); err != nil {
				t.Fatalf("%v as %v: %v\n%s", from, to, err, b.String())
			}
			_, again := read(to, []byte(b.String()))
			whole := again.State == llmstream.StateComplete
			switch {
			case whole && outcome.State != llmstream.StateComplete:
				if one.first != nil && e.Lost().Restarts > 0 {
					continue // a whole answer was written by the time that another one began
				}
				t.Fatalf("%v as %v: %v became %v\n%s", from, to, outcome.State, again.State, b.String())
			case !whole && outcome.State == llmstream.StateComplete && e.Lost().Restarts == 0 && !(o.HoldArguments && e.Lost().Arguments > 0) && !(o.MalformedAsError && e.Lost().Malformed > 0):
				t.Fatalf("%v as %v: %v became %v\n%s", from, to, outcome.State, again.State, b.String())
			}
			if flags == 0 && utf8.Valid(body) { // other bytes come back as U+FFFD
				one.returns(t, to)
			}
		}
	})
}
