package llmstream

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/seed-4d65deac/llmstream/internal/jsonscan"
	"github.com/valyala/fastjson"
)

// logprobNames are the lists that hold log probabilities in chat, in the older
// completions and in Gemini. Elements at the same place of several lists belong to the
// same token, except in chat.
var logprobNames = [...][]string{
	{"content", "refusal"},
	{"tokens", "token_logprobs", "top_logprobs", "text_offset"},
	{"chosenCandidates", "topCandidates"},
}

// jsonList is a JSON array that grows, without its brackets.
type jsonList struct {
	items []byte
	n     int
}

func (l *jsonList) add(item *fastjson.Value) {
	if l.n++; l.n > 1 {
		l.items = append(l.items, ',')
	}
	if item == nil {
		l.items = append(l.items, "null"...)
	} else {
		l.items = item.MarshalTo(l.items)
	}
}

// fill adds nulls for the elements that other objects have and this one lacks. It takes
// their bytes from budget, and stops when the budget is used up.
func (l *jsonList) fill(to int, budget *int) {
	if missing := to - l.n; missing > 0 {
		*budget -= missing * len("null,")
	}
	for l.n < to && *budget >= 0 {
		l.add(nil)
	}
}

// minLogprobs is the number of bytes of nulls that joined log probabilities may have in
// any case.
const minLogprobs = 64 << 10

// joinLogprobs joins logprobs objects, separated by commas, into one (C-21, C-26). ok is
// false if the result would have more than limit bytes. Objects of different forms could
// grow many times, since each lacks the members of the others. ok is also false if one of
// several objects is too large to be parsed. A single one is returned as it is.
func joinLogprobs(list []byte, limit int) (_ json.RawMessage, ok bool) {
	if len(list) == 0 {
		return nil, true
	}
	if isLarge(list) && isSingle(list) {
		return valid(bytes.Clone(list)), true
	}
	budget := max(limit-len(list), minLogprobs)
	var lists [len(logprobNames)][4]jsonList
	var total [len(logprobNames)]int
	ok = true
	eachValue(list, func(raw []byte, v *fastjson.Value) {
		if v == nil {
			ok = false
			return
		}
		for form, names := range logprobNames {
			before := total[form]
			for i, name := range names {
				l, items := &lists[form][i], v.GetArray(name)
				if len(items) > 0 && form > 0 {
					l.fill(before, &budget)
				}
				for _, item := range items {
					l.add(item)
				}
				total[form] = max(total[form], l.n)
			}
		}
	})
	if !ok {
		return nil, false
	}
	for form, names := range logprobNames {
		if total[form] == 0 {
			continue
		}
		out := []byte("{")
		for i, name := range names {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(append(append(out, '"'), name...), `":`...)
			l := &lists[form][i]
			switch {
			case l.n == 0 && name != "content":
				out = append(out, "null"...)
				continue
			case form > 0:
				l.fill(total[form], &budget)
			}
			if budget < 0 {
				return nil, false
			}
			out = append(append(append(out, '['), l.items...), ']')
		}
		return valid(append(out, '}')), true
	}
	return nil, true
}

// joinMedia separates media values, which stand in a list with commas, into images and
// pieces of audio. It joins the audio (C-23).
//
// It calls found for each value, with the position of the image, or -1 for a piece of audio.
func joinMedia(list []byte, found func(image int)) (images []json.RawMessage, audio *Audio) {
	if len(list) == 0 {
		return nil, nil
	}
	var data, transcript []byte
	eachValue(list, func(raw []byte, v *fastjson.Value) {
		if v == nil || !isSound(v) {
			found(len(images))
			images = append(images, cloneValue(raw, v))
			return
		}
		found(-1)
		if audio == nil {
			audio = &Audio{}
		}
		if v.GetObject().Len() == 0 {
			return
		}
		if id := v.GetStringBytes("id"); len(id) > 0 {
			audio.ID = string(id)
		}
		for _, name := range [...]string{"mimeType", "mime_type"} {
			if typ := v.GetStringBytes(name); len(typ) > 0 {
				audio.MIMEType = string(typ)
			}
		}
		if at := v.GetInt64("expires_at"); at != 0 {
			audio.ExpiresAt = at
		}
		data = append(data, v.GetStringBytes("data")...)
		transcript = append(transcript, v.GetStringBytes("transcript")...)
	})
	if audio != nil {
		audio.Data, audio.Transcript = joinBase64(data), string(transcript)
	}
	return images, audio
}

// isSound reports whether a media value is a piece of audio, or belongs to one.
func isSound(v *fastjson.Value) bool {
	if v.Type() != fastjson.TypeObject {
		return false
	}
	var isImage, typed, hasData bool
	v.GetObject().Visit(func(key []byte, _ *fastjson.Value) {
		switch string(key) {
		case "image_url", "url", "inlineData", "fileData", "source":
			isImage = true
		case "type":
			typed = true
		case "data":
			hasData = true
		}
	})
	return !isImage && (!typed || hasData && string(v.GetStringBytes("type")) == "audio")
}

// joinBase64 joins base64 that came in pieces, each possibly padded, to base64 that is
// padded only at its end (C-23). If it is not base64, it returns the pieces unchanged.
func joinBase64(pieces []byte) string {
	var whole []byte
	for rest := pieces; len(rest) > 0; {
		n := len(rest)
		if i := bytes.IndexByte(rest, '='); i >= 0 {
			n = len(rest) - len(bytes.TrimLeft(rest[i:], "="))
		}
		if n == len(pieces) { // most streams have no padding before the end
			return string(pieces)
		}
		var err error
		if whole, err = base64.StdEncoding.AppendDecode(whole, rest[:n]); err != nil {
			return string(pieces)
		}
		rest = rest[n:]
	}
	return base64.StdEncoding.EncodeToString(whole)
}

// maxParsed is the number of values in a JSON value up to which eachValue parses it. A
// parsed value takes some hundred bytes of memory. Options.MaxValues is no bound here: a list
// of numbers counts as one value there.
const maxParsed = 128 << 10

// isLarge reports whether JSON may hold more than maxParsed values.
func isLarge(list []byte) bool {
	if len(list) <= maxParsed {
		return false
	}
	n := 0
	for _, separator := range [...]string{",", "[", "{"} {
		n += bytes.Count(list, []byte(separator))
	}
	return n > maxParsed
}

// isSingle reports whether list is one JSON value.
func isSingle(list []byte) bool {
	var scan jsonscan.Scanner
	n, err := scan.Scan(list)
	return err == nil && n == len(list)
}

// eachValue calls f for each JSON value in list, which has commas between them. v is nil if
// the value is too large to be parsed; see maxParsed. The values are parsed one by one, so
// that only the largest takes memory.
func eachValue(list []byte, f func(raw []byte, v *fastjson.Value)) {
	var p fastjson.Parser
	for len(list) > 0 {
		var scan jsonscan.Scanner
		n, _ := scan.Scan(list)
		if raw := list[:n]; isLarge(raw) {
			f(raw, nil)
		} else if v, err := p.ParseBytes(raw); err == nil {
			f(raw, v)
		}
		list = list[min(n+1, len(list)):]
	}
}

// cloneValue returns the JSON of a value that eachValue has found.
func cloneValue(raw []byte, v *fastjson.Value) json.RawMessage {
	if v == nil {
		return valid(bytes.Clone(raw))
	}
	return valid(v.MarshalTo(nil))
}

// valid returns raw if it is JSON, possibly with null in place of NaN and the like
// (J-04). Otherwise it returns raw as a JSON string.
func valid(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || json.Valid(raw) {
		return raw
	}
	if mended := jsonscan.NullNonFinite(raw); json.Valid(mended) {
		return mended
	}
	text, _ := json.Marshal(string(raw))
	return text
}
