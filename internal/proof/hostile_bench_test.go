//go:build unix && !race

package proof

import (
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/seed-4d65deac/llmstream"
)

// BenchmarkHostile measures the processor time of hostile streams, in nanoseconds a byte,
// and what is allocated for a byte. Sizes and reads are the ones of docs/reliability.md.
func BenchmarkHostile(b *testing.B) {
	sizes := []int{1 << 20, 8 << 20}
	if n, err := strconv.Atoi(os.Getenv("LLMSTREAM_HOSTILE_SIZE")); err == nil {
		sizes = []int{n}
	}
	for _, h := range hostileStreams {
		for _, size := range sizes {
			body := h.stream(size)
			for name, read := range map[string]int{"whole": len(body), "in 64 KiB": 64 << 10, "in bytes": 1} {
				if read == 1 && size > 1<<20 {
					continue
				}
				b.Run(h.name+"/"+strconv.Itoa(size>>20)+" MiB/"+name, func(b *testing.B) {
					dialect := h.dialect
					if dialect == llmstream.Auto && h.first != "[" && h.name[:4] != "auto" {
						dialect = llmstream.OpenAIChat
					}
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					start := processorTime()
					for range b.N {
						readIn(dialect, body, read)
					}
					took := processorTime() - start
					runtime.ReadMemStats(&after)
					bytes := float64(b.N) * float64(len(body))
					b.ReportMetric(float64(took)/bytes, "ns/B")
					b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/bytes, "B/B")
				})
			}
		}
	}
}
