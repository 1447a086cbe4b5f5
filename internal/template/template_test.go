package template

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The uses of slots in these tests.
const (
	useText  = 1
	useIndex = 2
	useCount = 3
)

func slotOf(name, _ []byte) (SlotKind, uint8, bool) {
	switch string(name) {
	case "text":
		return Text, useText, true
	case "pad":
		return String, 0, true
	case "index":
		return Index, useIndex, true
	case "count":
		return Number1, useCount, true
	case "time":
		return Digits, 0, true
	}
	return 0, 0, false
}

// learn returns a set that has learned from these events, with framing or without.
func learn(t testing.TB, framed bool, events ...string) *Set {
	s := new(Set)
	s.Reset()
	for _, event := range events {
		slots, ok := FindSlots([]byte(event), make([]Slot, 0, MaxSlots), slotOf)
		require.True(t, ok, event)
		at, ok := s.Free()
		require.True(t, ok)
		if framed {
			ok = s.LearnAt(at, []byte("data: "), nil, []byte(event), []byte("\n\n"), slots)
		} else {
			ok = s.LearnAt(at, nil, nil, []byte(event), nil, slots)
		}
		require.True(t, ok)
	}
	return s
}

func frame(event string) string { return "data: " + event + "\n\n" }

func TestFindSlots(t *testing.T) {
	for event, want := range map[string]string{
		`{"text":"abc","x":1}`:                            `{"text":"_","x":1}`,
		`{ "pad" : "a", "text" : "" }`:                    `{ "pad" : "_", "text" : "_"_}`,
		`{"text":"a\"b","index":12}`:                      `{"text":"_","index":_}`,
		`{"count":0,"text":"a"}`:                          `{"count":0,"text":"_"}`,
		`{"count":10,"text":"a"}`:                         `{"count":_,"text":"_"}`,
		`{"time":1.5,"text":"a"}`:                         `{"time":1.5,"text":"_"}`,
		`{"time":15,"time":16,"text":"a"}`:                `{"time":_,"time":_,"text":"_"}`,
		`{"text":"a","text":"b"}`:                         "",
		`{"text":1}`:                                      "",
		`{"text":"a","\u0074ext":"b"}`:                    "",
		`{"text":"a","x":"\n"}`:                           "",
		`{"index":01,"text":"a"}`:                         "",
		`{"index":12345,"text":"a"}`:                      "",
		`{"index":-1,"text":"a"}`:                         "",
		`{"time":1,"time":1,"time":1,"time":1,"text":""}`: "",
	} {
		slots, ok := FindSlots([]byte(event), make([]Slot, 0, MaxSlots), slotOf)
		require.Equal(t, want != "", ok, event)
		if ok {
			got, from := "", 0
			for _, slot := range slots {
				got, from = got+event[from:slot.From]+"_", slot.To
			}
			require.Equal(t, want, got+event[from:], event)
		}
	}
}

// texts are bodies of strings. A template takes no body that has a lone surrogate
// or is not valid in JSON.
var texts = []string{
	"", "a", " the", "12345678", "123456789", "a text of seventeen", strings.Repeat("long ", 50), "é", "…日本", strings.Repeat("ü", 40),
	`\n`, `\"`, `a\\`, `1234567\n`, `12345678\t`, strings.Repeat("x", 31) + `\/`, `\u00e9`, `\u0041\u0042`, `\ud83d\ude00`, `x\uD83D\uDE00y`, `\u0000`,
	`\ud83d`, `\ud83dx`, `\ud83d\n`, `\ud83d\ud83d`, `a\ude00`, `\u00g0`, `\u00`, `\q`, `\`, "\x01", "1234567\x1f", `\u`,
}

// decodes returns what encoding/json makes of the body of a string; !ok: it is for no
// template.
func decodes(body string) (text string, ok bool) {
	if json.Unmarshal([]byte(`"`+body+`"`), &text) != nil {
		return "", false
	}
	lone := strings.Contains(body, `\ud83d`) && !strings.Contains(body, `\ud83d\ude00`)
	return text, !lone
}

// Read copies what encoding/json would, whatever the room, and wherever b ends.
func TestRead(t *testing.T) {
	for _, form := range []string{`{"text":"%s","x":[1,2,3,4]}`, `{"pad":"p%[1]s","text":"%[1]s"}`, `{"text":"%s"}`, `{"index":3,"text":"%s","count":17}`} {
		s := learn(t, true, fmt.Sprintf(form, "a"))
		for _, body := range texts {
			b := []byte(frame(fmt.Sprintf(form, "a")) + frame(fmt.Sprintf(form, body)) + frame(fmt.Sprintf(form, "b")))
			second := len(frame(fmt.Sprintf(form, "a")))
			third := len(b) - len(frame(fmt.Sprintf(form, "b")))
			want, ok := decodes(body)
			for room := 0; room < len(want)+60; room++ {
				var m Match
				text := make([]byte, room+1)
				require.True(t, s.List[0].Begin(b, 0, &m))
				s.List[0].Read(b, &m, text[:room], true)
				require.Zero(t, text[room])
				require.LessOrEqual(t, m.Size, room)
				switch m.Events {
				case 0:
					require.Less(t, room, 16, body)
				case 1:
					require.Equal(t, "a", string(text[:m.Size]))
					require.Equal(t, second, m.End)
				case 2:
					require.True(t, ok && want != "", body)
					require.Equal(t, "a"+want, string(text[:m.Size]))
					require.Equal(t, third, m.End)
				case 3:
					require.True(t, ok && want != "", body)
					require.Equal(t, "a"+want+"b", string(text[:m.Size]))
					require.Equal(t, len(b), m.End)
					require.True(t, m.More)
				}
				if room > len(want)+50 && ok && want != "" {
					require.Equal(t, 3, m.Events, body)
				}
			}
			for end := range len(b) {
				var m Match
				text := make([]byte, 1000)
				if cut := b[:end:end]; s.List[0].Begin(cut, 0, &m) {
					s.List[0].Read(cut, &m, text, true)
					switch {
					case end < second:
						require.Zero(t, m.Events)
					case end < third || !ok || want == "":
						require.Equal(t, 1, m.Events, "%s up to %d", body, end)
					default:
						require.Equal(t, 2, m.Events, "%s up to %d", body, end)
					}
				}
			}
		}
	}
}

// A single event is read as one in a row is, its data alone too, and an empty text is
// one.
func TestFind(t *testing.T) {
	const form = `{"pad":"p","text":"%s","index":3}`
	row, alone := learn(t, true, fmt.Sprintf(form, "a")), learn(t, false, fmt.Sprintf(form, "a"))
	for _, body := range texts {
		_, ok := decodes(body)
		event := fmt.Sprintf(form, body)
		want := 0
		if !ok {
			want = None
		}
		for _, b := range []string{frame(event), frame(event) + frame(event), frame(event) + "data: x"} {
			var m Match
			require.Equal(t, want, row.Find([]byte(b), 0, 0, &m), body)
			if ok {
				require.Equal(t, len(frame(event)), m.End)
				span := m.Text(&row.List[0])
				require.Equal(t, body, b[span.From:span.To])
				span = m.Slot(2)
				require.Equal(t, "3", b[span.From:span.To])
				require.Equal(t, strings.Contains(body, `\`), m.Escaped)
				require.Equal(t, event, string(row.List[0].Data([]byte(b), &m)))
			}
			row.Fit(0, 1)
		}
		for _, s := range []*Set{row, alone} {
			var m Match
			require.Equal(t, want, s.FindData([]byte(event), nil, &m), body)
			require.Equal(t, None, s.FindData([]byte(event), []byte("error"), &m))
			require.Equal(t, None, s.FindData([]byte(event+" "), nil, &m))
			require.Equal(t, None, s.FindData([]byte(event[:len(event)-1]), nil, &m))
		}
		require.Equal(t, None, alone.Find([]byte(event), 0, 0, new(Match)))
	}
}

// MatchOne takes nothing that Read does not take, and all short plain texts.
func TestMatchOne(t *testing.T) {
	const form = `{"text":"%s","x":[1,2,3,4]}`
	s := learn(t, true, fmt.Sprintf(form, "a"))
	for _, body := range texts {
		b := []byte(frame(fmt.Sprintf(form, body)))
		size := s.List[0].OneLen(len(b))
		want, _ := decodes(body)
		plain := len(body) > 0 && len(body) <= OneText && want == body
		if size == 0 {
			require.False(t, plain, body)
			continue
		}
		_, _, ok := s.List[0].MatchOne(b, size)
		require.Equal(t, plain, ok, body)
		for at := range b {
			b[at]++
			if _, _, ok = s.List[0].MatchOne(b, size); ok {
				var m Match
				require.True(t, s.List[0].Begin(b, 0, &m))
				s.List[0].Read(b, &m, nil, false)
				require.Equal(t, 1, m.Events, "%q", b)
			}
			b[at]--
		}
	}
}

// What a row reads of its last event is known, though the one after it was begun.
func TestSlotsOfTheLastEvent(t *testing.T) {
	const form = `{"text":"%s","count":%d}`
	s := learn(t, true, fmt.Sprintf(form, "a", 1))
	for n := range 6 {
		var b string
		for i := range n + 1 {
			b += frame(fmt.Sprintf(form, "t", 10+i))
		}
		b += frame(fmt.Sprintf(form, "longer", 0))
		var m Match
		require.True(t, s.List[0].Begin([]byte(b), 0, &m))
		s.List[0].Read([]byte(b), &m, nil, true)
		require.Equal(t, n+1, m.Events)
		span := m.Slot(1)
		require.Equal(t, fmt.Sprint(10+n), b[span.From:span.To])
		require.Equal(t, "t", b[m.Text(&s.List[0]).From:m.Text(&s.List[0]).To])
	}
}

// Learning costs credit, which fits give back. An event that is too long teaches
// nothing.
func TestSetLearnsWithinItsCredit(t *testing.T) {
	s := learn(t, true, `{"text":"a"}`)
	times := 1
	for ; times < 1000; times++ {
		if _, ok := s.Free(); !ok {
			break
		}
	}
	require.Equal(t, creditStart/creditLearn, times)
	s.Fit(0, creditLearn/creditFit)
	_, ok := s.Free()
	require.True(t, ok)

	long := []byte(`{"text":"a","x":"` + strings.Repeat("x", MaxLiterals) + `"}`)
	slots, ok := FindSlots(long, make([]Slot, 0, MaxSlots), slotOf)
	require.True(t, ok)
	require.False(t, s.LearnAt(1, nil, nil, long, nil, slots))
	long = []byte(`{"text":"` + strings.Repeat("x", math.MaxUint16+1) + `","x":1}`)
	slots, ok = FindSlots(long, make([]Slot, 0, MaxSlots), slotOf)
	require.True(t, ok)
	require.True(t, s.LearnAt(1, nil, nil, long, nil, slots))
	require.Equal(t, 1, s.FindData([]byte(`{"text":"b","x":1}`), nil, new(Match)))
}

// After some misses in a row comparing rests for a while.
func TestSetRests(t *testing.T) {
	s := learn(t, true, `{"text":"a"}`)
	require.True(t, s.Ready())
	for range missesMax {
		require.False(t, s.Rest())
		s.Miss()
	}
	require.False(t, s.Ready())
	for range restEvents {
		require.True(t, s.Rest())
	}
	require.True(t, s.Ready())
}
