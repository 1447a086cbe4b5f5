package wire

import (
	"encoding/binary"
	"hash/crc32"
)

// A FrameCache makes checking frames with the same headers cheaper. They differ in
// their lengths alone up to the payload, so what they begin with is remembered by
// length: the checksum of the prelude need not be computed again, and the checksum of
// the frame goes on from the payload.
//
// A cache may serve any number of streams one after the other: a provider writes the
// same headers in all of them.
type FrameCache struct {
	Headers []byte
	list    [256]cachedFrame // by the last byte of the frame's length
}

// MaxKnownHeaders is how many bytes of headers are worth caching. Providers write a
// hundred or so.
const MaxKnownHeaders = 1 << 10

// cachedFrame is how a frame begins: the length and the checksum of its prelude, and
// the checksum of the bytes up to checkedFrom. The length of the headers is that of
// the cache.
type cachedFrame struct{ total, crc, sum uint32 }

// Use makes k the cache of frames with these headers.
func (k *FrameCache) Use(headers []byte) {
	if string(headers) != string(k.Headers) {
		*k = FrameCache{Headers: append(k.Headers[:0], headers...)}
	}
}

// Frame returns the frame that b begins with, if it is whole and undamaged and has the
// headers of k. Otherwise it returns nil, and a FrameReader has to look at it.
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
		if !p.checksumOK() {
			return nil
		}
		*known = cachedFrame{p.total, p.crc, crc32.ChecksumIEEE(b[:from])}
	}
	if crc32.Update(known.sum, crc32.IEEETable, b[from:end]) != binary.BigEndian.Uint32(b[end:]) {
		return nil
	}
	return b[:p.total:p.total]
}

// checkedFrom returns where to go on with the checksum of a frame of which all before
// the payload is known. hash/crc32 is fastest with a multiple of 64 bytes.
func checkedFrom(payload, end int) int {
	if from := payload - (payload-end)&63; from >= 0 {
		return from
	}
	return payload
}
