package main

import (
	"sync"
	"testing"
)

// BenchmarkRead has the cells of the table as ordinary benchmarks, for benchstat:
//
//	go test -run '^$' -bench Read -count 10 | tee new.txt
//	benchstat -filter '.unit:(ns/event OR allocs/op)' -row /workload -col /contender new.txt

var fullWorkloads = sync.OnceValues(func() ([]*workload, error) { return workloads(full) })

func BenchmarkRead(b *testing.B) {
	all, err := fullWorkloads()
	if err != nil {
		b.Fatal(err)
	}
	for _, w := range all {
		for _, c := range contendersOf(w.dialect) {
			b.Run("workload="+w.name+"/contender="+c.name, func(b *testing.B) {
				r := newRacer(c.new(w.dialect), w.streams)
				if right := r.right(); right < len(w.streams) && isOurs(c.name) {
					b.Fatalf("%d of %d streams are right", right, len(w.streams))
				}
				var f feed
				b.SetBytes(int64(w.size()))
				b.ReportAllocs()
				for b.Loop() {
					r.read(&f)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(w.events()), "ns/event")
			})
		}
	}
}
