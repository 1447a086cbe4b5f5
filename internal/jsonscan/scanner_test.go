package jsonscan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

var jsonTexts = []string{
	``, ` `, `{}`, `[]`, ` { } `, "\t[\n]\r", `{"a":1}`, `{"a":1,"b":[1,2,{"c":null}]}`, `[1,"x",true,false,null]`, `"x"`, `""`, `"\"\\\/\b\f\n\r\t\u00e9"`, `{"a":"}"}`, `{"\"":1}`,
	`0`, `-0`, `1`, `-1`, `10`, `1.5`, `0.5`, `1e5`, `1E+5`, `1e-05`, `-0.0e0`, `123456789012345678901234567890`, `true`, `false`, `null`,
	`{`, `[`, `}`, `]`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `{"a" 1}`, `{"a":1 "b":2}`, `{a:1}`, `{1:1}`, `{,}`, `[1}`, `{"a":1]`, `[]]`, `{}{}`, `{} x`, `1 2`,
	`"`, `"x`, `"\`, `"\"`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\u123"`, "\"\x01\"", "\"\n\"", "\"\x7f\xff\"", `'x'`,
	`-`, `+1`, `01`, `-01`, `1.`, `.5`, `1.e5`, `1e`, `1e+`, `1.5.5`, `1-1`, `0x1`, `1a`, `--1`, `1_0`,
	`t`, `tru`, `truex`, `True`, `nul`, `nulll`, `n`, `nan`, `NaN`, `Infinity`, `-Infinity`, `inf`, `fals`, `tfalse`,
	`{"a":{"b":{"c":[[[]]]}}}`, "\xEF\xBB\xBF{}", "{}\x00", `{"a":1}}`, `"a""b"`, `[[[[[[[[[[]]]]]]]]]]`,
}

// scanned reports whether text, in the pieces that end at cuts, is one value.
func scanned(strict bool, text string, cuts ...int) bool {
	s := Scanner{Strict: strict}
	from := 0
	for _, to := range append(cuts, len(text)) {
		piece := text[from:to]
		if s.state == stateDone {
			if strings.Trim(piece, " \t\r\n") != "" {
				return false
			}
		} else if _, err := s.ScanAll([]byte(piece)); err != nil {
			return false
		}
		from = to
	}
	return s.Complete()
}

func TestStrictScannerIsEncodingJSONsValid(t *testing.T) {
	for _, text := range append(jsonTexts, `["`+strings.Repeat("long text ", 10)+`"]`, `"`+strings.Repeat("x", 30)+"\x1f"+`"`) {
		want := json.Valid([]byte(text))
		testkit.EachCut(text, func(cuts ...int) {
			require.Equal(t, want, scanned(true, text, cuts...), "%q cut at %v", text, cuts)
		})
	}
}

// The lenient scanner accepts all JSON. What else it accepts does not depend on the
// cuts.
func TestLenientScanner(t *testing.T) {
	beyond := map[string]bool{}
	for _, text := range jsonTexts {
		whole := scanned(false, text)
		require.True(t, whole || !json.Valid([]byte(text)), text)
		if whole && !json.Valid([]byte(text)) {
			beyond[text] = true
		}
		testkit.EachCut(text, func(cuts ...int) {
			require.Equal(t, whole, scanned(false, text, cuts...), "%q cut at %v", text, cuts)
		})
	}
	for _, text := range []string{`NaN`, `nan`, `inf`, `Infinity`, `-Infinity`, "\"\n\"", "\"\x01\"", `"\x"`} { // J-04, J-08
		require.True(t, beyond[text], text)
	}
	for _, text := range []string{`{"a":1,}`, `{a:1}`, `tru`, `True`, `{} x`, `{`, `"x`, `'x'`} {
		require.False(t, beyond[text], text)
	}
}

func TestScannerLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		name, text string
		maxValues  int
		want       error
	}{
		{"depth 300", nested(300), 0, nil},
		{"depth 301", nested(301), 0, errDepth},
		{"depth 300 and a number in it", strings.Repeat("[", 300) + "1", 0, errDepth},
		{"wide is not deep", "[" + strings.Repeat("[[]],", 1000) + "1]", 0, nil},
		{"just as many values", `[1,{"a":2}]`, 4, nil},
		{"one too many", `[1,{"a":2}]`, 3, &fault.Limit{Limit: "MaxValues", Max: 3}},
	} {
		s := Scanner{MaxValues: c.maxValues}
		_, err := s.ScanAll([]byte(c.text))
		require.Equal(t, c.want, err, c.name)
		require.Equal(t, c.want == nil, s.Complete(), c.name)
	}
}

// The scanner finds the end of a value, and takes no byte of what follows.
func TestScannerFindsTheEnd(t *testing.T) {
	for text, want := range map[string]int{`{"a":[1]}data: x`: 9, `[]]`: 2, `"x""y"`: 3, `{}{}`: 2, `nullx`: 4} {
		var s Scanner
		n, err := s.Scan([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, n, text)
		require.Equal(t, stateDone, s.state, text)
	}
	for text, want := range map[string]int{`{"a":1,}`: 7, `[1 2]`: 3, `{"a" 1}`: 5, `tx`: 1, `}`: 0} {
		var s Scanner
		n, err := s.Scan([]byte(text))
		require.Error(t, err, text)
		require.Equal(t, want, n, text) // the byte at n is not allowed there
	}
}

func TestScannerReset(t *testing.T) {
	s := Scanner{Strict: true, MaxValues: 3}
	for _, left := range []string{`{"a":[`, `"x\u1`, `-`, `tru`, `[1,2,3]`, `x`} {
		s.Scan([]byte(left))
		s.Reset()
		require.True(t, s.Blank())
		require.False(t, s.Complete())
		_, err := s.ScanAll([]byte(`[1,2]`))
		require.NoError(t, err, left)
		require.True(t, s.Complete(), left)
		require.False(t, s.Blank())
		s.Reset()
	}
}

func TestPlainString(t *testing.T) {
	for at := range 40 {
		for _, special := range []byte{'"', '\\', 0x1f, 0, '\n'} {
			b := []byte(strings.Repeat("x\xff\x80 \x7f!#[]", 8)[:40])
			b[at] = special
			for _, control := range []bool{false, true} {
				want := len(b)
				if special >= 0x20 || control {
					want = at
				}
				require.Equal(t, want, PlainLen(b, control), "%q at %d", special, at)
			}
		}
	}
}
