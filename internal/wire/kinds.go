package wire

import "strings"

// Kinds is a set of kinds.
type Kinds uint8

// AnyKind holds every kind.
const AnyKind Kinds = 1<<8 - 1

// Over returns the set of these kinds.
func Over(kinds ...Kind) (set Kinds) {
	for _, k := range kinds {
		set |= 1 << k
	}
	return set
}

// Has reports whether k is in the set.
func (set Kinds) Has(k Kind) bool { return set&Over(k) != 0 }

// mediaTypes are the media types of the bodies on each wire, by their ends. Servers
// confuse them (F-28): the first bytes have the last word.
var mediaTypes = [...]string{
	SSE:    "/event-stream",
	JSON:   "/json +json",
	Lines:  "/x-ndjson /ndjson /jsonl /x-jsonlines +json-seq /stream+json",
	Frames: "/vnd.amazon.eventstream",
}

// KindsOf returns the kinds that bodies of a media type may be of.
func KindsOf(media string) (set Kinds) {
	for k, list := range mediaTypes {
		for _, end := range strings.Fields(list) {
			if strings.HasSuffix(media, end) {
				set |= Over(Kind(k))
			}
		}
	}
	return set
}
