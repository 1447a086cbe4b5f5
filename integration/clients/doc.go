// Package clients holds the library, as it lies in the path of an answer, against
// real clients and servers: what a client gets must be the same with it and without
// it, down to the byte, and what it tells must be what the client folded. It has
// tests alone.
package clients
