// Package eventstream holds the reading of binary frames against the decoder of
// the AWS SDK for Go. It is a module of its own, so that nobody who uses the
// library has to have that.
package eventstream
