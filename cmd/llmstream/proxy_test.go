package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// proxyTo starts a proxy for a server; stop ends it and returns its output.
func proxyTo(t *testing.T, upstream string, asJSON bool) (at string, stop func() (stdout, stderr string)) {
	t.Helper()
	to, err := url.Parse(upstream)
	require.NoError(t, err)
	var stdout, stderr bytes.Buffer
	p := newPrinter(&stdout, &stderr, asJSON)
	server := httptest.NewUnstartedServer(newProxy(to, p, 0, llmstream.Auto))
	var logged bytes.Buffer // a panic in a handler, for example
	server.Config.ErrorLog = log.New(&logged, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, func() (string, string) {
		server.Close() // waits for the requests
		require.Empty(t, logged.String())
		p.close()
		return stdout.String(), stderr.String()
	}
}

func TestProxyChangesNothing(t *testing.T) {
	upstream, r := replayServer(t, faults{})
	at, stop := proxyTo(t, upstream, true)
	for _, one := range r.all {
		path := "/v1/chat/completions?recording=" + url.QueryEscape(one.name)
		resp, body, err := post(t, at+path, "{}") // the server may answer before it has read this
		require.NoError(t, err)
		require.Equal(t, string(one.body), body, one.name)
		require.Equal(t, one.media, resp.Header.Get("Content-Type"), one.name)
	}
	stdout, stderr := stop()
	require.Empty(t, stderr)
	require.Equal(t, len(r.all), strings.Count(stdout, "\n"), "a line for each")
}

// The line has the results of a parser that reads the same bytes.
func TestProxyLinesAreRight(t *testing.T) {
	for path, name := range paths {
		upstream, r := replayServer(t, faults{})
		at, stop := proxyTo(t, upstream, true)
		_, _, err := post(t, at+path, `{"stream":true}`)
		require.NoError(t, err)
		stdout, _ := stop()
		var line struct {
			State, Dialect, Model, Path string
			Finish                      []string `json:"finish_reasons"`
			Usage                       map[string]any
			Events, Bytes               int64
			First                       *float64 `json:"first_output_ms"`
		}
		require.NoError(t, json.Unmarshal([]byte(stdout), &line), stdout)

		one := r.find(name, llmstream.Auto)
		var answer llmstream.Accumulator
		p := llmstream.NewParser(one.dialect, &answer, nil)
		p.Write(one.body)
		p.Close()
		want := answer.Completion()
		require.Equal(t, "complete", line.State)
		require.Equal(t, one.dialect.String(), line.Dialect)
		require.Equal(t, want.Model, line.Model)
		require.Equal(t, []string{want.Choices[0].FinishReason.String()}, line.Finish)
		require.EqualValues(t, len(one.body), line.Bytes)
		require.Equal(t, p.Outcome().Events, line.Events)
		if want.Usage.Reported&llmstream.UsageOutput != 0 {
			require.EqualValues(t, want.Usage.Output, line.Usage["output"])
		}
		require.NotNil(t, line.First)
		bare, _, _ := strings.Cut(path, "?")
		require.Equal(t, bare, line.Path)
	}
}

func TestProxyLinesForPeople(t *testing.T) {
	for query, want := range map[string]string{
		"recording=openai-tools":         `^state=complete status=200 dialect=openai-chat .* finish=tool_calls .*tool_calls=\w+.* path=/v1/chat/completions\n$`,
		"cut=2e":                         `^state=truncated .* path=/v1/chat/completions\n$`,
		"reset=2e":                       `^state=truncated .* error=".*reset.*" path=/v1/chat/completions\n$`,
		"status=429":                     `^state=error status=429 .*error="rate_limit_exceeded 429" path=/v1/chat/completions\n$`,
		"fail=2e":                        `^state=error status=200 .*error="server_error 503" path=/v1/chat/completions\n$`,
		"recording=malformed-json":       ` malformed=\d+ `,
		"recording=bedrock/converse.sse": `dialect=bedrock|not-a-stream`,
	} {
		upstream, _ := replayServer(t, faults{})
		at, stop := proxyTo(t, upstream, false)
		post(t, at+chatPath+"?"+query, "")
		stdout, _ := stop()
		require.Regexp(t, want, stdout, query)
	}
}

func TestProxyPrintsNothingOfOtherPaths(t *testing.T) {
	upstream, _ := replayServer(t, faults{})
	at, stop := proxyTo(t, upstream, false)
	resp, err := http.Get(at + "/")
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body) // a client that left earlier would get a line
	require.NoError(t, err)
	resp.Body.Close()
	stdout, stderr := stop()
	require.Empty(t, stdout+stderr)
}

// Keys are forwarded and never printed, even if the server repeats them.
func TestProxyShowsNoSecrets(t *testing.T) {
	const secret = "sk-secret"
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		for _, got := range []string{req.Header.Get("Authorization"), req.Header.Get("X-Api-Key"), req.URL.Query().Get("key")} {
			if got != secret {
				http.Error(w, "lost", http.StatusTeapot)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"error":{"message":"wrong key `+secret+`","type":"invalid_request_error","code":"invalid_api_key"}}`)
	}))
	ask := func(at string) {
		req, err := http.NewRequest(http.MethodPost, at+chatPath+"?key="+secret, strings.NewReader(secret))
		require.NoError(t, err)
		req.Header.Set("Authorization", secret)
		req.Header.Set("X-Api-Key", secret)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
	}
	defer upstream.Close()
	for _, asJSON := range []bool{false, true} {
		at, stop := proxyTo(t, upstream.URL, asJSON)
		ask(at)
		stdout, stderr := stop()
		require.Contains(t, stdout, "invalid_request_error invalid_api_key")
		require.NotContains(t, stdout+stderr, secret)
	}
	at, stop := proxyTo(t, upstream.URL, false)
	upstream.Close()
	ask(at)
	stdout, stderr := stop()
	require.Contains(t, stderr, "llmstream: "+chatPath+": ")
	require.NotContains(t, stdout+stderr, secret)
}

// If the upstream cannot be reached, the request is not read to its end. The client then
// learns from the response that the connection will be closed.
func TestProxyAnswersBeforeTheRequestEnds(t *testing.T) {
	upstream := httptest.NewServer(nil)
	upstream.Close()
	at, stop := proxyTo(t, upstream.URL, false)
	conn, err := net.Dial("tcp", strings.TrimPrefix(at, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	io.WriteString(conn, "POST "+chatPath+" HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n{}")
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadGateway, resp.StatusCode)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.True(t, resp.Close)
	io.WriteString(conn, "\r\n")
	_, err = r.ReadByte()
	require.ErrorIs(t, err, io.EOF)
	_, stderr := stop()
	require.Contains(t, stderr, chatPath)
}

func TestProxyUntilInterrupted(t *testing.T) {
	upstream, _ := replayServer(t, faults{})
	r := begin(t, "proxy", "-upstream", upstream+"?key=sk-secret")
	line := r.line(t)
	require.Regexp(t, `^proxying `+upstream+` at http://127\.0\.0\.1:\d+$`, line)
	_, at, _ := strings.Cut(line, " at ")
	resp, err := http.Post(at+chatPath+"?stall=2e", "", nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	status, rest := r.interrupt(t)
	require.Equal(t, 0, status)
	require.Regexp(t, `^state=stopped .* client=left .*path=/v1/chat/completions\n$`, rest)
}

// Only with -drain are the tokens of a client that leaves known.
func TestProxyDrains(t *testing.T) {
	for args, want := range map[string]string{
		"":           `^state=stopped status=200 dialect=openai-chat .*client=left `, // perhaps before the first output
		"-drain 10s": `^state=complete status=200 .* finish=stop input=\d+ output=\d+ .* client=left `,
	} {
		upstream, _ := replayServer(t, faults{})
		r := begin(t, append([]string{"proxy", "-upstream", upstream}, strings.Fields(args)...)...)
		_, at, _ := strings.Cut(r.line(t), " at ")
		resp, err := http.Post(at+chatPath+"?recording=usage-final-chunk&stall=2e&stall-for=300ms", "", nil)
		require.NoError(t, err)
		_, err = io.ReadFull(resp.Body, make([]byte, 10))
		require.NoError(t, err)
		resp.Body.Close()
		require.Regexp(t, want, r.line(t))
		status, _ := r.interrupt(t)
		require.Equal(t, 0, status)
	}
}

func TestProxyWrongCalls(t *testing.T) {
	for args, want := range map[string]string{
		"proxy":                                "no -upstream is given",
		"proxy -upstream example.com":          "-upstream is not an http or https URL",
		"proxy -upstream ftp://example.com":    "-upstream is not an http or https URL",
		"proxy -upstream http://example.com x": "it takes no arguments",
		"proxy -upstream ftp://u:sk-secret@x":  "-upstream is not an http or https URL",
		"proxy -upstream http://u:sk-secret@%": "-upstream is not an http or https URL",
	} {
		got := runWith(t, "", strings.Fields(args)...)
		require.Equal(t, 2, got.status, args)
		require.Contains(t, got.stderr, want)
		require.NotContains(t, got.stderr, "sk-secret")
	}
}
