package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDemo(t *testing.T) {
	got := runWith(t, "", "demo")
	require.Equal(t, 0, got.status, got.stderr)
	require.Empty(t, got.stderr)
	require.Regexp(t, `^The weather in Florence, Italy is currently 40°C\.

state=complete status=200 dialect=openai-chat model=qwen-3-coder-480b finish=stop input=319 output=14 first_output=\d\S*s gaps=\d+ gap_p50=\d\S*s gap_p99=\d\S*s gap_max=\d\S*s path=/v1/chat/completions
$`, got.stdout)
}

// docs/command.md shows the command, and what it prints up to the times.
func TestPageShowsTheDemo(t *testing.T) {
	page, err := os.ReadFile("../../docs/command.md")
	require.NoError(t, err)
	shown, _, ok := strings.Cut(runWith(t, "", "demo").stdout, "first_output=")
	require.True(t, ok)
	require.Contains(t, string(page), "```sh\ngo run ./cmd/llmstream demo\n```\n\n```\n"+shown)
}

func TestDemoTakesNoArguments(t *testing.T) {
	got := runWith(t, "", "demo", "x")
	require.Equal(t, 2, got.status)
	require.Contains(t, got.stderr, "it takes no arguments")
}
