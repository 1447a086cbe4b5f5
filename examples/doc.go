// Package examples holds programs that use llmstream, each in a folder of its own. README.md
// lists them. The tests of this package hold that they stay short.
package examples
