package httptee

import (
	"bufio"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// clock is a clock that goes on only by add.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Event i comes at second i: which has the first output, and which the last (W-06).
func TestTimeToOutput(t *testing.T) {
	for _, test := range []struct {
		name        string
		body        string
		first, last int // the number of the event, from 1; 0: there is no output
		firstEvent  int
	}{
		{name: "role only", body: "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n" +
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}]}\n\n" +
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":null}}]}\n\n" +
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n" +
			"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", first: 4, last: 4, firstEvent: 1},
		{name: "comments and pings", body: ": waiting\n\n: waiting\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n" +
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n", first: 4, last: 4, firstEvent: 3},
		{name: "reasoning", body: "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n" +
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n" +
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n", first: 2, last: 3, firstEvent: 1},
		{name: "a call", body: "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n" +
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}\n\n" +
			"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]}}]}\n\n", first: 2, last: 3, firstEvent: 1},
		{name: "openai-chat/role-only.sse", firstEvent: 1},
		{name: "openai-chat/keep-alive-comments.sse", first: 4, last: 5, firstEvent: 4},
		{name: "openai-chat/deepseek-reasoning.sse", first: -1, last: -1, firstEvent: 2},
		{name: "anthropic-messages/thinking.sse", first: -1, last: -1, firstEvent: 1},
		{name: "anthropic-messages/pings-only.sse", firstEvent: 1},
		{name: "anthropic-messages/text.sse", first: -1, last: -1, firstEvent: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.body == "" {
				test.body = string(recording(t, test.name))
			}
			all := events([]byte(test.body))
			if test.first < 0 { // known from folding what has come
				test.first, test.last = outputsOf(all)
				require.Greater(t, test.first, 1)
			}
			eachWay(t, func(t *testing.T, via setup, o *Options) {
				done, c, goOn := results(o), newClock(), make(chan bool)
				o.Now = c.now
				at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.(http.Flusher).Flush()
					for _, e := range all {
						<-goOn
						w.Write(e)
						w.(http.Flusher).Flush()
					}
				}), o)
				resp, err := client.Get(at)
				require.NoError(t, err)
				body := bufio.NewReader(resp.Body)
				for _, e := range all {
					c.add(time.Second)
					goOn <- true
					_, err := io.ReadFull(body, make([]byte, len(e)))
					require.NoError(t, err)
				}
				_, err = body.ReadByte()
				require.ErrorIs(t, err, io.EOF)
				resp.Body.Close()
				at2 := func(i int) time.Duration {
					if i == 0 {
						return Never
					}
					return time.Duration(i) * time.Second
				}
				times := next(t, done).Timings
				require.Equal(t, c.at.Add(-at2(len(all))), times.Start)
				require.Zero(t, times.Header)
				require.Equal(t, time.Second, times.FirstByte)
				require.Equal(t, at2(len(all)), times.LastByte)
				require.Equal(t, at2(len(all)), times.End)
				require.Equal(t, at2(test.firstEvent), times.FirstEvent)
				require.Equal(t, at2(test.first), times.FirstOutput)
				require.Equal(t, at2(test.last), times.LastOutput)
				require.Equal(t, times.LastOutput-times.FirstOutput, times.Gaps.Sum)
			})
		})
	}
}

// outputsOf returns which events brought the first and the last output, from 1, by folding what has come.
func outputsOf(all [][]byte) (first, last int) {
	size := 0
	for i := range all {
		_, answer := fold(llmstream.Auto, joined(all[:i+1]))
		now := 0
		for _, c := range answer.Choices {
			now += len(c.Message.Content) + len(c.Message.Reasoning)
		}
		if now > size {
			if size == 0 {
				first = i + 1
			}
			last, size = i+1, now
		}
	}
	return first, last
}

func joined(all [][]byte) (b []byte) {
	for _, e := range all {
		b = append(b, e...)
	}
	return b
}

// A watchdog sees how the response advances.
func TestProgress(t *testing.T) {
	eachWay(t, func(t *testing.T, via setup, o *Options) {
		done, c, goOn := results(o), newClock(), make(chan string)
		begun := make(chan *Progress, 1)
		o.Now = c.now
		o.Begin = func(_ *http.Request, p *Progress) { begun <- p }
		at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			for s := range goOn {
				io.WriteString(w, s)
				w.(http.Flusher).Flush()
			}
		}), o)
		resp, err := client.Get(at)
		require.NoError(t, err)
		defer resp.Body.Close()
		p := next(t, begun)
		require.False(t, p.Ended())
		for _, step := range []struct {
			sent              string
			sinceEvent, since time.Duration
		}{
			{": hi\n\n", 1, 1},
			{"data: {\"type\":\"ping\"}\n\n", 0, 2},
			{"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n", 0, 0},
			{": hi\n\n", 1, 1},
		} {
			c.add(time.Second)
			goOn <- step.sent
			_, err := io.ReadFull(resp.Body, make([]byte, len(step.sent)))
			require.NoError(t, err)
			// A middleware looks at what it has written already.
			require.Eventually(t, func() bool {
				return p.SinceByte() == 0 && p.SinceEvent() == step.sinceEvent*time.Second && p.SinceOutput() == step.since*time.Second
			}, patience, time.Millisecond, "%q", step.sent)
		}
		close(goOn)
		io.Copy(io.Discard, resp.Body)
		next(t, done)
		require.True(t, p.Ended())
		c.add(time.Hour)
		require.Equal(t, time.Second, p.SinceOutput())
	})
}
