package llmstream

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"testing"
)

func TestTemplateHits(t *testing.T) {
	dir := os.Getenv("LLMSTREAM_CORPUS")
	if dir == "" {
		t.Skip("LLMSTREAM_CORPUS is not set")
	}
	var manifest struct {
		Streams []struct{ Path, Provider, Dialect string }
	}
	if err := json.Unmarshal(readFile(t, dir, "manifest.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	type row struct {
		streams, events, fitted int64
		miss                    map[string]int
	}
	rows := map[string]*row{}
	for _, s := range manifest.Streams {
		if s.Dialect != "openai-chat" {
			continue
		}
		r := rows[s.Provider]
		if r == nil {
			r = &row{}
			rows[s.Provider] = r
		}
		p := NewParser(OpenAIChat, nil, nil)
		body := readFile(t, filepath.Join(dir, s.Path))
		p.Write(body)
		p.Close()
		r.streams++
		r.events += p.Outcome().Events
		r.fitted += p.track.templates.fitted
		if m := p.Outcome().Events - p.track.templates.fitted; m > 100000 {
			fmt.Println(s.Path, m, p.Outcome().Events)
		}
	}
	var names []string
	var all row
	for n, r := range rows {
		names = append(names, n)
		all.streams += r.streams
		all.events += r.events
		all.fitted += r.fitted
	}
	sort.Strings(names)
	for _, n := range names {
		r := rows[n]
		fmt.Printf("%-36s %4d %6d %5.1f%%\n", n, r.streams, r.events, 100*float64(r.fitted)/float64(r.events))
	}
	fmt.Printf("all %d %d %5.1f%%\n", all.streams, all.events, 100*float64(all.fitted)/float64(all.events))
}
