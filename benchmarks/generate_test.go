package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream"
)

func TestTokens(t *testing.T) {
	const n = 20_000
	w := newWriter(cerebras, 0, "\n", 0)
	var escaped, nonASCII, spaced int
	lengths := map[int]bool{}
	for range n {
		token := w.token()
		lengths[utf8.RuneCountInString(token)] = true
		if strings.ContainsAny(token, escapes) {
			escaped++
		}
		if len(token) > utf8.RuneCountInString(token) {
			nonASCII++
		}
		if token[0] == ' ' {
			spaced++
		}
		if e := w.escaped(); !strings.ContainsAny(e, escapes) {
			t.Fatalf("%q has no escape", e)
		}
	}
	for length := 1; length <= maxToken; length++ {
		if !lengths[length] {
			t.Errorf("no token has %d characters", length)
		}
	}
	if len(lengths) != maxToken {
		t.Errorf("tokens have lengths of %v", lengths)
	}
	for what, share := range map[string]struct {
		got             int
		atLeast, atMost float64
	}{
		"an escape":        {escaped, 0.04, 0.06},
		"other than ASCII": {nonASCII, 0.02, 0.05},
		"a space in front": {spaced, 0.4, 0.8},
	} {
		if s := float64(share.got) / n; s < share.atLeast || s > share.atMost {
			t.Errorf("%.3f of the tokens have %s", s, what)
		}
	}
}

// Generated streams are well-formed, and the same each time.
func TestGenerated(t *testing.T) {
	again := smallWorkloads(t)
	for i, w := range smallWorkloads(t) {
		if strings.HasPrefix(w.name, recordedStreams) {
			continue
		}
		t.Run("workload="+w.name, func(t *testing.T) {
			s := w.streams[0]
			if !reflect.DeepEqual(w, again[i]) {
				t.Error("generated twice, it differs")
			}
			for _, in := range [...]*stream{s, w.plain[0]} {
				if !bytes.Equal(slices.Concat(in.pieces...), s.body) {
					t.Error("the pieces are not the body")
				}
			}
			if w.dialect == llmstream.OpenAIChat {
				wellFormedChat(t, s)
			} else {
				wellFormed(t, s, isFramed(w.dialect))
			}
		})
	}
}

func wellFormedChat(t *testing.T, s *stream) {
	events := eventsOf(s)
	if len(events) != s.events {
		t.Errorf("there are %d events, not %d", len(events), s.events)
	}
	last := len(events) - 1
	if events[last] != "data: [DONE]" {
		t.Errorf("the last event is %q", events[last])
	}
	for _, e := range events[:last] {
		if data, ok := strings.CutPrefix(e, "data: "); !ok || !json.Valid([]byte(data)) {
			t.Fatalf("%q is no event", e)
		}
	}
	if !strings.Contains(events[0], `"role":"assistant"`) || !strings.Contains(events[last-1], `"usage":{`) {
		t.Error("it does not begin with a role and end with usage")
	}
}

// eventsOf returns the texts between blank lines.
func eventsOf(s *stream) []string {
	body := strings.ReplaceAll(string(s.body), "\r\n", "\n")
	return strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n")
}

// wellFormed checks an answer in any other dialect. No $name is left in it.
func wellFormed(t *testing.T, s *stream, framed bool) {
	if framed {
		l := frameLoop{fastjsonLoop: new(fastjsonLoop)}
		events := 0
		for r := bytes.NewReader(s.body); r.Len() > 0; events++ {
			if event, payload, err := l.next(r); err != nil || event == "" || !json.Valid(payload) || bytes.Contains(payload, []byte("$")) {
				t.Fatalf("frame %d: %q, %q, %v", events, event, payload, err)
			}
		}
		if events != s.events {
			t.Errorf("there are %d frames, not %d", events, s.events)
		}
		return
	}
	if bytes.Contains(s.body, []byte("$")) {
		t.Error("a name was not filled in")
	}
	data := 0
	for line := range strings.Lines(string(s.body)) {
		line = strings.TrimSpace(line)
		switch payload := strings.TrimPrefix(line, "data: "); {
		case line == "", strings.HasPrefix(line, "event: "):
		case payload == "[DONE]", json.Valid([]byte(payload)):
			data++
		default:
			t.Fatalf("%q is no event", line)
		}
	}
	if data != s.events {
		t.Errorf("there are %d events, not %d", data, s.events)
	}
}

// The workloads have the properties that their names promise.
func TestWorkloads(t *testing.T) {
	byName := map[string]*stream{}
	for _, w := range smallWorkloads(t) {
		byName[w.name] = w.streams[0]
	}
	long := byName[longAnswer]
	if mean := len(long.body) / long.events; mean < 230 || mean > 250 {
		t.Errorf("an event of the long answer has %d bytes", mean)
	}
	for _, d := range dialects {
		all := d.longAnswers(full.events)
		if len(all) == 0 {
			continue
		}
		w := all[len(all)-1] // of phrases if tokens make short events
		if s := w.streams[0]; len(s.body)/s.events < 220 || len(s.body)/s.events > 270 {
			t.Errorf("an event of %s has %d bytes", w.name, len(s.body)/s.events)
		}
	}
	if s := byName[eventPerWrite]; len(s.pieces) != s.events {
		t.Errorf("%d writes for %d events", len(s.pieces), s.events)
	}
	if s := byName[smallReads]; len(s.pieces[0]) != 1<<10 {
		t.Errorf("a small read has %d bytes", len(s.pieces[0]))
	}
	if s := byName[crlf]; bytes.Count(s.body, []byte("\n")) != bytes.Count(s.body, []byte("\r\n")) {
		t.Error("not all lines end with CRLF")
	}
	if n := len(byName[threeChoices].want.choices); n != 3 {
		t.Errorf("there are %d choices", n)
	}
	if args := byName["tool-arguments"].want.choices[0].calls[0].arguments; !json.Valid(args) {
		t.Error("the arguments are no JSON")
	}
	if s := byName["huge-event"]; len(s.body) < small.huge {
		t.Errorf("the huge event's stream has %d bytes", len(s.body))
	}
	if s := byName["deepseek"]; len(s.want.choices[0].reasoning) == 0 || len(s.want.choices[0].content) == 0 {
		t.Error("reasoning or answer is missing")
	}
	paddings := map[string]bool{}
	for _, part := range bytes.Split(byName[obfuscation].body, []byte(`"obfuscation":"`))[1:] {
		padding, _, _ := bytes.Cut(part, []byte(`"`))
		paddings[string(padding)] = true
	}
	if len(paddings) != openAIObfuscation.maxPad {
		t.Errorf("there are %d lengths of padding", len(paddings))
	}
}
