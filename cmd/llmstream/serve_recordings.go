package main

import (
	"bytes"
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
	name    string // DIALECT/NAME
	dialect llmstream.Dialect
	wire    llmstream.Wire
	media   string // its Content-Type
	status  int
	body    []byte
	pieces  func() [][]byte // the body, cut behind each event
}

// recordings are those that a server has.
type recordings struct {
	all  []*recording
	mine int // so many of them, the first ones, were given by the user
}

// plain are the recordings that are served when none is named, by the end of the
// path and by its query.
var plain = [...]struct{ end, query, name string }{
	{"/chat/completions", "", "openai-chat/text.sse"},
	{"/completions", "", "openai-chat/legacy-completions.sse"},
	{":streamGenerateContent", "alt=sse", "gemini/text.sse"},
	{":streamGenerateContent", "", "gemini/array.json"},
	{"/v1/chat", "", "cohere/v1-text.ndjson"},
	{"/api/generate", "", "ollama/generate.ndjson"},
	{"/api/chat", "", "ollama/chat.ndjson"},
	{"/converse-stream", "", "bedrock/converse-text.frames"},
	{"/invoke-with-response-stream", "", "bedrock/invoke-anthropic.frames"},
}

// recordings returns those of the named files, and behind them those that are
// built in.
func (s *invocation) recordings(names []string) (*recordings, error) {
	r := new(recordings)
	for _, name := range names {
		err := s.eachStream(name, func(one stream) error {
			body, err := io.ReadAll(one.body)
			if err == nil {
				title := filepath.Base(name) + strings.TrimPrefix(one.source, name)
				r.add(newRecording(title, one.dialect, body, one.status, one.media))
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, withoutPath(err))
		}
	}
	r.mine = len(r.all)
	return r, r.addBuiltIn()
}

func (r *recordings) add(one *recording) { r.all = append(r.all, one) }

// addBuiltIn adds the recordings of package testdata.
func (r *recordings) addBuiltIn() error {
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
				r.add(newRecording(one.source, one.dialect, body, one.status, one.media))
				return err
			})
		}
		body, err := testdata.Body(name)
		if err != nil {
			return err
		}
		folder, title := path.Split(name)
		dialect, err := llmstream.ParseDialect(strings.TrimSuffix(folder, "/"))
		if err != nil {
			return err
		}
		r.add(newRecording(title, dialect, body, 0, ""))
		return nil
	})
}

// newRecording finds out what it is not told of a body.
func newRecording(title string, dialect llmstream.Dialect, body []byte, status int, media string) *recording {
	p := llmstream.NewParser(dialect, nil, nil)
	p.Write(body)
	p.Close() // how it ends is not of interest
	outcome := p.Outcome()
	if dialect == llmstream.Auto {
		dialect = outcome.Dialect
	}
	one := &recording{name: dialect.String() + "/" + title, dialect: dialect, wire: outcome.Wire, media: media, status: status, body: body}
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

// cut cuts the body behind each event and comment, of which the parser tells
// with its last byte.
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

// marker notes that an event or a comment has ended.
type marker bool

func (m *marker) HandleEvent(*llmstream.Event) error { *m = true; return nil }
func (m *marker) HandleComment([]byte) error         { *m = true; return nil }

func (m *marker) take() bool {
	was := *m
	*m = false
	return bool(was)
}

// find returns the recording that a request calls name, in a dialect or with its
// full name; nil: none.
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

// plain returns the recording for a request that names none; nil: there is none.
func (r *recordings) plain(req *http.Request, d llmstream.Dialect) *recording {
	for _, one := range r.all[:r.mine] {
		if one.dialect == d {
			return one
		}
	}
	for _, p := range plain {
		if strings.HasSuffix(req.URL.Path, p.end) && strings.Contains(req.URL.RawQuery, p.query) {
			return r.find(p.name, d)
		}
	}
	return r.find("text.sse", d)
}

// list writes the names of the recordings, a line each.
func (r *recordings) list(w io.Writer) error {
	var b bytes.Buffer
	for _, one := range r.all {
		fmt.Fprintf(&b, "%s\t%s\n", one.name, one.media)
	}
	_, err := w.Write(b.Bytes())
	return err
}
