package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// hostile has a line end, terminal codes in C0 and C1, a bidirectional override, a line
// separator, a tag character and a byte that is not UTF-8.
const hostile = "a\nb\x1b[31m\u009b31m\u202egnp\u2028\U000e0041\xff"

func TestField(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"plain text":               "plain text",
		"日本語　é 👩\u200d🚀":           "日本語　é 👩\u200d🚀",
		hostile:                    `a\nb\x1b[31m\u009b31m\u202egnp\u2028\U000e0041\xff`,
		strings.Repeat("x", 200):   strings.Repeat("x", 200),
		strings.Repeat("x", 201):   strings.Repeat("x", 197) + "…",
		strings.Repeat("é", 101):   strings.Repeat("é", 98) + "…",
		strings.Repeat("\x1b", 60): strings.Repeat(`\x1b`, 49) + "…", // no escape is cut
	} {
		require.Equal(t, want, field(text))
		require.LessOrEqual(t, len(field(text)), maxField)
	}
}

func TestQuotedField(t *testing.T) {
	for text, want := range map[string]string{
		"gpt-4o":                     "gpt-4o",
		"a b":                        `"a b"`,
		`say "hi"=\`:                 `"say \"hi\"=\\"`,
		"m\nstate=complete":          `"m\nstate=complete"`,
		strings.Repeat("x", 300):     strings.Repeat("x", 197) + "…",
		strings.Repeat("x y", 100):   `"` + strings.Repeat("x y", 65) + `…"`,
		strings.Repeat(`\`, 150):     `"` + strings.Repeat(`\\`, 97) + `…"`,
		"\u202e" + "moc.elpmaxe//:s": `"\u202emoc.elpmaxe//:s"`,
	} {
		require.Equal(t, want, quotedField(text))
		require.LessOrEqual(t, len(quotedField(text)), maxField)
	}
}

func TestCutFieldFitsAsJSON(t *testing.T) {
	require.Equal(t, "plain", cutField("plain"))
	for _, text := range []string{strings.Repeat("x", 500), strings.Repeat("\x1b", 500), strings.Repeat(`"`, 500), strings.Repeat("\U000e0041", 500), strings.Repeat("é\xff", 500)} {
		line, err := jsonLine(cutField(text))
		require.NoError(t, err)
		require.LessOrEqual(t, len(line), maxField+len("\n"))
		require.Greater(t, len(line), maxField-16)
		require.True(t, strings.HasSuffix(cutField(text), "…"))
	}
}

func TestParagraphs(t *testing.T) {
	long := strings.Repeat("long ", 1000)
	require.Equal(t, "a\n\tb\n"+`\x1b]0;x\a\u202e`+long, paragraphs("a\r\n\tb\n\x1b]0;x\a\u202e"+long))
}

// What is printed as JSON means the same, and is printable.
func TestJSONLinesArePrintable(t *testing.T) {
	line, err := jsonLine(object{"text": hostile, "raw": json.RawMessage(`{"k\u202e":"` + "\u202e\u009b\x7f" + `<&>"}`)})
	require.NoError(t, err)
	for _, r := range strings.TrimSuffix(string(line), "\n") {
		require.True(t, isPlain(r), "%q in %s", r, line)
	}
	var got struct {
		Text string
		Raw  map[string]string
	}
	require.NoError(t, json.Unmarshal(line, &got))
	require.Equal(t, strings.ToValidUTF8(hostile, "\ufffd"), got.Text)
	require.Equal(t, map[string]string{"k\u202e": "\u202e\u009b\x7f<&>"}, got.Raw)
}

// A hostile text in every place of a stream, of a cassette and of a call does not reach
// the terminal through any command.
func TestNothingHostileIsPrinted(t *testing.T) {
	quoted, err := json.Marshal(hostile)
	require.NoError(t, err)
	raw := strings.ReplaceAll(strings.ToValidUTF8(hostile, "?"), "\n", " ")
	raw = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, raw) // what JSON lets pass without an escape
	text := string(quoted)
	stream := `data: {"id":` + text + `,"model":` + text + `,"system_fingerprint":` + text + `,"choices":[{"index":0,"delta":{"role":` + text + `,"content":` + text + `,"reasoning_content":` + text +
		`,"refusal":` + text + `,"annotations":[{"x":"` + raw + `"}],"tool_calls":[{"index":0,"id":` + text + `,"type":"function","function":{"name":` + text + `,"arguments":` + text + `}}]},"finish_reason":` + text + `}],"usage":{"prompt_tokens":1,"x":"` + raw + "\"}}\n\n" +
		`data: {"error":{"message":` + text + `,"type":` + text + `,"code":` + text + `}}` + "\n\n" + "event: " + raw + "\ndata: {\"x\":" + raw + "\n\n"
	cassette := file(t, "hostile.yaml", strings.Replace(cassetteOf(2, "text/event-stream", "/v1/chat/completions", "", stream), "id: 41", `id: "\e]0;x\a\n\u202e"`, 1))
	body := file(t, "hostile.sse", stream)
	for _, args := range [][]string{
		{"fold"}, {"deltas"}, {"show"}, {"events"}, {"fold", "-dialect", hostile}, {"fold", "/missing/" + hostile}, {hostile},
		{"serve", "-addr", hostile}, {"serve", "/missing/" + hostile}, {"proxy", "-upstream", hostile}, {"proxy", "-drain", hostile},
	} {
		if len(args) == 1 && args[0] != hostile {
			args = append(args, body, cassette)
		}
		got := runWith(t, "", args...)
		for _, r := range got.stdout + got.stderr {
			require.True(t, isPlain(r) || r == '\n', "%q of %.20q", r, args)
		}
		require.True(t, utf8.ValidString(got.stdout+got.stderr))
		require.NotEmpty(t, got.stdout+got.stderr)
	}
}
