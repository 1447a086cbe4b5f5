package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/seed-4d65deac/llmstream/sse"
)

// A message is what a server sends. An answer has no method.
type message struct {
	ID            any
	Method        string
	Result, Error json.RawMessage
}

type client struct {
	url    string
	header http.Header   // goes with each request
	calls  float64       // the ID of the last call, in the type that JSON has for it
	retry  time.Duration // how long to wait before a stream is resumed
}

// call sends a request and returns its result. params is JSON.
func (c *client) call(ctx context.Context, method, params string) (json.RawMessage, error) {
	c.calls++
	c.header.Del("Last-Event-Id")
	request := fmt.Sprintf(`{"jsonrpc":"2.0","id":%v,"method":%q,"params":%s}`, c.calls, method, params)
	resp, err := c.send(ctx, http.MethodPost, request)
	for err == nil {
		answer, broken := c.read(resp)
		if answer != nil && answer.Error != nil {
			return nil, fmt.Errorf("%s: %s", method, answer.Error)
		}
		if answer != nil {
			return answer.Result, nil
		}
		if c.header.Get("Last-Event-Id") == "" {
			return nil, fmt.Errorf("%s: no answer came, and nothing can be resumed: %v", method, broken)
		}
		time.Sleep(c.retry)
		resp, err = c.send(ctx, http.MethodGet, "") // for the events after the last one
	}
	return nil, err
}

func (c *client) send(ctx context.Context, method, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = c.header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if session, ok := resp.Header["Mcp-Session-Id"]; ok {
		c.header["Mcp-Session-Id"] = session
	}
	if resp.StatusCode >= 300 {
		resp.Body.Close()
		return nil, fmt.Errorf("%s: %s", c.url, resp.Status)
	}
	return resp, nil
}

// read returns the answer to the last call, or nil if the body ends before it.
func (c *client) read(resp *http.Response) (answer *message, err error) {
	defer resp.Body.Close()
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		err = json.NewDecoder(resp.Body).Decode(&answer)
		return answer, err
	}
	for event, err := range sse.Events(resp.Body, nil) {
		if err != nil {
			return nil, err // the connection broke
		}
		c.header.Set("Last-Event-Id", string(event.ID))
		if event.Retry >= 0 {
			c.retry = time.Duration(event.Retry) * time.Millisecond
		}
		m := new(message) // stays empty if the event only brings an ID
		if json.Unmarshal(event.Data, m) == nil && m.Method == "" && m.ID == c.calls {
			return m, nil
		}
		log.Printf("%s", event.Data) // progress, or a log entry of the server
	}
	return nil, nil
}

// connect opens a session.
func connect(ctx context.Context, url string) (*client, error) {
	c := &client{url: url, retry: time.Second, header: http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2025-06-18"},
	}}
	_, err := c.call(ctx, "initialize",
		`{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"llmstream-example","version":"1"}}`)
	if err != nil {
		return nil, err
	}
	resp, err := c.send(ctx, http.MethodPost, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	if err == nil {
		resp.Body.Close()
	}
	return c, err
}
