package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-4d65deac/llmstream"
)

// A cassette is a recording of go-vcr, with the members that matter here.
type cassette struct {
	Version      int
	Interactions []interaction
}

type interaction struct {
	ID      string // since version 2
	Request struct {
		URL, Body string
	}
	Response struct {
		Body    string
		Code    int
		Headers map[string][]string
	}
}

// eachInteraction calls do for every stream that a cassette holds.
func eachInteraction(name string, f io.Reader, do func(stream) error) error {
	c, err := readCassette(f)
	if err != nil {
		return err
	}
	for position, i := range c.Interactions {
		if !i.isStream() {
			continue
		}
		id := i.ID
		if c.Version == 1 || id == "" {
			id = strconv.Itoa(position)
		}
		err := do(stream{
			source: name + "#" + id, dialect: i.dialect(), body: strings.NewReader(i.Response.Body),
			status: i.Response.Code, media: i.contentType(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var errAliases = errors.New("the cassette repeats its contents by YAML aliases")

func readCassette(f io.Reader) (*cassette, error) {
	var c cassette
	size := counter{Reader: f}
	if err := yaml.NewDecoder(&size).Decode(&c); err != nil {
		return nil, fmt.Errorf("cannot read the cassette: %w", err)
	}
	if c.Version != 1 && c.Version != 2 {
		return nil, fmt.Errorf("not a go-vcr cassette of version 1 or 2 (version: %d)", c.Version)
	}
	// The longest escape makes three bytes of two, so that bodies of more than twice the
	// file are repeated by aliases: a file of 100 KB could hold 10,000 bodies of 90 KB.
	var bytes int64
	for i := range c.Interactions {
		bytes += int64(len(c.Interactions[i].Response.Body) + len(c.Interactions[i].Request.Body))
	}
	if bytes > 2*size.n {
		return nil, errAliases
	}
	return &c, nil
}

// A counter counts the bytes that are read from it.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (n int, err error) {
	n, err = c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// isStream reports whether the response is a stream, or the error or whole answer to a
// request for one.
func (i *interaction) isStream() bool {
	if strings.Contains(strings.ToLower(i.contentType()), "event-stream") {
		return true
	}
	body := strings.TrimLeft(i.Response.Body, "\ufeff \t\r\n")
	for _, start := range [...]string{"data:", "event:", "id:", "retry:", ":"} {
		if strings.HasPrefix(body, start) {
			return true
		}
	}
	if !strings.HasPrefix(body, "{") && !strings.HasPrefix(body, "[") {
		return false
	}
	var request struct{ Stream bool }
	return json.Unmarshal([]byte(i.Request.Body), &request) == nil && request.Stream
}

func (i *interaction) contentType() string {
	for name, values := range i.Response.Headers {
		if strings.EqualFold(name, "Content-Type") && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

func (i *interaction) dialect() llmstream.Dialect {
	u, err := url.Parse(i.Request.URL)
	if err != nil {
		return llmstream.Auto
	}
	return llmstream.DetectDialect(i.contentType(), u.Path)
}
