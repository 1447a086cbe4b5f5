package decode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A Context that waits in the pool holds no slices of the input.
func TestDetachedContextHoldsNoInput(t *testing.T) {
	var c Context
	c.Attach(new(Stream), &Limits{Kinds: KindStart | KindReasoning, MaxChoices: 1})
	input := []byte("text")
	for range 2 { // the second event has fewer
		c.Begin(nil, input)
		c.AddStart(0, Start{ID: input})
		c.AddDetail(0, ReasoningDetail{Text: input})
	}
	c.AddDetail(0, ReasoningDetail{Text: input})
	c.Begin(nil, input)
	c.Detach()
	for _, d := range c.Details[:cap(c.Details)] {
		require.Zero(t, d)
	}
	for _, s := range c.starts[:cap(c.starts)] {
		require.Zero(t, s)
	}
}
