package main

import (
	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/ast"
)

// sonicGetEvent looks the members of an answer up by their paths, as gjsonEvent does.
// sonic.Get finds a value without decoding what is around it.
func sonicGetEvent(data []byte, to *answer) {
	if choices, err := sonic.Get(data, "choices"); err == nil {
		eachNode(&choices, func(from *ast.Node) { sonicChoice(from, to) })
	}
	if u, err := sonic.Get(data, "usage"); err == nil && isSonic(&u, ast.V_OBJECT) {
		to.usage = usage{sonicInt(u.Get("prompt_tokens")), sonicInt(u.Get("completion_tokens")), sonicInt(u.Get("total_tokens"))}
	}
}

func sonicChoice(from *ast.Node, to *answer) {
	c := to.choice(int(sonicInt(from.Get("index"))))
	if c == nil {
		return
	}
	delta := from.Get("delta")
	c.content = append(c.content, sonicString(delta.Get("content"))...)
	c.reasoning = append(c.reasoning, sonicString(delta.Get("reasoning_content"))...)
	if calls := delta.Get("tool_calls"); isSonic(calls, ast.V_ARRAY) {
		eachNode(calls, func(t *ast.Node) {
			function := t.Get("function")
			c.addCall(int(sonicInt(t.Get("index"))), sonicString(function.Get("name")), sonicString(function.Get("arguments")))
		})
	}
	if finish := sonicString(from.Get("finish_reason")); finish != "" {
		c.finish = finish
	}
}

// eachNode calls f for the elements of an array.
func eachNode(array *ast.Node, f func(*ast.Node)) {
	elements, err := array.Values()
	if err != nil {
		return
	}
	var element ast.Node
	for elements.Next(&element) {
		f(&element)
	}
}

// isSonic reports whether a value is there and has a type. A missing member may be nil.
func isSonic(n *ast.Node, typ int) bool { return n.Check() == nil && n.TypeSafe() == typ }

// sonicString returns the text of a string; "" for anything else.
func sonicString(n *ast.Node) string {
	if !isSonic(n, ast.V_STRING) {
		return ""
	}
	text, _ := n.StrictString()
	return text
}

func sonicInt(n *ast.Node) int64 {
	number, _ := n.Int64()
	return number
}
