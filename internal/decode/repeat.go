package decode

// CallByID returns the position of the latest call with this id, or -1.
func (ch *Choice) CallByID(id []byte) (at int) {
	hash := Hash(id)
	for at = len(ch.Calls) - 1; at >= 0 && (hash == 0 || ch.Calls[at].ID != hash); at-- {
	}
	return at
}

// HasArgumentsOf reports whether the arguments of a call equal this JSON, apart from
// white space between its tokens.
func (k *Call) HasArgumentsOf(json []byte) bool {
	var other Call
	other.TakeArguments(json)
	return k.sum.equal(&other.sum)
}
