package encode

import (
	"bytes"
	"encoding/json"

	"github.com/seed-4d65deac/llmstream"
)

// logprobs writes log probabilities in a chunk of their own. Those of other APIs have
// other members, and a value that is not strict JSON would make the chunk unreadable
// (WC-17).
func (t *chatTarget) logprobs(c *choice, d *llmstream.Delta) {
	if !isChatLogprobs(d.Text) {
		t.lost.Logprobs++
		return
	}
	t.open(c)
	b, ok := appendJSON(append(t.buf, `},"logprobs":`...), d.Text)
	if !ok {
		t.lost.Logprobs++
		return
	}
	t.buf = append(b, `,"finish_reason":null}]}`...)
	t.send()
}

// isChatLogprobs reports whether a value is {"content":[…]} or {"refusal":[…]} of elements
// with a token, its logprob as a number and top_logprobs, all of which Vercel's client
// requires (WC-17).
func isChatLogprobs(value []byte) bool {
	if !json.Valid(value) {
		return false
	}
	some, good := false, true
	for _, name := range [...]string{"content", "refusal"} {
		eachElement(member(value, name), func(item []byte) {
			some = true
			token, logprob, top := member(item, "token"), member(item, "logprob"), member(item, "top_logprobs")
			good = good && len(token) > 0 && token[0] == '"' && isNumber(logprob) && len(top) > 0 && top[0] == '['
		})
	}
	return some && good
}

func isNumber(value []byte) bool {
	return len(value) > 0 && (value[0] == '-' || '0' <= value[0] && value[0] <= '9')
}

// media writes an image as OpenRouter does, and a piece of a sound as OpenAI does.
func (t *chatTarget) media(c *choice, d *llmstream.Delta) {
	m, ok := mediaOf(d.Text)
	if !ok {
		t.lost.Media++
		return
	}
	t.open(c)
	if m.sound {
		var ok bool
		at := len(t.buf)
		if len(m.mime) > 0 { // of Gemini: the data alone has a place
			t.buf = append(append(append(t.buf, `"audio":{"data":`...), m.data...), '}')
		} else if t.buf, ok = appendJSON(append(t.buf, `"audio":`...), d.Text); !ok {
			t.lost.Media++
			t.buf = t.buf[:at]
			return
		}
		t.sendChunk()
		return
	}
	t.buf = append(t.buf, `"images":[{"type":"image_url","image_url":{"url":"`...)
	if len(m.data) > 0 {
		t.buf = append(append(append(t.buf, "data:"...), m.mime...), ";base64,"...)
		t.buf = append(t.buf, m.data[1:len(m.data)-1]...)
	} else {
		t.buf = append(t.buf, m.url[1:len(m.url)-1]...)
	}
	t.buf = append(t.buf, `"}}]`...)
	t.sendChunk()
}

// A media value is an image or a piece of a sound. Its parts are as they stand in the
// source's JSON: data and url are strings with their quotes, mime has none.
type media struct {
	sound           bool
	mime, data, url []byte
}

// mediaOf reads a media value in any of the forms that providers write. ok is false for any
// other form.
func mediaOf(value []byte) (m media, ok bool) {
	if !isStrict(value) {
		return m, false
	}
	isString := func(v []byte) bool { return len(v) > len(`""`) && v[0] == '"' }
	inner := func(v []byte) []byte { return bytes.Trim(v, `"`) }
	switch {
	case len(member(value, "inlineData")) > 0: // Gemini
		v := member(value, "inlineData")
		m.mime, m.data = inner(member(v, "mimeType")), member(v, "data")
	case len(member(value, "fileData")) > 0:
		m.url = member(member(value, "fileData"), "fileUri")
	case string(member(value, "type")) == `"image_generation_call"`: // Responses
		m.data, m.mime = member(value, "result"), []byte("image/png")
		if format := inner(member(value, "output_format")); len(format) > 0 {
			m.mime = append([]byte("image/"), format...)
		}
	case len(member(value, "image_url")) > 0: // chat, as OpenRouter writes it
		m.url = member(value, "image_url")
		if !isString(m.url) {
			m.url = member(m.url, "url")
		}
	case len(member(value, "url")) > 0:
		m.url = member(value, "url")
	case len(member(value, "mimeType")) > 0: // a sound of Gemini
		m.sound, m.mime, m.data = true, inner(member(value, "mimeType")), member(value, "data")
		return m, isString(m.data)
	case member(value, "type") == nil:
		m.sound, m.data = true, member(value, "data")
		return m, true
	}
	if rest, isData := bytes.CutPrefix(m.url, []byte(`"data:`)); isData {
		if mime, data, cut := bytes.Cut(rest, []byte(";base64,")); cut {
			m.mime, m.data, m.url = mime, append([]byte{'"'}, data...), nil
		}
	}
	return m, isString(m.data) || isString(m.url)
}

// annotation writes the citation of a web page. Vercel's client refuses the whole chunk if
// one of the members is missing (WC-18).
func (t *chatTarget) annotation(c *choice, d *llmstream.Delta) {
	var cited citation
	ok := isStrict(d.Text)
	if ok {
		cited, ok = citationOf(d.Text)
	}
	if !ok {
		t.lost.Annotations++
		return
	}
	t.open(c)
	t.buf = append(t.buf, `"annotations":[{"type":"url_citation","url_citation":{`...)
	t.buf = append(cited.append(t.buf), "}}]"...)
	t.sendChunk()
}

// A citation is of a web page. Its parts are JSON values as they came.
type citation struct{ start, end, url, title []byte }

func (c *citation) append(dst []byte) []byte {
	dst = append(append(dst, `"start_index":`...), c.start...)
	dst = append(append(dst, `,"end_index":`...), c.end...)
	dst = append(append(dst, `,"url":`...), c.url...)
	return append(append(dst, `,"title":`...), c.title...)
}

// citationOf reads a url_citation of chat or of Responses. ok is false for any other
// annotation, and if one of the four members is missing.
func citationOf(value []byte) (c citation, ok bool) {
	if string(member(value, "type")) != `"url_citation"` {
		return c, false
	}
	if inner := member(value, "url_citation"); inner != nil {
		value = inner
	}
	c = citation{member(value, "start_index"), member(value, "end_index"), member(value, "url"), member(value, "title")}
	isString := func(v []byte) bool {
		return len(v) > 0 && v[0] == '"' && !bytes.ContainsAny(v, "\r\n") && !hasLoneSurrogate(v)
	}
	return c, isNumber(c.start) && isNumber(c.end) && isString(c.url) && isString(c.title)
}
