package proof

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-4d65deac/llmstream"
	"github.com/seed-4d65deac/llmstream/internal/testkit"
	"github.com/stretchr/testify/require"
)

// E-01 … E-03
func TestAPIErrorFields(t *testing.T) {
	for _, c := range []struct {
		event string
		want  llmstream.APIError
	}{
		{`{"error":{"message":"m","type":"t","code":"c","param":"p"}}`, llmstream.APIError{Message: "m", Type: "t", Code: "c", Param: "p"}},
		{`{"error":{"message":"m","code":401},"request_id":"r"}`, llmstream.APIError{Message: "m", Code: "401", Status: 401, RequestID: "r"}},
		{`{"error":{"message":"m","status":404,"code":"NOT_FOUND"}}`, llmstream.APIError{Message: "m", Code: "NOT_FOUND", Status: 404}},
		{`{"error":{"message":"m","status":"NOT_FOUND","code":404}}`, llmstream.APIError{Message: "m", Type: "NOT_FOUND", Code: "404", Status: 404}},
		{`{"error":{"message":"m","status_code":"400","code":7}}`, llmstream.APIError{Message: "m", Code: "7", Status: 400}},
		{`{"error":{"message":"m","http_status_code":422}}`, llmstream.APIError{Message: "m", Status: 422}},
		{`{"error":"m"}`, llmstream.APIError{Message: "m"}},
		{`{"error":["m"]}`, llmstream.APIError{Message: "m"}},
		{`{"error":{"message":{"message":"m","type":"t"}}}`, llmstream.APIError{Message: "m", Type: "t"}},
		{`{"error":{"message":"a \"q\" \u00e9\ud83d"}}`, llmstream.APIError{Message: "a \"q\" é\uFFFD"}},
		{`{"error":7}`, llmstream.APIError{Message: "7"}},
		{`{"error":true,"message":"m"}`, llmstream.APIError{Message: "m"}},
		{`{"success":false,"error":{"code":"c"}}`, llmstream.APIError{Code: "c"}},
		{`{"object":"error","message":"m","type":"t","code":400}`, llmstream.APIError{Message: "m", Type: "t", Code: "400", Status: 400}},
		{`{"detail":"m"}`, llmstream.APIError{Message: "m"}},
		{`{"errors":[{"code":"c","message":"m"}],"trace":"t","status_code":404}`, llmstream.APIError{Message: "m", Code: "c", Status: 404}},
		{`{"errors":["m"]}`, llmstream.APIError{Message: "m"}},
		{`{"__type":"t","Message":"m"}`, llmstream.APIError{Message: "m", Type: "t"}},
		{`{"error":{"type":null,"code":null,"param":null,"message":"m"}}`, llmstream.APIError{Message: "m"}},
	} {
		_, o := push(llmstream.OpenAIChat, nil, testkit.SSE(c.event))
		require.NotNil(t, o.APIError, c.event)
		c.want.Raw = []byte(c.event)
		require.Equal(t, c.want, *o.APIError, c.event)
	}
}

// That an event is an error is no type of error.
func TestTypeOfAnErrorEvent(t *testing.T) {
	for _, typ := range []string{"error", "response.error"} {
		_, o := push(llmstream.OpenAIResponses, nil, testkit.SSE(`{"type":"`+typ+`","error":{"code":"c","message":"m"}}`))
		require.NotNil(t, o.APIError, typ)
		require.Equal(t, "c", o.APIError.Code)
		require.Empty(t, o.APIError.Type)
	}
}

// The first error of a stream is the outcome's; each is a delta.
func TestFirstErrorCounts(t *testing.T) {
	l, o := push(llmstream.OpenAIChat, nil, testkit.SSE(`{"error":"first"}`, says("x"))+"event: e\n"+testkit.SSE(`{"error":"second"}`))
	require.Equal(t, lines{"error first", "content x", "error second"}, l)
	require.Equal(t, "first", o.APIError.Message)
	require.False(t, o.APIError.Delivered)

	got := read(llmstream.OpenAIChat, nil, []byte(testkit.SSE(says("x"))+"event: e\n"+testkit.SSE(`{"error":"no"}`)))
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
		_, o := push(llmstream.Auto, &llmstream.Options{MaxBadText: 11}, body)
		require.Equal(t, llmstream.StateError, o.State, name)
		require.LessOrEqual(t, len(o.APIError.Message), 11, name)
		require.LessOrEqual(t, max(len(o.APIError.Type), len(o.APIError.Code), len(o.APIError.Event)), 11, name)
		require.True(t, utf8.ValidString(o.APIError.Message), name)
		require.True(t, name == "page" || o.APIError.Message == "noääää", name)
	}
}
