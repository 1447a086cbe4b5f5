// Package direct lets a handler of this module take the texts of a long answer without a
// delta for each. Making a delta and passing it on takes longer than finding its text.
//
// The root package cannot know the handlers of packages above it, so they register here.
package direct

// A Taker takes texts that come in a row and belong to the same place.
type Taker interface {
	// Takes reports whether the next texts may be given to TakeText if they are of this
	// kind, which is a Kind of the root package, choice and part, in events of type typ. Any
	// delta may change that.
	Takes(kind uint32, choice, part int, typ []byte) bool
	// TakeText takes a text, which it does not keep. !ok: it has done nothing, and needs
	// the delta.
	TakeText(text []byte) (ok bool)
	// EndTexts ends a row of texts. Its error is that of a handler.
	EndTexts() error
}

var find = func(handler any) Taker { return nil }

// Register sets the function that returns the Taker of a handler, or nil. Only one package
// may call it, in its init.
func Register(f func(handler any) Taker) { find = f }

// Of returns the Taker of a handler; nil: it has none.
func Of(handler any) Taker { return find(handler) }
