package encodings

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/httptee"
	"github.com/stretchr/testify/require"
)

type flushCloser interface {
	io.WriteCloser
	Flush() error
}

// encoders are the encoders with a window of so many bits.
var encoders = map[string]func(t testing.TB, w io.Writer, window int) flushCloser{
	"br": func(_ testing.TB, w io.Writer, window int) flushCloser {
		return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: 5, LGWin: window})
	},
	"zstd": func(t testing.TB, w io.Writer, window int) flushCloser {
		z, err := zstd.NewWriter(w, zstd.WithWindowSize(1<<window), zstd.WithEncoderConcurrency(1))
		require.NoError(t, err)
		return z
	},
}

// chat is an answer of OpenAI's chat API with this many words.
func chat(words int) (events []string) {
	for i := range words {
		events = append(events, fmt.Sprintf("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word%d \"}}]}\n\n", i))
	}
	return append(events,
		"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
		"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n",
		"data: [DONE]\n\n")
}

// A compressed answer passes as it is and is parsed, event by event.
func TestThroughHTTPTee(t *testing.T) {
	for encoding, encoder := range encoders {
		t.Run(encoding, func(t *testing.T) {
			all := chat(200)
			goOn := make(chan bool, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", encoding)
				z := encoder(t, w, 18)
				for i, e := range all {
					io.WriteString(z, e)
					if i < 5 {
						z.Flush()
						w.(http.Flusher).Flush()
						<-goOn
					}
				}
				z.Close()
			}))
			defer server.Close()
			done, seen := make(chan *httptee.Result, 1), make(chan string, 1000)
			client := &http.Client{Transport: httptee.Transport(&http.Transport{DisableCompression: true, DisableKeepAlives: true}, &httptee.Options{
				Decoder: Decoder,
				Done:    func(_ *http.Request, r *httptee.Result) { done <- r },
				Deltas: func(*http.Request) llmstream.Handler {
					return llmstream.HandlerFunc(func(d *llmstream.Delta) error {
						if d.Kind == llmstream.KindContent {
							seen <- string(d.Text)
						}
						return nil
					})
				},
			})}
			resp, err := client.Post(server.URL+"/v1/chat/completions", "application/json", nil)
			require.NoError(t, err)
			defer resp.Body.Close()
			copied := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, resp.Body)
				copied <- err
			}()
			for i := range 5 { // each event is parsed before the next is sent
				select {
				case got := <-seen:
					require.Equal(t, fmt.Sprintf("word%d ", i), got)
				case <-time.After(10 * time.Second):
					t.Fatal("nothing came")
				}
				goOn <- true
			}
			require.NoError(t, <-copied)
			r := <-done
			require.NoError(t, r.Err)
			require.Equal(t, llmstream.StateComplete, r.Outcome.State)
			require.EqualValues(t, 3, r.Usage.Output)
			require.Equal(t, encoding, r.Encoding)
		})
	}
}

// A stream whose window is too large fails, and one that just fits does not.
func TestMaxWindow(t *testing.T) {
	text := strings.Repeat(strings.Join(chat(1000), ""), 40) // 3 MiB, so that no encoder takes a smaller window
	for encoding, encoder := range encoders {
		for _, bits := range []int{18, 20} {
			t.Run(fmt.Sprint(encoding, "/", bits), func(t *testing.T) {
				var b bytes.Buffer
				z := encoder(t, &b, bits)
				io.WriteString(z, text)
				require.NoError(t, z.Close())
				for max, ok := range map[int]bool{1 << bits: true, 1<<bits - 1: false, 1 << 10: false} {
					r, err := WithMaxWindow(max)(encoding, bytes.NewReader(b.Bytes()))
					require.NoError(t, err)
					got, err := io.ReadAll(r)
					require.NoError(t, r.(io.Closer).Close())
					if ok {
						require.NoError(t, err)
						require.Equal(t, text, string(got))
						continue
					}
					var window *WindowError
					require.ErrorAs(t, err, &window)
					require.Equal(t, &WindowError{encoding, max}, window)
				}
			})
		}
	}
}

// Windows of brotli, as RFC 7932 lists them.
func TestWindowOf(t *testing.T) {
	for bits := 10; bits <= 24; bits++ {
		var b bytes.Buffer
		w := brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 5, LGWin: bits})
		w.Write([]byte("x"))
		w.Flush()
		require.Equal(t, 1<<bits, windowOf(b.Bytes()[0]), bits)
	}
}

// A decoder holds its window and little more, whatever is sent.
func TestMemory(t *testing.T) {
	for encoding, encoder := range encoders {
		t.Run(encoding, func(t *testing.T) {
			var b bytes.Buffer
			z := encoder(t, &b, 20)
			for i := range 40_000 { // 16 MiB that hardly repeat
				fmt.Fprintf(z, "%0400x\n", i*i*i)
			}
			z.Close()
			before := heap()
			r, err := WithMaxWindow(1<<20)(encoding, bytes.NewReader(b.Bytes()))
			require.NoError(t, err)
			buf := make([]byte, 32<<10)
			var most, read int64
			for i := 0; ; i++ {
				n, err := r.Read(buf)
				read += int64(n)
				if i%50 == 49 {
					most = max(most, heap()-before)
				}
				if err != nil {
					require.ErrorIs(t, err, io.EOF)
					break
				}
			}
			require.Greater(t, read, int64(15<<20))
			t.Logf("%s: %d KiB", encoding, most>>10)
			windows := map[string]int64{"br": 1, "zstd": 2}[encoding]
			require.Less(t, most, windows<<20+1<<20)
			runtime.KeepAlive(r)
			require.NoError(t, r.(io.Closer).Close())
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Damage and a cut are errors; nothing at all is an end.
func TestDamage(t *testing.T) {
	text := strings.Join(chat(1000), "")
	for encoding, encoder := range encoders {
		var b bytes.Buffer
		z := encoder(t, &b, 18)
		io.WriteString(z, text)
		z.Close()
		whole := b.Bytes()
		damaged := bytes.Clone(whole)
		for i := range damaged[len(damaged)/2:][:20] {
			damaged[len(damaged)/2+i] ^= 0xa5
		}
		for name, body := range map[string][]byte{"cut": whole[:len(whole)/2], "damaged": damaged} {
			r, err := Decoder(encoding, bytes.NewReader(body))
			require.NoError(t, err)
			got, err := io.ReadAll(r)
			if err == nil {
				require.NotEqual(t, text, string(got), "%s %s", encoding, name)
			}
			if name == "cut" {
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, encoding)
			}
		}
		r, err := Decoder(encoding, bytes.NewReader(nil))
		require.NoError(t, err)
		_, err = io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.(io.Closer).Close())
		_, err = r.Read(make([]byte, 1))
		require.Error(t, err)
	}
}

func TestOtherEncodings(t *testing.T) {
	for _, encoding := range []string{"gzip", "deflate", "gzip, br", "x"} {
		r, err := Decoder(encoding, strings.NewReader("x"))
		require.NoError(t, err)
		require.Nil(t, r)
	}
}

func TestTooSmallWindow(t *testing.T) {
	_, err := WithMaxWindow(1<<10-1)("zstd", strings.NewReader(""))
	require.Error(t, err)
}
