package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-4d65deac/llmstream"
)

// A cassette is a recording of go-vcr, as far as it matters here.
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

// eachInteraction calls do for every stream that the cassette f has recorded.
func eachInteraction(name string, f io.Reader, do func(stream) error) error {
	var c cassette
	if err := yaml.NewDecoder(f).Decode(&c); err != nil {
		return fmt.Errorf("cannot read the cassette: %w", err)
	}
	if c.Version != 1 && c.Version != 2 {
		return fmt.Errorf("not a go-vcr cassette of version 1 or 2 (version: %d)", c.Version)
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

// isStream tells whether the response is a stream, or stands where one was asked
// for: an error, mostly, or a whole answer.
func (i *interaction) isStream() bool {
	if strings.Contains(strings.ToLower(i.contentType()), "event-stream") {
		return true
	}
	body := strings.TrimLeft(i.Response.Body, "\ufeff \t\r\n")
	for _, field := range [...]string{"data:", "event:", "id:", "retry:", ":"} {
		if strings.HasPrefix(body, field) {
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
