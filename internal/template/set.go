package template

// Set holds the templates of a stream, and the order in which their events come.
type Set struct {
	List   [Count]Template
	recent uint8 // the template that fitted last
	oldest uint8 // the template that Free considered last for replacement
	// credit bounds the cost of a stream whose events fit no template. Learning takes
	// credit. Each fit gives some back, and each miss a little. So the fast path can
	// still learn from a stream that becomes regular late.
	credit int16
	// misses counts the events in a row that fitted no template. After missesMax of them,
	// the next rest events are not compared at all. So comparing costs next to nothing in
	// a stream that it does not help.
	misses, rest uint8
	fitted       int64
}

const (
	creditStart = 320 // credit of a new stream: ten templates
	creditMax   = 320
	creditLearn = 32 // cost of learning one template
	creditFit   = 8
	creditMiss  = 1
)

const (
	missesMax  = 4  // misses in a row before a rest
	missesNew  = 3  // misses that a new template begins with: it is tried at least once
	restEvents = 32 // events in a rest
)

// None is the position that stands for no template.
const None = -1

// Fitted returns the number of events that have fitted.
func (s *Set) Fitted() int64 { return s.fitted }

// Expected returns the template that is likely to fit next. It fitted the event that came
// after an earlier event of the latest form.
func (s *Set) Expected() uint8 { return s.List[s.recent].next }

// Ready reports whether comparing the next event with templates is worth it.
func (s *Set) Ready() bool { return s.List[s.recent].n > 0 && s.rest == 0 }

// Find returns the template that the event at b[at] fits, and fills in m. It tries the
// expected template first. It returns None if the event fits no template. known is
// m.Known of the event that ended at b[at], or 0.
func (s *Set) Find(b []byte, at, known int, m *Match) int {
	expected := s.Expected()
	if expected != s.recent {
		known = 0
	}
	for i := range uint8(Count) {
		place := expected ^ i
		t := &s.List[place]
		if t.back == 0 {
			continue
		}
		begin := at + known
		if known == 0 {
			if begin = t.begins(b, at, 0); begin == 0 {
				continue
			}
		}
		known = 0
		m.Start, m.begin = at, begin
		if t.read(b, m, nil, 1, t.next == place, 0); m.Events > 0 {
			return int(place)
		}
	}
	return None
}

// FindData is Find for the data and the type of an event, without the bytes around the
// data.
func (s *Set) FindData(data, typ []byte, m *Match) int {
	expected := s.Expected()
	for i := range uint8(Count) {
		place := expected ^ i
		t := &s.List[place]
		if t.n > 0 && string(typ) == string(t.Type()) && t.ReadData(data, 0, m, nil) && m.End == len(data) {
			return int(place)
		}
	}
	return None
}

// Fit notes that a number of events in a row have fitted this template.
func (s *Set) Fit(at uint8, events int) {
	s.List[s.recent].next, s.recent = at, at
	if s.List[at].used = true; events > 1 {
		s.List[at].next = at
	}
	s.fitted += int64(events)
	s.misses = 0
	if s.credit < creditMax {
		s.credit = int16(min(int64(s.credit)+int64(events)*creditFit, creditMax))
	}
}

// Miss notes that an event was compared and fits no template.
func (s *Set) Miss() {
	s.credit = min(s.credit+creditMiss, creditMax)
	if s.misses++; s.misses >= missesMax {
		s.misses, s.rest = missesMax, restEvents
	}
}

// Rest notes an event and reports whether it falls into a rest, so that it is not
// compared.
func (s *Set) Rest() bool {
	if s.rest == 0 {
		return false
	}
	s.rest--
	s.credit = min(s.credit+creditMiss, creditMax)
	return true
}

// Framed reports whether b begins with an event that has the same framing as the last one
// that fitted.
func (s *Set) Framed(b []byte) bool { return s.List[s.recent].Framed(b) }

// Reset forgets the templates and keeps their memory.
func (s *Set) Reset() {
	s.Clear()
	*s = Set{List: s.List, credit: creditStart}
}

// Clear forgets the templates only.
func (s *Set) Clear() {
	for i := range s.List {
		s.List[i] = Template{literals: s.List[i].literals[:0]}
	}
}
