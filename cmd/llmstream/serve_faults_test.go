package main

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
)

const chatPath = "/v1/chat/completions"

func TestCut(t *testing.T) {
	at, r := replayServer(t, faults{})
	one := r.find("text", llmstream.OpenAIChat)
	two := len(one.pieces()[0]) + len(one.pieces()[1])
	for cut, want := range map[string]int{
		"0": 0, "1": 1, "100": 100, strconv.Itoa(two): two, "0e": 0, "2e": two, "99e": len(one.body), "1000000": len(one.body),
	} {
		_, body, err := post(t, at+chatPath+"?cut="+cut, "")
		require.NoError(t, err, "it ends cleanly")
		require.Equal(t, string(one.body[:want]), body, cut)
	}
}

func TestReset(t *testing.T) {
	at, r := replayServer(t, faults{})
	one := r.find("text", llmstream.OpenAIChat)
	for reset, want := range map[string]int{"100": 100, "2e": len(one.pieces()[0]) + len(one.pieces()[1]), "1000000": len(one.body)} {
		_, body, err := post(t, at+chatPath+"?reset="+reset, "")
		require.ErrorIs(t, err, syscall.ECONNRESET)
		require.Equal(t, string(one.body[:want]), body, reset)
	}
}

func TestStall(t *testing.T) {
	at, r := replayServer(t, faults{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at+chatPath+"?stall=100", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	one := r.find("text", llmstream.OpenAIChat)
	body := make([]byte, 100)
	_, err = io.ReadFull(resp.Body, body)
	require.NoError(t, err)
	require.Equal(t, string(one.body[:100]), string(body))
	time.AfterFunc(50*time.Millisecond, cancel)
	n, err := resp.Body.Read(body)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, n, "nothing more comes")

	for _, place := range []string{"100", "2e", "1000000"} {
		begin := time.Now()
		_, got, err := post(t, at+chatPath+"?stall-for=50ms&stall="+place, "")
		require.NoError(t, err)
		require.Equal(t, string(one.body), got, "it goes on")
		require.GreaterOrEqual(t, time.Since(begin), 50*time.Millisecond, place)
	}
	_, got, err := post(t, at+chatPath+"?stall-for=1ms&stall=100&cut=120", "")
	require.NoError(t, err)
	require.Equal(t, string(one.body[:120]), got, "one fault behind the other")
}

func TestFaultsOfHeadersAndFlags(t *testing.T) {
	at, r := replayServer(t, faults{cut: place{true, 50, false}})
	_, body, err := post(t, at+chatPath, "")
	require.NoError(t, err)
	require.Len(t, body, 50)
	req, err := http.NewRequest(http.MethodPost, at+chatPath, nil)
	require.NoError(t, err)
	req.Header.Set("Llmstream-Cut", "7")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, string(r.find("text", llmstream.OpenAIChat).body[:7]), string(got))
}

// verdict returns the outcome of an answer to a request for a path.
func verdict(resp *http.Response, path, body string) llmstream.Outcome {
	p := llmstream.NewParser(llmstream.DetectDialect(resp.Header.Get("Content-Type"), path), nil, nil)
	p.Write([]byte(body))
	p.Close()
	return p.Outcome()
}

func TestErrorsInPlaceOfAnAnswer(t *testing.T) {
	at, _ := replayServer(t, faults{})
	for path := range paths {
		for _, status := range []int{400, 401, 403, 404, 413, 429, 500, 503, 504, 529} {
			resp, body, err := post(t, withQuery(at+path, "status="+strconv.Itoa(status)), "")
			require.NoError(t, err)
			require.Equal(t, status, resp.StatusCode)
			require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
			o := verdict(resp, path, body)
			require.Equal(t, llmstream.StateError, o.State, "%s: %s", path, body)
			require.Equal(t, "an error that was asked for", o.APIError.Message, path)
		}
	}
}

func TestErrorsInsideAnAnswer(t *testing.T) {
	at, _ := replayServer(t, faults{})
	for path := range paths {
		for _, place := range []string{"0e", "1e", "60"} {
			for _, status := range []string{"", "&fail-status=429"} {
				resp, body, err := post(t, withQuery(at+path, "fail="+place+status), "")
				require.NoError(t, err)
				require.Equal(t, 200, resp.StatusCode)
				o := verdict(resp, path, body)
				require.Equal(t, llmstream.StateError, o.State, "%s: %s", path, body)
				require.Contains(t, o.APIError.Message, "an error that was asked for", path)
			}
		}
	}
}

func withQuery(url, query string) string {
	if strings.Contains(url, "?") {
		return url + "&" + query
	}
	return url + "?" + query
}
