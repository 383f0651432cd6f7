// Two things that Node's module loader does not do by itself: the GitHub packages import JSON without an import
// attribute, which Node refuses; and packages are installed in target/, away from this file.
import { readFile } from "node:fs/promises";

let installed;

export function initialize(data) {
  installed = data.installed;
}

const bare = /^@actions\/|^vscode-/;

export function resolve(specifier, context, next) {
  const fromHere = bare.test(specifier) && !context.parentURL?.includes("/node_modules/");
  return next(specifier, fromHere ? { ...context, parentURL: installed } : context);
}

export async function load(url, context, next) {
  if (!url.endsWith(".json")) return next(url, context);
  const source = `export default ${await readFile(new URL(url), "utf8")}`;
  return { format: "module", shortCircuit: true, source };
}
