package llmstream

// A response is told twice where it begins, instructions, tools and all: by
// response.created, and behind it by response.in_progress, as a rule in the same words.
// Then the second has nothing to tell, and needs no parser to say so.

// createdResponse is what a step remembers of response.created, until it is given back.
type createdResponse struct {
	rest  []byte // the event from the response on; empty: there was none
	event int64  // which one of the stream it was
}

// keepCreated remembers the event if it is response.created and another with the same
// response would say nothing: it has a type and a number beside that, and no usage, which
// its caller knows.
func (s *step) keepCreated(data []byte) {
	rest, _, members := cutResponse(data, `{"type":"response.created",`)
	if members == s.root.GetObject().Len() && len(rest) <= maxKeptBuffer && !s.sawDone {
		s.created.rest = append(s.created.rest[:0], rest...)
		s.created.event = s.events
	}
}

// repeatsCreated tells whether the event is response.in_progress and repeats the
// response.created before it.
func repeatsCreated(s *step, data []byte) bool {
	if len(s.created.rest) == 0 || s.created.event != s.events-1 {
		return false
	}
	rest, sequence, _ := cutResponse(data, `{"type":"response.in_progress",`)
	if string(rest) != string(s.created.rest) {
		return false
	}
	s.sequence = sequence
	return true
}

// cutResponse cuts the beginning of an event off, up to its response, and returns the
// number that stands there, if one does, and how many members the event has if the
// response is the last. No rest: the event begins in another way.
func cutResponse(data []byte, begin string) (rest []byte, sequence int64, members int) {
	const number, response = `"sequence_number":`, `"response":`
	if len(data) < len(begin) || string(data[:len(begin)]) != begin {
		return nil, 0, 0
	}
	rest, members = data[len(begin):], 2
	if len(rest) > len(number) && string(rest[:len(number)]) == number {
		rest, members = rest[len(number):], 3
		n := 0
		for n < len(rest) && n <= maxDigits && rest[n] != ',' {
			n++
		}
		var ok bool
		if sequence, ok = parseDigits(rest[:n]); !ok || n > maxDigits || n == len(rest) {
			return nil, 0, 0
		}
		rest = rest[n+1:]
	}
	if len(rest) < len(response) || string(rest[:len(response)]) != response {
		return nil, 0, 0
	}
	return rest[len(response):], sequence, members
}
