package decode

// isPing tells whether an event says of itself that it is a sign of life (F-06).
func (s *Context) IsPing() bool {
	return IsKeepAlive(s.Type) || !s.NoPing && IsKeepAlive(s.Word(Member(s.Root, "type")))
}

// IsKeepAlive reports whether word, which is an event's type or all of its data, means
// no more than that the connection is alive.
func IsKeepAlive(word []byte) bool {
	switch string(word) {
	case "ping", "keepalive", "keep-alive", "heartbeat":
		return true
	}
	return false
}

// eventType returns what an event calls itself in its member "type", or else what
// its SSE event does: many gateways leave out one of them.
func (s *Context) EventType() []byte {
	if typ := s.Word(Member(s.Root, "type")); len(typ) > 0 {
		return typ
	}
	return s.Type
}
