package main

import "github.com/seed-4d65deac/llmstream/sse"

var eventsCommand = command{
	name: "events", arguments: "FILE…", summary: "the events of any SSE stream, a line of JSON each",
	help: `Events prints a line for each SSE event, read as the WHATWG HTML standard says:

  {"type": the event's type, "message" if it gives none,
   "data": its data lines, joined,
   "id": the last event ID}

It reads SSE streams of any kind. Only an event that is too large to be kept counts
as damage. An event that is unfinished at the end of the stream is ignored.`,
	flags: readFlag,
	do:    events,
}

type eventJSON struct {
	Type string `json:"type"`
	Data string `json:"data"`
	ID   string `json:"id"`
}

func events(s *invocation, one stream) error {
	p := sse.NewParser(sse.HandlerFunc(func(e *sse.Event) error {
		line := eventJSON{Type: "message", Data: string(e.Data), ID: string(e.ID)}
		if len(e.Type) > 0 {
			line.Type = string(e.Type)
		}
		return s.writeLine(line)
	}), nil)
	err := s.pour(p, one.body)
	if flaw := p.Close(); flaw != nil {
		s.worsen(statusFlawed)
		s.complain(one.source, flaw)
	}
	return err
}
