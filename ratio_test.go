package llmstream

import (
	"fmt"
	"os"
	"sort"
	"testing"
	"time"
)

// TestRatios measures, pair by pair, what reading the recorded streams costs
// against the baselines. Timings are only as good as the machine is quiet, so
// it runs where LLMSTREAM_RATIOS is set:
//
//	LLMSTREAM_RATIOS=1 go test -count 1 -run TestRatios -v .
func TestRatios(t *testing.T) {
	if os.Getenv("LLMSTREAM_RATIOS") == "" {
		t.Skip("LLMSTREAM_RATIOS is not set: nothing is measured")
	}
	for _, set := range benchSets(t) {
		ours, bases := benchReaders()
		for _, base := range bases[:2] {
			for _, r := range ours {
				t.Run(fmt.Sprintf("data=%s/reader=%s/against=%s", set.name, r.name, base.name), func(t *testing.T) {
					fmt.Println(t.Name(), medianRatio(set, r, base))
				})
			}
		}
	}
}

// medianRatio reads the streams with both in turn, in slices of some
// milliseconds, and returns the median over 25 rounds of what one took against
// the other.
func medianRatio(set benchSet, r, base benchReader) float64 {
	const slice = 1 << 20 // bytes
	var ratios []float64
	for range 25 {
		var took, against time.Duration
		for rest := set.streams; len(rest) > 0; {
			n, size := 0, 0
			for n < len(rest) && size < slice {
				size += len(rest[n])
				n++
			}
			start := time.Now()
			for _, body := range rest[:n] {
				r.read(body)
			}
			middle := time.Now()
			for _, body := range rest[:n] {
				base.read(body)
			}
			took += middle.Sub(start)
			against += time.Since(middle)
			rest = rest[n:]
		}
		ratios = append(ratios, float64(took)/float64(against))
	}
	sort.Float64s(ratios)
	return ratios[len(ratios)/2]
}
