package main

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/testdata"
)

// A recording is the body of a response that can be served.
type recording struct {
	name     string // DIALECT/NAME
	dialect  llmstream.Dialect
	wire     llmstream.Wire
	media    string // its Content-Type
	status   int
	body     []byte
	fixture  bool            // written by hand, and not recorded from a provider
	cassette string          // the cassette that it comes from, or "" if it is a file of its own
	calls    bool            // the client has to run something, such as tool calls
	pieces   func() [][]byte // the body, cut after each event
}

// origin returns the word for where a recording comes from.
func (one *recording) origin() string {
	if one.fixture {
		return "fixture"
	}
	return "recorded"
}

// The recordings of a server, in the order in which they are searched.
type recordings struct {
	all  []*recording
	mine int // how many, from the first one on, come from files of the user
}

// fixtures has the answers "text" and "tools" of each dialect, or "text" alone if the dialect
// has no tools. A dialect that answers in several forms has both answers in each form. All
// were written for this project in the providers' formats. No provider sent them.
//
//go:embed fixtures/*/*
var fixtures embed.FS

// forms are the names of "text" and "tools" by the end of a request's path, and by its
// query, where a path has another form than the rest of its dialect.
var forms = [...]struct{ end, query, prefix string }{
	{"/chat/completions", "", ""},
	{"/completions", "", "legacy-"},
	{":streamGenerateContent", "alt=sse", ""},
	{":streamGenerateContent", "", "array-"},
	{"/v1/chat", "", "v1-"},
	{"/api/generate", "", "generate-"},
	{"/invoke-with-response-stream", "", "invoke-"},
	{"/invoke", "", "invoke-"},
	{"/completion", "", "content-"},
	{"/infill", "", "content-"},
}

// recordings returns the recordings in the named files, then the fixtures "text" and
// "tools", then the contents of package testdata.
func (s *invocation) recordings(names []string) (*recordings, error) {
	r := new(recordings)
	for _, name := range names {
		err := s.eachStream(name, func(one stream) error {
			body, err := io.ReadAll(one.body)
			if err == nil {
				r.addInteraction(filepath.Base(name)+strings.TrimPrefix(one.source, name), one, body)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, withoutPath(err))
		}
	}
	r.mine = len(r.all)
	if err := r.addFixtures(); err != nil {
		return nil, err
	}
	return r, r.addTestdata()
}

func (r *recordings) addInteraction(title string, one stream, body []byte) {
	added := newRecording(title, one.dialect, body, one.status, one.media)
	added.cassette, _, _ = strings.Cut(title, "#")
	r.all = append(r.all, added)
}

func (r *recordings) addFixture(folder, title string, body []byte) error {
	dialect, err := llmstream.ParseDialect(folder)
	if err != nil {
		return err
	}
	added := newRecording(title, dialect, body, 0, "")
	added.fixture = true
	r.all = append(r.all, added)
	return nil
}

// addFixtures adds the contents of fixtures. Their names have no extension, because
// recordings of testdata have the same names.
func (r *recordings) addFixtures() error {
	return fs.WalkDir(fixtures, "fixtures", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fixtures.ReadFile(name)
		if err != nil {
			return err
		}
		ext := path.Ext(name)
		if ext == ".frames" {
			if body, err = testdata.Frames(string(body)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return r.addFixture(path.Base(path.Dir(name)), strings.TrimSuffix(path.Base(name), ext), body)
	})
}

// addTestdata adds the recordings of package testdata. Only its cassette was recorded
// from a provider.
func (r *recordings) addTestdata() error {
	return fs.WalkDir(testdata.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".want.json") {
			return err
		}
		if path.Ext(name) == ".yaml" {
			f, err := testdata.FS.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			return eachInteraction(name, f, func(one stream) error {
				body, err := io.ReadAll(one.body)
				r.addInteraction(one.source, one, body)
				return err
			})
		}
		body, err := testdata.Body(name)
		if err != nil {
			return err
		}
		folder, title := path.Split(name)
		return r.addFixture(strings.TrimSuffix(folder, "/"), title, body)
	})
}

// recorded returns how many are not fixtures.
func (r *recordings) recorded() (n int) {
	for _, one := range r.all {
		if !one.fixture {
			n++
		}
	}
	return n
}

// newRecording finds out what is not known about a body.
func newRecording(title string, dialect llmstream.Dialect, body []byte, status int, media string) *recording {
	p := llmstream.NewParser(dialect, nil, nil)
	p.Write(body)
	p.Close() // a recording of a failure is as good as any
	outcome := p.Outcome()
	if dialect == llmstream.Auto {
		dialect = outcome.Dialect
	}
	one := &recording{name: dialect.String() + "/" + title, dialect: dialect, wire: outcome.Wire, media: media, status: status, body: body}
	for _, c := range outcome.Choices {
		one.calls = one.calls || c.ToolCalls > 0 || c.FinishReason == llmstream.FinishToolCalls
	}
	if one.media == "" {
		one.media = mediaOf(title, outcome.Wire, body)
	}
	if one.status < 200 {
		one.status = http.StatusOK
	}
	one.pieces = sync.OnceValue(one.cut)
	return one
}

func mediaOf(title string, wire llmstream.Wire, body []byte) string {
	if ext := path.Ext(title); ext == ".txt" {
		return http.DetectContentType(body)
	} else if ext == ".sse" {
		return "text/event-stream"
	}
	switch wire {
	case llmstream.WireFrames:
		return "application/vnd.amazon.eventstream"
	case llmstream.WireLines:
		return "application/x-ndjson"
	case llmstream.WireJSON:
		return "application/json"
	}
	return "text/event-stream"
}

// cut cuts the body after each event and comment, which the parser reports with their
// last byte.
func (one *recording) cut() (pieces [][]byte) {
	var seen marker
	p := llmstream.NewParser(one.dialect, nil, &llmstream.Options{Events: &seen})
	rest, n := one.body, 0
	for i := range one.body {
		p.Write(one.body[i : i+1])
		n++
		ends := seen.take()
		if ends && n < len(rest) && rest[n-1] == '\r' && rest[n] == '\n' {
			ends = false // the line ends with the next byte
			seen = true
		}
		if ends {
			pieces, rest, n = append(pieces, rest[:n]), rest[n:], 0
		}
	}
	if len(rest) > 0 {
		pieces = append(pieces, rest)
	}
	return slices.Clip(pieces) // requests share it
}

// A marker is true after an event or a comment has ended.
type marker bool

func (m *marker) HandleEvent(*llmstream.Event) error { *m = true; return nil }
func (m *marker) HandleComment([]byte) error         { *m = true; return nil }

func (m *marker) take() bool {
	was := *m
	*m = false
	return bool(was)
}

// find returns the recording with a full name, or with a name in a dialect. If there is no
// such recording, it returns nil.
func (r *recordings) find(name string, d llmstream.Dialect) *recording {
	for _, one := range r.all {
		short := strings.TrimSuffix(one.name, path.Ext(one.name))
		if name == one.name || name == short {
			return one
		}
		name := d.String() + "/" + name
		if name == one.name || name == short {
			return one
		}
	}
	return nil
}

// findFor is find for a request, whose path chooses the form of "text" and "tools".
func (r *recordings) findFor(req *http.Request, name string, d llmstream.Dialect) *recording {
	short := strings.TrimPrefix(name, d.String()+"/")
	if short == "text" || short == "tools" {
		for _, form := range forms {
			if strings.HasSuffix(req.URL.Path, form.end) && strings.Contains(req.URL.RawQuery, form.query) {
				if one := r.find(form.prefix+short, d); one != nil {
					return one
				}
				break
			}
		}
	}
	return r.find(name, d)
}

// plain returns the recording for a request without a name, or nil. d is the dialect of the
// path, and as is the dialect that recordings are translated to. The recording is the first of
// the user's files in d, or the first in any dialect if as is d.
func (r *recordings) plain(req *http.Request, d, as llmstream.Dialect) *recording {
	for _, one := range r.all[:r.mine] {
		if one.dialect == d || as == d {
			return one
		}
	}
	return r.findFor(req, "text", d)
}

// answerAfter returns the recording for the request that brings the results of the
// calls of one: the next without calls in the same cassette, or among the user's files,
// or else "text".
func (r *recordings) answerAfter(one *recording, req *http.Request, d llmstream.Dialect) *recording {
	passed := false
	for _, next := range r.all {
		if passed && next.cassette != "" && next.cassette == one.cassette && !next.calls {
			return next
		}
		passed = passed || next == one
	}
	for _, next := range r.all[:r.mine] {
		if next.dialect == d && !next.calls {
			return next
		}
	}
	return r.findFor(req, "text", d)
}

// list writes a line for each recording: its name, Content-Type and origin.
func (r *recordings) list(w io.Writer) error {
	var b bytes.Buffer
	for _, one := range r.all {
		fmt.Fprintf(&b, "%s\t%s\t%s\n", field(one.name), field(one.media), one.origin())
	}
	_, err := w.Write(b.Bytes())
	return err
}
