package httptee

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

var quiet = log.New(io.Discard, "", 0)

// All bytes pass (contract 5), and the result is the same as that of a parser by itself.
func TestRecordings(t *testing.T) {
	all := recordings(t)
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done := results(o)
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for body := all[r.URL.Query().Get("name")]; len(body) > 0; {
				n := min(len(body), 1+rand.IntN(300))
				w.Write(body[:n])
				w.(http.Flusher).Flush()
				body = body[n:]
			}
		}), o)
		for name, want := range all {
			got, _ := get(t, client, at+"/?name="+name)
			require.Equal(t, string(want), string(got), name)
			r := next(t, done)
			outcome, answer := fold(llmstream.Auto, want)
			require.Equal(t, outcome.State, r.Outcome.State, name)
			require.Equal(t, outcome.Choices, r.Outcome.Choices, name)
			require.Equal(t, outcome.Events, r.Events, name)
			require.Equal(t, outcome.Dialect, r.Dialect, name)
			require.Equal(t, asJSON(t, answer), asJSON(t, r.Completion), name)
			require.Equal(t, answer.Model, r.Model)
			require.EqualValues(t, len(want), r.Bytes, name)
			require.Equal(t, http.StatusOK, r.Status)
			require.False(t, r.ClientLeft, name)
			require.NoError(t, r.Err, name)
		}
		none(t, done)
	})
}

// The upstream sends an event when the client has the one before, and its delta
// was seen.
func TestLockstep(t *testing.T) {
	all := events(recording(t, "openai-chat/text.sse"))
	for _, encoding := range []string{"", "gzip", "deflate", "bare deflate"} {
		t.Run(encoding, func(t *testing.T) {
			eachWay(t, func(t *testing.T, via setup, o *Options) {
				done, seen := results(o), make(chan string, 100)
				o.Deltas = func(*http.Request) llmstream.Handler {
					last := ""
					return llmstream.HandlerFunc(func(d *llmstream.Delta) error {
						if raw := string(d.Raw); raw != "" && raw != last {
							last = raw
							seen <- raw
						}
						return nil
					})
				}
				goOn := make(chan bool, 1)
				at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					sendEach(w, encoding, all, func() bool { return next(t, goOn) })
				}), o)
				resp, err := client.Get(at)
				require.NoError(t, err)
				defer resp.Body.Close()
				body := bufio.NewReader(resp.Body)
				for _, e := range all {
					_, err := body.Peek(1)
					require.NoError(t, err)
					if encoding == "" {
						got := make([]byte, len(e))
						_, err = io.ReadFull(body, got)
						require.NoError(t, err)
						require.Equal(t, string(e), string(got))
					} else { // all that one flush has sent
						body.Discard(body.Buffered())
					}
					if data, ok := strings.CutPrefix(strings.TrimSpace(string(e)), "data: "); ok {
						require.Equal(t, data, next(t, seen))
					}
					goOn <- true
				}
				_, err = io.Copy(io.Discard, body)
				require.NoError(t, err)
				r := next(t, done)
				require.Equal(t, llmstream.StateComplete, r.Outcome.State, "%+v", r)
			})
		})
	}
}

func TestTrailersAndInformational(t *testing.T) {
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done := results(o)
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</a>")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Trailer", "X-Late")
			w.WriteHeader(http.StatusAccepted)
			w.Write(recording(t, "openai-chat/text.sse"))
			w.Header().Set("X-Late", "yes")
		}), o)
		hints := 0
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { hints++; return nil },
		})
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, 1, hints)
		require.Equal(t, "yes", resp.Trailer.Get("X-Late"))
		r := next(t, done)
		require.Equal(t, http.StatusAccepted, r.Status)
		require.Equal(t, llmstream.StateComplete, r.Outcome.State)
	})
}

// A response without a body passes, and has no result.
func TestNoStream(t *testing.T) {
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done := results(o)
		o.Filter = func(r *http.Request) bool { return r.URL.Path != "/other" }
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/204":
				w.WriteHeader(204)
			case "/304":
				w.WriteHeader(304)
			default:
				w.Write(recording(t, "openai-chat/text.sse"))
			}
		}), o)
		get(t, client, at+"/204")
		get(t, client, at+"/304")
		get(t, client, at+"/other")
		resp, err := client.Head(at)
		require.NoError(t, err)
		resp.Body.Close()
		none(t, done)
		get(t, client, at)
		next(t, done)
	})
}

// An error's JSON is read whatever the status.
func TestErrorStatus(t *testing.T) {
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done := results(o)
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(429)
			w.Write(recording(t, "openai-chat/json-error.json"))
		}), o)
		get(t, client, at+"/v1/chat/completions")
		r := next(t, done)
		require.Equal(t, 429, r.Status)
		require.Equal(t, llmstream.StateError, r.Outcome.State)
		require.NotEmpty(t, r.Outcome.APIError.Message)
		require.Equal(t, llmstream.OpenAIChat, r.Dialect)
	})
}

// The dialect of an error page is that of the request's path.
func TestErrorPage(t *testing.T) {
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done := results(o)
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "slow down", http.StatusTooManyRequests)
		}), o)
		get(t, client, at+"/v1/chat/completions")
		r := next(t, done)
		require.Equal(t, llmstream.StateError, r.Outcome.State)
		require.Equal(t, llmstream.OpenAIChat, r.Dialect)
	})
}

func TestEmptyBody(t *testing.T) {
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done := results(o)
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}), o)
		get(t, client, at)
		r := next(t, done)
		require.Equal(t, llmstream.StateEmpty, r.Outcome.State)
		require.Equal(t, Never, r.Timings.FirstByte)
		require.Equal(t, 200, r.Status)
	})
}

// A connection that breaks off breaks off for the client too.
func TestAbort(t *testing.T) {
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done := results(o)
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Write(events(recording(t, "openai-chat/text.sse"))[0])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}), o)
		resp, err := client.Get(at)
		require.NoError(t, err)
		_, err = io.ReadAll(resp.Body)
		require.Error(t, err)
		resp.Body.Close()
		r := next(t, done)
		require.Equal(t, llmstream.StateTruncated, r.Outcome.State)
		require.Error(t, r.Outcome.Cause)
		none(t, done)
	})
}

// After a 101 the connection is not watched.
func TestUpgrade(t *testing.T) {
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		if strings.Contains(t.Name(), "HTTP/2") {
			t.Skip("HTTP/2 has no 101")
		}
		done := results(o)
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "echo")
			w.WriteHeader(http.StatusSwitchingProtocols)
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			line, _ := rw.ReadString('\n')
			rw.WriteString(line)
			rw.Flush()
		}), o)
		req, err := http.NewRequest(http.MethodGet, at, nil)
		require.NoError(t, err)
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", "echo")
		resp, err := client.Do(req)
		require.NoError(t, err)
		require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
		conn, ok := resp.Body.(io.ReadWriteCloser)
		require.True(t, ok)
		_, err = fmt.Fprintln(conn, "hello")
		require.NoError(t, err)
		line, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "hello\n", line)
		conn.Close()
		none(t, done)
	})
}

// A client that leaves at any moment: one result, and no goroutine.
func TestRandomCancels(t *testing.T) {
	all := events(recording(t, "openai-chat/text.sse"))
	for _, encoding := range []string{"", "gzip"} {
		t.Run(encoding, func(t *testing.T) {
			eachWay(t, func(t *testing.T, via setup, o *Options) {
				var begun, ended atomic.Int64
				o.Begin = func(*http.Request, *Progress) { begun.Add(1) }
				o.Done = func(_ *http.Request, r *Result) {
					if r.Status == 0 { // the request was cancelled before it had a response
						if r.Outcome.State != llmstream.StateStopped || !r.ClientLeft {
							t.Errorf("%v: %v", r.Outcome.State, r.Outcome.Cause)
						}
						return
					}
					if s := r.Outcome.State; s != llmstream.StateStopped && s != llmstream.StateComplete {
						t.Errorf("%v: %v, left %v", s, r.Outcome.Cause, r.ClientLeft)
					}
					ended.Add(1)
				}
				o.Drain.Time /= 1000
				at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					sendEach(w, encoding, all, func() bool {
						select {
						case <-r.Context().Done():
							return false
						case <-time.After(time.Duration(rand.IntN(300)) * time.Microsecond):
							return true
						}
					})
				}), o)
				get(t, client, at) // so that there is a connection
				var wg sync.WaitGroup
				for range 8 {
					wg.Add(1)
					go func() {
						defer wg.Done()
						for range 40 {
							ctx, cancel := context.WithCancel(context.Background())
							time.AfterFunc(time.Duration(rand.IntN(4000))*time.Microsecond, cancel)
							req, _ := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
							if resp, err := client.Do(req); err == nil {
								if rand.IntN(3) > 0 {
									io.Copy(io.Discard, io.LimitReader(resp.Body, rand.Int64N(3000)))
								}
								resp.Body.Close()
							}
							cancel()
						}
					}()
				}
				wg.Wait()
				require.Eventually(t, func() bool { return begun.Load() == ended.Load() }, patience, time.Millisecond)
				require.Positive(t, begun.Load())
				time.Sleep(10 * time.Millisecond)
				told := ended.Load() // a proxy may begin with what was asked of it before the client left
				require.LessOrEqual(t, told, begun.Load())
			})
		})
	}
}

// sendEach sends the events one by one, in this encoding. After each it asks goOn whether to go on.
func sendEach(w http.ResponseWriter, encoding string, all [][]byte, goOn func() bool) {
	var to io.Writer = w
	flush := w.(http.Flusher).Flush
	if encoding != "" {
		w.Header().Set("Content-Encoding", strings.TrimPrefix(encoding, "bare "))
		c := compressor(encoding, w)
		defer c.Close()
		to = c
		flush = func() {
			c.Flush()
			w.(http.Flusher).Flush()
		}
	}
	for _, e := range all {
		to.Write(e)
		if flush(); !goOn() {
			return
		}
	}
}
