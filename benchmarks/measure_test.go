package main

import (
	"bytes"
	"io"
	"testing"
	"time"
)

// A countingReader counts its bytes.
type countingReader struct{ bytes int }

func (r *countingReader) read(f *feed) {
	for p := f.next(); p != nil; p = f.next() {
		r.bytes += len(p)
	}
}

func (r *countingReader) verify(*stream) error { return nil }

func TestTurns(t *testing.T) {
	streams := []*stream{newStream(make([]byte, 10*readSize)), newStream(make([]byte, 6*readSize))}
	counted := new(countingReader)
	r := &racer{reader: counted, streams: streams, rounds: 3, slice: 4 * readSize}
	turns := 0
	r.turns(func(time.Duration) bool {
		turns++
		return true
	})
	if turns != 12 || counted.bytes != 3*16*readSize {
		t.Errorf("%d turns, %d bytes", turns, counted.bytes)
	}
}

// Both run to their end, and alternate while both have slices left.
func TestInTurn(t *testing.T) {
	var order []byte
	racer := func(name byte, turns int) func(func(time.Duration) bool) {
		return func(yield func(time.Duration) bool) {
			for range turns {
				order = append(order, name)
				yield(time.Second)
			}
		}
	}
	t1, t2 := inTurn(racer('a', 2), racer('b', 4))
	if string(order) != "ababbb" || t1 != 2*time.Second || t2 != 4*time.Second {
		t.Errorf("%s, %v, %v", order, t1, t2)
	}
}

// The slower one reads its streams once, and the faster one for as long, or maxEven
// slices.
func TestPlan(t *testing.T) {
	streams := []*stream{newStream(make([]byte, 1000))}
	slow, fast := newRacer(nil, streams), newRacer(nil, streams)
	for _, test := range []struct {
		turns                 float64
		slowSlice             int
		fastRounds, fastSlice int
	}{
		{10, 100, 50, 5000},
		{100, 10, 50, 500},
	} {
		slow.plan(time.Duration(test.turns)*5*time.Millisecond, test.turns, 5*time.Millisecond)
		fast.plan(time.Millisecond, test.turns, 5*time.Millisecond)
		if slow.rounds != 1 || slow.slice != test.slowSlice || fast.rounds != test.fastRounds || fast.slice != test.fastSlice {
			t.Errorf("%v turns: slow %d rounds in %d bytes, fast %d in %d", test.turns, slow.rounds, slow.slice, fast.rounds, fast.slice)
		}
	}
}

func TestFeed(t *testing.T) {
	body := []byte("one\ntwo\nthree\n")
	var f feed
	f.open(newStream(body).in(cutAfter(body, "\n")))
	buf := make([]byte, 4)
	if n, _ := f.Read(buf[:2]); string(buf[:n]) != "on" {
		t.Errorf("read %q", buf[:n])
	}
	if n, _ := f.Read(buf); string(buf[:n]) != "e\n" {
		t.Errorf("a read goes over the end of a piece: %q", buf[:n])
	}
	rest, err := io.ReadAll(&f)
	if !bytes.Equal(rest, body[4:]) || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestSpread(t *testing.T) {
	if got, want := spreadOf([]float64{5, 1, 4, 2, 3}), (spread{Median: 3, Low: 2, High: 4}); got != want {
		t.Errorf("%+v", got)
	}
	if got, want := spreadOf([]float64{7}), (spread{7, 7, 7}); got != want {
		t.Errorf("%+v", got)
	}
}
