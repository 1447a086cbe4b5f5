package wire

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
type FrameCache struct {
	Headers []byte
	list    [256]cachedFrame // by the last byte of their length
}

// maxKnownHeaders is how many bytes of headers are worth knowing: those of a provider
// take some hundred.
const MaxKnownHeaders = 1 << 10

// knownFrame is how one begins: its prelude, but for the length of the headers, and
// what the bytes up to checkedFrom sum up to.
type cachedFrame struct{ total, crc, sum uint32 }

// use makes k those of frames with these headers.
func (k *FrameCache) Use(headers []byte) {
	if string(headers) != string(k.Headers) {
		*k = FrameCache{Headers: append(k.Headers[:0], headers...)}
	}
}

// frame returns the frame that b begins with, if all of it is there, it has the
// headers of k, and it is undamaged; nil: that is to be found out in another way.
func (k *FrameCache) Frame(b []byte) []byte {
	if len(b) < MinFrame {
		return nil
	}
	p, payload := readPrelude(b), PreludeSize+len(k.Headers)
	if uint64(p.total) > uint64(len(b)) || int(p.total) < payload+CrcSize || p.headers != uint32(len(k.Headers)) ||
		string(b[PreludeSize:payload]) != string(k.Headers) {
		return nil
	}
	end := int(p.total) - CrcSize
	from := checkedFrom(payload, end)
	known := &k.list[p.total%uint32(len(k.list))]
	if known.total != p.total || known.crc != p.crc {
		if !p.proven() {
			return nil
		}
		*known = cachedFrame{p.total, p.crc, crc32.ChecksumIEEE(b[:from])}
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
