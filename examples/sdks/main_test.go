package main

import (
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/examples/internal/serve"
	"github.com/stretchr/testify/require"
)

func TestOpenAI(t *testing.T) {
	url := serve.Start(t) + "/v1/"
	options := func(cut string) []openaioption.RequestOption {
		return []openaioption.RequestOption{
			openaioption.WithBaseURL(url), openaioption.WithAPIKey("none"), openaioption.WithHeader("Llmstream-Cut", cut),
		}
	}
	whole, err := askOpenAI(t.Context(), strictOpenAI(options("100e")...), "text", "Hello?")
	require.NoError(t, err)
	half, err := askOpenAI(t.Context(), openai.NewClient(options("3e")...), "text", "Hello?")
	require.NoError(t, err, "the client alone takes half an answer for a whole one")
	require.Less(t, len(half), len(whole))
	_, err = askOpenAI(t.Context(), strictOpenAI(options("3e")...), "text", "Hello?")
	require.ErrorIs(t, err, llmstream.ErrTruncated)
}

func TestAnthropic(t *testing.T) {
	url := serve.Start(t)
	options := func(cut string) []anthropicoption.RequestOption {
		return []anthropicoption.RequestOption{
			anthropicoption.WithBaseURL(url), anthropicoption.WithAPIKey("none"), anthropicoption.WithHeader("Llmstream-Cut", cut),
		}
	}
	whole, err := askAnthropic(t.Context(), strictAnthropic(options("100e")...), "text", "Hello?")
	require.NoError(t, err)
	half, err := askAnthropic(t.Context(), anthropic.NewClient(options("4e")...), "text", "Hello?")
	require.NoError(t, err, "the client alone takes half an answer for a whole one")
	require.Less(t, len(half), len(whole))
	_, err = askAnthropic(t.Context(), strictAnthropic(options("4e")...), "text", "Hello?")
	require.ErrorIs(t, err, llmstream.ErrTruncated)
}
