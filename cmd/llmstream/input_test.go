package main

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestBase64MayHoldWhiteSpace(t *testing.T) {
	text := base64.StdEncoding.EncodeToString([]byte(wholeStream))
	for name, text := range map[string]string{
		"plain":  text,
		"lines":  strings.Join(strings.SplitAfter(text, "A"), "\r\n") + "\n",
		"spaces": "\t " + strings.Join(strings.Split(text, ""), " ") + strings.Repeat(" ", 1<<12),
	} {
		t.Run(name, func(t *testing.T) {
			got := runWith(t, "", "fold", "-read=7", file(t, "whole.B64", text))
			require.Equal(t, 0, got.status, got.stderr)
			require.Equal(t, "complete", foldLines(t, got.stdout)[0].Stream["state"])
		})
	}
}

func TestBrokenBase64IsFoldedAsFarAsItGoes(t *testing.T) {
	text := base64.StdEncoding.EncodeToString([]byte(wholeStream))
	path := file(t, "broken.b64", text[:len(text)/2]+"!"+text[len(text)/2:])
	got := runWith(t, "", "fold", path)
	require.Equal(t, 2, got.status)
	require.Contains(t, got.stderr, path+": illegal base64 data")
	require.Equal(t, 1, strings.Count(got.stderr, "\n"))
	require.Contains(t, foldLines(t, got.stdout)[0].Stream["cause"], "illegal base64 data")
}

func TestInputThatFailsIsReported(t *testing.T) {
	stdin := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(wholeStream)))
	var stdout, stderr strings.Builder
	require.Equal(t, 2, run([]string{"deltas", "-"}, stdin, &stdout, &stderr))
	require.Equal(t, "llmstream: -: timeout\n", stderr.String())
}

// cassetteOf returns a cassette with one interaction. YAML reads the strings of %q.
func cassetteOf(version int, contentType, path, request, response string) string {
	id := ""
	if version == 2 {
		id = "  id: 41\n"
	}
	return fmt.Sprintf(`---
version: %d
interactions:
- request:
    body: %q
    url: https://api.example.com%s
    method: POST
%s  response:
    body: %q
    headers:
      content-type:
      - %q
    status: 200 OK
    code: 200
`, version, request, path, id, response, contentType)
}

func TestCassettes(t *testing.T) {
	const chat, other = "/v1/chat/completions", "/v1/embeddings"
	for _, c := range []struct {
		name, cassette string
		source         string // "": no stream is in it
		dialect        string
		status         int
	}{
		{"version 1", cassetteOf(1, "text/event-stream", chat, "", wholeStream), "#0", "openai-chat", 0},
		{"version 2", cassetteOf(2, "text/event-stream; charset=utf-8", chat, "", wholeStream), "#41", "openai-chat", 0},
		{"path of no dialect", cassetteOf(2, "text/event-stream", other, "", wholeStream), "#41", "openai-chat", 0},
		{"dialect told by the path alone", cassetteOf(2, "text/event-stream", chat, "", ""), "#41", "openai-chat", 1},
		{"dialect told by nothing", cassetteOf(2, "text/event-stream", other, "", ""), "#41", "auto", 1},
		{"told by its body", cassetteOf(2, "", other, "", "\n"+wholeStream), "#41", "openai-chat", 0},
		{"told by a comment", cassetteOf(2, "", other, "", ": PROCESSING\n\n"+wholeStream), "#41", "openai-chat", 0},
		{"error in place of a stream", cassetteOf(2, "application/json", chat, `{"stream": true}`, `{"error":{"message":"no"}}`), "#41", "openai-chat", 1},
		{"no stream was asked for", cassetteOf(2, "application/json", chat, `{"stream": false}`, `{"choices":[]}`), "", "", 0},
		{"request that is no JSON", cassetteOf(2, "application/json", chat, `stream`, `{"choices":[]}`), "", "", 0},
		{"page", cassetteOf(2, "text/html", chat, `{"stream": true}`, `<html>`), "", "", 0},
		{"no interactions", "version: 2\ninteractions: []\n", "", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := file(t, "recording.yml", c.cassette)
			got := runWith(t, "", "fold", path)
			require.Equal(t, c.status, got.status, got.stderr)
			require.Empty(t, got.stderr)
			lines := foldLines(t, got.stdout)
			if c.source == "" {
				require.Empty(t, lines)
				return
			}
			require.Len(t, lines, 1)
			require.Equal(t, path+c.source, lines[0].Stream["source"])
			require.Equal(t, c.dialect, lines[0].Stream["dialect"])
		})
	}
}

// Aliases may repeat a header or a short body, but not make a small file large.
func TestCassettesWithAliases(t *testing.T) {
	const head = "version: 2\ninteractions:\n"
	first := "- &i\n  id: 0\n  request: {url: \"http://x/v1/chat/completions\"}\n  response: {code: 200, headers: {Content-Type: [text/event-stream]}, body: %q}\n"
	small := head + fmt.Sprintf(first, "data: [DONE]\n\n") + "- *i\n"
	got := runWith(t, "", "fold", file(t, "small.yaml", small))
	require.Len(t, foldLines(t, got.stdout), 2, got.stderr)

	large := head + fmt.Sprintf(first, strings.Repeat(": comment\n", 10_000)) + strings.Repeat("- *i\n", 10_000)
	path := file(t, "large.yaml", large)
	got = runWith(t, "", "fold", path)
	require.Equal(t, 2, got.status)
	require.Empty(t, got.stdout)
	require.Equal(t, "llmstream: "+path+": the cassette repeats its contents by YAML aliases\n", got.stderr)

	laughs := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		laughs += fmt.Sprintf("%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), c-1)
	}
	got = runWith(t, "", "fold", file(t, "laughs.yaml", laughs+"version: 2\ninteractions: *j\n"))
	require.Equal(t, 2, got.status)
	require.Contains(t, got.stderr, "cannot read the cassette")
}

// A body of characters that YAML writes in two bytes and UTF-8 in three needs no alias.
func TestCassetteOfShortEscapes(t *testing.T) {
	body := `"data: ` + strings.Repeat(`\L`, 1000) + `\n\n"`
	cassette := strings.Replace(cassetteOf(2, "text/event-stream", "", "", "BODY"), `"BODY"`, body, 1)
	require.Len(t, foldLines(t, runWith(t, "", "fold", file(t, "escapes.yaml", cassette)).stdout), 1)
}

func TestBinaryBodyOfACassette(t *testing.T) {
	body := "!!binary " + base64.StdEncoding.EncodeToString([]byte(wholeStream))
	cassette := strings.Replace(cassetteOf(2, "text/event-stream", "", "", "BODY"), `"BODY"`, body, 1)
	got := runWith(t, "", "fold", file(t, "binary.yaml", cassette))
	require.Equal(t, 0, got.status, got.stderr)
}

func TestUnreadableCassettes(t *testing.T) {
	for name, content := range map[string]string{
		"empty":         "",
		"no yaml":       "\tversion: 2",
		"other yaml":    "name: build\n",
		"other version": "version: 3\ninteractions: []\n",
		"list":          "- 1\n- 2\n",
		"wrong types":   "version: two\ninteractions:\n- id: [1]\n",
		"no UTF-8":      "version: \xff\xfe",
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, "broken.yaml", content)
			got := runWith(t, "", "fold", path)
			require.Equal(t, 2, got.status)
			require.Empty(t, got.stdout)
			require.True(t, strings.HasPrefix(got.stderr, "llmstream: "+path+": "), got.stderr)
			require.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
		})
	}
}
