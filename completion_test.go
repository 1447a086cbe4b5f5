package llmstream

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"strings"
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

// C-21, C-26: in the older completions and in Gemini all elements at one place are of the
// same token, in chat they are not.
func TestLogprobsAreJoined(t *testing.T) {
	for list, want := range map[string]string{
		`{"tokens":["a"],"token_logprobs":[-1]},{"tokens":["b"]}`: `{"tokens":["a","b"],"token_logprobs":[-1,null],"top_logprobs":null,"text_offset":null}`,
		`{"tokens":["a"]},{"tokens":["b"],"token_logprobs":[-1]}`: `{"tokens":["a","b"],"token_logprobs":[null,-1],"top_logprobs":null,"text_offset":null}`,
		`{"content":[1]},{"refusal":[2]}`:                         `{"content":[1],"refusal":[2]}`,
		`{"refusal":[2]}`:                                         `{"content":[],"refusal":[2]}`,
		`{"content":[]}`:                                          "",
	} {
		got, ok := joinLogprobs([]byte(list), 0)
		require.True(t, ok)
		require.Equal(t, want, string(got), list)
	}
}

// Objects of ever other forms are not filled up with nulls beyond the limit.
func TestJoinedLogprobsAreBounded(t *testing.T) {
	tokens := `{"tokens":[` + strings.TrimSuffix(strings.Repeat("0,", minLogprobs), ",") + `]}`
	_, ok := joinLogprobs([]byte(tokens), 0)
	require.True(t, ok)
	_, ok = joinLogprobs([]byte(tokens+`,{"tokens":[0],"token_logprobs":[0],"top_logprobs":[0],"text_offset":[0]}`), 4*minLogprobs)
	require.False(t, ok)
}

// C-23: what belongs to a sound, and what is media of its own.
func TestMediaAreSorted(t *testing.T) {
	for _, own := range []string{`{"type":"audio"}`, `{"type":"audio","source":{},"data":"AQ=="}`, `{"source":{}}`, `{"type":"image","data":"AQ=="}`, `[1]`} {
		images, audio := joinMedia([]byte(own))
		require.Nil(t, audio, own)
		require.Len(t, images, 1, own)
	}
	images, audio := joinMedia([]byte(`{"id":"i","data":"AQ==","expires_at":9},{"type":"audio","data":"Ag=="},{"id":"","transcript":"x"}`))
	require.Empty(t, images)
	require.Equal(t, &Audio{ID: "i", Data: "AQI=", Transcript: "x", ExpiresAt: 9}, audio)
}

// Reasoning without an index has none in JSON either.
func TestDetailsWithoutAnIndexAsJSON(t *testing.T) {
	out, err := json.Marshal(Completion{Choices: []Choice{{Message: Message{ReasoningDetails: []ReasoningBlock{{Index: -1, Type: "t"}, {Index: 0, Type: "t"}}}}}})
	require.NoError(t, err)
	require.Contains(t, string(out), `"reasoning_details":[{"type":"t"},{"type":"t","index":0}]`)
}
