package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/httptee"
)

// A printer prints a line for each stream of a proxy. No method waits for the readers
// of its outputs.
type printer struct {
	lines, problems *lineQueue
	json            bool
}

func newPrinter(stdout, stderr io.Writer, asJSON bool) *printer {
	asText := func(n int64) []byte { return fmt.Appendf(nil, "dropped=%d\n", n) }
	forLines := asText
	if asJSON {
		forLines = func(n int64) []byte { return fmt.Appendf(nil, `{"dropped":%d}`+"\n", n) }
	}
	return &printer{lines: newLineQueue(stdout, forLines), problems: newLineQueue(stderr, asText), json: asJSON}
}

// close ends the output and reports how many lines were dropped.
func (p *printer) close() {
	if n := p.lines.close(grace); n > 0 {
		p.problems.add(fmt.Appendf(nil, "llmstream proxy: %d lines were dropped because nobody read them\n", n))
	}
	p.problems.close(grace)
}

// done prints the line of a response, unless neither its path nor its body is that of
// a stream.
func (p *printer) done(req *http.Request, r *httptee.Result) {
	if r.Outcome.State == llmstream.StateNotStream && llmstream.DetectDialect("", req.URL.Path) == llmstream.Auto {
		return
	}
	line := newProxyLine(req.URL.Path, r)
	if !p.json {
		p.lines.add(append([]byte(line.String()), '\n'))
		return
	}
	if encoded, err := jsonLine(line); err == nil { // it holds numbers and texts, which never fail
		p.lines.add(encoded)
	}
}

// complain prints why a request got no response.
func (p *printer) complain(path string, err error) {
	p.problems.add(complaint(path, upstreamProblem(err)))
}

// upstreamProblem returns what is wrong with an upstream. The errors of net/http for a
// response that is not HTTP quote it, and it may hold anything, a key for example.
func upstreamProblem(err error) string {
	text := errorText(err)
	before, _, found := strings.Cut(text, "malformed")
	if found {
		return before + "malformed response"
	}
	return text
}
