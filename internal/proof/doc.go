// Package proof holds tests of the whole library through its public API, and nothing
// else: what the recordings of testdata mean, every cut, mutated streams with and
// without the fast path, time that is linear in the bytes, limits, and the corpora and
// vectors of other projects where environment variables name them.
//
// Each test compares the library with something that is known by other means: a file
// beside a recording, the same stream read in one piece or without the fast path, or
// what another program made of it. Some of them try a sample of the cases unless
// LLMSTREAM_EXHAUSTIVE is set. Nothing here depends on how busy the machine is: where
// time counts it is processor time, and the bounds are loose unless LLMSTREAM_RATIOS is
// set.
package proof
