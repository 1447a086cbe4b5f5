package decode

// isPing tells whether an event says of itself that it is a sign of life (F-06).
func (s *Context) IsPing() bool {
	return IsKeepAlive(s.Type) || !s.NoPing && IsKeepAlive(s.Word(Member(s.Root, "type")))
}

// eventType returns what an event calls itself in its member "type", or else what
// its SSE event does: many gateways leave out one of them.
func (s *Context) EventType() []byte {
	if typ := s.Word(Member(s.Root, "type")); len(typ) > 0 {
		return typ
	}
	return s.Type
}

// IsKeepAlive reports whether an event's type or all of its data only shows that the
// stream lives: a comment that a proxy has wrapped into an event (F-04), or a word.
func IsKeepAlive(data []byte) bool {
	if len(data) > 0 && data[0] == ':' {
		return true
	}
	switch string(data) {
	case "ping", "keepalive", "keep-alive", "heartbeat":
		return true
	}
	return false
}
