package llmstream

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// C-23: however the pieces of a sound are cut and padded, the sound is the same.
func TestSoundsInPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		sound := make([]byte, random.IntN(100))
		for i := range sound {
			sound[i] = byte(random.Uint32())
		}
		want := base64.StdEncoding.EncodeToString(sound)
		var padded []byte // each piece is
		for rest := sound; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(10))
			padded = base64.StdEncoding.AppendEncode(padded, rest[:n])
			rest = rest[n:]
		}
		require.Equal(t, want, joinBase64(padded))
		require.Equal(t, want, joinBase64([]byte(want)))
	}
	for _, as := range []string{"", "=", "====", "A=", "AQ==!", "AQ==Ag", "!!==AQ==", "AQ==-_-_", "AQ"} {
		require.Equal(t, as, joinBase64([]byte(as)), "what is none stays as it came")
	}
}
