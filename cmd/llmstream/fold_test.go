package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A foldLine is a line of fold, with the members that the tests use.
type foldLine struct {
	ID, Object string
	Choices    []struct {
		FinishReason string `json:"finish_reason"`
		Message      struct {
			Content   string
			ToolCalls []struct {
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
	}
	Usage  map[string]any
	Stream map[string]any
}

func foldLines(t *testing.T, output string) (lines []foldLine) {
	t.Helper()
	for text := range strings.Lines(output) {
		var line foldLine
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		lines = append(lines, line)
	}
	return lines
}

func TestFoldOfACassette(t *testing.T) {
	for _, flags := range [][]string{nil, {"-read", "1"}, {"-read=7", "-dialect", "openai-chat"}} {
		got := runWith(t, "", append(append([]string{"fold"}, flags...), cassettePath)...)
		require.Equal(t, 0, got.status)
		require.Empty(t, got.stderr)
		lines := foldLines(t, got.stdout)
		require.Len(t, lines, 2)

		call := lines[0].Choices[0].Message.ToolCalls[0].Function
		require.Equal(t, "weather", call.Name)
		require.Equal(t, `{"location": "Florence,Italy"}`, call.Arguments)
		require.Equal(t, "tool_calls", lines[0].Choices[0].FinishReason)
		requireMembers(t, lines[0].Usage, map[string]any{"prompt_tokens": 277.0, "completion_tokens": 25.0, "total_tokens": 302.0})

		require.Equal(t, "The weather in Florence, Italy is currently 40°C.", lines[1].Choices[0].Message.Content)
		requireMembers(t, lines[1].Usage, map[string]any{"prompt_tokens": 319.0, "completion_tokens": 14.0, "total_tokens": 333.0})

		for i, id := range []string{"#0", "#1"} {
			require.Equal(t, "chat.completion", lines[i].Object)
			requireMembers(t, lines[i].Stream, map[string]any{
				"source": cassettePath + id, "dialect": "openai-chat", "wire": "sse", "state": "complete",
				"saw_finish": true, "saw_done": false, "error": nil,
			})
		}
	}
}

func TestFoldHasTheWholeVerdict(t *testing.T) {
	for _, c := range []struct {
		name, input, stream string
	}{
		{"whole", wholeStream, `{"source":"-","dialect":"openai-chat","wire":"sse","state":"complete","saw_finish":true,"saw_done":true,
			"events":4,"malformed":0,"skipped":0,"open_tool_calls":0,"pending_bytes":0,
			"usage_raw":{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3},"error":null}`},
		{"cut", cutStream, `{"source":"-","dialect":"openai-chat","wire":"sse","state":"truncated","saw_finish":false,"saw_done":false,
			"events":1,"malformed":0,"skipped":0,"open_tool_calls":1,"pending_bytes":21,"usage_raw":null,"error":null}`},
		{"failed", failedStream, `{"source":"-","dialect":"openai-chat","wire":"sse","state":"error","saw_finish":false,"saw_done":false,
			"events":2,"malformed":0,"skipped":0,"open_tool_calls":0,"pending_bytes":0,"usage_raw":null,
			"error":{"message":"too\nmany","type":"rate_limit_error","code":"429","status":429,"delivered":true,"retryable":true}}`},
		{"empty", "", `{"source":"-","dialect":"auto","wire":"unknown","state":"empty","saw_finish":false,"saw_done":false,
			"events":0,"malformed":0,"skipped":0,"open_tool_calls":0,"pending_bytes":0,"usage_raw":null,"error":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := foldLines(t, runWith(t, c.input, "fold", "-").stdout)
			require.Len(t, lines, 1)
			got, err := json.Marshal(lines[0].Stream)
			require.NoError(t, err)
			require.JSONEq(t, c.stream, string(got))
		})
	}
}

func TestFoldReportsDamage(t *testing.T) {
	line := foldLines(t, runWith(t, malformedStream, "fold", "-").stdout)[0]
	require.Equal(t, "hi", line.Choices[0].Message.Content)
	require.Equal(t, "complete", line.Stream["state"])
	require.Equal(t, 1.0, line.Stream["malformed"])
	require.Contains(t, line.Stream["damage"], "event 2")
}

func TestFoldLeavesHTMLAsItIs(t *testing.T) {
	got := runWith(t, wholeStream, "fold", "-").stdout
	require.Contains(t, got, `"content":"a < b && c\\u003c"`) // what was an escaped backslash stays one
	require.Equal(t, `a < b && c\u003c`, foldLines(t, got)[0].Choices[0].Message.Content)
}

func TestFoldIsValidWhateverTheUsageIs(t *testing.T) {
	for _, usage := range []string{
		`{"prompt_tokens":1,"cost":NaN}`,
		"{\"prompt_tokens\":1,\"note\":\"\xff\"}",
		`{"prompt_tokens":1,"prompt_tokens":2}`,
	} {
		stream := `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"` + "\xfe" + `"},"finish_reason":"stop"}],"usage":` + usage + "}\n\n"
		require.Len(t, foldLines(t, runWith(t, stream, "fold", "-").stdout), 1, usage)
	}
}

// Files are read at the same time and printed in their order, and the worst status counts.
func TestFoldOfManyFilesKeepsTheirOrder(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var names, sources, problems []string
	for i := range 50 {
		content := wholeStream
		if i%5 == 0 {
			content = strings.Repeat(strings.TrimSuffix(wholeStream, "data: [DONE]\n\n"), 500) // takes longer
		}
		name := file(t, fmt.Sprintf("%d.sse", i), content)
		if i%7 == 3 {
			name += ".missing"
			problems = append(problems, "llmstream: "+name+": no such file or directory\n")
		} else {
			sources = append(sources, name)
		}
		names = append(names, name)
	}
	got := runWith(t, "", append([]string{"fold"}, names...)...)
	require.Equal(t, 2, got.status)
	require.Equal(t, strings.Join(problems, ""), got.stderr)
	lines := foldLines(t, got.stdout)
	require.Len(t, lines, len(sources))
	for i, line := range lines {
		require.Equal(t, sources[i], line.Stream["source"])
	}
	whole := sources[1]
	require.Equal(t, 0, runWith(t, "", "fold", whole, whole, whole).status)
	require.Equal(t, 1, runWith(t, "", "fold", whole, file(t, "cut.sse", cutStream), whole).status)
}

func TestFullOutputEndsAParallelRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	name := file(t, "whole.sse", wholeStream)
	var stderr strings.Builder
	require.Equal(t, 2, run([]string{"fold", name, name, name}, nil, full{}, &stderr))
	require.Equal(t, "llmstream: cannot write the output: no space left\n", stderr.String())
}

func TestFoldNamesEachSource(t *testing.T) {
	a, b := file(t, "a.sse", wholeStream), file(t, "b.sse", cutStream)
	lines := foldLines(t, runWith(t, wholeStream, "fold", a, "-", b).stdout)
	require.Len(t, lines, 3)
	for i, source := range []string{a, "-", b} {
		require.Equal(t, source, lines[i].Stream["source"])
	}
}

// requireMembers fails the test if an object lacks one of these members.
func requireMembers(t *testing.T, object, members map[string]any) {
	t.Helper()
	for name, value := range members {
		require.Equal(t, value, object[name], name)
	}
}
