package proof

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
)

// Streams from bug reports of other projects, each with what the report justifies to
// expect of it. LLMSTREAM_FIELD names the folder, which is not part of the repository.

// wantField is what a stream of a report means: NAME.want.json. A member that is left
// out is not compared.
type wantField struct {
	Content, Reasoning, Refusal, State *string
	FinishReason                       *string `json:"finish_reason"`
	Created                            *int64
	ToolCalls                          *[]struct{ ID, Name, Arguments string } `json:"tool_calls"`
	Usage                              map[string]*int64
	Error                              map[string]any

	Dialect     string                     `json:"_dialect"` // the one to ask for
	Open        *int                       `json:"_open"`    // open tool calls
	Items       *int                       `json:"_items"`   // how many
	ItemHas     []string                   `json:"_item_has"`
	ItemNot     []string                   `json:"_item_not"`
	DetailsHas  string                     `json:"_details_has"`
	Annotations string                     `json:"_annotations_has"`
	RawHas      string                     `json:"_raw_has"`            // in the answer's JSON
	Arguments   map[string]json.RawMessage `json:"_json_args"`          // by the call's name
	Pieces      bool                       `json:"_deltas_stream_args"` // arguments come with the events that bring them
}

func TestField(t *testing.T) {
	dir := os.Getenv("LLMSTREAM_FIELD")
	if dir == "" {
		t.Skip("LLMSTREAM_FIELD is not set: its streams are not tested")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.want.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".want.json"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(name)
			require.NoError(t, err)
			var want wantField
			require.NoError(t, json.Unmarshal(raw, &want))
			d := llmstream.Auto
			if want.Dialect != "" {
				d, err = llmstream.ParseDialect(want.Dialect)
				require.NoError(t, err)
			}
			body := readField(t, name)
			want.require(t, readAlike(t, d, body))
		})
	}
}

// require compares what was read of a stream with what it means.
func (w *wantField) require(t *testing.T, got reading) {
	t.Helper()
	var c llmstream.Choice
	if len(got.Completion.Choices) > 0 {
		c = got.Completion.Choices[0]
	}
	m, o := &c.Message, got.Outcome
	for _, text := range []struct {
		member string
		want   *string
		got    string
	}{
		{"content", w.Content, m.Content}, {"reasoning", w.Reasoning, m.Reasoning}, {"refusal", w.Refusal, m.Refusal},
		{"finish_reason", w.FinishReason, c.FinishReason.String()}, {"state", w.State, o.State.String()},
	} {
		if text.want != nil {
			require.Equal(t, *text.want, text.got, text.member)
		}
	}
	if w.Created != nil {
		require.Equal(t, *w.Created, got.Completion.Created)
	}
	if w.Open != nil {
		require.Equal(t, *w.Open, o.OpenToolCalls)
	}
	if w.Items != nil {
		require.Len(t, m.Items, *w.Items)
	}
	w.requireCalls(t, m.ToolCalls)
	w.requireJSON(t, got.Completion)
	for member, value := range w.Error {
		require.NotNil(t, o.APIError)
		e := map[string]any{"message": o.APIError.Message, "type": o.APIError.Type, "code": o.APIError.Code, "status": o.APIError.Status}
		require.Equal(t, fmt.Sprint(value), fmt.Sprint(e[member]), "error.%s", member)
	}
	if w.Pieces {
		found := false
		for _, d := range got.Deltas {
			found = found || d.Kind == llmstream.KindToolCall && len(d.ToolCall.Arguments) > 0 && strings.Contains(string(d.Event), "delta")
		}
		require.True(t, found, "no piece of arguments came with the event that brought it")
	}
}

func (w *wantField) requireCalls(t *testing.T, got []llmstream.ToolCall) {
	t.Helper()
	if w.ToolCalls != nil {
		require.Len(t, got, len(*w.ToolCalls))
		for i, call := range *w.ToolCalls {
			require.Equal(t, [3]string{call.ID, call.Name, call.Arguments}, [3]string{got[i].ID, got[i].Name, got[i].Arguments})
		}
	}
	if w.Arguments != nil {
		require.Len(t, got, len(w.Arguments))
		for _, call := range got {
			require.JSONEq(t, string(w.Arguments[call.Name]), call.Arguments, call.Name)
		}
	}
}

// requireJSON looks for what must be in the answer's JSON.
func (w *wantField) requireJSON(t *testing.T, c *llmstream.Completion) {
	t.Helper()
	text, err := json.Marshal(c)
	require.NoError(t, err)
	var answer struct {
		Choices []struct {
			Message struct {
				Items, Annotations json.RawMessage
				ReasoningDetails   json.RawMessage `json:"reasoning_details"`
			}
		}
		Usage struct {
			Input        *int64 `json:"prompt_tokens"`
			Output       *int64 `json:"completion_tokens"`
			Total        *int64 `json:"total_tokens"`
			InputDetails struct {
				Cached *int64 `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
			OutputDetails struct {
				Reasoning *int64 `json:"reasoning_tokens"`
			} `json:"completion_tokens_details"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &answer))
	u := answer.Usage
	counts := map[string]*int64{"input": u.Input, "output": u.Output, "total": u.Total, "cached": u.InputDetails.Cached, "reasoning": u.OutputDetails.Reasoning}
	for name, n := range w.Usage {
		require.Equal(t, n, counts[name], "usage.%s", name)
	}
	var items, annotations, details string
	if len(answer.Choices) > 0 {
		m := answer.Choices[0].Message
		items, annotations, details = string(m.Items), string(m.Annotations), string(m.ReasoningDetails)
	}
	for _, part := range w.ItemHas {
		require.Contains(t, unspaced(items), unspaced(part))
	}
	for _, part := range w.ItemNot {
		require.NotContains(t, unspaced(items), unspaced(part))
	}
	require.Contains(t, unspaced(annotations), unspaced(w.Annotations))
	require.Contains(t, unspaced(details), unspaced(w.DetailsHas))
	require.Contains(t, unspaced(string(text)+string(c.Usage.Raw)), unspaced(w.RawHas))
}

// unspaced returns a part of a JSON text without the spaces between its values.
func unspaced(text string) string {
	return strings.NewReplacer(`": `, `":`, `", `, `",`).Replace(text)
}

// readField returns the stream to which a .want.json belongs.
func readField(t *testing.T, wantFile string) []byte {
	t.Helper()
	files, err := filepath.Glob(strings.TrimSuffix(wantFile, ".want.json") + ".*")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, ".want.json") {
			continue
		}
		body, err := os.ReadFile(name)
		require.NoError(t, err)
		if strings.HasSuffix(name, ".b64") {
			body, err = base64.StdEncoding.DecodeString(strings.TrimSpace(string(body)))
			require.NoError(t, err)
		}
		return body
	}
	t.Fatalf("%s has no stream", wantFile)
	return nil
}
