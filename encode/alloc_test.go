//go:build !race

package encode_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

// In steady state an event costs no allocation: neither of text, nor of a whole answer
// with an encoder that is used again.
func TestAllocations(t *testing.T) {
	all := sample()
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		e, err := encode.New(io.Discard, to, options())
		require.NoError(t, err)
		start, text, thought := begin("x1", "m"), content("some text with a \n in it"), reasoning("hm")
		require.NoError(t, e.HandleDelta(&start))
		for _, d := range []*llmstream.Delta{&thought, &text} {
			for range 1000 { // for the growth of what Responses keeps of the answer
				require.NoError(t, e.HandleDelta(d))
			}
			if to != llmstream.OpenAIResponses {
				require.Zero(t, testing.AllocsPerRun(1000, func() { _ = e.HandleDelta(d) }))
			} else { // it keeps the answer, in memory that doubles
				require.Less(t, testing.AllocsPerRun(1000, func() { _ = e.HandleDelta(d) }), 0.1)
			}
		}
		answer := func() {
			e.Reset(io.Discard)
			for i := range all {
				_ = e.HandleDelta(&all[i])
			}
		}
		answer()
		require.Zero(t, testing.AllocsPerRun(100, answer))
	})
}
