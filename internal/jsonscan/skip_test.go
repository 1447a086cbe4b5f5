package jsonscan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What Skip accepts is one value to a Scanner too, with as many inside it. It accepts
// all JSON that is not nested too deep.
func TestSkipJSON(t *testing.T) {
	long := strings.Repeat(`say \"nothing\" of it\\`, 20)
	texts := append(jsonTexts,
		`"`+long+`"`, `"`+long+`\"`, `"`+long, `["`+long+`",{"`+long+`":1.5e3},"`+strings.Repeat(`\`, 41)+`"]`, `"`+strings.Repeat(`\`, 42)+`"`,
		`{"a" : [ 1 , -2 , { } , [ ] , "" , true , false , null ] }`, `{"a":-}`, `{"a":1 }x`, `[1,2`, `[nul]`, `{"a":tru}`, `["a":1]`, `{"a",1}`, `{"a":1,"b"}`,
		strings.Repeat("[", skipDepth)+strings.Repeat("]", skipDepth),
		strings.Repeat(`{"a":`, 30)+strings.Repeat(`[`, 30)+`1`+strings.Repeat(`]`, 30)+strings.Repeat(`}`, 30),
		strings.Repeat(`{"a":`, 30)+strings.Repeat(`[`, 30)+`1`+strings.Repeat(`]`, 29)+strings.Repeat(`}`, 31),
	)
	for _, text := range texts {
		data := []byte(text)
		end, values := Skip(data, SkipSpace(data, 0))
		whole := end > 0 && SkipSpace(data, end) == len(data)
		require.True(t, whole || !json.Valid(data), text)
		if whole {
			var s Scanner
			_, err := s.ScanAll(data)
			require.NoError(t, err, text)
			require.True(t, s.Complete(), text)
			require.Equal(t, s.Values, values, text)
		}
	}
	deep := []byte(strings.Repeat("[", skipDepth+1) + strings.Repeat("]", skipDepth+1))
	end, _ := Skip(deep, 0)
	require.Negative(t, end)
}
