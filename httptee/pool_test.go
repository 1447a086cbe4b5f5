package httptee

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// oneProcessor makes a pool give back what was put into it: each processor has a place of its own there.
func oneProcessor(t *testing.T) {
	was := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(was) })
}

// drained returns all that a pool gives.
func drained[T any](p *sync.Pool) (all []T) {
	for {
		v, ok := p.Get().(T)
		if !ok {
			return all
		}
		all = append(all, v)
	}
}

// A parser goes back to its pool, unless a handler has panicked in it, whichever goroutine that was in.
func TestParsersArePooled(t *testing.T) {
	oneProcessor(t)
	all := events(recording(t, "openai-chat/text.sse"))
	for _, encoding := range []string{"", "gzip"} {
		for _, drain := range []Drain{{}, {Time: patience}} {
			for _, panics := range []bool{false, true} {
				body := joined(all)
				if encoding != "" {
					body = compress(t, encoding, body)
				}
				o := &Options{Drain: drain, Deltas: func(*http.Request) llmstream.Handler {
					return llmstream.HandlerFunc(func(*llmstream.Delta) error {
						if panics {
							panic("boom")
						}
						return nil
					})
				}}
				done := results(o)
				tr := Transport(roundTripper(func(*http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: 200, Header: http.Header{"Content-Encoding": {encoding}}, Body: io.NopCloser(&pieces{body, 100})}, nil
				}), o).(*transport)
				pooled := 0
				for range 20 { // the race detector makes pools drop what they get, now and then
					drained[*reading](&tr.pools[llmstream.OpenAIChat])
					resp, err := tr.RoundTrip(chatRequest())
					require.NoError(t, err)
					var used *reading
					switch b := resp.Body.(type) {
					case *watchedBody:
						used = b.reading
					case *pump:
						used = b.watch.reading
					}
					func() {
						defer func() { recover() }()
						io.Copy(io.Discard, resp.Body)
					}()
					next(t, done)
					for _, r := range drained[*reading](&tr.pools[llmstream.OpenAIChat]) {
						require.Same(t, used, r)
						require.Nil(t, r.watch)
						require.Nil(t, r.theirs)
						require.Zero(t, r.doneAt)
						pooled++
					}
				}
				require.Equal(t, !panics, pooled > 0, "%q %v", encoding, drain)
			}
		}
	}
}

type watchedBody = body

// So does an inflater.
func TestInflatersArePooled(t *testing.T) {
	oneProcessor(t)
	body := compress(t, "gzip", recording(t, "openai-chat/text.sse"))
	for _, panics := range []bool{false, true} {
		o := &Options{Deltas: func(*http.Request) llmstream.Handler {
			return llmstream.HandlerFunc(func(*llmstream.Delta) error {
				if panics {
					panic("boom")
				}
				return nil
			})
		}}
		done := results(o)
		pooled := 0
		for range 20 {
			drained[io.Reader](&gzips)
			resp, err := Transport(encoded("gzip", io.NopCloser(bytes.NewReader(body))), o).RoundTrip(chatRequest())
			require.NoError(t, err)
			io.Copy(io.Discard, resp.Body)
			require.Equal(t, panics, next(t, done).Err != nil)
			pooled += len(drained[io.Reader](&gzips))
		}
		require.Equal(t, !panics, pooled > 0)
	}
}
