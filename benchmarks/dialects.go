package main

import (
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// Dialects other than chat completions have two workloads each: recorded streams and a
// long answer. If their events are short, a third is the long answer in phrases.

// A dialect has a long answer only if it has a script.
type dialect struct {
	recordings recordings
	name       string // of the long answer
	script     *script
}

const (
	recordedAnthropic    = "recorded-anthropic"
	recordedResponses    = "recorded-responses"
	recordedGemini       = "recorded-gemini"
	recordedInteractions = "recorded-interactions"
	recordedCohere       = "recorded-cohere"
	recordedOllama       = "recorded-ollama"
	recordedBedrock      = "recorded-bedrock"

	longAnthropic = "long-anthropic"
	longResponses = "long-responses"
	longGemini    = "long-gemini"
	longCohere    = "long-cohere"
	longOllama    = "long-ollama"
	longBedrock   = "long-bedrock"
)

var dialects = [...]dialect{
	{
		recordings{recordedAnthropic, "Anthropic's Messages", llmstream.AnthropicMessages, []string{"messages"}, []string{"text.sse", "tools-in-turn.sse", "stop-sequence.sse"}},
		longAnthropic, &anthropicScript,
	},
	{
		recordings{recordedResponses, "OpenAI's Responses", llmstream.OpenAIResponses, []string{"responses"}, []string{"text.sse", "tools.sse", "reasoning-text.sse"}},
		longResponses, &responsesScript,
	},
	{
		recordings{recordedGemini, "Google's streamGenerateContent", llmstream.Gemini, []string{"gemini"}, []string{"text.sse", "tools.sse"}},
		longGemini, &geminiScript,
	},
	{
		recordings{recordedInteractions, "Google's Interactions", llmstream.GeminiInteractions, []string{"gemini-interactions"}, []string{"text.sse"}},
		"", nil,
	},
	{
		recordings{recordedCohere, "Cohere's chat, both versions", llmstream.Cohere, []string{"cohere", "cohere-ndjson"}, []string{"text.sse", "thinking.sse", "tools.sse", "v1-text.ndjson"}},
		longCohere, &cohereScript,
	},
	{
		recordings{recordedOllama, "Ollama's own API", llmstream.Ollama, []string{"ollama-ndjson"}, []string{"chat.ndjson", "thinking.ndjson", "tools.ndjson", "generate.ndjson"}},
		longOllama, &ollamaScript,
	},
	{
		recordings{recordedBedrock, "Bedrock in binary frames, Converse and InvokeModel", llmstream.Bedrock, []string{"converse", "invoke"}, []string{"converse-tools.frames", "converse-reasoning.frames", "invoke-anthropic.frames"}},
		longBedrock, &bedrockScript,
	},
}

// longAnswers returns the workloads of long answers in the dialect.
func (d *dialect) longAnswers(events int) (all []*workload) {
	add := func(name, about string, phrase int) {
		s := d.script.stream(events, phrase, isFramed(d.recordings.dialect))
		w := generated(name, about+d.recordings.about, s)
		w.dialect = d.recordings.dialect
		all = append(all, w)
	}
	if d.script == nil {
		return nil
	}
	add(d.name, "a long answer: ", 0)
	if d.script.phrase > 0 {
		add(strings.Replace(d.name, "long", "phrases", 1), "a long answer in phrases: ", d.script.phrase)
	}
	return all
}
