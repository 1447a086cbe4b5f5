package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

var demoCommand = command{
	name: "demo", summary: "serve and proxy on loopback, and an answer streamed through both",
	help: `Demo starts serve and proxy on loopback, requests an answer through both, prints
it as it arrives, and then the line of proxy. It needs no key and no network.`,
	flags: noFlags,
	whole: func(s *invocation, _ []string) error { return s.demo() },
}

// demoRecording was recorded from a real server and reports its tokens.
const demoRecording = "cerebras-qwen-3-coder-480b-multi_tool_streaming.yaml%231"

func (s *invocation) demo() error {
	r, err := s.recordings(nil)
	if err != nil {
		return err
	}
	upstream, err := listen("127.0.0.1:0", &replay{recordings: r, faults: faults{pace: 50 * time.Millisecond}})
	if err != nil {
		return err
	}
	upstream.start()
	defer upstream.close()
	to, err := url.Parse(upstream.url)
	if err != nil {
		return err
	}
	var line bytes.Buffer // printed after the answer
	p := newPrinter(&line, s.stderr, false)
	proxy, err := listen("127.0.0.1:0", newProxy(to, p, 0, llmstream.Auto))
	if err != nil {
		return err
	}
	proxy.start()
	defer proxy.close()
	if err := s.ask(proxy.url + "/v1/chat/completions?recording=" + demoRecording); err != nil {
		return err
	}
	if err := proxy.close(); err != nil {
		return err
	}
	p.close() // now line is complete
	s.stdout.WriteString("\n\n")
	s.stdout.Write(line.Bytes())
	return s.stdout.Flush()
}

// ask requests an answer and prints its text as it arrives.
func (s *invocation) ask(url string) error {
	transport := new(http.Transport) // not the default one, which uses the proxy of the environment
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	resp, err := client.Post(url, "application/json", strings.NewReader(`{"model":"demo","stream":true,"messages":[{"role":"user","content":"Hello!"}]}`))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	reader := llmstream.NewReader(resp.Body, llmstream.OpenAIChat, nil)
	for reader.Next() {
		if d := reader.Delta(); d.Kind == llmstream.KindContent {
			s.stdout.WriteString(paragraphs(string(d.Text)))
			if s.stdout.Flush() != nil {
				return errWrite
			}
		}
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(reader.Err(), err)
}
