package httptee

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// Compressed bodies pass as they are, and are read all the same.
func TestCompressedRecordings(t *testing.T) {
	all := recordings(t)
	for i, encoding := range []string{"gzip", "deflate", "bare deflate"} {
		t.Run(encoding, func(t *testing.T) {
			zipped := map[string][]byte{}
			for _, name := range slices.Sorted(maps.Keys(all)) {
				if i++; i%5 == 0 || encoding == "gzip" && !testing.Short() { // deflating takes its time
					zipped[name] = compress(t, encoding, all[name])
				}
			}
			eachWay(t, func(t *testing.T, via setup, o *Options) {
				done := results(o)
				at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Encoding", strings.TrimPrefix(encoding, "bare "))
					w.Write(zipped[r.URL.Query().Get("name")])
				}), o)
				for name, want := range zipped {
					got, _ := get(t, client, at+"/?name="+name)
					require.Equal(t, want, got, name)
					r := next(t, done)
					outcome, answer := fold(llmstream.Auto, all[name])
					require.Equal(t, outcome.State, r.Outcome.State, name)
					require.Equal(t, outcome.Events, r.Events, name)
					require.Equal(t, asJSON(t, answer), asJSON(t, r.Completion), name)
					require.EqualValues(t, len(want), r.Bytes, name)
					require.Equal(t, strings.TrimPrefix(encoding, "bare "), r.Encoding)
					require.NoError(t, r.Err, name)
				}
				none(t, done)
			})
		})
	}
}

// An encoding that nobody knows is said to be one.
func TestUnknownEncoding(t *testing.T) {
	for _, encoding := range []string{"br", "zstd", "gzip, br"} {
		eachWay(t, func(t *testing.T, via setup, o *Options) {
			done := results(o)
			if strings.HasPrefix(encoding, "z") { // a hook that does not know it either
				o.Decoder = func(string, io.Reader) (io.Reader, error) { return nil, nil }
			}
			at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", encoding)
				w.Write([]byte("\x8b\x00whatever that may be"))
			}), o)
			get(t, client, at)
			r := next(t, done)
			require.Equal(t, llmstream.StateNotStream, r.Outcome.State)
			require.ErrorIs(t, r.Outcome.Err(), llmstream.ErrCompressed)
			require.ErrorIs(t, r.Outcome.Err(), llmstream.ErrNotStream)
			require.Equal(t, encoding, r.Encoding)
			require.EqualValues(t, 22, r.Bytes)
		})
	}
}

// rot is an encoding that only the hook knows.
type rot struct {
	io.Reader
	closed chan bool
}

func (r *rot) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	for i := range b[:n] {
		b[i] ^= 0x80
	}
	return n, err
}

func (r *rot) Close() error {
	r.closed <- true
	return nil
}

func TestDecoder(t *testing.T) {
	body := recording(t, "openai-chat/text.sse")
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done, closed := results(o), make(chan bool, 1)
		o.Decoder = func(encoding string, r io.Reader) (io.Reader, error) {
			if encoding == "bad" {
				return nil, errors.ErrUnsupported
			}
			require.Equal(t, "rot", encoding)
			return &rot{r, closed}, nil
		}
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", r.URL.Path[1:])
			coded := make([]byte, len(body))
			(&rot{Reader: strings.NewReader(string(body))}).Read(coded)
			w.Write(coded)
		}), o)
		get(t, client, at+"/Rot")
		require.Equal(t, llmstream.StateComplete, next(t, done).Outcome.State)
		next(t, closed)
		get(t, client, at+"/bad")
		r := next(t, done)
		require.ErrorIs(t, r.Err, errors.ErrUnsupported)
		require.ErrorIs(t, r.Outcome.Err(), errors.ErrUnsupported)
	})
}

// panicking is a decoder that panics and is to be closed all the same.
type panicking struct{ rot }

func (p *panicking) Read([]byte) (int, error) { panic("boom") }

// A decoder is closed when it panics, and when a handler of deltas does.
func TestDecoderIsClosedAfterAPanic(t *testing.T) {
	for _, who := range []string{"decoder", "handler"} {
		t.Run(who, func(t *testing.T) {
			noLeak(t)
			closed := make(chan bool, 2)
			o := &Options{
				Decoder: func(_ string, r io.Reader) (io.Reader, error) {
					if who == "decoder" {
						return &panicking{rot{r, closed}}, nil
					}
					return &rot{r, closed}, nil
				},
				Deltas: func(*http.Request) llmstream.Handler {
					return llmstream.HandlerFunc(func(*llmstream.Delta) error { panic("boom") })
				},
			}
			done := results(o)
			at, client := viaTransport(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "rot")
				body := recording(t, "openai-chat/text.sse")
				(&rot{Reader: strings.NewReader(string(body))}).Read(body)
				w.Write(body)
			}), o)
			get(t, client, at)
			r := next(t, done)
			var p *PanicError
			require.ErrorAs(t, r.Err, &p)
			require.Equal(t, r.Err, r.Outcome.Cause)
			require.Equal(t, llmstream.StateStopped, r.Outcome.State)
			require.Len(t, closed, 1, "once")
		})
	}
}

// Junk after the compressed data does not spoil an answer that was whole, and is reported.
func TestJunkAfterTheEnd(t *testing.T) {
	o := &Options{}
	done := results(o)
	body := append(compress(t, "gzip", recording(t, "openai-chat/text.sse")), "junk junk junk"...)
	resp, err := Transport(encoded("gzip", io.NopCloser(bytes.NewReader(body))), o).RoundTrip(chatRequest())
	require.NoError(t, err)
	io.Copy(io.Discard, resp.Body)
	r := next(t, done)
	require.ErrorIs(t, r.Err, gzip.ErrHeader)
	require.Equal(t, r.Err, r.Outcome.Cause)
	require.Equal(t, llmstream.StateComplete, r.Outcome.State)
	require.NoError(t, r.Outcome.Err())
}

// One that lags after the end marker has the answer too.
func TestLagAfterTheMarker(t *testing.T) {
	entered, goOn := make(chan bool, 100), make(chan bool)
	o := &Options{MaxLag: 2000, Deltas: func(*http.Request) llmstream.Handler {
		return llmstream.HandlerFunc(func(d *llmstream.Delta) error {
			if d.Kind == llmstream.KindDone {
				entered <- true
				<-goOn
			}
			return nil
		})
	}}
	done := results(o)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(recording(t, "openai-chat/text.sse"))
	w.Flush()
	first := bytes.Clone(b.Bytes())
	noise := make([]byte, 5000)
	for i := range noise {
		noise[i] = byte(rand.Uint32()) | 0x80
	}
	w.Write(noise)
	w.Close()
	resp, err := Transport(encoded("gzip", io.NopCloser(bytes.NewReader(b.Bytes()))), o).RoundTrip(chatRequest())
	require.NoError(t, err)
	_, err = io.ReadFull(resp.Body, make([]byte, len(first)))
	require.NoError(t, err)
	next(t, entered)
	io.Copy(io.Discard, resp.Body)
	close(goOn)
	r := next(t, done)
	var lag *LagError
	require.ErrorAs(t, r.Err, &lag)
	require.Equal(t, r.Err, r.Outcome.Cause)
	require.Equal(t, llmstream.StateComplete, r.Outcome.State)
}

// Events of a compressed body are parsed as they come, so that their times are right.
func TestCompressedTimes(t *testing.T) {
	c := newClock()
	parsed := make(chan bool, 100)
	o := &Options{Now: c.now, Decoder: func(_ string, r io.Reader) (io.Reader, error) {
		return &signalling{rot{r, make(chan bool, 1)}, parsed}, nil
	}}
	done := results(o)
	all := events(recording(t, "openai-chat/text.sse"))
	for _, e := range all {
		(&rot{Reader: bytes.NewReader(bytes.Clone(e))}).Read(e)
	}
	body, w := io.Pipe()
	resp, err := Transport(encoded("rot", body), o).RoundTrip(chatRequest())
	require.NoError(t, err)
	go io.Copy(io.Discard, resp.Body)
	for _, e := range all {
		c.add(time.Second)
		w.Write(e)
		next(t, parsed)
	}
	c.add(time.Hour)
	w.Close()
	times := next(t, done).Timings
	require.Equal(t, time.Second, times.FirstEvent)
	require.Less(t, times.LastOutput, time.Minute)
	require.Greater(t, times.End, time.Hour)
}

// signalling is a decoder that says when it is asked for more, after the first time.
type signalling struct {
	rot
	asked chan bool
}

func (s *signalling) Read(b []byte) (int, error) {
	n, err := s.rot.Read(b)
	s.asked <- true
	return n, err
}

// An inflater that lags too far stops, and the client gets all bytes.
func TestLag(t *testing.T) {
	all := events(recording(t, "openai-chat/text.sse"))
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done, goOn := results(o), make(chan bool)
		o.MaxLag = 1000
		entered := make(chan bool, 100)
		o.Deltas = func(*http.Request) llmstream.Handler {
			return llmstream.HandlerFunc(func(d *llmstream.Delta) error {
				entered <- true
				<-goOn // slow
				return nil
			})
		}
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			c := compressor("gzip", w)
			c.Write(all[0])
			c.Flush()
			w.(http.Flusher).Flush()
			next(t, entered)
			for range 2000 {
				c.Write([]byte(": comment\n"))
				c.Flush()
			}
			c.Close()
		}), o)
		get(t, client, at)
		none(t, done) // Close waited for nothing
		close(goOn)
		r := next(t, done)
		var lag *LagError
		require.ErrorAs(t, r.Err, &lag)
		require.ErrorAs(t, r.Outcome.Err(), &lag)
		require.Equal(t, 1000, lag.Max)
		require.Equal(t, llmstream.StateStopped, r.Outcome.State)
		require.NotEmpty(t, r.Completion.Choices)
	})
}

// What is not compressed data, or breaks off.
func TestCompressedDamage(t *testing.T) {
	body := recording(t, "openai-chat/text.sse")
	zipped := compress(t, "gzip", body)
	damaged := append([]byte{}, zipped...)
	damaged[len(damaged)/2] ^= 0xff
	for _, test := range []struct {
		name, encoding string
		body           []byte
		state          llmstream.State
		isErr          bool
	}{
		{"cut", "gzip", zipped[:len(zipped)/2], llmstream.StateTruncated, true},
		{"cut header", "gzip", zipped[:5], llmstream.StateTruncated, true},
		{"damaged", "gzip", damaged, llmstream.StateTruncated, true},
		{"nothing", "gzip", nil, llmstream.StateEmpty, false},
		{"as it is", "gzip", body, llmstream.StateComplete, false},
		{"twice", "gzip", compress(t, "gzip", zipped), llmstream.StateNotStream, false},
		{"identity", "identity", body, llmstream.StateComplete, false},
		{"two members", "x-gzip", append(compress(t, "gzip", body[:100]), compress(t, "gzip", body[100:])...), llmstream.StateComplete, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, via setup, o *Options) {
				done := results(o)
				at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Encoding", test.encoding)
					w.Write(test.body)
				}), o)
				got, _ := get(t, client, at)
				require.Equal(t, string(test.body), string(got))
				r := next(t, done)
				require.Equal(t, test.state, r.Outcome.State, "%v", r.Outcome.Err())
				require.Equal(t, test.isErr, r.Err != nil, "%v", r.Err)
			})
		})
	}
}
