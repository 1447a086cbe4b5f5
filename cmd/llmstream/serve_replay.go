package main

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// A replay is an http.Handler that answers with recordings.
type replay struct {
	recordings *recordings
	faults     faults // of all requests; a request may set its own
}

// maxRequest is how many bytes the body of a request may have.
const maxRequest = 64 << 20

func (h *replay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := readRequest(w, req)
	if err != nil {
		refuse(w, llmstream.Auto, http.StatusBadRequest, "the request could not be read")
		return
	}
	if req.Method == http.MethodGet && h.serveLists(w, req) {
		return
	}
	d := dialectOf(req)
	if d == llmstream.Auto {
		refuse(w, d, http.StatusNotFound, "no provider answers on this path")
		return
	}
	f, err := h.faults.of(req)
	if err != nil {
		refuse(w, d, http.StatusBadRequest, err.Error())
		return
	}
	if f.status != 0 {
		refuse(w, d, f.status, "an error that was asked for")
		return
	}
	asked := readAsking(body)
	asked.readHeader(d, req.Header)
	one, ok := h.choose(req, d, &f, &asked)
	if !ok {
		refuse(w, d, http.StatusNotFound, "there is no such recording; GET / lists them")
		return
	}
	if f.as != llmstream.Auto {
		one = one.in(f.as)
	}
	if asked.wantsWhole(d, req.URL.Path) && !one.isWhole() {
		one, err = one.whole(req.URL.Path)
		if err != nil {
			refuse(w, d, http.StatusInternalServerError, errorText(err))
			return
		}
	}
	one.serve(w, req, &f)
}

// readRequest reads the body of a request, in limited time. The limit must not stay
// for the answer: a read that fails in the background cancels the request.
func readRequest(w http.ResponseWriter, req *http.Request) ([]byte, error) {
	flow := http.NewResponseController(w)
	flow.SetReadDeadline(time.Now().Add(bodyTimeout))
	defer flow.SetReadDeadline(time.Time{})
	return io.ReadAll(http.MaxBytesReader(w, req.Body, maxRequest))
}

// serveLists answers a request for the list of recordings, for people or as models.
func (h *replay) serveLists(w http.ResponseWriter, req *http.Request) (served bool) {
	switch req.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		h.recordings.list(w)
	case "/v1/models":
		w.Header().Set("Content-Type", "application/json")
		w.Write(append(asJSON(h.recordings.models()), '\n'))
	default:
		return false
	}
	return true
}

// models lists the recordings as OpenAI and Anthropic list their models: the members of
// both APIs stand side by side.
func (r *recordings) models() object {
	list := make([]object, len(r.all))
	for i, one := range r.all {
		list[i] = object{
			"id": one.name, "object": "model", "created": 0, "owned_by": one.origin(),
			"type": "model", "display_name": one.name, "created_at": "1970-01-01T00:00:00Z",
		}
	}
	models := object{"object": "list", "data": list, "has_more": false, "first_id": nil, "last_id": nil}
	if len(list) > 0 {
		models["first_id"], models["last_id"] = list[0]["id"], list[len(list)-1]["id"]
	}
	return models
}

// choose returns the recording that answers a request.
func (h *replay) choose(req *http.Request, d llmstream.Dialect, f *faults, asked *asking) (one *recording, ok bool) {
	one, ok = h.named(req, d, f, asked)
	if ok && one.calls && asked.done {
		one = h.recordings.answerAfter(one, req, d)
		ok = one != nil
	}
	return one, ok
}

// named returns the recording that a request names, or else the plain one. A model need
// not be the name of a recording.
func (h *replay) named(req *http.Request, d llmstream.Dialect, f *faults, asked *asking) (one *recording, ok bool) {
	for _, name := range [...]string{req.URL.Query().Get("recording"), req.Header.Get(headerOf("recording"))} {
		if name != "" {
			one = h.recordings.findFor(req, name, d)
			return one, one != nil
		}
	}
	for _, model := range [...]string{asked.model, modelOfPath(req.URL.Path)} {
		if one = h.recordings.findFor(req, model, d); one != nil {
			return one, true
		}
	}
	one = h.recordings.plain(req, d, f.as)
	return one, one != nil
}

// serve writes the recording, and flushes after each event.
func (one *recording) serve(w http.ResponseWriter, req *http.Request, f *faults) {
	w.Header().Set("Content-Type", one.media)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set(headerOf("recording"), strings.Map(visible, one.name))
	w.Header().Set(headerOf("origin"), one.origin())
	w.WriteHeader(one.status)
	flow := http.NewResponseController(w)
	flow.Flush()
	sent := 0
	for event, piece := range append(one.pieces(), nil) { // nil is the end
		if event > 0 && piece != nil && !wait(req, f.pace) {
			return
		}
		for more := true; more; {
			n, what := f.next(event, sent, len(piece), event == len(one.pieces()))
			if _, err := w.Write(piece[:n]); err != nil {
				return
			}
			flow.Flush()
			sent, piece = sent+n, piece[n:]
			switch what {
			case faultNone:
				more = false
			case faultStall:
				f.stall = place{}
				if !wait(req, f.stallTime()) {
					return
				}
			case faultCut:
				return
			case faultReset:
				resetConn(w, flow)
			case faultError:
				w.Write(one.errorEvent(event > 0, f.failStatus()))
				return
			}
		}
	}
}

// visible replaces what a header cannot hold.
func visible(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// wait waits for d, or for ever if d is negative. It reports whether the client is still
// there.
func wait(req *http.Request, d time.Duration) (ok bool) {
	if d == 0 {
		return req.Context().Err() == nil
	}
	var over <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
		return true
	case <-req.Context().Done():
		return false
	}
}
