package proof

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/seed-4d65deac/llmstream/internal/wire"
	"github.com/stretchr/testify/require"
)

// Frames that fit are read without an event of theirs; whatever is another in one of
// them is read as it would have been.
func TestTemplatesOfFramesAreExact(t *testing.T) {
	one, two, six := testkit.BlockDelta("one"), testkit.BlockDelta("two"), testkit.BlockDelta("six")
	long := framed(testkit.BlockDelta(strings.Repeat("x", 200)), testkit.BlockDelta(strings.Repeat("x", 100)), one) // there is room for more in the answer from here on
	payload := strings.IndexByte(two, '{')
	for at := payload; at < len(two); at++ {
		for i, edit := range testkit.Edits(two[at]) {
			if (at+i)%sample(5) != 0 || strings.ContainsAny(edit, "\n") {
				continue
			}
			requireShortcuts(t, llmstream.Bedrock, []byte(long+framed(one, six, two[:at]+edit+two[at+1:], one, six)))
		}
	}
	for _, between := range []string{
		"damaged " + two, "lost " + two, "headers " + two, "hex 0102", `exception throttlingException {"message":"m"}`, "error 400 no",
		strings.Replace(two, "contentBlockDelta", "contentBlockStop", 1), strings.Replace(two, "contentBlockDelta", "other", 1),
		`chunk {"outputText":"x"}`, `event contentBlockDelta`, `event messageStop {"stopReason":"end_turn"}`, `event metadata {"usage":{"inputTokens":1}}`,
		testkit.BlockDelta(""), testkit.BlockDelta(`\n`), testkit.BlockDelta(`\ud83d`), testkit.BlockDelta(`\ude00`), testkit.BlockDelta("a much longer text than all the others, of some words more"),
	} {
		body := []byte(long + framed(one, six, one, between, between, between, six, six, between, one, two))
		requireShortcuts(t, llmstream.Bedrock, body)
		requireShortcuts(t, llmstream.Bedrock, body, 300, 333, 500, 700, len(body)-5)
	}
}

// What follows a frame is no part of it, whatever it looks like.
func TestTemplatesOfFramesEndWithThem(t *testing.T) {
	frames := framed(testkit.BlockDelta(strings.Repeat("x", 200)), testkit.BlockDelta(strings.Repeat("x", 100)), testkit.BlockDelta("two"), testkit.BlockDelta("one"))
	whole := framed(testkit.BlockDelta("six"))
	for cut := 1; cut < 60; cut++ { // a frame whose payload breaks off where the next would go on with it
		b := []byte(whole[:len(whole)-wire.CrcSize-cut])
		binary.BigEndian.PutUint32(b, uint32(len(b)+wire.CrcSize))
		binary.BigEndian.PutUint32(b[8:], crc32.ChecksumIEEE(b[:8]))
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
		for _, behind := range []string{whole, whole[len(whole)-wire.CrcSize-cut:], `"},"p":"abcdefghijkl"}` + whole} {
			requireShortcuts(t, llmstream.Bedrock, []byte(frames+string(b)+behind+frames))
		}
	}
}

// A frame with any byte changed is damaged, whatever is known of those before it.
func TestTemplatesOfFramesAreProven(t *testing.T) {
	frames := framed(testkit.BlockDelta(strings.Repeat("x", 200)), testkit.BlockDelta(strings.Repeat("x", 100)), testkit.BlockDelta("two"), testkit.BlockDelta("two"))
	next := framed(testkit.BlockDelta("two"))
	for at := range len(next) {
		b := []byte(next)
		b[at] ^= 1 << (at % 8)
		requireShortcuts(t, llmstream.Bedrock, []byte(frames+string(b)+frames))
	}
	b := []byte(next) // its own checksum is right, that of its prelude is not
	b[8] ^= 1
	binary.BigEndian.PutUint32(b[len(b)-wire.CrcSize:], crc32.ChecksumIEEE(b[:len(b)-wire.CrcSize]))
	requireShortcuts(t, llmstream.Bedrock, []byte(frames+string(b)+frames))
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

// A parser that has read frames reads anything else after Reset.
func TestFramesAndThenLines(t *testing.T) {
	lines := strings.Repeat(`{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"x"}}}`+"\n", 9)
	var a llmstream.Accumulator
	p := llmstream.NewParser(llmstream.Bedrock, &a, nil)
	for _, body := range []string{framed(testkit.BlockDelta("x"), testkit.BlockDelta("x"), testkit.BlockDelta("x")), lines, framed(testkit.BlockDelta("x"))} {
		a.Reset()
		p.Reset()
		for i := range body {
			p.Write([]byte(body[i : i+1]))
		}
		p.Close()
		require.Equal(t, strings.Repeat("x", strings.Count(body, `"x"`)), string(a.AppendText(nil, 0)))
	}
}
