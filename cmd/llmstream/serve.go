package main

import (
	"flag"
	"fmt"
	"strings"
)

var serveCommand = command{
	name: "serve", arguments: "[FILE…]", summary: "recordings as an HTTP server that answers like the providers",
	help: `Serve runs until it is interrupted. It answers each request to the path of a
provider with a stream from a file, event by event. The path selects the dialect:

  /v1/chat/completions  /v1/completions  /v1/responses  /v1/messages
  /v1beta/models/MODEL:streamGenerateContent  /v1beta/interactions
  /v2/chat  /v1/chat  /api/chat  /api/generate  /ai/run/MODEL
  /model/MODEL/converse-stream  /model/MODEL/invoke-with-response-stream
  /services/aigc/text-generation/generation  /generate_stream  /completion
  /v1/conversations  /agents/AGENT/agentAliases/ALIAS/sessions/SESSION/text

and any path that ends in one of these. Each dialect has an answer "text". Each
dialect with tools also has an answer "tools", which calls the tool get_weather.

Serve assumes that each FILE is a recording of a provider. The built-in answers are
fixtures, written by hand in a provider's format, except for one recorded cassette.
GET / lists all of them, each with its Content-Type and the word "recorded" or
"fixture". Each response has that word in its header Llmstream-Origin. GET /v1/models
lists them as models.

A request can name the answer that it wants: in the parameter "recording" of its
query, in the header Llmstream-Recording, or as its model, in the body or the path. A
name is DIALECT/NAME as listed, or NAME in the dialect of the path, with or without
its extension. A request without a name gets the first FILE of its dialect, or else
"text". Serve looks at two more things in a request, and ignores the rest, keys
included:

  A request for a whole answer gets one. It is a request with "stream": false; or one
  with messages and no "stream", if the provider then does not stream; or one to the
  paths :generateContent, /converse, /invoke and /generate; or one without the header
  X-DashScope-SSE to DashScope's path.

  A request with the results of tool calls gets an answer without calls: the next
  one of the same cassette, else of the FILEs, else "text".

With -as, recordings are translated to one dialect, and each FILE answers on the path
of that dialect too. The translation of a recording that was cut or failed ends with
an error. Errors with a status of their own are not translated. docs/transcoding.md
lists what a translation loses.

A request can set each flag except -addr for itself: as a parameter of its query,
such as ?pace=50ms&cut=3e, or as a header, such as Llmstream-Pace. A PLACE is a
number of bytes, such as 1000, or of events, such as 3e.`,
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
