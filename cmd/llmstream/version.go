package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

var versionCommand = command{
	name: "version", summary: "the version of this program",
	help: `Version prints the version of this program, the commit that it was built from if
that is known, the version of Go, and the platform.`,
	flags: noFlags,
	whole: func(s *invocation, _ []string) error {
		info, _ := debug.ReadBuildInfo()
		fmt.Fprintln(s.stdout, versionLine(info))
		return s.stdout.Flush()
	},
}

// versionLine describes a build. info is nil if the build has none.
func versionLine(info *debug.BuildInfo) string {
	version, commit := "(unknown)", ""
	if info != nil {
		version = info.Main.Version
		settings := map[string]string{}
		for _, setting := range info.Settings {
			settings[setting.Key] = setting.Value
		}
		if revision := settings["vcs.revision"]; revision != "" {
			commit = " commit " + revision
			if settings["vcs.modified"] == "true" {
				commit += " with changes"
			}
		}
	}
	return fmt.Sprintf("llmstream %s%s %s %s/%s", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
