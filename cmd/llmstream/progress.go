package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// A progress shows on a terminal how much of the files has been read, once more than a
// second of work is left. It is shared by all goroutines that read. A nil progress
// does nothing.
type progress struct {
	out io.Writer
	now func() time.Time

	mu      sync.Mutex
	begun   time.Time
	total   int64 // number of bytes of all files; if it is 0, it is not known and nothing is shown
	read    int64
	painted time.Time // when the line was last written
	shown   bool      // the line is on the terminal
}

const (
	firstPaint = 300 * time.Millisecond // before that the speed is too uncertain
	repaint    = 100 * time.Millisecond
	worthwhile = time.Second // that much work must be left for the line to appear
)

// newProgress returns nil unless standard error is a terminal that can erase a line,
// and standard output, where the results go, is another place.
func newProgress(stdout, stderr io.Writer) *progress {
	if !isTerminal(stderr) || isTerminal(stdout) || isDumb() {
		return nil
	}
	return &progress{out: stderr, now: time.Now}
}

// begin sets the files that will be read. The size of anything but a regular file is
// not known.
func (p *progress) begin(names []string) {
	if p == nil {
		return
	}
	var total int64
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return
		}
		total += info.Size()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun, p.total = p.now(), total
}

// add counts bytes that were read, and writes the line if it is time for it.
func (p *progress) add(n int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read += int64(n)
	now := p.now()
	elapsed := now.Sub(p.begun)
	if p.total == 0 || p.read == 0 || elapsed < firstPaint || now.Sub(p.painted) < repaint {
		return
	}
	left := time.Duration(float64(elapsed) * float64(max(0, p.total-p.read)) / float64(p.read))
	if left <= worthwhile && !p.shown {
		return
	}
	p.painted, p.shown = now, true
	fmt.Fprintf(p.out, "\r%d%% of %s, %s left\x1b[K", min(100, p.read*100/p.total), sizeText(p.total), left.Round(time.Second))
}

// clear erases the line. It has to be called before anything else is written to the
// terminal.
func (p *progress) clear() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		io.WriteString(p.out, "\r\x1b[K")
		p.shown = false
	}
}

// reader returns a reader of r whose bytes are counted.
func (p *progress) reader(r io.Reader) io.Reader {
	if p == nil {
		return r
	}
	return countingReader{r, p}
}

type countingReader struct {
	io.Reader
	p *progress
}

func (r countingReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.p.add(n)
	return n, err
}

func sizeText(n int64) string {
	const kb, mb = 1000, 1000 * 1000
	if n < mb {
		return fmt.Sprintf("%d kB", max(1, n/kb))
	}
	return fmt.Sprintf("%d MB", n/mb)
}
