package sse

import (
	"encoding/json"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// The conformance vectors come from the tests of other libraries. They are not part of
// the repository; LLMSTREAM_CONFORMANCE and LLMSTREAM_CONFORMANCE2 name the folders of
// two sets.

type sseVector struct {
	ID     string
	Input  []byte `json:"input_b64"`
	Events []struct {
		Type   string
		Data   []byte `json:"data_b64"`
		LastID string `json:"last_event_id"`
		Retry  *int
	}
	FinalID    string          `json:"final_last_event_id"`
	FinalRetry *int            `json:"final_retry"`
	Splits     json.RawMessage // offsets, or the words "every byte"
}

// sseEvent is an event as a vector has it.
type sseEvent struct {
	Type, Data, LastID string
	Retry              int
}

type eventRecorder struct{ events []sseEvent }

func (r *eventRecorder) HandleEvent(e *Event) error {
	typ := string(e.Type)
	if typ == "" {
		typ = "message"
	}
	r.events = append(r.events, sseEvent{typ, string(e.Data), string(e.ID), e.Retry})
	return nil
}

func TestConformanceSSE(t *testing.T) {
	for _, variable := range []string{"LLMSTREAM_CONFORMANCE", "LLMSTREAM_CONFORMANCE2"} {
		t.Run(variable, func(t *testing.T) {
			var vectors []sseVector
			require.NoError(t, json.Unmarshal(testkit.File(t, variable, "sse.json"), &vectors))
			require.NotEmpty(t, vectors)
			for _, v := range vectors {
				t.Run(v.ID, func(t *testing.T) { testVector(t, &v) })
			}
		})
	}
}

func testVector(t *testing.T, v *sseVector) {
	want := eventRecorder{}
	for _, e := range v.Events {
		want.events = append(want.events, sseEvent{e.Type, string(e.Data), e.LastID, orNone(e.Retry)})
	}
	for name, cuts := range vectorCuts(t, v) {
		var got eventRecorder
		p := NewParser(&got, nil)
		from := 0
		for _, to := range append(cuts, len(v.Input)) {
			p.Write(v.Input[from:to])
			from = to
		}
		require.NoError(t, p.Close())
		require.Equal(t, want.events, got.events, name)
		require.Equal(t, v.FinalID, string(p.LastEventID()), name)
		require.Equal(t, orNone(v.FinalRetry), p.Retry(), name)
	}
}

func orNone(retry *int) int {
	if retry == nil {
		return -1
	}
	return *retry
}

// vectorCuts returns where to cut a vector: nowhere, at every byte, and at its own
// offsets.
func vectorCuts(t *testing.T, v *sseVector) map[string][]int {
	cuts := map[string][]int{"whole": nil}
	if len(v.Input) < 64<<10 {
		var every []int
		for i := 1; i < len(v.Input); i++ {
			every = append(every, i)
		}
		cuts["byte by byte"] = every
	}
	var named []int
	if json.Unmarshal(v.Splits, &named) == nil {
		cuts["as named"] = named
	}
	return cuts
}
