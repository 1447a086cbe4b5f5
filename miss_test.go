package llmstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

func TestMisses(t *testing.T) {
	dir := os.Getenv("LLMSTREAM_CORPUS")
	want := os.Getenv("PROV")
	if dir == "" || want == "" {
		t.Skip("LLMSTREAM_CORPUS is not set")
	}
	var manifest struct {
		Streams []struct{ Path, Provider, Dialect string }
	}
	if err := json.Unmarshal(readFile(t, dir, "manifest.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	ex := map[string]string{}
	for _, s := range manifest.Streams {
		if s.Dialect != "openai-chat" || s.Provider != want {
			continue
		}
		var ks []string
		p := NewParser(OpenAIChat, HandlerFunc(func(d *Delta) error { ks = append(ks, d.Kind.String()); return nil }), nil)
		body := readFile(t, filepath.Join(dir, s.Path))
		for _, ev := range bytes.SplitAfter(body, []byte("\n\n")) {
			f := p.track.templates.fitted
			ks = nil
			p.Write(ev)
			if p.track.templates.fitted == f && len(ev) > 0 {
				k := strings.Join(ks, ",")
				counts[k]++
				if len(ex[k]) < 2500 {
					ex[k] += "\n   " + string(ev[:min(len(ev), 500)])
				}
			}
		}
	}
	var names []string
	for k := range counts {
		names = append(names, k)
	}
	sort.Slice(names, func(i, j int) bool { return counts[names[i]] > counts[names[j]] })
	for _, k := range names[:min(len(names), 14)] {
		fmt.Println(counts[k], k)
		if os.Getenv("EX") == k {
			fmt.Println(ex[k])
		}
	}
}
