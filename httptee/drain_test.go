package httptee

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// The usage comes after the client has left (U-15).
func TestDrain(t *testing.T) {
	all := events(recording(t, "openai-chat/usage-final-chunk.sse"))
	size := int64(len(joined(all)))
	for _, test := range []struct {
		name  string
		drain Drain
		via   setup
		leave string
		state llmstream.State
		sent  bool // the upstream could send all
	}{
		{"close", Drain{Time: patience}, viaTransport, "close", llmstream.StateComplete, true},
		{"cancel", Drain{Time: patience}, viaTransport, "cancel", llmstream.StateComplete, true},
		{"timeout", Drain{Time: patience}, viaTransport, "timeout", llmstream.StateComplete, true},
		{"enough bytes", Drain{Time: patience, Bytes: 1 << 20}, viaTransport, "close", llmstream.StateComplete, true},
		{"too few bytes", Drain{Time: patience, Bytes: 1}, viaTransport, "close", llmstream.StateStopped, false},
		{"too little time", Drain{Time: time.Millisecond}, viaTransport, "cancel", llmstream.StateStopped, false},
		{"too little time, proxy", Drain{Time: time.Millisecond}, viaProxy, "cancel", llmstream.StateStopped, false},
		{"no drain", Drain{}, viaTransport, "cancel", llmstream.StateStopped, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			o := &Options{Drain: test.drain, UsageOnly: true}
			done, goOn := results(o), make(chan bool)
			at, client := test.via(t, sendsSlowly(all, test.sent, goOn), o)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			want := context.Canceled
			if test.leave == "timeout" {
				want = context.DeadlineExceeded
				ctx, cancel = context.WithTimeout(ctx, time.Second) // the first event is there before, on a busy machine too
				defer cancel()
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
			require.NoError(t, err)
			resp, err := client.Do(req)
			require.NoError(t, err)
			_, err = io.ReadFull(resp.Body, make([]byte, len(all[0])))
			require.NoError(t, err)
			none(t, done)
			if test.leave != "close" {
				if test.leave == "cancel" {
					cancel()
				}
				failed := make(chan error, 1)
				go func() { // while the upstream is silent
					_, err := io.Copy(io.Discard, resp.Body)
					failed <- err
				}()
				require.ErrorIs(t, next(t, failed), want)
			}
			require.NoError(t, resp.Body.Close())
			require.NoError(t, resp.Body.Close())
			if test.sent {
				none(t, done)
				goOn <- true
			}
			r := next(t, done)
			require.Equal(t, test.state, r.Outcome.State, "%v", r.Outcome.Cause)
			require.True(t, r.ClientLeft)
			require.Nil(t, r.Completion)
			require.NotEmpty(t, r.Model)
			if test.sent {
				require.NotEmpty(t, r.Usage.Raw)
				require.EqualValues(t, size, r.Bytes)
				require.EqualValues(t, size-int64(len(all[0])), r.Drained)
			}
			none(t, done)
		})
	}
}

// sendsSlowly sends the first event, and the rest when goOn says so; without whole it repeats the second event until
// the connection is closed.
func sendsSlowly(all [][]byte, whole bool, goOn chan bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(all[0])
		w.(http.Flusher).Flush()
		for !whole && r.Context().Err() == nil {
			time.Sleep(2 * time.Millisecond)
			w.Write(all[1])
			w.(http.Flusher).Flush()
		}
		if whole {
			<-goOn
			w.Write(joined(all[1:]))
		}
	})
}
