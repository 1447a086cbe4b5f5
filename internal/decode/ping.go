package decode

// isPing tells whether an event says of itself that it is a sign of life (F-06).
func (c *Context) IsPing() bool {
	return IsKeepAlive(c.Type) || !c.NoPing && IsKeepAlive(c.Word(Member(c.Root, "type")))
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
func (c *Context) EventType() []byte {
	if typ := c.Word(Member(c.Root, "type")); len(typ) > 0 {
		return typ
	}
	return c.Type
}
