package dialect

import (
	"bytes"

	"github.com/seed-4d65deac/llmstream/internal/decode"
	"github.com/valyala/fastjson"
)

// OpenAI's Responses API:
// https://platform.openai.com/docs/api-reference/responses-streaming. An answer
// is one choice. It is made of items: messages, reasoning, calls and what tools of the
// provider do. Each begins, comes in deltas and then once more as a whole, and the
// terminal response repeats all of them (O-06).
//
// openai_responses_items.go finds out which item an event is for, _texts.go and _parts.go
// take the texts of an item, _match.go compares them with an item that has come as a
// whole, _whole.go begins and ends items, _calls.go has the arguments of calls, _end.go
// the response itself, and _prune.go leaves out what is not read of large events.

// responseEvent holds the members of an event.
type responseEvent struct {
	typ, object, sequence                         *fastjson.Value
	outputIndex, contentIndex, summaryIndex, item *fastjson.Value
	itemID, part, annotation                      *fastjson.Value
	delta, text, refusal, arguments, input, name  *fastjson.Value
	logprobs, response, err, usage                *fastjson.Value
}

func (e *responseEvent) read(root *fastjson.Value) {
	root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "type":
			e.typ = v
		case "object":
			e.object = v
		case "sequence_number":
			e.sequence = v
		case "output_index":
			e.outputIndex = v
		case "content_index":
			e.contentIndex = v
		case "summary_index":
			e.summaryIndex = v
		case "item":
			e.item = v
		case "item_id":
			e.itemID = v
		case "part":
			e.part = v
		case "annotation":
			e.annotation = v
		case "delta":
			e.delta = v
		case "text":
			e.text = v
		case "refusal":
			e.refusal = v
		case "arguments":
			e.arguments = v
		case "input":
			e.input = v
		case "name":
			e.name = v
		case "logprobs":
			e.logprobs = v
		case "response":
			e.response = v
		case "error":
			e.err = v
		case "usage":
			e.usage = v
		}
	})
}

const responsePrefix = "response."

// detectResponses reports whether an event is one of a response, or the object is
// a response itself. Errors and pings may be any dialect's.
func detectResponses(s *decode.Context) bool {
	return bytes.HasPrefix(s.EventType(), []byte(responsePrefix)) || string(s.Word(decode.Member(s.Root, "object"))) == "response"
}

// Responses decodes the streams of the Responses API.
type Responses struct {
	// items holds the items that have come, in the order in which they began. counts has
	// the number of items of each class, which is at most MaxToolCalls.
	items  []outputItem
	counts [itemClasses]int
	clock  uint32 // counts the pieces of text that items got; see outputItem.touched
	id     uint64 // hash of the response's id as it was announced
	answer uint64 // hash of the id that the beginning of the response had
	begun  bool   // the beginning of the response was seen, so the stream was not resumed
	// brokenOff is set if the response has not ended as it should. Items that had not
	// ended by then have broken off.
	brokenOff bool
	wholes    []textOfWhole // the texts of the item that has come as a whole
	places    []int         // the item at each place of the terminal response, or noItem
	spent     int           // number of steps that the event has taken; see spend
	// restAt is the number of the latest event that has ended what the terminal response
	// lacks, and restBroken what brokenOff was then. A hostile stream ends a thousand items
	// in each of its events.
	restAt     int64
	restBroken bool
}

// maxReusedItems is the number of items whose memory may be kept for the next stream.
const maxReusedItems = 64

// Reset makes o ready for another response.
func (o *Responses) Reset() {
	items := o.items[:0]
	if cap(items) > maxReusedItems {
		items = nil
	}
	for i := range o.items {
		texts := o.items[i].texts
		clear(texts)
		o.items[i] = outputItem{texts: texts[:0]}
	}
	places := o.places[:0]
	if cap(places) > maxReusedItems {
		places = nil
	}
	*o = Responses{items: items, wholes: o.wholes[:0], places: places, spent: o.spent}
}

// Decode adds the deltas of an event.
func (o *Responses) Decode(s *decode.Context) {
	s.PiecesOnly, o.spent = true, 0
	var e responseEvent
	e.read(s.Root)
	s.Sequence, _ = s.Int(e.sequence)
	typ := e.typeOf(s)
	if e.typ == nil && string(s.Word(e.object)) == "response" { // a whole response in place of a stream (F-26)
		e.response = s.Root
		o.decodeResponse(s, s.Choice(0), &e, nil)
		return
	}
	if !bytes.HasPrefix(typ, []byte(responsePrefix)) {
		o.decodeResponseError(s, &e, typ)
		return
	}
	s.NoPing = true
	t := s.Choice(0)
	switch string(typ[len(responsePrefix):]) {
	case "output_text.delta":
		if o.addPiece(s, t, &e, partText, e.contentIndex) {
			o.addLogprobs(s, t, e.logprobs)
		}
	case "reasoning_summary_text.delta":
		o.addPiece(s, t, &e, partSummary, e.summaryIndex)
	case "reasoning_text.delta", "reasoning.delta":
		o.addPiece(s, t, &e, partReasoning, e.contentIndex)
	case "refusal.delta":
		o.addPiece(s, t, &e, partRefusal, e.contentIndex)
	case "function_call_arguments.delta", "custom_tool_call_input.delta":
		o.addArguments(s, t, &e)
	case "output_text.done":
		if o.endText(s, t, &e, partText, e.contentIndex, e.text) {
			o.addLogprobs(s, t, e.logprobs)
		}
	case "reasoning_summary_text.done":
		o.endText(s, t, &e, partSummary, e.summaryIndex, e.text)
	case "reasoning_text.done", "reasoning.done":
		o.endText(s, t, &e, partReasoning, e.contentIndex, e.text)
	case "refusal.done":
		o.endText(s, t, &e, partRefusal, e.contentIndex, e.refusal)
	case "function_call_arguments.done":
		o.endArguments(s, t, &e, e.arguments, decode.TypeFunction)
	case "custom_tool_call_input.done":
		o.endArguments(s, t, &e, e.input, decode.TypeCustom)
	case "content_part.added", "reasoning_part.added":
		o.beginPart(s, &e, e.contentIndex)
	case "reasoning_summary_part.added":
		o.beginPart(s, &e, e.summaryIndex)
	case "content_part.done", "reasoning_part.done":
		o.endPart(s, t, &e, e.contentIndex)
	case "reasoning_summary_part.done":
		o.endPart(s, t, &e, e.summaryIndex)
	case "output_text.annotation.added", "output_text_annotation.added":
		o.addAnnotation(s, t, &e)
	case "output_item.added":
		o.beginItem(s, t, &e)
	case "output_item.done":
		o.endItem(s, t, &e)
	case "audio.delta":
		o.addSound(s, t, `{"data":`, e.delta)
	case "audio.transcript.delta":
		o.addSound(s, t, `{"transcript":`, e.delta)
	case "created":
		o.beginResponse(s, t, &e, true)
	case "queued", "in_progress":
		o.beginResponse(s, t, &e, false)
	case "completed", "incomplete", "failed", "cancelled":
		o.decodeResponse(s, t, &e, typ[len(responsePrefix):])
	case "done": // whatever its status
		o.decodeResponse(s, t, &e, nil)
	case "error":
		o.decodeResponseError(s, &e, typ[len(responsePrefix):])
	default: // such as pieces of text that the provider's own tools write
		if e.delta != nil {
			s.Source = decode.TextSource{Member: "delta", Kind: decode.KindOther, Choice: s.Recent, Call: -1}
		}
	}
}

// typeOf returns the type of the event. Some servers give it in the event line alone, and
// more of them leave out that line (O-01).
func (e *responseEvent) typeOf(s *decode.Context) []byte {
	if typ := s.Word(e.typ); len(typ) > 0 {
		return typ
	}
	return s.Type
}

// decodeResponseError decodes an event that does not belong to a response: an error, or
// what a gateway puts between.
func (o *Responses) decodeResponseError(s *decode.Context, e *responseEvent, typ []byte) {
	switch {
	case s.IsError(e.err): // {"type":"error","error":{…}}
		s.AddError(-1, e.err, s.Root)
	case string(typ) == "error": // {"type":"error","code":…,"message":…}
		s.AddError(-1, s.Root, nil)
	case len(typ) == 0:
		s.AddErrorObject()
	}
}

// addLogprobs adds the log probabilities of a text in the form of chat completions.
func (o *Responses) addLogprobs(s *decode.Context, t *decode.Choice, v *fastjson.Value) {
	if s.IsFilledArray(v) {
		s.Add(decode.KindLogprobs, t.Index).Text = s.Wrap(`{"content":`, v, "}")
	}
}

// addSound adds a piece of spoken output.
func (o *Responses) addSound(s *decode.Context, t *decode.Choice, open string, v *fastjson.Value) {
	if v != nil {
		s.Delivered = true
		s.Add(decode.KindMedia, t.Index).Text = s.Wrap(open, v, "}")
	}
}
