// Ask sends one question to a model. It prints the text of the answer as it comes, or with
// -json the whole answer as one object. It fails if the answer is cut or damaged.
//
//	go run ../cmd/llmstream serve -addr 127.0.0.1:8081 &
//	go run ./ask 'What is a delta?'
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/seed-4d65deac/llmstream"
)

// fold returns the whole answer to a request. If the error is not nil, the answer is what
// had come until then.
func fold(url string, request []byte) (*llmstream.Completion, error) {
	resp, err := http.Post(url, "application/json", bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return llmstream.Fold(resp.Body, llmstream.OpenAIChat, nil)
}

// printText writes the text of an answer as it comes.
func printText(w io.Writer, body io.Reader) error {
	for text, err := range llmstream.NewReader(body, llmstream.OpenAIChat, nil).Text() {
		if err != nil {
			return err // the answer is cut, damaged or an error
		}
		w.Write(text)
	}
	return nil
}

func main() {
	log.SetFlags(0)
	url := flag.String("url", "http://127.0.0.1:8081/v1/chat/completions", "send the question to this `address`")
	model := flag.String("model", "text", "ask this `model`")
	whole := flag.Bool("json", false, "print the whole answer as JSON")
	flag.Parse()
	if err := ask(os.Stdout, *url, *model, strings.Join(flag.Args(), " "), *whole); err != nil {
		log.Fatal(err)
	}
}

func ask(w io.Writer, url, model, question string, whole bool) error {
	request, err := json.Marshal(map[string]any{
		"model": model, "stream": true,
		"messages": []any{map[string]string{"role": "user", "content": question}},
	})
	if err != nil {
		return err
	}
	if whole {
		answer, err := fold(url, request)
		if err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(answer)
	}
	resp, err := http.Post(url, "application/json", bytes.NewReader(request))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	defer fmt.Fprintln(w)
	return printText(w, resp.Body)
}
