package decode

// CallByID returns the position of the latest call with this id, or -1.
func (ch *Choice) CallByID(id []byte) (at int) {
	hash := Hash(id)
	if l := ch.lookup(); l != nil && hash != 0 {
		return l.get(callKey{kind: keyID, id: hash})
	}
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

// Distinct is a set of JSON values, by their hashes.
type Distinct struct{ hashes map[uint64]struct{} }

// maxDistinct is the number of values that a Distinct remembers. Recorded answers have some
// tens of annotations. Any further value counts as a new one.
const maxDistinct = 1024

// Add reports whether value is not in d, and adds it.
func (d *Distinct) Add(value []byte) (isNew bool) {
	hash := Hash(value)
	if _, known := d.hashes[hash]; known {
		return false
	}
	if d.hashes == nil {
		d.hashes = map[uint64]struct{}{}
	}
	if len(d.hashes) < maxDistinct {
		d.hashes[hash] = struct{}{}
	}
	return true
}
