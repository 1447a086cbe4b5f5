package encodings_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/andybalholm/brotli"
	"github.com/seed-4d65deac/llmstream/contrib/encodings"
	"github.com/seed-4d65deac/llmstream/httptee"
)

// A client whose answers may be compressed with brotli or zstd.
func ExampleDecoder() {
	client := &http.Client{Transport: httptee.Transport(nil, &httptee.Options{
		Decoder: encodings.Decoder,
		Done:    func(_ *http.Request, r *httptee.Result) { fmt.Println(r.Encoding, r.Usage.Output) },
	})}
	_ = client
}

// Decoders that hold at most 1 MiB for their window.
func ExampleWithMaxWindow() {
	var sent bytes.Buffer
	w := brotli.NewWriter(&sent)
	io.WriteString(w, "data: [DONE]\n\n")
	w.Close()
	decode := encodings.WithMaxWindow(1 << 20)
	if _, err := decode("gzip", nil); err != nil {
		log.Fatal(err)
	}
	r, err := decode("br", &sent)
	if err != nil {
		log.Fatal(err)
	}
	_, err = io.ReadAll(r)
	fmt.Println(err)
	// Output: encodings: the br stream needs a window of more than 1048576 bytes
}

func ExampleWindowError() {
	fmt.Println(&encodings.WindowError{Encoding: "zstd", Max: encodings.DefaultMaxWindow})
	// Output: encodings: the zstd stream needs a window of more than 8388608 bytes
}
