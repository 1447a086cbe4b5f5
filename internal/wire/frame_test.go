package wire

import (
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

const (
	hi   = `event a {"b":1}`
	ehi  = `event type=a {"b":1}`
	lost = "malformed: a frame's prelude is wrong"
)

// B-01, B-03, B-04
func TestFrames(t *testing.T) {
	ok := testkit.Framed(hi)
	damaged := []byte(ok)
	damaged[len(damaged)-5] ^= 1
	for _, c := range []struct {
		name, body string
		want       split
	}{
		{"two", ok + ok, split{Kind: Frames, Frames: []string{ehi, ehi}}},
		{"an unfinished one", ok + ok[:20], split{Kind: Frames, Frames: []string{ehi}, Pending: 20}},
		{"an exception", testkit.RawFrame(header(":message-type", "exception")+header(":exception-type", "throttled"), "{}"), split{Kind: Frames, Frames: []string{"exception type=throttled {}"}}},
		{"an error", testkit.RawFrame(header(":message-type", "error")+header(":error-code", "c")+header(":error-message", "no"), ""), split{Kind: Frames, Frames: []string{"error type=c no"}}},
		{"an error with a payload", testkit.RawFrame(header(":message-type", "error")+header(":error-message", "no"), "{}"), split{Kind: Frames, Frames: []string{"error {}"}}},
		{"a wrong checksum", ok + string(damaged) + ok, split{Kind: Frames, Frames: []string{ehi, "malformed: a frame's checksum is wrong", ehi}}},
		{"headers that break off", ok + testkit.RawFrame("\x05", "{}") + ok, split{Kind: Frames, Frames: []string{ehi, "malformed: a frame's headers cannot be read", ehi}}},
	} {
		t.Run(c.name, func(t *testing.T) { requireSplit(t, large, c.body, c.want) })
	}
}

// header returns a header whose value is text.
func header(name, value string) string {
	b := append([]byte{byte(len(name))}, name...)
	b = binary.BigEndian.AppendUint16(append(b, headerString), uint16(len(value)))
	return string(b) + value
}

// After a wrong prelude the next plausible one with the right CRC counts, wherever it
// is. Others do not. The bytes before it are one damaged event.
func TestFramesAreFoundAgain(t *testing.T) {
	ok := testkit.Framed(hi)
	for _, garbage := range []string{
		"", "x", "\x00", ok[:11], ok[1:12], strings.Repeat("\x00", 50), "data: {}\n\n", testkit.Framed("lost " + hi),
		"\x00\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00", testkit.Prelude(MaxUsualFrame+1, 0), testkit.Prelude(MaxHeaderSize+17, MaxHeaderSize+1),
	} {
		requireSplit(t, large, ok+testkit.Framed("lost "+hi)+garbage+ok+ok, split{Kind: Frames, Frames: []string{ehi, lost, ehi, ehi}})
	}
	requireSplit(t, large, ok+testkit.Framed("lost "+hi)+strings.Repeat("x", 100), split{Kind: Frames, Frames: []string{ehi, lost}})
}

// Lengths that no frame can have are damage, even with the right checksum.
func TestFramesOfImpossibleLengths(t *testing.T) {
	ok := testkit.Framed(hi)
	for _, prelude := range []string{testkit.Prelude(0, 0), testkit.Prelude(15, 0), testkit.Prelude(20, 5), testkit.Prelude(100, 1<<32-1)} {
		requireSplit(t, large, ok+prelude+"?"+ok, split{Kind: Frames, Frames: []string{ehi, lost, ehi}})
	}
}

func TestFramesPastALimit(t *testing.T) {
	ok, big := testkit.Framed(hi), testkit.RawFrame("", strings.Repeat("x", 50))
	requireSplit(t, Limits{Event: 49}, ok+big+ok, split{Kind: Frames, Frames: []string{ehi, "too large MaxEvent=49 of 66", ehi}})
	requireSplit(t, Limits{Event: 50}, ok+big+ok, split{Kind: Frames, Frames: []string{ehi, "event " + strings.Repeat("x", 50), ehi}})
}

// Headers may be just as large as the format allows, in the first frame too, whose
// lengths make the stream known as one of frames.
func TestFramesWithTheLargestHeaders(t *testing.T) {
	filler := func(n int) string {
		return "\x01a\x06" + string(binary.BigEndian.AppendUint16(nil, uint16(n))) + strings.Repeat("x", n)
	}
	typ := header(":event-type", "a")
	headers := typ + filler(1<<16-1) + filler(MaxHeaderSize-len(typ)-1<<16-9)
	require.Len(t, headers, MaxHeaderSize)
	frame := testkit.RawFrame(headers, "{}")
	for _, cut := range []int{0, 1, 7, 8, 11, 12, len(frame) - 1, len(frame), len(frame) + 5, len(frame) + 12} {
		got := splitStream(t, large, frame+frame, cut)
		require.Equal(t, split{Kind: Frames, Frames: []string{"event type=a {}", "event type=a {}"}}, got, "cut at %d", cut)
	}
	big := testkit.Prelude(16+MaxHeaderSize+1, MaxHeaderSize+1) + strings.Repeat("x", MaxHeaderSize+1) + "crc!"
	ok := testkit.Framed(hi)
	for _, cut := range []int{len(ok), len(ok) + 5, len(ok) + 12, len(ok) + 1000, len(ok) + len(big) - 1} {
		got := splitStream(t, large, ok+big+ok, cut)
		require.Equal(t, []string{ehi, "malformed: a frame's headers are larger than the format allows", ehi}, got.Frames, "cut at %d", cut)
	}
}

// Memory goes by what has come, and not by what a frame claims.
func TestFrameThatClaimsMuch(t *testing.T) {
	for _, prelude := range []string{testkit.Prelude(1<<32-1, 0), testkit.Prelude(1<<25, 100), testkit.Prelude(1<<32-1, 1<<32-17)} {
		var s Splitter
		s.Init(large, false)
		feed(t, &s, testkit.Framed(hi)+prelude)
		var before, after runtime.MemStats
		piece := []byte(strings.Repeat("x", 1000))
		var f Frame
		runtime.ReadMemStats(&before)
		for range 1000 {
			n, ok := s.Next(piece, &f)
			require.Equal(t, len(piece), n)
			require.False(t, ok)
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
		require.Equal(t, 12+1000*1000, s.Pending())
	}
}

// A frame within a read is not copied.
func TestFramesAreSlicesOfTheRead(t *testing.T) {
	body := []byte(testkit.Framed(hi, hi))
	half := len(body) / 2
	var s Splitter
	s.Init(large, false)
	feed(t, &s, string(body)) // the first prelude is held back until it is known
	var f Frame
	for _, end := range []int{half, len(body)} {
		n, ok := s.Next(body[end-half:end], &f)
		require.True(t, ok)
		require.Equal(t, half, n)
		require.Same(t, &body[end-CrcSize-1], &f.Data[len(f.Data)-1])
		require.Equal(t, len(f.Data), cap(f.Data))
	}
}

// Headers are skipped by their width, and those that break off are damage (B-04).
func TestFrameHeaders(t *testing.T) {
	for _, c := range []struct {
		headers string
		ok      bool
	}{
		{"", true},
		{"\x01a\x00", true},
		{"\x00\x01", true},
		{"\x01a\x07\x00\x00", true},
		{"\x01a\x06\x00\x01x\x01b\x09" + strings.Repeat("u", 16), true},
		{"\x01", false},
		{"\x01a", false},
		{"\x01a\x02", false},
		{"\x01a\x05\x00\x00", false},
		{"\x01a\x07\x00", false},
		{"\x01a\x07\x00\x02x", false},
		{"\x01a\x0a", false},
		{"\x01a\x00\x05", false},
	} {
		var h FrameHeaders
		require.Equal(t, c.ok, h.Read([]byte(c.headers)), "%q", c.headers)
	}
	var h FrameHeaders
	require.True(t, h.Read([]byte("\x0b:event-type\x07\x00\x01a\x0b:event-type\x06\x00\x01b\x0b:event-type\x07\x00\x01c")))
	require.Equal(t, "c", string(h.EventType))
}

// The headers of a frame are its own, also if the frame before had the same ones, or
// ones that could not be read.
func TestHeadersOfFramesInARow(t *testing.T) {
	typ := func(value string) string { return header(":event-type", value) }
	body := ""
	for _, headers := range []string{typ("a"), typ("a"), typ("b"), typ("b") + "\x05", typ("b") + "\x05", "", "", typ("b"), "", typ("a")} {
		body += testkit.RawFrame(headers, "{}")
	}
	bad := "malformed: a frame's headers cannot be read"
	want := []string{"event type=a {}", "event type=a {}", "event type=b {}", bad, bad, "event {}", "event {}", "event type=b {}", "event {}", "event type=a {}"}
	require.Equal(t, want, splitStream(t, large, body).Frames)
	require.Equal(t, want, splitStream(t, large, body, 100, 200).Frames)
}

// What a FrameCache accepts, a FrameReader reads without an error.
func TestFrameCache(t *testing.T) {
	headers := header(":event-type", "a")
	var cache FrameCache
	cache.Use([]byte(headers))
	for range 2 { // the second time from the cache
		for size := range 300 {
			frame := []byte(testkit.RawFrame(headers, strings.Repeat("x", size)))
			require.Equal(t, frame, cache.Frame(append(frame, "more"...)), size)
			require.Nil(t, cache.Frame(frame[:len(frame)-1]), size)
			for _, at := range []int{0, 3, 5, 9, PreludeSize, len(frame) - 1, len(frame) / 2} {
				frame[at] ^= 1
				require.Nil(t, cache.Frame(frame), "%d damaged at %d", size, at)
				frame[at] ^= 1
			}
		}
	}
	other := []byte(testkit.RawFrame(header(":event-type", "b"), "{}"))
	require.Nil(t, cache.Frame(other))
	require.Nil(t, cache.Frame(nil))
	cache.Use([]byte(header(":event-type", "b")))
	require.Equal(t, other, cache.Frame(other))

	// The smallest frame has neither headers nor a payload.
	prelude := testkit.Prelude(MinFrame, 0)
	frame := binary.BigEndian.AppendUint32([]byte(prelude), crc32.ChecksumIEEE([]byte(prelude)))
	cache.Use(nil)
	require.Equal(t, frame, cache.Frame(frame))
}
