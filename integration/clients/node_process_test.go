package clients

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nodePatience is how long a client may take over an answer.
const nodePatience = 30 * time.Second

// oldestNode is the first version that the clients run on.
const oldestNode = 18

// A nodeProcess answers questions with clients of Node, one after the other.
type nodeProcess struct {
	asks    io.Writer
	answers *bufio.Reader
	process *os.Process
}

// startNodeProcess installs the clients of a folder, which takes some seconds, and starts
// them. It skips the test where that cannot be.
func startNodeProcess(t testing.TB, folder string) nodeProcess {
	requireNode(t)
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "client.mjs", filepath.Join("..", "noreuse.mjs")} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), text, 0o600))
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm could not install the clients: %v\n%s", err, out)
	}
	node := exec.Command("node", "client.mjs")
	node.Dir, node.Stderr = dir, os.Stderr
	asks, err := node.StdinPipe()
	require.NoError(t, err)
	answers, err := node.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, node.Start())
	t.Cleanup(func() {
		asks.Close() // which ends it
		node.Wait()
	})
	return nodeProcess{asks, bufio.NewReader(answers), node.Process}
}

// requireNode skips the test where there is no node that the clients run on.
func requireNode(t testing.TB) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s: Node's clients are not tested", program)
		}
	}
	version, _ := exec.Command("node", "--version").Output()
	major := regexp.MustCompile(`^v(\d+)\.`).FindSubmatch(version)
	if major == nil {
		t.Skipf("node does not run: %q", version)
	}
	if n, _ := strconv.Atoi(string(major[1])); n < oldestNode {
		t.Skipf("node %s is older than what its clients run on", version)
	}
}

// ask sends a question as a line of JSON, and reads the line that comes back into answer.
func (n *nodeProcess) ask(t testing.TB, question map[string]string, answer any) {
	line, err := json.Marshal(question)
	require.NoError(t, err)
	_, err = n.asks.Write(append(line, '\n'))
	require.NoError(t, err)
	hung := time.AfterFunc(nodePatience, func() { n.process.Kill() })
	line, err = n.answers.ReadBytes('\n')
	require.NoError(t, err, "the client is gone, or took too long")
	hung.Stop()
	require.NoError(t, json.Unmarshal(line, answer))
}
