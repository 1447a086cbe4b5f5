package llmstream

import (
	"encoding/binary"
	"hash/crc32"
)

// knownFrames are what frames with the same headers began with that were proven.
// They begin in few ways, since only their lengths differ, and then all up to the
// payload is known: the prelude needs no proof, and the checksum of the frame goes on
// behind the headers.
//
// They are no stream's own, since the headers are those of a provider.
type knownFrames struct {
	headers []byte
	list    [256]knownFrame // by the last byte of their length
}

// maxKnownHeaders is how many bytes of headers are worth knowing: those of a provider
// take some hundred.
const maxKnownHeaders = 1 << 10

// knownFrame is how one begins: its prelude, but for the length of the headers, and
// what the bytes up to checkedFrom sum up to.
type knownFrame struct{ total, crc, sum uint32 }

// use makes k those of frames with these headers.
func (k *knownFrames) use(headers []byte) {
	if string(headers) != string(k.headers) {
		*k = knownFrames{headers: append(k.headers[:0], headers...)}
	}
}

// frame returns the frame that b begins with, if all of it is there, it has the
// headers of k, and it is undamaged; nil: that is to be found out in another way.
func (k *knownFrames) frame(b []byte) []byte {
	if len(b) < minFrame {
		return nil
	}
	p, payload := readPrelude(b), preludeSize+len(k.headers)
	if uint64(p.total) > uint64(len(b)) || int(p.total) < payload+crcSize || p.headers != uint32(len(k.headers)) ||
		string(b[preludeSize:payload]) != string(k.headers) {
		return nil
	}
	end := int(p.total) - crcSize
	from := checkedFrom(payload, end)
	known := &k.list[p.total%uint32(len(k.list))]
	if known.total != p.total || known.crc != p.crc {
		if !p.proven() {
			return nil
		}
		*known = knownFrame{p.total, p.crc, crc32.ChecksumIEEE(b[:from])}
	}
	if crc32.Update(known.sum, crc32.IEEETable, b[from:end]) != binary.BigEndian.Uint32(b[end:]) {
		return nil
	}
	return b[:p.total:p.total]
}

// checkedFrom returns from where on to sum up a frame of which all before the payload
// is known. hash/crc32 is quickest with a multiple of 64 bytes.
func checkedFrom(payload, end int) int {
	if from := payload - (payload-end)&63; from >= 0 {
		return from
	}
	return payload
}
