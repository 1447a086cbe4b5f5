// Package direct lets a handler in this module take the texts of a long answer without a
// delta for each. A delta takes longer to make and to pass on than its text takes to find.
//
// The root package cannot import the packages of these handlers, so they register here.
package direct

// A Taker takes consecutive texts of the same kind, choice and part.
type Taker interface {
	// Takes reports whether TakeText may be called with such texts, which stand in events of
	// type typ. kind is a Kind of the root package. Any delta may change the result.
	Takes(kind uint32, choice, part int, typ []byte) bool
	// TakeText takes a text, which it does not retain. If ok is false, it has done nothing:
	// HandleDelta has to be called with the delta.
	TakeText(text []byte) (ok bool)
	// EndTexts is called after the last of some consecutive texts. Its error counts as an
	// error of HandleDelta for that text.
	EndTexts() error
}

var find = func(handler any) Taker { return nil }

// Register sets the function that returns the Taker of a handler, or nil if the handler has
// none. Only one package may call it, in its init.
func Register(f func(handler any) Taker) { find = f }

// Of returns the Taker of a handler, or nil.
func Of(handler any) Taker { return find(handler) }
