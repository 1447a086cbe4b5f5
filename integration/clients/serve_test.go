package clients

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// startServe builds the command, starts its server of recordings and returns the
// address of that.
func startServe(t testing.TB) string {
	program := filepath.Join(t.TempDir(), "llmstream")
	out, err := exec.Command("go", "build", "-C", filepath.Join("..", ".."), "-o", program, "./cmd/llmstream").CombinedOutput()
	require.NoError(t, err, "%s", out)
	command := exec.Command(program, "serve")
	command.Stderr = os.Stderr
	line, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	first, err := bufio.NewReader(line).ReadString('\n')
	require.NoError(t, err)
	_, at, ok := strings.Cut(strings.TrimSpace(first), " at ")
	require.True(t, ok, first)
	return at
}

// passOn is an upstream that passes requests on to a server, with nobody looking on.
func passOn(t testing.TB, server string) http.Handler {
	return fullDuplex(proxyTo(t, server, plain(t)))
}

func plain(t testing.TB) *http.Transport {
	base := &http.Transport{DisableCompression: true}
	t.Cleanup(base.CloseIdleConnections)
	return base
}
