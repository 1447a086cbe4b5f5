// Package serve starts "llmstream serve", in front of which the tests of the examples run.
package serve

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Start builds the command, starts its server of recorded answers with these flags, and
// returns the address of the server, which ends with the test.
func Start(t testing.TB, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "llmstream")
	build := exec.Command("go", "build", "-o", program, "./cmd/llmstream")
	build.Dir = filepath.Join("..", "..") // of the test's package, which is one folder below this module
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	command := exec.Command(program, append([]string{"serve"}, flags...)...)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	_, address, ok := strings.Cut(strings.TrimSpace(line), " at ")
	if err != nil || !ok {
		t.Fatalf("serve printed %q: %v", line, err)
	}
	return address
}
