// Asks for an answer for each line of JSON on standard input, with a client of Node,
// and writes a line with what that made of it.
import { createInterface } from "node:readline";
import "./noreuse.mjs";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const messages = [{ role: "user", content: "x" }];
const options = { apiKey: "none", maxRetries: 0, logLevel: "off" };

// How each begins an answer, which events bring its parts, what it is folded into, and
// the text and calls of that.
const clients = {
  "openai-chat": {
    begin: (baseURL, model) =>
      new OpenAI({ ...options, baseURL: baseURL + "/v1" }).chat.completions.stream({ model, messages }),
    event: "chunk",
    final: (stream) => stream.finalChatCompletion(),
    text: (answer) => answer.choices.map((c) => c.message.content ?? "").join(""),
    calls: (answer) =>
      answer.choices.flatMap((c) => c.message.tool_calls ?? [])
        .map((c) => ({ ID: c.id, Name: c.function?.name, Arguments: c.function?.arguments })),
  },
  "openai-responses": {
    begin: (baseURL, model) =>
      new OpenAI({ ...options, baseURL: baseURL + "/v1" }).responses.stream({ model, input: "x" }),
    event: "event",
    final: (stream) => stream.finalResponse(),
    text: (answer) => answer.output_text,
    calls: (answer) =>
      answer.output.filter((item) => item.type === "function_call")
        .map((c) => ({ ID: c.call_id, Name: c.name, Arguments: c.arguments })),
  },
  "anthropic-messages": {
    begin: (baseURL, model) =>
      new Anthropic({ ...options, baseURL }).messages.stream({ model, messages, max_tokens: 9 }),
    event: "streamEvent",
    final: (stream) => stream.finalMessage(),
    text: (answer) => answer.content.filter((b) => b.type === "text").map((b) => b.text).join(""),
    calls: (answer) =>
      answer.content.filter((b) => b.type === "tool_use")
        .map((b) => ({ ID: b.id, Name: b.name, Arguments: JSON.stringify(b.input) })),
  },
};

// madeUp are the ids that a client gives to calls which have none: others each time.
const madeUp = /call_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

async function fold({ dialect, address, model }) {
  const client = clients[dialect];
  const parts = [];
  let stream, answer, folded, failure = "", text = "", calls = [];
  try {
    stream = client.begin(address, model);
    stream.on(client.event, (part) => parts.push(structuredClone(part)));
    answer = await client.final(stream);
    text = client.text(answer);
    calls = client.calls(answer);
    folded = JSON.stringify({ parts, answer }).replace(madeUp, "call_");
  } catch (error) {
    failure = String(error);
    folded = JSON.stringify({ parts });
  }
  return { folded, failure, text, calls };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await fold(JSON.parse(line))));
}
