// Runs GitHub's own workflow parser and language service over workflow files.
//   node workflows.mjs INSTALLED FILE…      INSTALLED: the directory that holds node_modules
// Prints one JSON object per finding: {"file", "line", "message"}. Exit code 0 whatever it finds.
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { pathToFileURL } from "node:url";

const [installed, ...files] = process.argv.slice(2);
register("./hooks.mjs", import.meta.url, { data: { installed: pathToFileURL(`${installed}/`).href } });

const { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } = await import("@actions/workflow-parser");
const { ErrorPolicy } = await import("@actions/workflow-parser/model/convert");
const { validate } = await import("@actions/languageservice");
const { TextDocument } = await import("vscode-languageserver-textdocument");

function report(file, line, message) {
  console.log(JSON.stringify({ file, line, message }));
}

// The language service repeats what the parser says; once is enough.
async function check(file, content) {
  const said = new Set();
  for await (const [line, source, message] of messages(file, content)) {
    if (said.has(`${line}: ${message}`)) continue;
    said.add(`${line}: ${message}`);
    report(file, line, `${source}: ${message}`);
  }
}

async function* messages(file, content) {
  yield* parse(file, content);
  yield* serve(file, content);
}

async function* parse(file, content) {
  const { context, value } = parseWorkflow({ name: file, content }, new NoOperationTraceWriter());
  if (value) await convertWorkflowTemplate(context, value, undefined, { errorPolicy: ErrorPolicy.TryConversion });
  for (const error of context.errors.getErrors()) {
    yield [error.range?.start.line ?? 1, "parser", error.rawMessage];
  }
}

async function* serve(file, content) {
  const document = TextDocument.create(pathToFileURL(file).href, "yaml", 1, content);
  for (const diagnostic of await validate(document, {})) {
    yield [diagnostic.range.start.line + 1, "language service", diagnostic.message];
  }
}

for (const file of files) {
  await check(file, readFileSync(file, "utf8"));
}
