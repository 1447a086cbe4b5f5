package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/seed-4d65deac/llmstream"
)

// A replay is an http.Handler that answers with recordings.
type replay struct {
	recordings *recordings
	faults     faults // of all requests, unless they give their own
}

// maxRequest bounds what of a request's body is looked at.
const maxRequest = 64 << 20

func (h *replay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxRequest))
	if err != nil {
		refuse(w, llmstream.Auto, http.StatusBadRequest, "the request could not be read")
		return
	}
	if req.URL.Path == "/" && req.Method == http.MethodGet {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		h.recordings.list(w)
		return
	}
	d := llmstream.DetectDialect("", req.URL.Path)
	if d == llmstream.Auto {
		refuse(w, d, http.StatusNotFound, "this path is of no provider")
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
	one, ok := h.choose(req, d, body)
	if !ok {
		refuse(w, d, http.StatusNotFound, "there is no such recording; GET / lists them")
		return
	}
	one.serve(w, req, &f)
}

// choose returns the recording that a request is answered with.
func (h *replay) choose(req *http.Request, d llmstream.Dialect, body []byte) (one *recording, ok bool) {
	for _, name := range [...]string{req.URL.Query().Get("recording"), req.Header.Get(headerOf("recording"))} {
		if name != "" {
			one = h.recordings.find(name, d)
			return one, one != nil
		}
	}
	for _, model := range [...]string{modelOfBody(body), modelOfPath(req.URL.Path)} {
		if one = h.recordings.find(model, d); one != nil {
			return one, true
		}
	}
	one = h.recordings.plain(req, d)
	return one, one != nil
}

func modelOfBody(body []byte) string {
	var request struct{ Model string }
	if json.Unmarshal(body, &request) != nil {
		return ""
	}
	return request.Model
}

// modelOfPath returns the model that a path names; "": none. It may have a "/" in
// it, as the names of recordings do.
func modelOfPath(path string) string {
	for _, around := range [...][2]string{{"/models/", ":"}, {"/model/", "/converse-stream"}, {"/model/", "/invoke-with-response-stream"}, {"/ai/run/", ""}} {
		if _, rest, ok := strings.Cut(path, around[0]); ok {
			if around[1] == "" {
				return rest
			}
			if i := strings.LastIndex(rest, around[1]); i >= 0 {
				return rest[:i]
			}
		}
	}
	return ""
}

// serve writes the recording, each event by itself.
func (one *recording) serve(w http.ResponseWriter, req *http.Request, f *faults) {
	w.Header().Set("Content-Type", one.media)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set(headerOf("recording"), strings.Map(visible, one.name))
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

// visible leaves out what a header cannot hold.
func visible(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}

// wait waits for d, for ever if that is below 0. !ok: the client has left.
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
