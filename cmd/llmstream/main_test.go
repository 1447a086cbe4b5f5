package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const cassettePath = "../../testdata/cerebras-qwen-3-coder-480b-multi_tool_streaming.yaml"

// Streams that the commands have to distinguish.
const (
	wholeStream = `data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"a < b"}}]}

data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{"content":" && c\\u003c"},"finish_reason":"stop"}]}

data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3}}

data: [DONE]

`
	cutStream = `data: {"id":"c2","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"weather","arguments":"{\"a\":"}}]}}]}

data: {"id":"c2","obj`
	malformedStream = `data: {"id":"c3","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"hi"}}]}

data: {"id":"c3",]

data: {"id":"c3","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: [DONE]

`
	failedStream = `data: {"id":"c4","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"hi"}}]}

data: {"error":{"message":"too\nmany","type":"rate_limit_error","code":429}}

`
)

// A result has the exit status and the output of a run.
type result struct {
	status         int
	stdout, stderr string
}

func runWith(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(args, strings.NewReader(stdin), &stdout, &stderr)
	return result{status, stdout.String(), stderr.String()}
}

// file writes a file for the test and returns its path.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestHelpGoesToStdout(t *testing.T) {
	for _, args := range []string{
		"-h", "--help", "help", "fold -h", "events -h", "deltas --help", "show -help", "serve -h", "proxy -h", "demo -h", "version -h",
	} {
		t.Run(args, func(t *testing.T) {
			got := runWith(t, "", strings.Fields(args)...)
			require.Equal(t, 0, got.status)
			require.Contains(t, got.stdout, "Usage:")
			require.Contains(t, got.stdout, "Exit status:")
			require.Empty(t, got.stderr)
		})
	}
}

func TestHelpListsTheFlagsOfACommand(t *testing.T) {
	for command, flags := range map[string]string{
		"fold": "-dialect -read", "deltas": "-dialect -read", "show": "-dialect -read -color", "events": "-read",
		"serve": "-addr -pace -cut -stall -stall-for -reset -status -fail -fail-status",
		"proxy": "-addr -upstream -json",
	} {
		got := runWith(t, "", command, "-h")
		for _, flag := range strings.Fields(flags) {
			require.Contains(t, got.stdout, "  "+flag, command)
		}
	}
	require.Contains(t, runWith(t, "", "fold", "-h").stdout, "openai-chat")
}

func TestWrongCallGetsOneLineOnStderr(t *testing.T) {
	for args, problem := range map[string]string{
		"":                        "no command is given",
		"unfold x":                `there is no command "unfold"`,
		"fold":                    "no FILE is given",
		"fold -dialect klingon x": `unknown dialect "klingon"`,
		"fold -read -1 x":         "-read",
		"fold -color x":           "-color",
		"serve -stall soon":       "not a place",
		"events -dialect auto x":  "-dialect",
	} {
		t.Run(args, func(t *testing.T) {
			got := runWith(t, "", strings.Fields(args)...)
			require.Equal(t, 2, got.status)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, problem)
			require.Contains(t, got.stderr, "-h\"\n")
			require.Equal(t, 1, strings.Count(got.stderr, "\n"))
		})
	}
}

func TestExitStatus(t *testing.T) {
	files := map[string]string{
		"whole":     file(t, "whole.sse", wholeStream),
		"cut":       file(t, "cut.sse", cutStream),
		"malformed": file(t, "malformed.sse", malformedStream),
		"failed":    file(t, "failed.sse", failedStream),
		"empty":     file(t, "empty.sse", ""),
		"text":      file(t, "text.sse", "Bad Gateway"),
		"missing":   filepath.Join(t.TempDir(), "missing.sse"),
		"folder":    t.TempDir(),
	}
	for _, c := range []struct {
		files  string
		status int
	}{
		{"whole", 0},
		{"whole whole", 0},
		{"cut", 1},
		{"malformed", 1},
		{"failed", 1},
		{"empty", 1},
		{"text", 1},
		{"whole malformed whole", 1},
		{"missing", 2},
		{"folder", 2},
		{"missing cut", 2},
		{"cut missing whole", 2},
	} {
		for _, command := range []string{"fold", "deltas", "show"} {
			t.Run(command+" "+c.files, func(t *testing.T) {
				args := []string{command}
				for _, name := range strings.Fields(c.files) {
					args = append(args, files[name])
				}
				require.Equal(t, c.status, runWith(t, "", args...).status)
			})
		}
	}
}

func TestUnreadableFileLeavesTheOthersDone(t *testing.T) {
	missing, whole := filepath.Join(t.TempDir(), "missing.sse"), file(t, "whole.sse", wholeStream)
	got := runWith(t, "", "fold", missing, whole, missing)
	require.Equal(t, 2, got.status)
	require.Equal(t, 1, strings.Count(got.stdout, "\n"))
	line := "llmstream: " + missing + ": no such file or directory\n"
	require.Equal(t, line+line, got.stderr)
}

// full is a standard output on a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// endless is an input that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, wholeStream), nil }

func TestFullOutputEndsTheRun(t *testing.T) {
	for _, c := range []struct {
		args  []string
		stdin io.Reader
	}{
		{[]string{"fold", "-", "-"}, strings.NewReader(wholeStream)},
		{[]string{"deltas", "-"}, endless{}},
		{[]string{"events", "-"}, endless{}},
		{[]string{"show", "-"}, endless{}},
		{[]string{"fold", "-h"}, nil},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			var stderr bytes.Buffer
			require.Equal(t, 2, run(c.args, c.stdin, full{}, &stderr))
			require.Contains(t, stderr.String(), "no space left")
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"))
		})
	}
}

func TestOutputKeepsUpWithTheInput(t *testing.T) {
	for _, command := range []string{"events", "deltas", "show"} {
		t.Run(command, func(t *testing.T) {
			stdin, input := io.Pipe()
			output, stdout := io.Pipe()
			done := make(chan int)
			go func() {
				status := run([]string{command, "-"}, stdin, stdout, io.Discard)
				stdout.Close()
				done <- status
			}()
			first, rest, _ := strings.Cut(wholeStream, "\n\n")
			io.WriteString(input, first+"\n\n")
			got := make([]byte, 1<<10)
			for seen := ""; !strings.Contains(seen, "a < b"); { // this blocks if the output waits for more input
				n, err := output.Read(got)
				require.NoError(t, err)
				seen += string(got[:n])
			}
			go io.Copy(io.Discard, output)
			io.WriteString(input, rest)
			input.Close()
			require.Equal(t, 0, <-done)
		})
	}
}
