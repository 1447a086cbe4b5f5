package dialect

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/stretchr/testify/require"
)

// What is left out of a large event is what the decoder does not read, and nothing else
// (O-09).
func TestPrune(t *testing.T) {
	long := `"` + strings.Repeat("x", minPruned) + `"`
	for _, c := range [...][2]string{
		{`{"a":[1,{"b":"}"}],"c":-1.5,"response":{"tools":LONG}}`, `{"a":[1,{"b":"}"}],"c":-1.5,"response":{"tools":null}}`},
		{`{"a" : 1 , "response" : {"id" : "x" , "tools" : [{"a":LONG}] , "n" : 1 , "t":true} , "b" : null }`, `{"a" : 1 , "response" : {"id" : "x" , "tools" : null , "n" : null , "t":null} , "b" : null }`},
		{`{"response":{"output":[1],"usage":{"a":{}},"b":LONG},"tools":[1]}`, `{"response":{"output":[1],"usage":{"a":{}},"b":null},"tools":[1]}`},
		{`{"response":{"\u006futput":[1],"x\u0079":[2],"b":LONG}}`, `{"response":{"\u006futput":[1],"x\u0079":[2],"b":null}}`},
		{`{"response":{},"text":"short","x":LONG}`, ""},
	} {
		data := []byte(strings.ReplaceAll(c[0], "LONG", long))
		want := c[1]
		if want == "" {
			want = string(data)
		}
		var s decode.Context
		s.Attach(new(decode.Stream), &decode.Limits{MaxValues: 1000})
		require.True(t, new(Responses).Prune(&s, data))
		var compact bytes.Buffer
		require.NoError(t, json.Compact(&compact, []byte(want)))
		require.Equal(t, compact.String(), string(s.Root.MarshalTo(nil)))
	}
}
