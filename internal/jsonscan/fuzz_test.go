package jsonscan

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fastjson"
)

// FuzzUnescape: a string is unescaped as encoding/json does it, whole or cut
// between two escapes.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{``, `a`, `\n\"\\\/\b\f\r\t`, `\u00e9`, `\ud83d\ude00`, `\ud83d`, `\ude00\ud83d`, `\ud83dx\ude00`, `\ud83d\ud83d\ude00`, "\xff\u00e9"} {
		f.Add([]byte(s), 2)
	}
	f.Fuzz(func(t *testing.T, raw []byte, cut int) {
		var want string
		if json.Unmarshal(slices.Concat([]byte{'"'}, raw, []byte{'"'}), &want) != nil {
			t.Skip("no JSON string")
		}
		unescape := func(pieces ...[]byte) string {
			var text []byte
			var surrogate uint16
			for _, piece := range pieces {
				text, surrogate = AppendUnescaped(text, piece, surrogate)
			}
			return string([]rune(string(AppendLoneSurrogate(text, surrogate)))) // as encoding/json replaces bad UTF-8
		}
		require.Equal(t, want, unescape(raw))
		if cut > 0 && cut < len(raw) && json.Valid(slices.Concat([]byte{'"'}, raw[:cut], []byte{'"'})) && json.Valid(slices.Concat([]byte{'"'}, raw[cut:], []byte{'"'})) {
			require.Equal(t, want, unescape(raw[:cut], raw[cut:]))
		}
	})
}

// FuzzStructure: the strict scanner accepts what encoding/json calls valid, and the
// lenient one what fastjson parses. Neither depends on how its input is cut.
func FuzzStructure(f *testing.F) {
	testkit.Bodies(f, 8<<10, func(body []byte) {
		for line := range bytes.SplitSeq(body, []byte("\n")) {
			if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
				f.Add(bytes.Clone(data))
			}
		}
	})
	for _, s := range []string{`[-0.1e+5,1E9,null,true,false,"\u00e9"]`, `{"a":[NaN,nan,-Inf,+inf,--,+1]}`, "{\"\x01\":\"\\x\"}", `[[[`, `-`, `"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, strict := range []bool{true, false} {
			s := Scanner{Strict: strict}
			n, err := s.ScanAll(data)
			accepts := err == nil && s.Complete()

			bytewise := Scanner{Strict: strict}
			m := 0
			var cutErr error
			for ; m < len(data) && cutErr == nil; m++ {
				_, cutErr = bytewise.ScanAll(data[m : m+1])
			}
			if cutErr != nil {
				m--
			}
			require.Equal(t, [3]any{n, err, accepts}, [3]any{m, cutErr, cutErr == nil && bytewise.Complete()})

			if end, values := Skip(data, SkipSpace(data, 0)); !strict && end > 0 && SkipSpace(data, end) == len(data) {
				require.Equal(t, [2]any{true, s.Values}, [2]any{accepts, values}, "at one go")
			}

			switch {
			case err == errDepth: // deeper than encoding/json minds
			case strict:
				require.Equal(t, json.Valid(data), accepts, "encoding/json")
			case bytes.Contains(bytes.ToLower(data), []byte("inity")): // which fastjson does not know
			case len(TrimSpace(data)) == 1 && bytes.ContainsAny(data, "+-"): // which fastjson takes for a number
			default:
				var p fastjson.Parser
				_, err := p.ParseBytes(data)
				require.Equal(t, err == nil, accepts, "fastjson: %v", err)
			}
		}
		if Valid(data) {
			var p fastjson.Parser
			_, err := p.ParseBytes(NullNonFinite(data))
			require.NoError(t, err)
		}
	})
}
