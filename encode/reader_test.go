package encode_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/encode"
)

const source = "data: " + `{"id":"x1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}` + "\n\n"

const sourceEnd = "data: " + `{"id":"x1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"

func TestReader(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		want, _ := transcode(t, llmstream.OpenAIChat, to, []byte(source+sourceEnd), nil)
		for _, body := range []io.Reader{strings.NewReader(source + sourceEnd), iotest.OneByteReader(strings.NewReader(source + sourceEnd)), iotest.DataErrReader(strings.NewReader(source + sourceEnd))} {
			got, err := io.ReadAll(encode.NewReader(io.NopCloser(body), llmstream.OpenAIChat, to, nil))
			require.NoError(t, err)
			require.Equal(t, want, string(got))
		}
		got, err := io.ReadAll(iotest.OneByteReader(encode.NewReader(io.NopCloser(strings.NewReader(source+sourceEnd)), llmstream.Auto, to, nil)))
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	})
}

// An event is there as soon as its source is: the reader never waits for more.
func TestReaderDoesNotWait(t *testing.T) {
	client, server := net.Pipe()
	defer server.Close()
	r := encode.NewReader(client, llmstream.OpenAIChat, llmstream.AnthropicMessages, nil)
	go server.Write([]byte(source))
	var got strings.Builder
	for !strings.Contains(got.String(), `"Hi"`) {
		buf := make([]byte, 1<<10)
		n, err := r.Read(buf)
		require.NoError(t, err)
		got.Write(buf[:n])
	}
	n, err := r.Read(nil)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, r.Close())
	_, err = client.Read(make([]byte, 1))
	require.Error(t, err, "closing the reader closes the body")
}

// A body that is cut or fails ends with the target's error, and that is all the client
// needs.
func TestReaderOfACutBody(t *testing.T) {
	eachTarget(t, func(t *testing.T, to llmstream.Dialect) {
		for _, cause := range []error{nil, errors.New("connection reset"), io.ErrUnexpectedEOF} {
			body := io.Reader(strings.NewReader(source))
			if cause != nil {
				body = io.MultiReader(body, iotest.ErrReader(cause))
			}
			got, err := io.ReadAll(encode.NewReader(io.NopCloser(body), llmstream.OpenAIChat, to, nil))
			require.NoError(t, err)
			_, o := read(to, got)
			require.Equal(t, llmstream.StateError, o.State)
			require.NotContains(t, string(got), "reset", "what the connection says is not the client's affair")
		}
	})
}

// A body that was given up is not ended.
func TestReaderOfACancelledBody(t *testing.T) {
	body := io.MultiReader(strings.NewReader(source), iotest.ErrReader(context.Canceled))
	got, err := io.ReadAll(encode.NewReader(io.NopCloser(body), llmstream.OpenAIChat, llmstream.AnthropicMessages, nil))
	require.ErrorIs(t, err, context.Canceled)
	require.NotContains(t, string(got), "error")
}

// With HoldStart an error in front of the output is the reader's.
func TestReaderHoldsTheStart(t *testing.T) {
	body := `data: {"error":{"message":"busy","code":503}}` + "\n\n"
	got, err := io.ReadAll(encode.NewReader(io.NopCloser(strings.NewReader(body)), llmstream.OpenAIChat, llmstream.Gemini, &encode.Options{HoldStart: true}))
	var api *llmstream.APIError
	require.ErrorAs(t, err, &api)
	require.Empty(t, got)
}

func TestReaderAsAnotherTarget(t *testing.T) {
	_, err := encode.NewReader(io.NopCloser(strings.NewReader(source)), llmstream.OpenAIChat, llmstream.Cohere, nil).Read(make([]byte, 1))
	require.ErrorContains(t, err, "cohere")
}

// A body that returns nothing over and over is broken.
func TestReaderOfAnIdleBody(t *testing.T) {
	got, err := io.ReadAll(encode.NewReader(io.NopCloser(idle{}), llmstream.OpenAIChat, llmstream.OpenAIChat, nil))
	require.NoError(t, err)
	require.Contains(t, string(got), `{"error":`)
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }
