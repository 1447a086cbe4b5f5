package httptee

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

// The status of an error is in the APIError, whatever the body.
func TestStatusInAPIError(t *testing.T) {
	for _, test := range []struct {
		name, path, body string
		status           int
		state            llmstream.State
		message          string
		retryable        bool
	}{
		{"JSON", "/v1/chat/completions", `{"error":{"message":"slow down","type":"tokens"}}`, 429, llmstream.StateError, "slow down", true},
		{"bad request", "/v1/chat/completions", `{"error":{"message":"no such model"}}`, 404, llmstream.StateError, "no such model", false},
		{"page", "/v1/messages", "<html>bad gateway</html>", 502, llmstream.StateError, "<html>bad gateway</html>", true},
		{"empty", "/v1/messages", "", 503, llmstream.StateError, "Service Unavailable", true},
		{"a page elsewhere", "/favicon.ico", "not found", 404, llmstream.StateNotStream, "Not Found", false},
		{"cut", "/v1/messages", "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\"}}\n\n", 500, llmstream.StateTruncated, "Internal Server Error", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, via setup, o *Options) {
				done := results(o)
				at, client := via(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Request-Id", "req_1")
					w.Header().Set("Retry-After", "7")
					w.WriteHeader(test.status)
					io.WriteString(w, test.body)
				}), o)
				got, _ := get(t, client, at+test.path)
				require.Equal(t, test.body, string(got))
				r := next(t, done)
				require.Equal(t, test.state, r.Outcome.State)
				require.Equal(t, test.status, r.Status)
				e := r.Outcome.APIError
				require.NotNil(t, e)
				require.Equal(t, test.status, e.Status)
				require.Equal(t, test.message, e.Message)
				require.Equal(t, test.retryable, e.Retryable())
				require.Equal(t, "req_1", e.RequestID)
				require.Equal(t, "req_1", r.RequestID())
				after, ok := r.RetryAfter()
				require.True(t, ok)
				require.Equal(t, 7*time.Second, after)
				if test.state == llmstream.StateError {
					require.ErrorAs(t, r.Outcome.Err(), &e)
				}
			})
		})
	}
}

// A status in the error itself stays, and a whole answer has no error.
func TestStatusStays(t *testing.T) {
	r := &Result{Status: 500, Outcome: llmstream.Outcome{State: llmstream.StateError, APIError: &llmstream.APIError{Status: 529, RequestID: "a"}},
		Header: http.Header{"X-Request-Id": {"b"}}}
	r.addStatus()
	require.Equal(t, &llmstream.APIError{Status: 529, RequestID: "a"}, r.Outcome.APIError)
	r = &Result{Status: 399, Outcome: llmstream.Outcome{State: llmstream.StateEmpty}}
	r.addStatus()
	require.Nil(t, r.Outcome.APIError)
	r = &Result{Status: 400, Dialect: llmstream.OpenAIChat, Outcome: llmstream.Outcome{State: llmstream.StateComplete}}
	r.addStatus()
	require.Equal(t, llmstream.StateComplete, r.Outcome.State)
}

func TestRequestID(t *testing.T) {
	for _, name := range requestIDs {
		require.Equal(t, "x", (&Result{Header: http.Header{name: {"x"}}}).RequestID(), name)
		require.Equal(t, http.CanonicalHeaderKey(name), name)
	}
	require.Empty(t, new(Result).RequestID())
	require.Equal(t, "y", (&Result{Outcome: llmstream.Outcome{APIError: &llmstream.APIError{RequestID: "y"}}}).RequestID())
}

func TestRetryAfter(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	date := func(d time.Duration) string { return start.Add(d).Format(http.TimeFormat) }
	for _, test := range []struct {
		header http.Header
		want   time.Duration
		ok     bool
	}{
		{http.Header{}, 0, false},
		{http.Header{"Retry-After": {"soon"}}, 0, false},
		{http.Header{"Retry-After": {" 20 "}}, 20 * time.Second, true},
		{http.Header{"Retry-After": {"0.25"}}, 250 * time.Millisecond, true},
		{http.Header{"Retry-After": {"-3"}}, 0, true},
		{http.Header{"Retry-After": {"NaN"}}, 0, true},
		{http.Header{"Retry-After": {"1e300"}}, maxRetry, true},
		{http.Header{"Retry-After": {"9"}, "Retry-After-Ms": {"1500"}}, 1500 * time.Millisecond, true},
		{http.Header{"Retry-After": {date(10 * time.Second)}}, 8 * time.Second, true},
		{http.Header{"Retry-After": {date(time.Minute)}, "Date": {date(20 * time.Second)}}, 40 * time.Second, true},
		{http.Header{"Retry-After": {date(-time.Minute)}}, 0, true},
	} {
		r := &Result{Header: test.header, Timings: newTimings(start)}
		r.Timings.Header = 2 * time.Second
		got, ok := r.RetryAfter()
		require.Equal(t, test.ok, ok, "%v", test.header)
		require.Equal(t, test.want, got, "%v", test.header)
	}
}

// The header of a result is a copy.
func TestHeaderIsACopy(t *testing.T) {
	o := &Options{}
	done := results(o)
	resp, err := Transport(roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"X-A": {"1"}}, Body: http.NoBody}, nil
	}), o).RoundTrip(chatRequest())
	require.NoError(t, err)
	resp.Header.Set("X-A", "2")
	io.Copy(io.Discard, resp.Body)
	require.Equal(t, http.Header{"X-A": {"1"}}, next(t, done).Header)
}

// A request that gets no response has a result without a status.
func TestRequestFails(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, drain := range []Drain{{}, {Time: patience}} {
		for _, usageOnly := range []bool{true, false} {
			t.Run(fmt.Sprint(drain.Time, "/", usageOnly), func(t *testing.T) {
				noLeak(t)
				o := &Options{Drain: drain, UsageOnly: usageOnly}
				begun := false
				o.Begin = func(*http.Request, *Progress) { begun = true }
				done := results(o)
				client := &http.Client{Transport: Transport(plainTransport(t), o)}
				_, err := client.Post(gone.URL+"/v1/messages", "application/json", strings.NewReader("{}"))
				var dial *net.OpError
				require.ErrorAs(t, err, &dial)
				r := next(t, done)
				require.Zero(t, r.Status)
				require.Nil(t, r.Header)
				require.Equal(t, llmstream.AnthropicMessages, r.Dialect)
				require.Equal(t, llmstream.StateTruncated, r.Outcome.State)
				require.ErrorAs(t, r.Outcome.Err(), &dial)
				require.False(t, r.ClientLeft)
				require.Equal(t, usageOnly, r.Completion == nil)
				require.Equal(t, Never, r.Timings.Header)
				require.Equal(t, Never, r.Timings.FirstByte)
				require.Positive(t, r.Timings.End)
				require.Nil(t, r.Outcome.APIError)
				require.False(t, begun)
				none(t, done)
			})
		}
	}
}

// So has one that was cancelled before its response.
func TestRequestIsCancelled(t *testing.T) {
	for _, drain := range []Drain{{}, {Time: patience}} {
		noLeak(t)
		o := &Options{Drain: drain, Dialect: llmstream.Gemini}
		done := results(o)
		ctx, cancel := context.WithCancel(t.Context())
		client := &http.Client{Transport: Transport(roundTripper(func(req *http.Request) (*http.Response, error) {
			cancel()
			<-req.Context().Done()
			return nil, errors.New("broken off")
		}), o)}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://x/", nil)
		require.NoError(t, err)
		_, err = client.Do(req)
		require.ErrorContains(t, err, "broken off")
		r := next(t, done)
		require.Zero(t, r.Status)
		require.True(t, r.ClientLeft)
		require.Equal(t, llmstream.Gemini, r.Dialect)
		require.Equal(t, llmstream.StateStopped, r.Outcome.State)
		require.ErrorIs(t, r.Outcome.Err(), llmstream.ErrStopped)
		require.ErrorContains(t, r.Outcome.Err(), "broken off")
	}
	Transport(roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF }), nil).RoundTrip(chatRequest())
}
