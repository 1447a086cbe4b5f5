package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// Options bounds what one stream may cost and chooses what is delivered. A nil
// *Options, and fields that are zero or negative, mean the defaults. Each limit
// counts what its comment says. Past a limit the stream goes on, and the [Outcome]
// reports what was lost.
type Options struct {
	// MaxLine is the number of bytes that a line may have, without its end. A longer
	// line makes its event malformed and is not kept. The default is 32 MiB, as in
	// official Go clients. So a gateway can read what its clients can read.
	MaxLine int
	// MaxEvent is the number of bytes of data that an event may have: all its data
	// lines together, or the payload of a frame. A larger event is skipped without
	// being kept, and reported as KindMalformed. The default is 32 MiB, because
	// base64 images and echoed prompts of several MiB come in one event. The limit
	// also holds for an item that comes in pieces, and for all unfinished items
	// together.
	MaxEvent int
	// MaxValues is the number of JSON values that an event may hold, counting
	// members and elements. In an event with more values, a list of numbers counts as one
	// value, and so does a list in a member named logprobs, logprobsResult or tools, since
	// no decoder looks into these lists. If there are still too many values, the event is
	// malformed. The default is 8,192; the largest recorded events hold 300. While an event
	// is decoded, a value takes up to 500 bytes of memory. Nesting is limited to 300 levels.
	MaxValues int
	// MaxChoices is the number of choices that an answer may have. Further ones are
	// malformed and left out. The default is 128, the most that OpenAI's n allows.
	MaxChoices int
	// MaxToolCalls is the number of tool calls that a stream may have, all choices
	// together. It is also the number of items of an answer that consists of items.
	// Further ones are malformed and left out. The default is 1,024: recorded
	// answers have at most three calls and twenty items.
	MaxToolCalls int
	// MaxBadText is the number of bytes that are kept of a text that is not an
	// event, such as an error page. Its beginning is reported as the provider's
	// error, and the rest is dropped. Each text of an APIError is cut to this length
	// too. The default is 4 KiB, enough for any message.
	MaxBadText int

	// Kinds are the kinds of deltas to deliver; 0 means all. The outcome does not
	// depend on it.
	Kinds Kind
	// ReadToEnd makes a Reader read to the end of its input after the dialect's end
	// marker. A Parser and a Tee always do.
	ReadToEnd bool
	// NoFastPath passes every event to the JSON parser. Without it, an event that
	// differs from an earlier one only in its text is read without the parser. The
	// results are the same; the option is for comparing the two.
	NoFastPath bool
	// Events, if not nil, gets each event before its deltas, except events past a
	// limit. Events without a blank line between them come as one event, as they
	// arrived. It may also be a [CommentHandler].
	Events EventHandler
}

const (
	defaultMaxLine      = 32 << 20
	defaultMaxEvent     = 32 << 20
	defaultMaxValues    = 8 << 10
	defaultMaxChoices   = 128
	defaultMaxToolCalls = 1024
	defaultMaxBadText   = 4 << 10
)

const allKinds = KindBlocked<<1 - 1

// settings are the options of a parser with every limit set, and what of them the
// layers below are bound by. They are read only.
type settings struct {
	Options
	decode decode.Limits
}

// wire returns the limits of the bytes.
func (s *settings) wire() wire.Limits {
	return wire.Limits{Line: s.MaxLine, Event: s.MaxEvent, Text: s.MaxBadText}
}

// defaultSettings is shared by all parsers that were given no options.
var defaultSettings = Options{}.filled()

// withDefaults returns o with every limit set.
func (o *Options) withDefaults() *settings {
	if o == nil {
		return defaultSettings
	}
	return o.filled()
}

func (o Options) filled() *settings {
	c := &settings{Options: o}
	for _, l := range [...]struct {
		limit *int
		to    int
	}{
		{&c.MaxLine, defaultMaxLine},
		{&c.MaxEvent, defaultMaxEvent},
		{&c.MaxValues, defaultMaxValues},
		{&c.MaxChoices, defaultMaxChoices},
		{&c.MaxToolCalls, defaultMaxToolCalls},
		{&c.MaxBadText, defaultMaxBadText},
	} {
		if *l.limit <= 0 {
			*l.limit = l.to
		}
	}
	if c.Kinds == 0 {
		c.Kinds = allKinds
	}
	c.decode = decode.Limits{
		MaxValues: c.MaxValues, MaxChoices: c.MaxChoices, MaxToolCalls: c.MaxToolCalls, MaxEvent: c.MaxEvent,
		MaxBadText: c.MaxBadText, Kinds: decode.Kind(c.Kinds), Whole: c.NoFastPath,
	}
	return c
}
