package wire

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// frameVector is a stream of binary frames from the tests of another library, and what
// that library makes of it.
type frameVector struct {
	ID     string
	Input  []byte `json:"input_b64"`
	Expect struct {
		Frames  *int // how many are whole
		Damaged *bool
		Cut     bool
		Payload []byte `json:"payload_b64"`
	}
}

// The vectors are not part of the repository; LLMSTREAM_CONFORMANCE2 names their
// folder. A frame goes before each of them, because bytes that begin with a damaged
// frame are not taken for frames.
func TestConformanceFrames(t *testing.T) {
	var vectors []frameVector
	require.NoError(t, json.Unmarshal(testkit.File(t, "LLMSTREAM_CONFORMANCE2", "bedrock.json"), &vectors))
	tried := 0
	for _, v := range vectors {
		if v.Expect.Damaged == nil || len(v.Input) == 0 {
			continue
		}
		tried++
		t.Run(v.ID, func(t *testing.T) {
			body := testkit.Framed(hi) + string(v.Input)
			got := splitStream(t, large, body)
			require.Equal(t, Frames, got.Kind)
			require.Equal(t, ehi, got.Frames[0])
			damaged := slices.DeleteFunc(slices.Clone(got.Frames), func(f string) bool { return !strings.HasPrefix(f, "malformed") })
			require.Equal(t, *v.Expect.Damaged, len(damaged) > 0, "%v", got.Frames)
			if v.Expect.Frames != nil {
				require.Equal(t, *v.Expect.Frames, len(got.Frames)-1-len(damaged), "%v", got.Frames)
			}
			require.Equal(t, v.Expect.Cut, len(damaged) == 0 && got.Pending > 0)
			if v.Expect.Payload != nil && len(damaged) == 0 {
				require.Contains(t, got.Frames[1], string(v.Expect.Payload))
			}
			for i := 1; i < len(body); i++ {
				require.Equal(t, got, splitStream(t, large, body, i), "cut at %d", i)
			}
		})
	}
	require.NotZero(t, tried)
}
