package llmstream

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/stretchr/testify/require"
)

// blockDelta describes a frame with this text.
func blockDelta(text string) string {
	return `event contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"` + text + `"},"p":"abcdefghijkl"}`
}

// Frames that fit are read without an event of theirs; whatever is another in one of
// them is read as it would have been.
func TestTemplatesOfFramesAreExact(t *testing.T) {
	one, two, six := blockDelta("one"), blockDelta("two"), blockDelta("six")
	long := framed(blockDelta(strings.Repeat("x", 200)), blockDelta(strings.Repeat("x", 100)), one) // there is room for more in the answer from here on
	payload := strings.IndexByte(two, '{')
	for at := payload; at < len(two); at++ {
		if testing.Short() && at%5 != 0 {
			continue
		}
		for _, edit := range edits(two[at]) {
			if strings.ContainsAny(edit, "\n") {
				continue
			}
			requireShortcuts(t, Bedrock, []byte(long+framed(one, six, two[:at]+edit+two[at+1:], one, six)))
		}
	}
	for _, between := range []string{
		"damaged " + two, "lost " + two, "headers " + two, "hex 0102", `exception throttlingException {"message":"m"}`, "error 400 no",
		strings.Replace(two, "contentBlockDelta", "contentBlockStop", 1), strings.Replace(two, "contentBlockDelta", "other", 1),
		`chunk {"outputText":"x"}`, `event contentBlockDelta`, `event messageStop {"stopReason":"end_turn"}`, `event metadata {"usage":{"inputTokens":1}}`,
		blockDelta(""), blockDelta(`\n`), blockDelta(`\ud83d`), blockDelta(`\ude00`), blockDelta("a much longer text than all the others, of some words more"),
	} {
		body := []byte(long + framed(one, six, one, between, between, between, six, six, between, one, two))
		requireShortcuts(t, Bedrock, body)
		requireShortcuts(t, Bedrock, body, 300, 333, 500, 700, len(body)-5)
	}
}

// What lies behind a frame is none of it, whatever it looks like.
func TestTemplatesOfFramesEndWithThem(t *testing.T) {
	frames := framed(blockDelta(strings.Repeat("x", 200)), blockDelta(strings.Repeat("x", 100)), blockDelta("two"), blockDelta("one"))
	whole := framed(blockDelta("six"))
	for cut := 1; cut < 60; cut++ { // a frame whose payload breaks off where the next would go on with it
		b := []byte(whole[:len(whole)-wire.CrcSize-cut])
		binary.BigEndian.PutUint32(b, uint32(len(b)+wire.CrcSize))
		binary.BigEndian.PutUint32(b[8:], crc32.ChecksumIEEE(b[:8]))
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
		for _, behind := range []string{whole, whole[len(whole)-wire.CrcSize-cut:], `"},"p":"abcdefghijkl"}` + whole} {
			requireShortcuts(t, Bedrock, []byte(frames+string(b)+behind+frames))
		}
	}
}

// A frame with any byte changed is damaged, whatever is known of those before it.
func TestTemplatesOfFramesAreProven(t *testing.T) {
	frames := framed(blockDelta(strings.Repeat("x", 200)), blockDelta(strings.Repeat("x", 100)), blockDelta("two"), blockDelta("two"))
	next := framed(blockDelta("two"))
	for at := range len(next) {
		b := []byte(next)
		b[at] ^= 1 << (at % 8)
		requireShortcuts(t, Bedrock, []byte(frames+string(b)+frames))
	}
	b := []byte(next) // its own checksum is right, that of its prelude is not
	b[8] ^= 1
	binary.BigEndian.PutUint32(b[len(b)-wire.CrcSize:], crc32.ChecksumIEEE(b[:len(b)-wire.CrcSize]))
	requireShortcuts(t, Bedrock, []byte(frames+string(b)+frames))
}

// What is known of frames holds for every length, and for others' headers not at all.
func TestKnownFrames(t *testing.T) {
	var k wire.FrameCache
	for range 2 {
		for _, typ := range []string{"a", "contentBlockDelta", "contentBlockOther", strings.Repeat("long", 60)} {
			for size := range 600 {
				frame := []byte(framed("event " + typ + ` {"p":"` + strings.Repeat("x", size) + `"}`))
				payload := wire.PreludeSize + int(binary.BigEndian.Uint32(frame[4:]))
				k.Use(frame[wire.PreludeSize:payload])
				for range 2 {
					require.Equal(t, frame, k.Frame(append(frame, "next"...)))
				}
				require.Nil(t, k.Frame(frame[:len(frame)-1]))
				frame[payload-1]++
				require.Nil(t, k.Frame(frame))
				frame[payload-1]--
				frame[len(frame)-1-size%(len(frame)-payload)]++
				require.Nil(t, k.Frame(frame))
			}
		}
	}
}

// Nearly all frames of a long answer are skimmed, as far as the answer may grow.
func TestTemplatesOfFramesFit(t *testing.T) {
	var lines []string
	for i := range 300 {
		lines = append(lines, strings.Replace(blockDelta(fmt.Sprint("word ", i)), "abcdefghijkl", "abcdefghijkl"[i%12:], 1))
	}
	body := []byte(framed(lines...))
	for _, limit := range []int{0, 1, 500, 1500} {
		folded := func(o *Options) (*Parser, *Completion) {
			a := &Accumulator{MaxBytes: limit}
			p := NewParser(Bedrock, a, o)
			p.Write(body)
			return p, a.Completion()
		}
		p, got := folded(nil)
		_, want := folded(&Options{NoFastPath: true})
		require.Equal(t, want, got)
		require.GreaterOrEqual(t, p.fast.Fitted(), int64(298))
		require.EqualValues(t, 300, p.Outcome().Events)
	}
	p := NewParser(Bedrock, nil, nil)
	p.Write([]byte(framed(lines[:10]...)))
	rest := []byte(framed(lines[10:]...))
	require.Greater(t, p.foldFrames(rest), len(rest)-200) // all but the last
}

// A parser that has read frames reads anything else behind Reset.
func TestFramesAndThenLines(t *testing.T) {
	lines := strings.Repeat(`{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"x"}}}`+"\n", 9)
	var a Accumulator
	p := NewParser(Bedrock, &a, nil)
	for _, body := range []string{framed(blockDelta("x"), blockDelta("x"), blockDelta("x")), lines, framed(blockDelta("x"))} {
		a.Reset()
		p.Reset()
		for i := range body {
			p.Write([]byte(body[i : i+1]))
		}
		p.Close()
		require.Equal(t, strings.Repeat("x", strings.Count(body, `"x"`)), string(a.AppendText(nil, 0)))
	}
}
