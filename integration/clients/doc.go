// Package clients holds the library, as it lies in the path of an answer, against
// real clients and servers: what a client gets must be the same with it and without
// it, down to the byte, and what it tells must be what the client folded. It has
// tests alone.
//
//   - The official clients of Go and of Node, in front of a handler that replays
//     recordings and of the command's server, with a Transport, a reverse proxy or a
//     Middleware between them. Those of Node are installed by the test; where there
//     is no node, no npm, or nothing to install from, it is skipped.
//   - Faults between the client and the server, over HTTP/1 and HTTP/2, and requests that
//     are cancelled at any moment.
//   - Other libraries and a loop written by hand, with streams that are cut, wrong or unusual.
//     The table in README.md has to be what this measures.
//   - A thousand streams at a time, where LLMSTREAM_RATIOS is set; a few else.
//
// LLMSTREAM_CORPUS may name a folder with more recordings.
package clients
