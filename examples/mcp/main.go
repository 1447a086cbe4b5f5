// MCP calls a method of a server of the Model Context Protocol over its streamable
// HTTP, with package sse. An answer comes as JSON or as a stream of events. If a stream
// breaks off, the client resumes it after the last event that it got.
//
//	go run ./mcp -url https://mcp.example.com/mcp
//	go run ./mcp -url https://mcp.example.com/mcp -method tools/call -params '{"name":"get_weather","arguments":{"city":"Oslo"}}'
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
)

func main() {
	url := flag.String("url", "http://127.0.0.1:8080/mcp", "connect to the server at this `address`")
	method := flag.String("method", "tools/list", "call this `method`")
	params := flag.String("params", "{}", "call it with these parameters, in `JSON`")
	flag.Parse()
	c, err := connect(context.Background(), *url)
	if err != nil {
		log.Fatal(err)
	}
	result, err := c.call(context.Background(), *method, *params)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", result)
}
