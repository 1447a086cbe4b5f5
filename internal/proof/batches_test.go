package proof

import (
	"errors"
	"fmt"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
)

// The deltas of an event with very many come in their order, with what they point to, and
// a handler's error ends them.
func TestDeltasInBatches(t *testing.T) {
	body := []byte(inDelta(`"reasoning_details":[` + repeated(1000, `{"index":%,"text":"t%"}`) + `]`))
	var got []string
	handler := func(d *llmstream.Delta) error {
		if d.Detail != nil {
			got = append(got, fmt.Sprint(d.Detail.Index, string(d.Detail.Text)))
		}
		return nil
	}
	p := llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(handler), nil)
	p.Write(body)
	require.Len(t, got, 1000)
	for i, detail := range got {
		require.Equal(t, fmt.Sprintf("%dt%d", i, i), detail)
	}

	failed, n := errors.New("enough"), 0
	p = llmstream.NewParser(llmstream.OpenAIChat, llmstream.HandlerFunc(func(*llmstream.Delta) error {
		if n++; n == 100 {
			return failed
		}
		return nil
	}), nil)
	taken, err := p.Write(append(body, says("more")...))
	require.ErrorIs(t, err, failed)
	require.Equal(t, len(body), taken)
	require.Equal(t, 100, n)
}
