package proof

import (
	"bytes"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/stretchr/testify/require"
)

// FuzzMutations: streams whose events were changed, swapped, dropped, doubled, spliced
// and cut mean the same however they are read. The fuzzer chooses a recording, another
// one and a seed.
//
//	go test -run '^$' -fuzz '^FuzzMutations$' ./internal/proof
func FuzzMutations(f *testing.F) {
	all := recordings(f)
	for i := range 50 {
		f.Add(uint16(i*7), uint16(i*13), int64(i))
	}
	f.Fuzz(func(t *testing.T, recording, other uint16, seed int64) {
		requireMutation(t, all, int(recording), int(other), seed)
	})
}

// Mutated streams, as many as LLMSTREAM_MUTATED says, in the order of their seeds.
func TestMutatedStreams(t *testing.T) {
	n := max(50, 2000/sample(4))
	if env, err := strconv.Atoi(os.Getenv("LLMSTREAM_MUTATED")); err == nil {
		n = env
	}
	all := recordings(t)
	for seed := range n {
		m := rand.New(rand.NewSource(int64(seed)))
		if !t.Run(strconv.Itoa(seed), func(t *testing.T) { requireMutation(t, all, m.Int(), m.Int(), int64(seed)) }) {
			return
		}
	}
	t.Logf("%d mutated streams", n)
}

func requireMutation(t *testing.T, all []recording, recording, other int, seed int64) {
	m := mutator{rand.New(rand.NewSource(seed))}
	r, second := all[recording%len(all)], all[other%len(all)]
	body := m.blocks(r.Body, second.Body)
	if events := objectsIn(r.Body); len(events) > 0 && len(events) <= 200 && m.one(2) {
		body = m.blocks(m.stream(r.Dialect, events), second.Body)
	}
	if len(body) > 64<<10 {
		body = body[:64<<10]
	}
	cuts := m.cuts(len(body))
	small := &llmstream.Options{MaxLine: 300, MaxEvent: 250, MaxValues: 40, MaxChoices: 2, MaxToolCalls: 2, MaxBadText: 20}
	for _, d := range []llmstream.Dialect{llmstream.Auto, r.Dialect} {
		for _, o := range []*llmstream.Options{nil, small} {
			requireSame(t, read(d, o, body), read(d, o, body, cuts...), cuts)
		}
	}
	requireShortcuts(t, r.Dialect, body, cuts...)
}

// blocks returns a body with some of its events swapped, dropped, doubled, or replaced by
// events of another body, and perhaps without its end.
func (m mutator) blocks(body, other []byte) []byte {
	events, others := eventsOf(body), eventsOf(other)
	for range m.Intn(4) {
		i, k := m.Intn(len(events)), m.Intn(len(events))
		switch m.Intn(5) {
		case 0:
			events[i], events[k] = events[k], events[i]
		case 1:
			events = slices.Delete(events, i, i+1)
		case 2:
			events = slices.Insert(events, k, events[i])
		case 3:
			events = slices.Insert(events, i, others[m.Intn(len(others))])
		case 4:
			events = slices.Concat(events[:i], others[m.Intn(len(others)):])
		}
		if len(events) == 0 {
			return nil
		}
	}
	out := bytes.Join(events, nil)
	if m.one(4) {
		out = out[:m.Intn(len(out)+1)]
	}
	for range m.Intn(3) {
		if len(out) > 0 {
			out[m.Intn(len(out))] = byte(m.Intn(256))
		}
	}
	return out
}

// eventsOf cuts a body after each blank line, or else after each line. There is at least
// one piece.
func eventsOf(body []byte) [][]byte {
	for _, end := range []string{"\n\n", "\r\n\r\n", "\n"} {
		if bytes.Contains(body, []byte(end)) {
			return bytes.SplitAfter(body, []byte(end))
		}
	}
	return [][]byte{body}
}

// A mutated stream is seldom the recording.
func TestBlocksAreChanged(t *testing.T) {
	changed := 0
	body := []byte("a\n\nb\n\nc\n\nd\n\n")
	for seed := range int64(100) {
		m := mutator{rand.New(rand.NewSource(seed))}
		if string(m.blocks(body, []byte("x\n\ny\n\n"))) != string(body) {
			changed++
		}
	}
	require.Greater(t, changed, 60)
}
