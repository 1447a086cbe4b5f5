package decode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A text is the same however its pieces are cut, and white space at its ends aside.
func TestTallyOfPieces(t *testing.T) {
	const text = " \n The quick brown fox jumps over the lazy dog.  It \t does. \n"
	whole := TallyOf([]byte("The quick brown fox jumps over the lazy dog.  It \t does."))
	for i := range len(text) {
		for k := i; k < len(text); k++ {
			var pieces Tally
			for _, piece := range [...]string{text[:i], text[i:k], text[k:]} {
				pieces.Add([]byte(piece))
			}
			require.True(t, pieces.Same(&whole), "%d %d", i, k)
		}
	}
	for i := 4; i < len(text)-3; i++ { // any other byte is another text
		changed := []byte(text)
		changed[i] ^= 4
		other := TallyOf(changed)
		require.False(t, other.Same(&whole), "%d", i)
	}
}

// The rest of a whole is what has not come of it.
func TestTallyRest(t *testing.T) {
	for _, c := range [...]struct{ pieces, whole, rest string }{
		{"", "all", "all"},
		{"  ", "  all", "all"},
		{"  ", "all", "all"},
		{"some", "some more", " more"},
		{"some ", "some more", "more"},
		{" some", "some more", " more"},
		{"some", "some", ""},
		{"some", "other", "none"},
		{"some more", "some", "none"},
		{"some\n", "some more", "none"},
		{"a longer beginning", "a longer beginning, and its end", ", and its end"},
	} {
		tally := TallyOf([]byte(c.pieces))
		rest, ok := tally.Rest([]byte(c.whole))
		require.Equal(t, c.rest != "none", ok, c)
		if ok {
			require.Equal(t, c.rest, string(rest), c)
		}
	}
	tally := TallyOf([]byte("dle of it. "))
	require.True(t, tally.EndsIn([]byte("In the middle of it.\n")))
	require.False(t, tally.EndsIn([]byte("of it.")))
	require.False(t, tally.EndsIn([]byte("In the middle of that.")))
	require.False(t, tally.Blank())
}
