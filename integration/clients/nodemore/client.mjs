// Asks for an answer for each line of JSON on standard input, with a client of Node that
// reads the streams of a dialect, and writes a line with what that made of it.
import { createInterface } from "node:readline";
import "./noreuse.mjs";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { GoogleGenAI } from "@google/genai";
import { streamText } from "ai";

// What a client warns of, which is nothing.
let warnings = [];
for (const name of ["warn", "error"]) console[name] = (...args) => warnings.push(args.map(String).join(" "));
globalThis.AI_SDK_LOG_WARNINGS = false;

async function google(address) {
  const client = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: address } });
  const answer = { text: "", calls: [], finish: "" };
  const texts = [];
  for await (const chunk of await client.models.generateContentStream({ model: "m", contents: "x" })) {
    for (const candidate of chunk.candidates ?? []) {
      for (const part of candidate.content?.parts ?? []) {
        if (part.text && !part.thought) texts[candidate.index] = (texts[candidate.index] ?? "") + part.text;
        if (part.functionCall) {
          const { id, name, args } = part.functionCall;
          answer.calls.push({ ID: id, Name: name, Arguments: JSON.stringify(args ?? {}) });
        }
      }
      if (candidate.finishReason) answer.finish = candidate.finishReason;
    }
  }
  answer.text = texts.join("");
  return answer;
}

// The packages of Vercel's AI SDK, by the dialect that they read.
const models = {
  "openai-chat": (address) => createOpenAI({ baseURL: address + "/v1", apiKey: "none" }).chat("m"),
  "openai-responses": (address) => createOpenAI({ baseURL: address + "/v1", apiKey: "none" }).responses("m"),
  "anthropic-messages": (address) => createAnthropic({ baseURL: address + "/v1", apiKey: "none" })("m"),
  gemini: (address) => createGoogleGenerativeAI({ baseURL: address + "/v1beta", apiKey: "none" })("m"),
};

async function vercel(dialect, address) {
  const answer = { text: "", calls: [], finish: "" };
  const result = streamText({ model: models[dialect](address), prompt: "x", maxRetries: 0, onError: () => {} });
  for await (const part of result.fullStream) {
    switch (part.type) {
      case "text-delta":
        answer.text += part.text;
        break;
      case "tool-call":
        answer.calls.push({ ID: part.toolCallId, Name: part.toolName, Arguments: typeof part.input === "string" ? part.input : JSON.stringify(part.input) });
        break;
      case "finish":
        answer.finish = part.finishReason;
        break;
      case "error":
        throw part.error;
    }
  }
  return answer;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { client, dialect, address } = JSON.parse(line);
  warnings = [];
  let answer = { text: "", calls: [], finish: "" }, failure = "";
  try {
    answer = await (client === "google" ? google(address) : vercel(dialect, address));
  } catch (error) {
    failure = String(error) || "an error";
  }
  process.stdout.write(JSON.stringify({ ...answer, failure, warnings }) + "\n");
}
