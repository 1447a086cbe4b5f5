package jsonscan

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAppendUnescaped(t *testing.T) {
	const high = 0xD83D
	for _, c := range []struct {
		raw     string
		before  uint16
		want    string
		pending uint16
	}{
		{``, 0, ``, 0},
		{`abc`, 0, `abc`, 0},
		{`\"\\\/\b\f\n\r\t`, 0, "\"\\/\b\f\n\r\t", 0},
		{`\u0041\u00e9\u20AC\u0000`, 0, "Aé€\x00", 0},
		{`a\ud83d\ude00b`, 0, "a😀b", 0},
		{`\uD83D\uDE00`, 0, "😀", 0},
		{`a\ud83d`, 0, "a", high}, // J-03: held back
		{`\ude00b`, high, "😀b", 0},
		{``, high, "", high}, // goes on over a text that is empty
		{`b`, high, "\uFFFDb", 0},
		{`\n`, high, "\uFFFD\n", 0},
		{`\`, high, "\uFFFD\\", 0},
		{`\u0041`, high, "\uFFFDA", 0},
		{`\ud83d`, high, "\uFFFD", high},
		{`\ud83d\ude00`, high, "\uFFFD😀", 0},
		{`\ud83d\ud83d\ude00`, 0, "\uFFFD😀", 0},
		{`\ud83dx\ude00`, 0, "\uFFFDx\uFFFD", 0},
		{`\ude00`, 0, "\uFFFD", 0},
		{`\ude00\ud83d`, 0, "\uFFFD", high},
		{`\ud83d\u0041`, 0, "\uFFFDA", 0}, // the escape after it is not swallowed
		{`\x\u12\uzzzz\`, 0, `\x\u12\uzzzz\`, 0},
		{`\\u0041`, 0, `\u0041`, 0},
		{"\xff\x01é", 0, "\xff\x01é", 0},
	} {
		got, pending := AppendUnescaped([]byte("> "), []byte(c.raw), c.before)
		require.Equal(t, "> "+c.want, string(got), c.raw)
		require.Equal(t, c.pending, pending, c.raw)
	}
}

// encoding/json agrees about whole texts.
func TestAppendUnescapedAsEncodingJSON(t *testing.T) {
	for _, raw := range []string{`a`, `\u0041\n`, `\ud83d\ude00`, `\ud83d`, `\ude00`, `\ud83d\u0041`, `\ud83d\ud83d`, `\ud83dx`, `\/\"`, `é\u00e9`, `\uffff\u0000`} {
		var want string
		require.NoError(t, json.Unmarshal([]byte(`"`+raw+`"`), &want))
		got, pending := AppendUnescaped(nil, []byte(raw), 0)
		require.Equal(t, want, string(AppendLoneSurrogate(got, pending)), raw)
	}
}

// Cut between any two escapes, a text is the same.
func TestAppendUnescapedInPieces(t *testing.T) {
	tokens := []string{`a`, `\ud83d`, `\ude00`, `\u0041`, `\n`, `\ud83d`, `\ud83d`, `\ude00`, `\ude00`, `é`, `\ud83d`}
	var raw string
	for _, token := range tokens {
		raw += token
	}
	want, pending := AppendUnescaped(nil, []byte(raw), 0)
	var got []byte
	var surrogate uint16
	for _, token := range tokens {
		got, surrogate = AppendUnescaped(got, []byte(token), surrogate)
	}
	require.Equal(t, string(want), string(got))
	require.Equal(t, pending, surrogate)
}
