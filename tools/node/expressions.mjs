// Evaluates expressions with GitHub's own evaluator.
//   node expressions.mjs INSTALLED      INSTALLED: the directory that holds node_modules
// Reads JSON objects, one a line: {"text", "contexts", "status": {"success": true, …}}. Answers each with a line: {"value", "truth", "text"}, or
// {"error"}. In a value, {"number": its 64 bits} and {"object": true} stand for what JSON cannot say.
import { createInterface } from "node:readline";
import { register } from "node:module";
import { pathToFileURL } from "node:url";

const [installed] = process.argv.slice(2);
register("./hooks.mjs", import.meta.url, { data: { installed: pathToFileURL(`${installed}/`).href } });

const { Evaluator, Lexer, Parser, data } = await import("@actions/expressions");
const { truthy } = await import("@actions/expressions/result");

function bits(number) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

function plain(value) {
  switch (value.kind) {
    case data.Kind.Null:
      return null;
    case data.Kind.Number:
      return { number: bits(value.value) };
    case data.Kind.Array:
      return value.values().map(plain);
    case data.Kind.Dictionary:
      return { object: true };
    default:
      return value.value;
  }
}

function evaluate({ text, contexts, status }) {
  const functions = Object.entries(status).map(([name, holds]) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(holds),
  }));
  const parser = new Parser(new Lexer(text).lex().tokens, Object.keys(contexts), functions);
  const known = JSON.parse(JSON.stringify(contexts), data.reviver);
  const value = new Evaluator(parser.parse(), known, new Map(functions.map((f) => [f.name, f]))).evaluate();
  return { value: plain(value), truth: truthy(value), text: value.coerceString() };
}

function answer(line) {
  try {
    return evaluate(JSON.parse(line));
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(answer(line)));
