package llmstream

// isPing tells whether an event says of itself that it is a sign of life (F-06).
func isPing(s *step) bool {
	return isPingType(s.typ) || !s.noPing && isPingType(s.word(member(s.root, "type")))
}

func isPingType(typ []byte) bool {
	switch string(typ) {
	case "ping", "keepalive", "heartbeat":
		return true
	}
	return false
}

// eventType returns what an event calls itself in its member "type", or else what
// its SSE event does: many gateways leave out one of them.
func (s *step) eventType() []byte {
	if typ := s.word(member(s.root, "type")); len(typ) > 0 {
		return typ
	}
	return s.typ
}
