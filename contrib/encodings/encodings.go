// Package encodings decodes brotli and zstd for package httptee, in bounded memory. It
// is a separate module, so that only programs that need these encodings depend on their
// decoders:
//
//	httptee.Transport(nil, &httptee.Options{Decoder: encodings.Decoder, …})
//
// gzip and deflate are decoded by httptee itself.
package encodings

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// DefaultMaxWindow is the largest window that [Decoder] accepts: 8 MiB, the limit of
// RFC 9659 for zstd in HTTP. Brotli encoders use 4 MiB by default.
const DefaultMaxWindow = 8 << 20

// Decoder is an httptee.Options.Decoder for "br" and "zstd". It returns nil for other
// encodings, and for lists of encodings. A stream whose window is larger than
// [DefaultMaxWindow] fails with a [WindowError].
//
// The reader that it returns yields bytes as soon as the encoder has flushed them. It
// reads r in the goroutine of its caller, and starts none of its own. The caller must
// close it; that does not close r.
func Decoder(encoding string, r io.Reader) (io.Reader, error) {
	return decoder(encoding, r, DefaultMaxWindow)
}

// WithMaxWindow returns a [Decoder] that accepts windows of at most size bytes. size is
// at least 1 KiB. A brotli reader holds its window once, and a zstd reader twice, plus
// less than 1 MiB.
func WithMaxWindow(size int) func(encoding string, r io.Reader) (io.Reader, error) {
	return func(encoding string, r io.Reader) (io.Reader, error) { return decoder(encoding, r, size) }
}

// A WindowError reports that a stream needs a larger window than is allowed.
type WindowError struct {
	Encoding string // "br" or "zstd"
	Max      int    // bytes that were allowed
}

func (e *WindowError) Error() string {
	return fmt.Sprintf("encodings: the %s stream needs a window of more than %d bytes", e.Encoding, e.Max)
}

func decoder(encoding string, r io.Reader, maxWindow int) (io.Reader, error) {
	switch encoding {
	case "br":
		return &brotliReader{src: r, max: maxWindow}, nil
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(uint64(maxWindow)))
		if err != nil {
			return nil, fmt.Errorf("encodings: %w", err)
		}
		return &zstdReader{z, maxWindow}, nil
	}
	return nil, nil
}

// brotliReader decodes brotli. Before it starts it checks the window, which the first bits of a stream give.
type brotliReader struct {
	src io.Reader
	max int
	z   *brotli.Reader // nil until the first Read
	err error
}

func (b *brotliReader) Read(p []byte) (int, error) {
	if b.z == nil && b.err == nil {
		b.start()
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.z.Read(p)
	b.err = err
	return n, err
}

func (b *brotliReader) start() {
	src := bufio.NewReaderSize(b.src, 16)
	first, err := src.Peek(1)
	if err != nil {
		b.err = err
		return
	}
	if windowOf(first[0]) > b.max {
		b.err = &WindowError{Encoding: "br", Max: b.max}
		return
	}
	b.z = brotli.NewReader(src)
}

// Close releases the decoder's memory. Further Reads fail.
func (b *brotliReader) Close() error {
	b.z, b.src, b.err = nil, nil, errClosed
	return nil
}

var errClosed = errors.New("encodings: read after Close")

// windowOf returns the window of a brotli stream by its first byte: WBITS of RFC 7932, section 9.1.
func windowOf(first byte) int {
	bits := 16
	if first&1 == 1 {
		switch high, low := first>>1&7, first>>4&7; {
		case high != 0:
			bits = 17 + int(high)
		case low != 0:
			bits = 8 + int(low)
		default:
			bits = 17
		}
	}
	return 1 << bits
}

// zstdReader decodes zstd.
type zstdReader struct {
	z   *zstd.Decoder
	max int
}

func (d *zstdReader) Read(p []byte) (int, error) {
	n, err := d.z.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = &WindowError{Encoding: "zstd", Max: d.max}
	}
	return n, err
}

// Close releases the decoder's memory. Further Reads fail.
func (d *zstdReader) Close() error {
	d.z.Close()
	return nil
}
