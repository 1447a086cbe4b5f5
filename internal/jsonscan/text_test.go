package jsonscan

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// There may be room for the beginning of a text alone.
func TestCopyPlainWithinItsRoom(t *testing.T) {
	for _, special := range []string{`"`, `\`, "\x1f", "é"} {
		b := []byte(strings.Repeat("x", 80) + special + strings.Repeat("x", 80))
		for from := range len(b) {
			for room := range 100 {
				to := make([]byte, room+1)
				n := CopyPlain(to[:room], b[from:])
				require.Equal(t, string(b[from:from+n]), string(to[:n]))
				require.Zero(t, to[room])
				plain := PlainLen(b[from:], true)
				require.LessOrEqual(t, n, plain)
				require.True(t, n == plain || room-n < 32 || len(b)-from-n < 32)
				require.Equal(t, n, CopyPlain(nil, b[from:from+min(len(b)-from, room)]), room)
			}
		}
	}
}

// Every byte is found at every position.
func TestPlainLen(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			b := []byte(strings.Repeat("é", 10))
			b[at] = byte(c)
			for _, control := range []bool{false, true} {
				want := len(b)
				if c == '"' || c == '\\' || control && c < ' ' {
					want = at
				}
				require.Equal(t, want, PlainLen(b, control), "%q", b)
			}
			if w0, w1 := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]); true {
				require.Equal(t, min(16, PlainLen(b, true)), PlainIn(w0, w1))
			}
		}
	}
}

func TestStringLen(t *testing.T) {
	for text, want := range map[string]int{`""`: 2, `"a"b`: 3, `"\"" "`: 4, `"\\" "`: 4, `"abc`: 4, `"a\`: 3, `"`: 1} {
		require.Equal(t, want, StringLen([]byte(text)), text)
	}
}
