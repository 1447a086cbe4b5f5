// Package decode turns one event of a stream into deltas. It is the manual for the
// author of a dialect.
//
// A dialect is a type with Decode and Reset in package dialect. Decode gets a [Context]:
// the event, its JSON, what the stream remembers, and the methods that add deltas. The
// decoder keeps what only its dialect has to remember; what all dialects share is in
// [Stream], [Choice] and [Call].
//
// # Reading
//
// Root is the event's JSON object. Visit an object once and note its members, then act on
// them in a fixed order, so that the last of equal keys counts. [Fields] does that for
// rare members. A value of an unexpected type counts as absent:
//
//   - Word returns a string that is complete by itself: an id, a name, a type.
//   - Text returns a piece of a longer text. It joins the halves of a surrogate pair that
//     were sent in two events, so it needs the place where the first half waits.
//   - Int and Index return numbers, Raw the JSON of a value, JSONOf its original bytes.
//   - Mistyped notes that a member which carries the answer cannot be read.
//
// # Adding
//
//   - AnnounceStream and AddRole add what is known once.
//   - Choice returns the choice of an index, and refuses one too many.
//   - AddText adds a piece of the answer. AddTextOf does the same for the whole value of
//     one member: the fast path may then read further events of the same form.
//   - AddDetail, AddMedia, AddCitation and Add add the other kinds.
//   - BeginCall, AppendArguments and EndCall are for dialects that say where a call
//     begins and ends. MatchCall finds the call of a fragment where they do not.
//   - AddFinish, AddUsage, AddError, Malformed and EndStream add what their names say.
//
// # The fast path
//
// An event whose only effect is one text that AddTextOf or AppendArguments added becomes
// a template: events that differ from it in that text alone are not decoded at all. A
// decoder that does more than that, or whose reading depends on what came before, sets
// Contextual. If the same bytes mean something else from now on, it adds one to Epoch,
// and the templates of before count no more.
//
// # Memory
//
// Deltas hold slices of the event and of Buf. They are good until the next event. Nothing
// here keeps a text of the answer: calls are compared by hashes.
package decode
