package testkit

import (
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/seed-4d65deac/llmstream/testdata"
)

// Framed returns the binary frames that the lines describe; see [testdata.Frames].
func Framed(lines ...string) string {
	stream, err := testdata.Frames(strings.Join(lines, "\n"))
	if err != nil {
		panic(err)
	}
	return string(stream)
}

// Prelude returns the prelude of a binary frame with these lengths and the right
// checksum.
func Prelude(total, headers uint32) string {
	b := binary.BigEndian.AppendUint32(nil, total)
	b = binary.BigEndian.AppendUint32(b, headers)
	return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
}

// RawFrame returns a binary frame with these headers and this payload.
func RawFrame(headers, payload string) string {
	total := 16 + len(headers) + len(payload)
	b := []byte(Prelude(uint32(total), uint32(len(headers))) + headers + payload)
	return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b)))
}
