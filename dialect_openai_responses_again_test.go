package llmstream

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// What response.in_progress says behind response.created, with and without looking at
// what it repeats.
func TestResponseRepeated(t *testing.T) {
	const created = `{"type":"response.created","sequence_number":0,"response":{"id":"r","model":"m","output":[]}}`
	for name, test := range map[string]struct {
		created, next string
		known         bool // it is known without a parser
	}{
		"the same":           {created, `{"type":"response.in_progress","sequence_number":1,"response":{"id":"r","model":"m","output":[]}}`, true},
		"no numbers":         {`{"type":"response.created","response":{"id":"r"}}`, `{"type":"response.in_progress","response":{"id":"r"}}`, true},
		"another response":   {created, `{"type":"response.in_progress","sequence_number":1,"response":{"id":"r","service_tier":"flex"}}`, false},
		"other members":      {created, `{"type":"response.in_progress","response":{"id":"r","model":"m","output":[]},"sequence_number":1}`, false},
		"a member behind it": {`{"type":"response.created","response":{"id":"r"},"sequence_number":3}`, `{"type":"response.in_progress","response":{"id":"r"},"sequence_number":3}`, false},
		"a type behind it":   {`{"type":"response.created","response":{"id":"r"},"type":"response.created"}`, `{"type":"response.in_progress","response":{"id":"r"},"type":"response.created"}`, false},
		"usage": {`{"type":"response.created","response":{"id":"r","usage":{"cost":1}}}`,
			`{"type":"response.in_progress","response":{"id":"r","usage":{"cost":1}}}`, false},
		"a number that is none": {created, `{"type":"response.in_progress","sequence_number":1e3,"response":{"id":"r","model":"m","output":[]}}`, false},
		"broken off":            {created, `{"type":"response.in_progress","sequence_number":1,"response":{"id":"r","model":"m","output":[]}`, false},
		"the number alone":      {created, `{"type":"response.in_progress","sequence_number":1`, false},
		"another type":          {created, `{"type":"response.completed","sequence_number":1,"response":{"id":"r","model":"m","output":[]}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(o *Options) (got []string, known bool) {
				var p *Parser
				p = NewParser(OpenAIResponses, HandlerFunc(func(d *Delta) error {
					known = p.track.events == 2 && repeatsCreated(p.step, d.Raw)
					got = append(got, fmt.Sprintf("%d %s", d.Sequence, describe(d)))
					return nil
				}), o)
				p.Write([]byte(sse(test.created, test.next)))
				return append(got, fmt.Sprint(p.Close())), known
			}
			want, _ := read(&Options{NoFastPath: true})
			got, known := read(nil)
			require.Equal(t, want, got)
			require.Equal(t, test.known, known)
		})
	}
}

// What a step remembers of one stream is not another's.
func TestResponseRepeatedElsewhere(t *testing.T) {
	const rest = `"response":{"id":"r","model":"m"}}`
	p := NewParser(OpenAIResponses, nil, nil)
	p.Write([]byte(sse(`{"type":"response.created",` + rest)))
	var got []string
	q := NewParser(OpenAIResponses, HandlerFunc(func(d *Delta) error {
		got = append(got, describe(d))
		return nil
	}), nil)
	q.Write([]byte(sse(`{"type":"response.queued","response":{}}`, `{"type":"response.in_progress",`+rest)))
	require.Equal(t, []string{"other", "start id=r model=m"}, got)
}

// Another response behind the end of one begins once, however often that is told.
func TestResponseBehindAnother(t *testing.T) {
	const created, progress, completed = `{"type":"response.created","response":{"id":"%s"}}`,
		`{"type":"response.in_progress","response":{"id":"%s"}}`, `{"type":"response.completed","response":{"id":"%s","status":"completed"}}`
	var events []string
	for _, id := range []string{"a", "b", "c"} {
		for _, event := range []string{created, progress, completed} {
			events = append(events, fmt.Sprintf(event, id))
		}
	}
	again := 0
	p := NewParser(OpenAIResponses, HandlerFunc(func(d *Delta) error {
		if d.Start != nil && d.Start.Again {
			again++
		}
		return nil
	}), nil)
	p.Write([]byte(sse(events...)))
	require.Equal(t, 2, again)
	require.NoError(t, p.Close())
}
