package testkit

import "strings"

// Chunk returns the JSON of a chunk of OpenAI's chat with one choice, which has these
// members.
func Chunk(members string) string { return `{"choices":[{` + members + `}]}` }

// Says returns the JSON of a chunk that adds text to the first choice.
func Says(text string) string { return Chunk(`"index":0,"delta":{"content":"` + text + `"}`) }

// Calls returns the JSON of a chunk with these elements of tool_calls.
func Calls(elements ...string) string {
	return Chunk(`"index":0,"delta":{"tool_calls":[` + strings.Join(elements, ",") + `]}`)
}

// Stops is the JSON of a chunk that ends the first choice.
const Stops = `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`

// Whole is a small stream that is complete.
const Whole = `data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}` + "\n\ndata: " + Stops + "\n\ndata: [DONE]\n\n"
