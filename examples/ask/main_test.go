package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/examples/internal/serve"
	"github.com/stretchr/testify/require"
)

func TestAsk(t *testing.T) {
	url := serve.Start(t) + "/v1/chat/completions"
	var text, whole strings.Builder
	require.NoError(t, ask(&text, url, "text", "Hello?", false))
	require.NoError(t, ask(&whole, url, "text", "Hello?", true))
	var answer struct {
		Choices []struct{ Message struct{ Content string } }
	}
	require.NoError(t, json.Unmarshal([]byte(whole.String()), &answer))
	require.NotEmpty(t, answer.Choices[0].Message.Content)
	require.Equal(t, answer.Choices[0].Message.Content+"\n", text.String())

	for _, whole := range []bool{false, true} {
		require.ErrorIs(t, ask(&text, url+"?cut=2e", "text", "Hello?", whole), llmstream.ErrTruncated)
		require.ErrorContains(t, ask(&text, url+"?status=429", "text", "Hello?", whole), "429")
	}
}
