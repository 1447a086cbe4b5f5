package proof

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fastjson"
)

// Streams of events that are nearly alike, which is where a shortcut may be wrong
// and what bytes changed at random seldom give: events of the recordings, each
// some times in a row, with members changed, moved, doubled, added and left out.
// LLMSTREAM_MUTATIONS is how many streams are made of each recording.
func TestShortcutsOnMutatedStreams(t *testing.T) {
	streams := max(1, 12/sample(4))
	if n, err := strconv.Atoi(os.Getenv("LLMSTREAM_MUTATIONS")); err == nil {
		streams = n
	}
	for _, r := range recordings(t) {
		events := objectsIn(r.Body)
		if len(events) == 0 || len(events) > 200 {
			continue
		}
		t.Run(r.File, func(t *testing.T) {
			t.Parallel()
			for seed := range streams {
				m := mutator{rand.New(rand.NewSource(int64(seed)))}
				body := m.stream(r.Dialect, events)
				if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
					requireShortcuts(t, r.Dialect, body, m.cuts(len(body))...)
				}) {
					t.Logf("%q", body)
				}
			}
		})
	}
}

// Streams that go on as another of their wire, under limits that leave room for hardly
// anything: what one has used up the next one lacks.
func TestTightLimitsOnSplicedStreams(t *testing.T) {
	byWire := map[llmstream.Wire][]recording{}
	for _, r := range recordings(t) {
		_, o := push(llmstream.Auto, nil, string(r.Body))
		byWire[o.Wire] = append(byWire[o.Wire], r)
	}
	limits := llmstream.Options{MaxChoices: 1, MaxToolCalls: 1, MaxValues: 300, MaxEvent: 2000, MaxBadText: 9}
	plain := limits
	plain.NoFastPath = true
	m := mutator{rand.New(rand.NewSource(1))}
	for _, all := range byWire {
		for _, first := range all {
			for range max(1, 4/sample(2)) {
				next := all[m.Intn(len(all))]
				body := slices.Concat(first.Body, next.Body)
				for _, d := range []llmstream.Dialect{llmstream.Auto, first.Dialect} {
					requireSame(t, read(d, &plain, body), read(d, &limits, body, m.cuts(len(body))...), first.File+" and "+next.File)
				}
			}
		}
	}
}

// A mutation must keep an event JSON, else it shows nothing of what is between
// its quotes.
func TestMutatedEventsAreJSON(t *testing.T) {
	event := fastjson.MustParse(`{"a":"x\n","b":[1,{"c":null}],"d":{"e":true,"f":2.5}}`)
	seen := map[string]bool{}
	for seed := range 500 {
		m := mutator{rand.New(rand.NewSource(int64(seed)))}
		text := m.value(event)
		require.True(t, json.Valid([]byte(text)), text)
		seen[text] = true
	}
	require.Greater(t, len(seen), 50)
}

// objectsIn returns the events of a body that are JSON objects, whatever carries
// them.
func objectsIn(body []byte) (events []*fastjson.Value) {
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "data:"))
		if v, err := fastjson.Parse(line); err == nil && v.Type() == fastjson.TypeObject {
			events = append(events, v)
		}
	}
	return events
}

type mutator struct{ *rand.Rand }

// one returns true once in n times.
func (m mutator) one(n int) bool { return m.Intn(n) == 0 }

// stream makes a stream of events, in the framing of their dialect or, where that
// has several, in one of them.
func (m mutator) stream(d llmstream.Dialect, events []*fastjson.Value) []byte {
	var b strings.Builder
	lines := d == llmstream.Ollama || d == llmstream.Cohere && m.one(2)
	end := []string{"\n", "\r\n"}[m.Intn(2)]
	for i := 0; i < len(events) && b.Len() < 32<<10; i++ {
		event := events[i]
		if m.one(12) {
			event = events[m.Intn(len(events))]
		}
		plain := string(event.MarshalTo(nil))
		for n := 1 + m.Intn(4); n > 0; n-- {
			text := plain
			if m.one(3) {
				text = m.value(event)
			}
			if lines {
				b.WriteString(text + end)
				continue
			}
			if m.one(30) {
				b.WriteString(": keep-alive" + end + end)
			}
			if typ := string(event.GetStringBytes("type")); typ != "" && !m.one(8) {
				b.WriteString("event: " + typ + end)
			}
			b.WriteString("data: " + text + end + end)
		}
	}
	return []byte(b.String())
}

// cuts returns where to cut a body of this size, mostly into short reads.
func (m mutator) cuts(size int) (cuts []int) {
	longest := 1 + m.Intn(400)
	for at := m.Intn(longest); at < size; at += 1 + m.Intn(longest) {
		cuts = append(cuts, at)
	}
	return cuts
}

// value returns a value as JSON, with something of it changed or not.
func (m mutator) value(v *fastjson.Value) string {
	switch v.Type() {
	case fastjson.TypeObject:
		return m.object(v.GetObject())
	case fastjson.TypeArray:
		var elements []string
		for _, e := range v.GetArray() {
			elements = append(elements, m.value(e))
			if m.one(20) {
				elements = append(elements, m.value(e))
			}
		}
		return "[" + strings.Join(elements, ",") + "]"
	case fastjson.TypeString:
		if m.one(4) {
			return m.text()
		}
	case fastjson.TypeNumber:
		if m.one(4) {
			return []string{"0", "1", "2", "-1", "1.5", "12345678901234567890", "1e3"}[m.Intn(7)]
		}
	}
	if m.one(40) {
		return []string{"null", `""`, "[]", "{}", "true", `"x"`, "7"}[m.Intn(7)]
	}
	return string(v.MarshalTo(nil))
}

// object returns an object as JSON, with members moved, doubled, added or left out.
func (m mutator) object(o *fastjson.Object) string {
	var members []string
	o.Visit(func(key []byte, v *fastjson.Value) {
		name := strconv.Quote(string(key))
		if m.one(40) && len(key) > 0 && key[0] < 0x80 {
			name = fmt.Sprintf(`"\u%04x%s"`, key[0], key[1:])
		}
		if !m.one(30) {
			members = append(members, name+m.space()+":"+m.space()+m.value(v))
		}
		if m.one(30) {
			members = append(members, name+":"+m.value(v))
		}
	})
	if m.one(25) {
		members = append(members, []string{`"x":1`, `"p":"abc"`, `"obfuscation":"Qx"`, `"content":"more"`, `"text":"more"`, `"error":null`, `"usage":null`}[m.Intn(7)])
	}
	if m.one(25) {
		m.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	}
	return "{" + strings.Join(members, ","+m.space()) + m.space() + "}"
}

func (m mutator) space() string {
	if m.one(40) {
		return []string{" ", "  ", "\t"}[m.Intn(3)]
	}
	return ""
}

// text returns a string as JSON, of the kinds that are read in different ways.
func (m mutator) text() string {
	return []string{
		`""`, `"a"`, `" the"`, `"a word that is longer than sixteen bytes"`, `"é"`, `"…日本"`,
		`"\n"`, `"\""`, `"\\"`, `"\u0041"`, `"\ud83d"`, `"\ude00"`, `"\ud83d\ude00"`, `"a\ud83dx"`,
		`"data: "`, `"\"},\"x\":{"`, `"stop"`, `"[DONE]"`,
	}[m.Intn(18)]
}
