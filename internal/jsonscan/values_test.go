package jsonscan

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValueLen(t *testing.T) {
	for _, value := range []string{`{}`, `[]`, `{"a":[1,{"}":"]"}]}`, `[[],[[]]]`, `"x"`, `""`, `"\"\\"`, `"` + strings.Repeat("long ", 20) + `\""`, `1`, `-1.5e3`, `true`, `null`} {
		for _, after := range []string{"", ",", "}", "]", " ", "\n", `,"x"`} {
			require.Equal(t, len(value), ValueLen([]byte(value+after)), "%s before %q", value, after)
		}
		if value[0] == '"' {
			require.Equal(t, len(value), StringLen([]byte(value+"x")), value)
		}
	}
	for _, unfinished := range []string{`"`, `"x`, `"x\`, `"x\"`} {
		require.Equal(t, len(unfinished), StringLen([]byte(unfinished)), unfinished)
	}
}

func TestMatchSpaced(t *testing.T) {
	const compact = `{"a b":1,"c":[`
	for b, want := range map[string]struct {
		n  int
		ok bool
	}{
		compact:                        {len(compact), true},
		compact + "x":                  {len(compact), true},
		"{ \"a b\" : 1 ,\n\"c\":\t[ 2": {20, true},
		`{"a  b":1,"c":[`:              {1, false},
		`{"a b":2`:                     {7, false},
		`{"a b`:                        {1, false},
		` { `:                          {3, false},
		"":                             {0, false},
	} {
		n, ok := MatchSpaced([]byte(b), []byte(compact))
		require.Equal(t, want.ok, ok, "%q", b)
		require.Equal(t, want.n, n, "%q", b)
	}
}

func TestParseDigits(t *testing.T) {
	for digits, want := range map[string]int64{"0": 0, "7": 7, "007": 7, strings.Repeat("9", MaxDigits): 1e18 - 1, "": -1, "-1": -1, "1.0": -1, "1e3": -1, " 1": -1} {
		n, ok := ParseDigits([]byte(digits))
		require.Equal(t, want >= 0, ok, "%q", digits)
		if ok {
			require.Equal(t, want, n, "%q", digits)
		}
	}
}

func TestSpace(t *testing.T) {
	for text, want := range map[string]string{"": "", " ": "", " a b\t\r\n": "a b", "a": "a", "\v a": "\v a", "\u00a0a": "\u00a0a"} {
		require.Equal(t, want, string(TrimSpace([]byte(text))), "%q", text)
	}
	require.Equal(t, 3, SkipSpace([]byte(" \n\ta"), 0))
	require.Equal(t, 1, SkipSpace([]byte("a"), 1))
}

func TestNullNonFinite(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":NaN,"NaN":[-inf,+Infinity,nan]}`: `{"a":null,"NaN":[null,null,null]}`,
		`["NaN","\"Inf",null,-1,+2,1e+5]`:      `["NaN","\"Inf",null,-1,+2,1e+5]`,
		`Infinity`:                             `null`,
		` `:                                    ` `,
	} {
		require.Equal(t, want, string(NullNonFinite([]byte(text))), text)
	}
}

// Inf ends where "inity" does not follow, and the two words may be of either case.
func TestScannerWords(t *testing.T) {
	for text, want := range map[string]bool{
		"inf": true, "INF": true, "Infinity": true, "iNFiNiTY": true, "+Inf": true, "-infinity": true, "NAN": true, "-nan": true, "[Inf,inf]": true, "[Inf ]": true,
		"i": false, "in": false, "infi": false, "infinit": false, "infinityx": false, "infx": false, "na": false, "NULL": false, "nUll": false, "+": false, "+x": false,
	} {
		require.Equal(t, want, scanned(false, text), text)
		require.False(t, scanned(true, text), text)
	}
}

func TestAppendQuoted(t *testing.T) {
	require.Equal(t, `>"a\"b\\c\u000a\u0000\u001f é/"`, string(AppendQuoted([]byte(">"), []byte("a\"b\\c\n\x00\x1f é/"))))
}
