// Package testdata holds recorded and hand-written streams, so that tests,
// benchmarks and commands read the same ones; see README.md for what each is and
// where it comes from.
package testdata

import "embed"

// FS holds the recordings under the names that README.md gives them: the
// cassette, and a folder for each dialect, of its name. In such a folder NAME.sse, NAME.json,
// NAME.ndjson, NAME.txt or NAME.bin is the body of a response, NAME.frames a description of one
// in binary frames, and NAME.want.json is what it means.
//
//go:embed *.yaml */*.sse */*.json */*.ndjson */*.txt */*.bin */*.frames
var FS embed.FS
