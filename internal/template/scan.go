package template

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
)

// Two loops compare events with templates. Read takes any number of events, with any
// slots. The last event may be cut. MatchOne takes an event that is alone in the read and
// has one slot, and it searches for nothing.

// ahead is the number of bytes that the loop of read looks at: a word, and the byte that
// an escape at the end of the word escapes.
const ahead = 9

// Begin reports whether the event at b[at] begins as t does, for events in a row. It
// notes the beginning in m for Read.
func (t *Template) Begin(b []byte, at int, m *Match) bool {
	if t.back == 0 {
		return false
	}
	m.Start, m.begin = at, t.begins(b, at, 0)
	return m.begin > 0
}

// Read reads the events in a row that fit t. The first is the one for which Begin
// returned true. Read writes their texts to text, which is nil if they are not needed,
// and fills in m. row reports whether many events are expected. Read stops at an empty
// text, or at one for which there may be no room.
func (t *Template) Read(b []byte, m *Match, text []byte, row bool) {
	t.read(b, m, text, math.MaxInt, row, 0)
}

// ReadOne is Read for one event. Its text may be empty and is not copied; m has its
// position.
func (t *Template) ReadOne(b []byte, m *Match, row bool) { t.read(b, m, nil, 1, row, 0) }

// Next reports whether the event after the last one begins in the same way, and notes
// that beginning for ReadOne.
func (m *Match) Next() bool {
	m.Start, m.begin = m.End, m.next
	return m.next > 0
}

// ReadData is Read for one event whose data begins at b[at], without the bytes before and
// after it. The caller compares m.End with the end of the data.
func (t *Template) ReadData(b []byte, at int, m *Match, text []byte) (ok bool) {
	m.Start = at
	if m.begin = t.begins(b, at, int(t.front)); m.begin == 0 {
		return false
	}
	t.read(b, m, text, 1, false, int(t.back))
	return m.Events > 0
}

// read reads events that fit t. Literal 0 of the first event begins at m.Start and ends
// at m.begin. row reports whether literal 0 of the next event is expected after each
// event. cut is the number of missing bytes of the last literal.
//
// It writes only m and text. m counts an event once all of it was compared.
func (t *Template) read(b []byte, m *Match, text []byte, most int, row bool, cut int) {
	literals, ends, last := t.literals, t.ends, int(t.n)-1
	ends[last] -= uint16(cut)
	if row {
		ends[last] = t.head
	}
	pos, size := m.begin, 0
	for m.Events, m.Size, m.More, m.End = 0, 0, false, m.Start; ; {
		from, next, escaped := 0, row, false
		slots := &m.slots[m.Events&1]
		for i := 0; i <= last; i++ {
			begin, kind, to := pos, t.slots[i], text
			if kind != Text {
				to = nil
			}
			// Most strings are short and have no escapes, or simple ones. Those need no call.
			for kind <= String && len(b)-pos >= ahead && (to == nil || len(to)-size >= ahead) {
				w := binary.LittleEndian.Uint64(b[pos:])
				k := bits.TrailingZeros64(jsonscan.Special(w, true)) / 8
				if to != nil {
					binary.LittleEndian.PutUint64(to[size:], w)
					size += k
				}
				if pos += k; k == 8 || b[pos] != '\\' {
					break
				}
				c := simpleEscapes[b[pos+1]]
				if c == 0 {
					break
				}
				if escaped = escaped || kind == Text; to != nil {
					to[size] = c
					size++
				}
				pos += 2
			}
			if pos >= len(b) || b[pos] != '"' || kind > String {
				var n, more int
				var state textState
				switch {
				case kind > String:
					pos = skipValue(b, pos, kind)
				case to != nil:
					n, more, state = copyText(to[size:], b[pos:])
				default:
					n, state = skipString(b[pos:], kind)
				}
				if state == textStop {
					return
				}
				pos, size, escaped = pos+n, size+more, escaped || kind == Text && state == textEscaped
			}
			if pos == begin && kind == Text && most > 1 {
				return
			}
			slots[i] = Span{begin, pos}
			literal := literals[from:ends[i]]
			if len(b)-pos < len(literal) || string(b[pos:pos+len(literal)]) != string(literal) {
				if !row || i < last {
					return
				}
				// Perhaps another event comes next than the expected one.
				literal, next = literals[from:t.ends[i]], false
				if len(b)-pos < len(literal) || string(b[pos:pos+len(literal)]) != string(literal) {
					return
				}
			}
			pos, from = pos+len(literal), int(ends[i])
		}
		m.Events++
		m.Start, m.End, m.next, m.Size, m.Escaped = m.End, pos, 0, size, escaped
		if next {
			m.End, m.next = pos-int(t.head-t.last), pos
		}
		if !next || m.Events == most {
			m.More = true
			return
		}
	}
}

// textState is what the body of a string was.
type textState uint8

const (
	textPlain   textState = iota
	textEscaped           // the body had escapes
	textStop              // the body cannot be read here
)

// copyText reads the body of the string that b begins with, and writes its text to to. It
// returns the sizes of both. It stops where there may be no room.
func copyText(to, b []byte) (n, size int, state textState) {
	for plain := 0; ; {
		if len(to)-size < ahead {
			return 0, 0, textStop
		}
		if len(b)-n < ahead {
			return copyEnd(to, b, n, size, state)
		}
		w := binary.LittleEndian.Uint64(b[n:])
		k := bits.TrailingZeros64(jsonscan.Special(w, true)) / 8
		binary.LittleEndian.PutUint64(to[size:], w)
		n, size = n+k, size+k
		if k == 8 {
			if plain += k; plain >= jsonscan.LongText {
				k = jsonscan.CopyPlain(to[size:], b[n:])
				n, size = n+k, size+k
			}
			continue
		}
		if b[n] != '\\' {
			return n, size, state
		}
		state = textEscaped
		if c := simpleEscapes[b[n+1]]; c != 0 {
			to[size] = c
			n, size = n+2, size+1
			continue
		}
		k, written := unicodeEscape(to[size:], b[n:])
		if k == 0 {
			return 0, 0, textStop
		}
		n, size = n+k, size+written
	}
}

// copyEnd is copyText for the last bytes of b, which begin at b[n].
func copyEnd(to, b []byte, n, size int, state textState) (_, _ int, _ textState) {
	for n < len(b) && b[n] != '"' && b[n] >= ' ' {
		if b[n] != '\\' {
			to[size] = b[n]
			n, size = n+1, size+1
			continue
		}
		k, written := escapeAt(to[size:], b[n:])
		if k == 0 {
			return 0, 0, textStop
		}
		n, size, state = n+k, size+written, textEscaped
	}
	return n, size, state
}

// skipString is copyText for a string that is not needed. Any form of escape may stand in
// a string that is not the text.
func skipString(b []byte, kind SlotKind) (n int, state textState) {
	for {
		if n += jsonscan.PlainLen(b[n:], true); n == len(b) || b[n] != '\\' {
			return n, state
		}
		k := 2
		if kind == Text {
			var none [utf8.UTFMax]byte
			k, _ = escapeAt(none[:], b[n:])
		}
		if k == 0 || n+1 >= len(b) || b[n+1] < ' ' {
			return 0, textStop
		}
		n, state = n+k, textEscaped
	}
}

// escapeAt reads the escape that b begins with, and writes its character to to. It
// returns the sizes of both. n is 0 if the escape cannot be read here, such as a
// surrogate whose other half does not follow in b.
func escapeAt(to, b []byte) (n, size int) {
	if len(b) < 2 {
		return 0, 0
	}
	if c := simpleEscapes[b[1]]; c != 0 {
		to[0] = c
		return 2, 1
	}
	return unicodeEscape(to, b)
}

// unicodeEscape is escapeAt for \u escapes and for pairs of them.
func unicodeEscape(to, b []byte) (n, size int) {
	const escape = len(`\u0000`)
	c, ok := hex4(b)
	if !ok || len(to) < utf8.UTFMax {
		return 0, 0
	}
	if c&0xFC00 != 0xD800 {
		return escape, utf8.EncodeRune(to, c) // U+FFFD for a low surrogate alone
	}
	low, ok := hex4(b[escape:])
	if !ok || low&0xFC00 != 0xDC00 {
		return 0, 0
	}
	return 2 * escape, utf8.EncodeRune(to, 0x10000+(c-0xD800)<<10+(low-0xDC00))
}

// hex4 returns the number in the \u escape that b begins with.
func hex4(b []byte) (c rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, digit := range b[2:6] {
		switch {
		case '0' <= digit && digit <= '9':
			digit -= '0'
		case 'a' <= digit|0x20 && digit|0x20 <= 'f':
			digit = digit | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		c = c<<4 | rune(digit)
	}
	return c, true
}

// simpleEscapes maps the byte after a backslash to the byte that the escape stands for.
// It has 0 for all other bytes.
var simpleEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// skipValue returns the end of the digits or spaces at b[at]. It returns len(b) if the
// digits do not have this kind, since no literal fits there.
func skipValue(b []byte, at int, kind SlotKind) int {
	begin := at
	if kind == Space {
		for at < len(b) && b[at] == ' ' {
			at++
		}
		return at
	}
	if kind == Decimal {
		return skipDecimal(b, at)
	}
	at = jsonscan.SkipDigits(b, at)
	size := at - begin
	switch {
	case size == 0,
		kind != Digits && size > jsonscan.MaxDigits,
		kind == Index && size > maxIndex,
		kind == Index && size > 1 && b[begin] == '0',
		kind == Number1 && b[begin] == '0':
		return len(b)
	}
	return at
}

// skipDecimal is skipValue for a number in any form that JSON has, such as -1.5e-05.
func skipDecimal(b []byte, at int) int {
	at = skipByte(b, at, "-")
	begin := at
	at = jsonscan.SkipDigits(b, at)
	if at == begin || at > begin+1 && b[begin] == '0' {
		return len(b)
	}
	if fraction := skipByte(b, at, "."); fraction > at {
		if at = jsonscan.SkipDigits(b, fraction); at == fraction {
			return len(b)
		}
	}
	if exponent := skipByte(b, at, "eE"); exponent > at {
		begin := skipByte(b, exponent, "+-")
		if at = jsonscan.SkipDigits(b, begin); at == begin {
			return len(b)
		}
	}
	return at
}

// skipByte returns the position after b[at] if that is one of these bytes, and otherwise
// at.
func skipByte(b []byte, at int, of string) int {
	if at < len(b) && strings.IndexByte(of, b[at]) >= 0 {
		return at + 1
	}
	return at
}

// maxIndex is the number of digits that an index may have.
const maxIndex = 4

// OneText is the limit on the text that MatchOne reads: its length must be less.
const OneText = 16

// OneLen returns the length of the text in an event of n bytes. It returns 0 if MatchOne
// cannot read the event.
func (t *Template) OneLen(n int) int {
	size := n - int(t.head)
	if t.n != 1 || t.back == 0 || t.last < OneText || uint(size-1) >= OneText {
		return 0
	}
	return size
}

// MatchOne reads an event that is all of b. OneLen has returned the length of its text.
// MatchOne returns the two words that begin with the text. The length of b decides where
// the text ends, so MatchOne searches for nothing. ok is false if the event does not fit.
func (t *Template) MatchOne(b []byte, size int) (w0, w1 uint64, ok bool) {
	last := int(t.last)
	text := b[int(t.head)-last:]
	w0, w1 = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[8:])
	// The text is plain if the first special byte is the quote after it.
	ok = jsonscan.PlainIn(w0, w1) == size && string(text[size:]) == string(t.literals[:last]) &&
		string(b[:len(b)-len(text)]) == string(t.literals[last:t.head])
	return w0, w1, ok
}
