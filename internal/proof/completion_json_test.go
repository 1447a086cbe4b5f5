package proof

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/streamtest"
	"github.com/stretchr/testify/require"
)

// requireRoundTrip checks that a completion comes back from its JSON, and that each choice,
// message and call does by itself. It changes c.
func requireRoundTrip(t testing.TB, c *llmstream.Completion, name string) {
	t.Helper()
	var back llmstream.Completion
	requireBack(t, c, &back, name)
	for i := range c.Choices {
		calls := c.Choices[i].Message.ToolCalls
		if slices.ContainsFunc(calls, func(call llmstream.ToolCall) bool { return call.SyntheticID }) {
			continue // which follows from the completion's id
		}
		var choice llmstream.Choice
		requireBack(t, &c.Choices[i], &choice, name)
		var message llmstream.Message
		requireBack(t, &c.Choices[i].Message, &message, name)
		for k := range calls {
			calls[k].Index = 0
			var call llmstream.ToolCall
			requireBack(t, &calls[k], &call, name)
		}
	}
}

func requireBack(t testing.TB, want, got any, name string) {
	t.Helper()
	data, err := json.Marshal(want)
	require.NoError(t, err, name)
	require.NoError(t, json.Unmarshal(data, got), "%s: %s", name, data)
	normalize(t, reflect.ValueOf(want))
	normalize(t, reflect.ValueOf(got))
	if !reflect.DeepEqual(want, got) {
		require.Equal(t, want, got, "%s: %s", name, data)
	}
	again, err := json.Marshal(got)
	require.NoError(t, err, name)
	require.JSONEq(t, string(data), string(again), name)
}

// normalize writes raw JSON in one way, and replaces bytes that are not UTF-8, since JSON
// cannot hold them.
func normalize(t testing.TB, v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		if !v.IsNil() {
			v.SetBytes(canonical(t, v.Bytes()))
		}
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			normalize(t, v.Elem())
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			normalize(t, v.Field(i))
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			normalize(t, v.Index(i))
		}
	case v.Kind() == reflect.String:
		v.SetString(string([]rune(v.String())))
	}
}

// canonical returns raw JSON in one way of writing it.
func canonical(t testing.TB, raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return nil
	}
	var v any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	require.NoError(t, d.Decode(&v), "%s", raw)
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return out
}

// A completion comes back from its JSON, whatever the dialect, whole or cut.
func TestCompletionRoundTrip(t *testing.T) {
	for _, r := range streamtest.Recordings(t) {
		requireRoundTrip(t, streamtest.ReadFolded(r.Dialect, nil, r.Body).Completion, r.File)
		half := r.Body[:len(r.Body)*2/3]
		requireRoundTrip(t, streamtest.ReadFolded(r.Dialect, nil, half).Completion, r.File+" cut")
	}
}

func TestCompletionRoundTripOfCorpora(t *testing.T) {
	eachCorpus(t, func(t *testing.T, streams []corpusStream) {
		for _, s := range streams {
			requireRoundTrip(t, streamtest.ReadFolded(s.dialect, nil, s.Body(t)).Completion, s.Path)
		}
	})
}
