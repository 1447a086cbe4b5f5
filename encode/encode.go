// Package encode writes the streams of LLM providers. It takes the deltas of an answer
// from any provider, and writes the events that the clients of another provider expect.
//
//	enc, err := encode.New(w, llmstream.AnthropicMessages, nil)
//	p := llmstream.NewParser(llmstream.OpenAIChat, enc, nil)
//	…                              // p.Write each piece of the body
//	p.CloseWithError(readErr)
//	err = enc.Close(p.Outcome())
//
// The source is the stream that is read. The target is the dialect that is written.
// docs/transcoding.md lists what each target cannot express, and the rules that the
// encoder keeps.
package encode

import (
	"fmt"
	"io"
	"time"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/sse"
)

// An Encoder writes the deltas of one stream as the events of a provider's API. It is
// an [llmstream.Handler], and does not retain a delta after HandleDelta has returned.
//
// An [llmstream.Parser] whose handler is the Encoder itself gives it most texts of a
// long answer directly, without deltas. The events for texts that come in one Write of
// the parser are written together.
//
// HandleDelta, Close, Ping and Error each write whole events. They call the underlying
// writer's Write once, unless the events have more than 32 KiB. After the last Write
// they flush the writer, if it has a method Flush, as an http.Flusher has. After an
// error of the writer, every later call returns that error.
//
// An Encoder is not safe for concurrent use. A caller that calls Ping from a timer must
// synchronize that with the goroutine that reads the source.
type Encoder struct {
	answer
	opt  Options
	to   llmstream.Dialect
	w    io.Writer
	out  sse.Writer // to w
	buf  []byte     // the event that is being written, which is in out's memory
	lost Lost

	target  target
	told    bool   // the source has begun
	begun   bool   // the target's beginning was written
	started bool   // something was written, even a heartbeat
	ended   bool   // nothing may be written any more, after an end or an error, or while unsaid is set (WG-7)
	unsaid  bool   // the source failed before anything was written; Close returns the error, and Error may write it
	held    int    // number of bytes that are kept; see Options.MaxHeld
	at      int64  // the time in the target's events, in Unix seconds
	made    []byte // the ID in the target's events if the source has none
	err     error  // error of the writer

	run        run // the run that the last delta belongs to
	tails      []cutTail
	mended     llmstream.Delta // what mend returns
	mendedText []byte
}

var _ llmstream.Handler = (*Encoder)(nil)

// A target writes the events of one API. Its methods add events to Encoder.out; the
// encoder flushes them.
type target interface {
	reset()
	// start writes what the stream begins with. It is called once, before all others.
	start()
	// delta writes output: content, reasoning, a refusal, pieces and ends of tool calls,
	// log probabilities, media, annotations and items.
	delta(c *choice, d *llmstream.Delta)
	// more writes text that continues a run, which delta has begun with beginRun.
	more(text []byte)
	// end writes the normal end.
	end()
	// fail writes an error, after which nothing follows.
	fail(f *failure)
	// ping writes a heartbeat. It may be called before start.
	ping()
	// drop forgets what waits of a part of the message that begins anew. The choice's calls
	// are marked as void already.
	drop(c *choice, part int)
	// replace forgets the arguments that were written of the call that is being written. ok
	// is false if the target does not write all of them once more at the call's end.
	replace() (ok bool)
}

// New returns an encoder that writes a stream in dialect to. That must be OpenAIChat,
// AnthropicMessages, OpenAIResponses or Gemini; for any other dialect New returns an
// error. o may be nil and is copied.
func New(w io.Writer, to llmstream.Dialect, o *Options) (*Encoder, error) {
	e := &Encoder{to: to}
	if o != nil {
		e.opt = *o
	}
	if e.opt.MaxHeld <= 0 {
		e.opt.MaxHeld = defaultMaxHeld
	}
	if e.opt.Now == nil {
		e.opt.Now = time.Now
	}
	switch to {
	case llmstream.OpenAIChat:
		e.target = &chatTarget{Encoder: e}
	case llmstream.AnthropicMessages:
		e.target = newAnthropicTarget(e)
	case llmstream.OpenAIResponses:
		e.target = newResponsesTarget(e)
	case llmstream.Gemini:
		e.target = &geminiTarget{Encoder: e}
	default: // there is no target that writes a JSON array (WM-12)
		return nil, errTarget(to)
	}
	e.Reset(w)
	return e, nil
}

func errTarget(to llmstream.Dialect) error {
	return fmt.Errorf("llmstream: streams of dialect %v cannot be written", to)
}

// Reset makes e ready to write another stream to w, with the same options. It keeps its
// memory. A caller that fails over to another source calls Reset in between.
func (e *Encoder) Reset(w io.Writer) {
	e.answer.reset()
	e.w, e.lost, e.err = w, Lost{}, nil
	e.out.Reset(w)
	e.told, e.begun, e.started, e.ended, e.unsaid, e.held = false, false, false, false, false, 0
	e.made, e.tails, e.run = e.made[:0], e.tails[:0], run{}
	e.target.reset()
}

// Lost returns the counts of what could not be written so far.
func (e *Encoder) Lost() Lost { return e.lost }

// Started reports whether anything has been written, even a heartbeat. Until then the
// caller may still choose an HTTP status.
func (e *Encoder) Started() bool { return e.started }

// HandleDelta writes what d adds to the answer. It returns an error only if the writer
// failed, and not for damage or an error of the source. Deltas after the end of the
// answer are counted in Lost.
func (e *Encoder) HandleDelta(d *llmstream.Delta) error {
	if e.err != nil {
		return e.err
	}
	if e.run.continues(d) && len(e.tails) == 0 {
		e.target.more(d.Text)
		return e.flush()
	}
	e.run = run{}
	if e.ended { // WG-7
		if d.HasOutput() || d.Kind == llmstream.KindUsage {
			e.lost.AfterEnd++
		} else if d.Kind == llmstream.KindRestart && d.Part < 0 {
			e.lost.Restarts++ // the client has the answer that is void now
		}
		return nil
	}
	// The beginning waits for the counts that the source begins with (WA-4), which are in
	// the same event as its beginning.
	if e.told && !e.begun && !e.opt.HoldStart && d.Kind&(llmstream.KindStart|llmstream.KindRestart|llmstream.KindUsage) == 0 {
		e.begin()
	}
	switch d.Kind {
	case llmstream.KindPing, llmstream.KindOther: // the source's own affairs (WG-12, WG-13)
	case llmstream.KindStart:
		e.noteStart(d)
	case llmstream.KindUsage: // kept until the end, and written once (WG-10)
		e.usage = d.Usage
		e.usage.Raw = nil
	case llmstream.KindFinish:
		e.noteFinish(d)
		if e.isAlone() && e.choice(d.Choice).place > 0 {
			e.lost.Choices++
		}
	case llmstream.KindRestart:
		e.told = true
		e.restart(e.choice(d.Choice), d.Part)
	case llmstream.KindBlocked:
		e.noteBlock(d)
	case llmstream.KindError:
		e.failUnlessHeld(failureOf(d.Err))
	case llmstream.KindMalformed:
		e.lost.Malformed++
		if e.opt.MalformedAsError {
			e.failUnlessHeld(failure{status: 502, typ: "server_error", message: "a part of the upstream's stream could not be read"})
		}
	case llmstream.KindDone:
		if e.whole() {
			e.finish()
		}
	default:
		e.handleOutput(d)
	}
	return e.flush()
}

// noteStart takes the ID, the model and the time of the stream, or the beginning of a choice.
func (e *Encoder) noteStart(d *llmstream.Delta) {
	s := d.Start
	if s == nil {
		return
	}
	if len(s.ID) > 0 && !e.begun { // later ones come too late (WG-18)
		e.id = append(e.id[:0], s.ID...)
	}
	if len(e.model) == 0 {
		e.model = append(e.model, s.Model...)
	}
	if e.created == 0 {
		e.created = s.Created
	}
	e.told = true
	if d.Choice < 0 {
		return
	}
	c := e.choice(d.Choice)
	if e.to == llmstream.OpenAIChat && !e.opt.HoldStart { // its beginning has no counts
		e.begin()
		e.target.delta(c, d)
	}
}

// handleOutput writes output. With it the stream begins, if it has not.
func (e *Encoder) handleOutput(d *llmstream.Delta) {
	if d.Choice < 0 { // citations of the answer as a whole
		e.lost.count(d)
		return
	}
	isPlan := d.Detail != nil && string(d.Detail.Type) == "tool_plan"         // Cohere's plan is not its reasoning
	if d.Kind == llmstream.KindReasoning && (e.opt.DropReasoning || isPlan) { // WA-14
		e.lost.Reasoning++
		return
	}
	c := e.choice(d.Choice)
	if d.HasOutput() {
		c.output, c.finished = true, false
	}
	if e.isAlone() && c.place > 0 {
		e.lost.Choices++
		if d.Kind&(llmstream.KindToolCall|llmstream.KindToolCallEnd) != 0 { // for the verdict; see whole
			if k := c.call(d.ToolCall.Index, d.Part); k != nil {
				k.note(d, &e.lost)
			}
		}
		return
	}
	if c.takesBackEnd(d) {
		e.failAgain("the upstream went on with a tool call that had ended")
		return
	}
	if isText(d) {
		if d.Part < c.part {
			e.lost.Order++
		}
		c.part = max(c.part, d.Part)
	}
	if !d.HasOutput() && e.opt.HoldStart && !e.begun && d.Kind != llmstream.KindReasoning && d.Kind != llmstream.KindToolCall && d.Kind != llmstream.KindToolCallEnd {
		e.lost.count(d)
		return
	}
	e.begin()
	if len(e.tails) > 0 {
		if d.Kind == llmstream.KindToolCallEnd {
			e.flushTails(d)
		} else if d.ToolCall.Restart {
			e.dropTails(func(t *cutTail) bool { return t.is(d) })
		}
	}
	e.target.delta(c, e.mend(d))
}

func isText(d *llmstream.Delta) bool {
	return len(d.Text) > 0 && d.Kind&(llmstream.KindContent|llmstream.KindReasoning|llmstream.KindRefusal) != 0
}

// isAlone reports whether the target's API has one choice alone.
func (e *Encoder) isAlone() bool {
	return e.to == llmstream.AnthropicMessages || e.to == llmstream.OpenAIResponses
}

// begin writes the target's beginning, once (WG-7).
func (e *Encoder) begin() {
	if e.begun {
		return
	}
	e.begun = true
	if e.at = e.created; e.at == 0 { // one time for the whole stream (WG-17)
		e.at = e.opt.Now().Unix()
	}
	e.target.start()
}

// finish writes the normal end. Only a whole answer has one (WG-8).
func (e *Encoder) finish() {
	e.begin()
	if len(e.tails) > 0 {
		e.flushTails(nil)
	}
	if e.awaitsCall() {
		e.failAgain("the upstream took back a tool call")
		return
	}
	e.target.end() // which may turn out to be an error
	e.ended, e.run = true, run{}
}

// abort writes the target's error, and nothing after it.
func (e *Encoder) abort(f failure) {
	if e.ended {
		return
	}
	e.ended, e.run = true, run{}
	e.target.fail(&f)
}

// failUnlessHeld is abort, except for an error that a caller wants to know of before
// anything is written: Close returns that (WG-21).
func (e *Encoder) failUnlessHeld(f failure) {
	if !e.opt.HoldStart || e.begun {
		e.abort(f)
		return
	}
	e.ended, e.unsaid, e.run = true, true, run{}
}

// Close writes the end of the stream, unless the source's end marker has already caused
// it. The outcome of the source decides which end: the normal end for a complete
// answer, an error for an answer that failed, was cut, was empty or was not a stream,
// and nothing if the reading was stopped.
//
// It returns the error of the writer. With Options.HoldStart, if the source failed
// before the beginning was written, Close writes nothing and returns o.Err().
func (e *Encoder) Close(o llmstream.Outcome) error {
	switch {
	case e.err != nil:
		return e.err
	case e.unsaid:
		return o.Err()
	case e.ended:
		return nil
	case o.State == llmstream.StateComplete:
		if e.isBlocked = e.isBlocked || o.BlockReason != ""; len(e.blocked) == 0 {
			e.blocked = append(e.blocked, o.BlockReason...)
		}
		e.finish()
	case e.opt.HoldStart && !e.begun:
		e.ended, e.unsaid = true, true
		return o.Err()
	case o.State == llmstream.StateStopped:
	case o.State == llmstream.StateError:
		e.abort(failureOf(o.Err()))
	default:
		e.abort(errEndedEarly)
	}
	e.ended, e.run = true, run{}
	return e.flush()
}

// Error writes err in the target's form, and ends the stream. It may be called after a
// Close that wrote nothing and returned the error. If err holds an
// *[llmstream.APIError], its type, code and status are translated. Otherwise the text
// of err is sent to the client. After an end Error does nothing.
func (e *Encoder) Error(err error) error {
	if e.err != nil || e.ended && !e.unsaid {
		return e.err
	}
	e.ended, e.unsaid = false, false
	e.abort(failureOf(err))
	return e.flush()
}

// Ping writes a heartbeat, which clients ignore. It may be called at any time between
// two events of the source; after the end it does nothing. After a heartbeat the HTTP
// status can no longer be chosen.
func (e *Encoder) Ping() error {
	if e.err != nil || e.ended {
		return e.err
	}
	// Each method of the target writes whole events, so the heartbeat stands between two of
	// them (WH-1). Only the caller knows when one is due (WH-2), and whether the HTTP status
	// may be sent by now (WH-3).
	e.run = run{}
	e.target.ping()
	return e.flush()
}

// comment writes the heartbeat of targets that have no better one: a comment without a
// blank line, since openai-go before 3.43 takes a blank line after it for an event.
func (e *Encoder) comment() { e.out.WriteComment("ping") }

// line begins an event and returns the buffer that takes its JSON. The JSON is one data line,
// and send adds a blank line, after the last event too (WG-2, WG-3). Package sse ends lines
// with "\n" and writes no byte order mark, no ID and no retry (WG-4). typ is the event line of
// Anthropic's and the Responses API, and empty elsewhere. An event that is not sent leaves no
// trace.
func (e *Encoder) line(typ string) []byte { return e.out.BeginEvent(typ) }

// maxBuffered is how many bytes of events are gathered for one Write. The event that
// passes it is the last of them.
const maxBuffered = 32 << 10

// send ends the event in e.buf. It is written with the others of the same call, unless they
// are many.
func (e *Encoder) send() {
	e.out.EndEvent(e.buf)
	if e.out.Buffered() > maxBuffered {
		_ = e.flush() // which keeps the error
	}
}

// flush hands what was added to the writer.
func (e *Encoder) flush() error {
	if e.out.Buffered() > 0 {
		e.started = true
		e.err = e.out.Flush()
	}
	return e.err
}

// hold counts bytes that are kept, and reports whether there is room for them. If there
// is none the stream ends with an error.
func (e *Encoder) hold(n int) bool {
	if e.held += n; e.held > e.opt.MaxHeld {
		e.abort(failure{status: 502, typ: "server_error", message: "the answer is larger than what may be held of it"})
		return false
	}
	return true
}
