package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-4d65deac/llmstream/testdata"
)

// A script has the events of an answer in a dialect other than chat completions: the
// bytes of the body, or for frames the text that testdata.Frames reads. $names are
// filled in:
//
//	$text           what an event adds, as a JSON string
//	$all            the whole answer, as a JSON string
//	$n              the number of the event
//	$count, $total  the number of texts so far; the same plus the tokens of the prompt
//	$pad, $space    letters or spaces, a different number in each event
//	$time           the time, to the microsecond
type script struct {
	begin  []string
	text   string
	end    []string
	phrase int // the average number of characters in a phrase that makes events as long as chat's
	maxPad int
	finish string
	total  bool // whether the total is reported
}

const promptTokens = 319

// stream writes an answer of a number of events, each with a token, or with a phrase of
// this average length.
func (sc *script) stream(events, phrase int, framed bool) *stream {
	w := newWriter(shape{maxPad: sc.maxPad}, 0, "", 0)
	clock := time.Date(2026, 2, 3, 10, 11, 12, 250300000, time.UTC)
	count := int64(0)
	write := func(event, text string) {
		clock = clock.Add(time.Duration(4000+w.random.IntN(2000)) * time.Microsecond)
		all := ""
		if strings.Contains(event, "$all") { // rare, and large
			all = quote(string(w.text))
		}
		w.body.WriteString(fill(event,
			"$text", quote(text), "$all", all, "$n", fmt.Sprint(w.events), "$count", fmt.Sprint(count), "$total", fmt.Sprint(promptTokens+count),
			"$pad", w.padding(), "$space", strings.Repeat(" ", w.random.IntN(16)), "$time", clock.Format(time.RFC3339Nano)))
		w.events++
	}
	for _, e := range sc.begin {
		write(e, "")
	}
	for range events {
		text := w.token()
		for n := w.random.IntN(2*phrase + 1); len(text) < n; {
			text += w.word()
		}
		count++
		write(sc.text, text)
		w.text = append(w.text, text...)
	}
	for _, e := range sc.end {
		write(e, "")
	}
	c := w.want.choice(0)
	c.content, c.finish = w.text, sc.finish
	w.want.usage = usage{input: promptTokens, output: count}
	if sc.total {
		w.want.usage.total = promptTokens + count
	}
	body := w.body.Bytes()
	if framed {
		var err error
		if body, err = testdata.Frames(string(body)); err != nil {
			panic(err) // the script is wrong
		}
	}
	s := newStream(body)
	s.events, s.want, s.text = w.events, &w.want, w.text
	return s
}
