package dialect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/stretchr/testify/require"
)

// The tests here look into decoders. All others read streams; see package dialect_test.

// limits are the default limits of a stream.
var limits = decode.Limits{MaxValues: 1 << 16, MaxChoices: 128, MaxToolCalls: 1024, MaxEvent: 32 << 20, MaxBadText: 1 << 10, Kinds: 1<<32 - 1}

// decodeEvents decodes the JSON of events. embedded is whether InvokeModel embeds them.
func decodeEvents(t *testing.T, d Decoder, s *decode.Context, embedded bool, events ...string) {
	t.Helper()
	if s.Stream == nil {
		s.Attach(new(decode.Stream), &limits)
	}
	for _, event := range events {
		s.Begin(nil, []byte(event))
		s.Embedded = embedded
		_, err := s.Parse([]byte(event))
		require.NoError(t, err)
		d.Decode(s)
	}
}

// Nothing is kept of an item after its end.
func TestOpenItemsAreReleased(t *testing.T) {
	var a anthropic
	var s decode.Context
	piece := func(i int, json string) string {
		return fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"input_json_delta","partial_json":%q}}`, i, json)
	}
	decodeEvents(t, &a, &s, false, `{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"f","input":{}}}`,
		piece(0, `["`), piece(0, strings.Repeat("x", 1<<20)), piece(0, `"]`))
	open := a.open.openItems
	require.Greater(t, cap(open.items[0].pieces), 1<<20)
	require.Equal(t, open.items[0].size(), open.size)
	decodeEvents(t, &a, &s, false, `{"type":"content_block_stop","index":0}`)
	require.Len(t, s.Deltas, 1)
	require.Nil(t, a.open.openItems)
	require.Zero(t, open.size)
	for _, item := range open.items[:cap(open.items)] {
		require.LessOrEqual(t, cap(item.pieces), wire.MaxKept)
	}
}

// The first event that shows whose events InvokeModel embeds decides it. Nova's are those
// of Converse, and choices are OpenAI's unless they name their end as others do.
func TestBedrockFindsTheModel(t *testing.T) {
	choice := func(members string) string { return `{"choices":[{` + members + `}]}` }
	for _, c := range []struct {
		event string
		want  ID
	}{
		{`{"other":1}`, Auto},
		{`{"messageStart":{"role":"assistant"}}`, Bedrock},
		{`{"type":"message_start","message":{"id":"m"}}`, AnthropicMessages},
		{choice(`"delta":{"content":"x"}`), OpenAIChat},
		{choice(`"delta":{"content":"x"},"finish_reason":null`), OpenAIChat},
		{choice(`"delta":{"content":"x"},"finish_reason":null,"stop_reason":1`), OpenAIChat},
		{choice(`"text":"x","stop_reason":null`), Bedrock},
	} {
		var b bedrock
		var s decode.Context
		decodeEvents(t, &b, &s, true, c.event)
		require.Equal(t, c.want, b.model, c.event)
		decodeEvents(t, &b, &s, true, `{"messageStart":{"role":"assistant"}}`)
		if c.want == Auto {
			c.want = Bedrock
		}
		require.Equal(t, c.want, b.model, c.event)
		b.Reset()
		require.Equal(t, Auto, b.model)
	}
}

// The shortcut for payloads gives what reading them in full gives, or nothing.
func TestCodedBytes(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{`{"bytes":"YQ=="}`, "YQ=="},
		{`{"bytes":"YQ==","p":"abc"}`, "YQ=="},
		{`{"bytes":"","p":""}`, ""},
		{`{"bytes":"YQ==","p":"a\"c"}`, "-"},
		{`{"bytes":"YQ==","p":"abc","p":""}`, "-"},
		{`{"bytes":"YQ==","p":"abc"`, "-"},
		{`{"bytes":"YQ==","p":"abc`, "-"},
		{`{"bytes":"YQ==","p":"abc\}`, "-"},
		{`{"bytes":"YQ==","p":1}`, "-"},
		{`{"bytes":"YQ==" }`, "-"},
		{`{"bytes":"YQ`, "-"},
		{`{"bytes":"Y\u0051"}`, "-"},
		{`{ "bytes":"YQ=="}`, "-"},
		{`{"bytes":null}`, "-"},
		{"{\"bytes\":\"YQ==\",\"p\":\"a\x01\"}", "-"},
		{``, "-"},
	} {
		got, ok := codedBytes([]byte(c.data))
		if !ok {
			got = []byte("-")
		}
		require.Equal(t, c.want, string(got), c.data)
	}
}
