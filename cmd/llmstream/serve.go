package main

import (
	"flag"
	"fmt"
	"strings"
)

var serveCommand = command{
	name: "serve", arguments: "[FILE…]", summary: "recordings as an HTTP server that answers like the providers",
	help: `Serve answers each request to the path of a provider with a stream from a file,
event by event, until it is interrupted. The path decides the dialect:

  /v1/chat/completions  /v1/completions  /v1/responses  /v1/messages
  /v1beta/models/MODEL:streamGenerateContent  /v1beta/interactions
  /v2/chat  /v1/chat  /api/chat  /api/generate  /ai/run/MODEL
  /model/MODEL/converse-stream  /model/MODEL/invoke-with-response-stream

and longer paths that end so. Two answers exist in each dialect: "text", and
"tools", which calls the tool get_weather.

The FILEs are taken for recordings of a provider. The answers that are built in are
fixtures, written by hand in a provider's format, except for one cassette. GET /
lists all with their Content-Type and one of the words recorded and fixture; each
response has the word in its header Llmstream-Origin. GET /v1/models lists them
as models.

A request chooses by name: in the parameter "recording" of its query, in the header
Llmstream-Recording, or as its model, in the body or the path. A name is
DIALECT/NAME as listed, or NAME in the dialect of the path, with or without its
extension. A request without a name gets the first FILE of its dialect, or else
"text". Other members of a request, and its key, have no influence, except:

  A request for a whole answer gets one: with "stream": false, with a conversation
  and no "stream" where that means the same to the provider, or on the paths
  :generateContent, /converse and /invoke.

  A request with the results of tool calls does not get calls again, but the next
  answer without calls of the same cassette or of the FILEs, or else "text".

Each flag except -addr can also be set by a request, for that request alone: as a
parameter of its query, such as ?pace=50ms&cut=3e, or as a header, such as
Llmstream-Pace. A PLACE is a number of bytes, such as 1000, or of events, such as
3e.`,
	flags: func(s *invocation, flags *flag.FlagSet) {
		addrFlag(s, flags)
		for _, f := range faultFlags {
			flags.Func(f.name, f.usage, func(value string) error { return f.set(&s.faults, value) })
		}
	},
	whole: func(s *invocation, names []string) error {
		r, err := s.recordings(names)
		if err != nil {
			return err
		}
		h := &replay{recordings: r, faults: s.faults}
		return s.untilInterrupted(h, s.stdout, func(at string) string {
			recorded := r.recorded()
			return fmt.Sprintf("serving %d recordings and %d fixtures at %s", recorded, len(r.all)-recorded, at)
		})
	},
}

func addrFlag(s *invocation, flags *flag.FlagSet) {
	flags.StringVar(&s.addr, "addr", "127.0.0.1:0", "listen at `ADDRESS`; port 0 stands for any free port")
}

// headerOf returns the header of a request that stands for a flag.
func headerOf(flag string) string { return "Llmstream-" + strings.ToUpper(flag[:1]) + flag[1:] }
