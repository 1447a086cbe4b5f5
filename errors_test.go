package llmstream

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream/internal/fault"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"llmstream: the stream ended before its answer":                                        ErrTruncated,
		"llmstream: cannot read event 2 at byte 3 of 4: more than MaxEvent allows: 5":          &SyntaxError{2, 3, 4, &LimitError{"MaxEvent", 5}},
		"llmstream: cannot read event 2 at byte 3 of 4: no key":                                &SyntaxError{2, 3, 4, fault.Reason("no key")},
		"llmstream: the stream is not openai-chat: it looks like gemini":                       &DialectError{OpenAIChat, "gemini"},
		"llmstream: the dialect of the stream is not known":                                    &DialectError{Auto, ""},
		"llmstream: the provider reported an error":                                            &APIError{},
		"llmstream: the provider reported an error: no":                                        &APIError{Message: "no"},
		"llmstream: the provider reported an error overloaded_error 529: busy":                 &APIError{Type: "overloaded_error", Code: "529", Status: 529, Message: "busy"},
		"llmstream: the provider reported an error server_error overloaded (status 503): busy": &APIError{Type: "server_error", Code: "overloaded", Status: 503, Message: "busy"},
	} {
		require.Equal(t, want, err.Error())
	}
	require.True(t, errors.Is(ErrTruncated, io.ErrUnexpectedEOF))
	require.False(t, errors.Is(ErrTruncated, io.EOF))
}

func TestRetryable(t *testing.T) {
	for _, c := range []struct {
		err  APIError
		want bool
	}{
		{APIError{}, false},
		{APIError{Type: "overloaded_error"}, true},
		{APIError{Type: "rate_limit_error"}, true},
		{APIError{Type: "engine_overloaded_error"}, true},
		{APIError{Code: "server_is_overloaded"}, true},
		{APIError{Code: "rate_limit_exceeded"}, true},
		{APIError{Code: "429"}, true},
		{APIError{Status: 408}, true},
		{APIError{Status: 429}, true},
		{APIError{Status: 500}, true},
		{APIError{Status: 529}, true},
		{APIError{Status: 400}, false},
		{APIError{Status: 401, Type: "authentication_error"}, false},
		{APIError{Type: "invalid_request_error", Code: "context_length_exceeded"}, false},
		{APIError{Message: "overloaded_error"}, false},
		{APIError{Type: "server_error", Delivered: true}, true}, // what was delivered is for the caller to weigh
	} {
		require.Equal(t, c.want, c.err.Retryable(), "%+v", c.err)
	}
}

// E-01 … E-03
func TestAPIErrorFields(t *testing.T) {
	for _, c := range []struct {
		event string
		want  APIError
	}{
		{`{"error":{"message":"m","type":"t","code":"c","param":"p"}}`, APIError{Message: "m", Type: "t", Code: "c", Param: "p"}},
		{`{"error":{"message":"m","code":401},"request_id":"r"}`, APIError{Message: "m", Code: "401", Status: 401, RequestID: "r"}},
		{`{"error":{"message":"m","status":404,"code":"NOT_FOUND"}}`, APIError{Message: "m", Code: "NOT_FOUND", Status: 404}},
		{`{"error":{"message":"m","status":"NOT_FOUND","code":404}}`, APIError{Message: "m", Type: "NOT_FOUND", Code: "404", Status: 404}},
		{`{"error":{"message":"m","status_code":"400","code":7}}`, APIError{Message: "m", Code: "7", Status: 400}},
		{`{"error":{"message":"m","http_status_code":422}}`, APIError{Message: "m", Status: 422}},
		{`{"error":"m"}`, APIError{Message: "m"}},
		{`{"error":["m"]}`, APIError{Message: "m"}},
		{`{"error":{"message":{"message":"m","type":"t"}}}`, APIError{Message: "m", Type: "t"}},
		{`{"error":{"message":"a \"q\" \u00e9\ud83d"}}`, APIError{Message: "a \"q\" é\uFFFD"}},
		{`{"error":7}`, APIError{Message: "7"}},
		{`{"error":true,"message":"m"}`, APIError{Message: "m"}},
		{`{"success":false,"error":{"code":"c"}}`, APIError{Code: "c"}},
		{`{"object":"error","message":"m","type":"t","code":400}`, APIError{Message: "m", Type: "t", Code: "400", Status: 400}},
		{`{"detail":"m"}`, APIError{Message: "m"}},
		{`{"errors":[{"code":"c","message":"m"}],"trace":"t","status_code":404}`, APIError{Message: "m", Code: "c", Status: 404}},
		{`{"errors":["m"]}`, APIError{Message: "m"}},
		{`{"__type":"t","Message":"m"}`, APIError{Message: "m", Type: "t"}},
		{`{"error":{"type":null,"code":null,"param":null,"message":"m"}}`, APIError{Message: "m"}},
	} {
		_, o := push(OpenAIChat, nil, testkit.SSE(c.event))
		require.NotNil(t, o.APIError, c.event)
		c.want.Raw = []byte(c.event)
		require.Equal(t, c.want, *o.APIError, c.event)
	}
}

// That an event is an error is no type of error.
func TestTypeOfAnErrorEvent(t *testing.T) {
	for _, typ := range []string{"error", "response.error"} {
		_, o := push(OpenAIResponses, nil, testkit.SSE(`{"type":"`+typ+`","error":{"code":"c","message":"m"}}`))
		require.NotNil(t, o.APIError, typ)
		require.Equal(t, "c", o.APIError.Code)
		require.Empty(t, o.APIError.Type)
	}
}

// The first error of a stream is the outcome's; each is a delta.
func TestFirstErrorCounts(t *testing.T) {
	l, o := push(OpenAIChat, nil, testkit.SSE(`{"error":"first"}`, says("x"))+"event: e\n"+testkit.SSE(`{"error":"second"}`))
	require.Equal(t, lines{"error first", "content x", "error second"}, l)
	require.Equal(t, "first", o.APIError.Message)
	require.False(t, o.APIError.Delivered)

	got := read(OpenAIChat, nil, []byte(testkit.SSE(says("x"))+"event: e\n"+testkit.SSE(`{"error":"no"}`)))
	require.True(t, got.Outcome.APIError.Delivered)
	require.Equal(t, "e", got.Outcome.APIError.Event)
}

// However long a text is that a provider sends as an error, what is kept of it is not,
// and breaks off between two characters.
func TestErrorTextsAreBounded(t *testing.T) {
	text := strings.Repeat("ä", 50)
	for name, body := range map[string]string{
		"text": "data: no" + text + "\n\n", "object": testkit.SSE(`{"error":{"message":"no` + text + `","type":"` + text + `"}}`), "string": testkit.SSE(`{"error":"no` + text + `"}`),
		"number": testkit.SSE(`{"error":{"message":"no` + text + `","code":` + strings.Repeat("1", 50) + `}}`), "name": "event: " + text + "\n" + testkit.SSE(`{"error":"no`+text+`"}`),
		"exception": framed(`exception x {"message":"no` + text + `"}`), "page": "<html>no" + text,
	} {
		_, o := push(Auto, &Options{MaxBadText: 11}, body)
		require.Equal(t, StateError, o.State, name)
		require.LessOrEqual(t, len(o.APIError.Message), 11, name)
		require.LessOrEqual(t, max(len(o.APIError.Type), len(o.APIError.Code), len(o.APIError.Event)), 11, name)
		require.True(t, utf8.ValidString(o.APIError.Message), name)
		require.True(t, name == "page" || o.APIError.Message == "noääää", name)
	}
}

// An outcome that somebody has made tells that it is an error, with nothing in it.
func TestErrOfABareState(t *testing.T) {
	require.EqualError(t, Outcome{State: StateError}.Err(), "llmstream: the provider reported an error")
}
