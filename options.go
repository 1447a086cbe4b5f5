package llmstream

import (
	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/seed-4d65deac/llmstream/internal/wire"
)

// Options bounds what one stream may cost and chooses what is told of it. A nil
// *Options and fields that are zero or negative mean the defaults. Every limit counts what its
// comment says; past it the stream goes on, and the [Outcome] tells what was
// lost.
type Options struct {
	// MaxLine is how many bytes one line may have, without its end. A longer
	// line makes its event malformed and is not kept. Default 32 MiB: what the
	// official Go clients take, so that whatever a client reads is read here too.
	MaxLine int
	// MaxEvent is how many bytes of data one event may have, all its lines
	// together, or a frame's payload. A larger event is skipped without being kept and reported as
	// KindMalformed. Default 32 MiB: base64 images and echoed prompts of
	// several MiB do come in one event (F-15, F-36). An item that comes in pieces
	// may have as many bytes, and so may all of them that are unfinished.
	MaxEvent int
	// MaxValues is how many JSON values one event may hold, counting members
	// and elements. More make the event malformed. Default 65,536: the largest
	// recorded events hold some hundreds, and one value costs about 100 bytes to
	// parse. Nesting is bounded too, at 300 levels.
	MaxValues int
	// MaxChoices is how many choices one answer may have. Further ones are
	// malformed and left out. Default 128, the most that OpenAI's n allows.
	MaxChoices int
	// MaxToolCalls is how many tool calls one stream may have, all choices
	// together, and how many messages and pieces of reasoning, where an answer
	// is made of such items. Further ones are malformed and left out. Default
	// 1,024: recorded answers have three calls and twenty items at most.
	MaxToolCalls int
	// MaxBadText is how many bytes are kept of a text that is no event, such
	// as an error page (F-38); the rest of it is dropped, its beginning is
	// reported as the provider's error. Each text of an APIError is cut down to so
	// many too. Default 4 KiB: enough for any message.
	MaxBadText int

	// Kinds are the kinds of deltas to deliver; 0: all. The outcome does not
	// depend on it.
	Kinds Kind
	// Drain makes a Reader go on to the end of its input behind the dialect's
	// end marker. A Parser and a Tee always do.
	Drain bool
	// NoFastPath hands every event to the JSON parser, where else one that differs
	// from an earlier one in its text alone is read without. What it yields is the
	// same (contract 4); this is for comparing the two.
	NoFastPath bool
	// Events, if not nil, sees each event before its deltas, but for those past a
	// limit; events that came glued come as the one event that they arrived as.
	// It may implement [CommentHandler] too.
	Events EventHandler
}

const (
	defaultMaxLine      = 32 << 20
	defaultMaxEvent     = 32 << 20
	defaultMaxValues    = 1 << 16
	defaultMaxChoices   = 128
	defaultMaxToolCalls = 1024
	defaultMaxBadText   = 4 << 10
)

const allKinds = KindItem<<1 - 1

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
