package decode

// IsPing reports whether an event's type marks it as a keep-alive (F-06).
func (c *Context) IsPing() bool {
	return IsKeepAlive(c.Type) || !c.NoPing && IsKeepAlive(c.Word(Member(c.Root, "type")))
}

// IsKeepAlive reports whether an event's type, or all of its data, is a keep-alive: a
// word, or a comment that a proxy has wrapped into an event (F-04).
func IsKeepAlive(data []byte) bool {
	switch string(data) {
	case "ping", "keepalive", "keep-alive", "heartbeat":
		return true
	}
	return len(data) > 0 && data[0] == ':'
}

// EventType returns the type of an event: its member "type", or else its SSE type. Many
// gateways leave out one of them.
func (c *Context) EventType() []byte {
	if typ := c.Word(Member(c.Root, "type")); len(typ) > 0 {
		return typ
	}
	return c.Type
}
