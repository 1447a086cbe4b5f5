package main

import (
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
)

// A machine describes the computer and the software of a run.
type machine struct {
	CPU      string
	Cores    int
	Platform string
	Go       string
	Modules  []string // the contenders, with their versions
}

// peers are the modules whose versions are reported.
var peers = []string{
	"github.com/anthropics/anthropic-sdk-go",
	"github.com/bytedance/sonic",
	"github.com/go-faster/jx",
	"github.com/go-json-experiment/json",
	"github.com/openai/openai-go/v3",
	"github.com/sashabaranov/go-openai",
	"github.com/tidwall/gjson",
	"github.com/tmaxmax/go-sse",
	"github.com/valyala/fastjson",
}

func thisMachine() machine {
	m := machine{
		CPU:      "unknown",
		Cores:    runtime.NumCPU(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Go:       runtime.Version(),
	}
	info, _ := os.ReadFile("/proc/cpuinfo") // without it the model stays unknown
	if model := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(info); model != nil {
		m.CPU = string(model[1])
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, d := range build.Deps {
			if slices.Contains(peers, d.Path) {
				m.Modules = append(m.Modules, d.Path+" "+d.Version)
			}
		}
	}
	return m
}
