package decode

// isPing tells whether an event says of itself that it is a sign of life (F-06).
func IsPing(s *Context) bool {
	return IsPingType(s.Type) || !s.NoPing && IsPingType(s.Word(Member(s.Root, "type")))
}

func IsPingType(typ []byte) bool {
	switch string(typ) {
	case "ping", "keepalive", "heartbeat":
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

// IsKeepAlive reports whether the data of an event only shows that the stream lives: a
// comment that a proxy has wrapped into an event (F-04), or a word.
func IsKeepAlive(data []byte) bool {
	if data[0] == ':' {
		return true
	}
	switch string(data) {
	case "ping", "keepalive", "keep-alive", "heartbeat":
		return true
	}
	return false
}
