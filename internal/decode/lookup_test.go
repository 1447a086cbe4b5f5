package decode

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// A lookup finds what a search from the latest call back finds, whatever was added,
// dropped, named or voided before.
func TestLookupFindsWhatASearchFinds(t *testing.T) {
	last := func(ch *Choice, matches func(c *Call) bool) int {
		at := len(ch.Calls) - 1
		for ; at >= 0 && !matches(&ch.Calls[at]); at-- {
		}
		return at
	}
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		var s Stream
		var c Context
		c.Attach(&s, &Limits{MaxToolCalls: 1000})
		ch := &Choice{}
		voids := seed%2 == 0
		for range 600 {
			index, id := r.IntN(12)-1, []byte(strconv.Itoa(r.IntN(12)))
			switch r.IntN(8) {
			case 0, 1:
				c.NewCall(ch, Call{Index: index, Indexed: r.IntN(3) > 0})
			case 2:
				c.NewCall(ch, Call{Index: index, Indexed: true, ID: Hash(id)})
			case 3:
				c.NewCall(ch, Call{Index: index, Indexed: true})
				c.DropCall(ch)
			case 4:
				if n := len(ch.Calls); n > 0 {
					if at := r.IntN(n); ch.Calls[at].ID == 0 {
						ch.SetCallID(at, id)
					}
				}
			case 5:
				if n := len(ch.Calls); n > 0 && voids {
					ch.Calls[r.IntN(n)].Void()
				}
			}
			require.Equal(t, last(ch, func(c *Call) bool { return c.Index == index }), ch.CallAtIndex(index))
			require.Equal(t, last(ch, func(c *Call) bool { return c.Index == index && c.Indexed }), ch.withIndex(keyWireIndex, index))
			require.Equal(t, last(ch, func(c *Call) bool { return c.ID == Hash(id) }), ch.CallByID(id))
			if voids {
				continue // decoders that void calls do not ask for ids at an index
			}
			for _, indexed := range []bool{true, false} {
				k := &CallKey{ID: id, Index: index, Indexed: indexed}
				same := last(ch, func(c *Call) bool { return c.ID == Hash(id) })
				want := last(ch, func(c *Call) bool { return c.ID == Hash(id) && (!indexed || !c.Indexed || c.Index == index) })
				at, another := ch.callWithID(k, Hash(id))
				if want >= 0 {
					require.Equal(t, want, at)
					require.False(t, another)
				} else if require.Equal(t, same, at); same >= 0 {
					require.True(t, another)
				}
			}
		}
	}
}
