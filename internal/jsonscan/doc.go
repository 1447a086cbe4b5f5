// Package jsonscan reads the structure of JSON without building values. Which of
// its functions to use depends on what is known of the bytes:
//
//	input                           function        result
//	in pieces, or possibly invalid  Scanner         where it ends or what is wrong
//	whole, possibly invalid         Valid           whether it is one value
//	whole, possibly invalid         Skip*           its end, or -1 if only Scanner can say
//	whole and valid                 *Len            the length of a string or a value
//	the body of a string            PlainLen etc.   how much of it needs no unescaping
//	the body of a string            AppendUnescaped the text
//
// Scanner looks at every byte and keeps a few words of state, so it takes a value in
// any number of pieces, and it alone enforces limits. Skip, SkipKey and SkipString
// are several times as fast. They give up on unusual input, so their callers fall
// back to Scanner. StringLen and ValueLen check nothing: on invalid input their
// result is meaningless, and ValueLen may panic. IsPlain, CopyPlain, PlainIn and
// Special are for loops that compare events with templates.
//
// "Plain" bytes of a string are those that stand for themselves: no quote, no
// backslash, and no control character where those are excluded.
package jsonscan
