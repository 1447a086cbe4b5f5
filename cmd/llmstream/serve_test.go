package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A running is a command that runs until it is interrupted.
type running struct {
	output *io.PipeReader // standard output
	lines  *bufio.Reader  // of output
	stderr *bytes.Buffer  // to be read after the end
	status chan int
}

// begin starts a command.
func begin(t *testing.T, args ...string) *running {
	t.Helper()
	output, stdout := io.Pipe()
	r := &running{output, bufio.NewReader(output), new(bytes.Buffer), make(chan int, 1)}
	go func() {
		status := run(args, strings.NewReader(""), stdout, r.stderr)
		stdout.Close()
		r.status <- status
	}()
	return r
}

// line returns the next line of standard output.
func (r *running) line(t *testing.T) string {
	t.Helper()
	line, err := r.lines.ReadString('\n')
	require.NoError(t, err, "%s", line)
	return strings.TrimSuffix(line, "\n")
}

// interrupt interrupts all commands of this process. It returns how this one ended, and
// the rest of its output.
func (r *running) interrupt(t *testing.T) (status int, rest string) {
	t.Helper()
	signalSelf(t)
	left, err := io.ReadAll(r.lines)
	require.NoError(t, err)
	return <-r.status, string(left)
}

// interruptOnly is interrupt for a command whose output is closed.
func (r *running) interruptOnly(t *testing.T) (status int) {
	t.Helper()
	signalSelf(t)
	return <-r.status
}

func signalSelf(t *testing.T) {
	t.Helper()
	self, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	require.NoError(t, self.Signal(os.Interrupt))
}

func TestServeUntilInterrupted(t *testing.T) {
	r := begin(t, "serve", "-cut", "30", file(t, "mine.sse", wholeStream))
	line := r.line(t)
	require.Regexp(t, `^serving \d+ recordings and \d+ fixtures at http://127\.0\.0\.1:\d+$`, line)
	_, at, _ := strings.Cut(line, " at ")
	_, body, err := post(t, at+"/v1/chat/completions", "")
	require.NoError(t, err)
	require.Equal(t, wholeStream[:30], body)
	status, rest := r.interrupt(t)
	require.Equal(t, 0, status, r.stderr)
	require.Empty(t, rest)
	_, err = http.Get(at)
	require.Error(t, err, "nothing listens any more")
}

// A stream that never ends does not keep the program from ending.
func TestInterruptBreaksOffWhatStalls(t *testing.T) {
	r := begin(t, "serve", "-stall", "1e")
	_, at, _ := strings.Cut(r.line(t), " at ")
	resp, err := http.Post(at+"/v1/chat/completions", "", nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	status, _ := r.interrupt(t) // which would wait for ever
	require.Equal(t, 0, status, r.stderr)
	_, err = io.ReadAll(resp.Body)
	require.Error(t, err)
}

func TestServeThatCannotBegin(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	missing := filepath.Join(t.TempDir(), "missing.sse")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"address in use": {[]string{"-addr", l.Addr().String()}, "address already in use"},
		"missing file":   {[]string{missing}, missing + ": no such file"},
		"wrong place":    {[]string{"-cut", "x"}, "not a place"},
		"wrong status":   {[]string{"-status", "200"}, "not the status of an error"},
		"wrong pace":     {[]string{"-pace", "fast"}, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runWith(t, "", append([]string{"serve"}, c.args...)...)
			require.Equal(t, 2, got.status)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, c.want)
		})
	}
}

func TestHTTP2(t *testing.T) {
	r, err := new(invocation).recordings(nil)
	require.NoError(t, err)
	s, err := listen("127.0.0.1:0", &replay{recordings: r})
	require.NoError(t, err)
	s.start()
	defer s.close()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for query, fails := range map[string]bool{"": false, "?reset=100": true} {
		resp, err := client.Post(s.url+"/v1/chat/completions"+query, "", nil)
		require.NoError(t, err)
		require.Equal(t, 2, resp.ProtoMajor)
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		require.Equal(t, fails, err != nil, query)
	}
}
