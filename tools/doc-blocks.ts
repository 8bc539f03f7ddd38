// Code in Markdown that must compile: finds the ```ts blocks of a document and type-checks them against the sources of the workspace.
//
// A block is a module of its own. ` ```ts continued ` goes on with the block before it; ` ```ts ignore REASON ` is left out. The extracted
// file keeps every line at its number in the document, so the compiler's positions are the document's. Blocks are checked, not run.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root, runNode, workspacePackages } from "./gate.ts";

/** One compilation unit of a document. */
export interface DocBlock {
  /** Path of the document below the root. */
  readonly document: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** The code, at the line numbers of the document. */
  readonly text: string;
}

/** A fence that says `ts` but breaks the rules above. */
export interface DocProblem {
  readonly document: string;
  readonly line: number;
  readonly message: string;
}

const OPENING = /^(\s*)(`{3,}|~{3,})\s*(?:ts|typescript)\b(.*)$/;

/** All blocks of one document that have to compile. */
export function extractBlocks(document: string, markdown: string): { blocks: DocBlock[]; problems: DocProblem[] } {
  const lines = markdown.split(/\r?\n/);
  const blocks: DocBlock[] = [];
  const problems: DocProblem[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^\s*(`{3,}|~{3,})/.exec(lines[at] ?? "")?.[1];
    if (fence === undefined) continue;
    const opening = OPENING.exec(lines[at] ?? "");
    const start = at;
    at++;
    while (at < lines.length && !(lines[at] ?? "").trimStart().startsWith(fence)) at++;
    if (opening === null) continue; // another language: skipped whole, so that a ```ts inside it is text
    const [, indent = "", , rest = ""] = opening;
    const [word = "", ...reason] = rest.trim().split(/\s+/);
    const code = lines.slice(start + 1, at).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    if (word === "ignore") {
      if (reason.length === 0) problems.push({ document, line: start + 1, message: "says `ts ignore` without a reason" });
    } else if (word === "continued") {
      const previous = blocks.pop();
      if (previous === undefined) problems.push({ document, line: start + 1, message: "continues nothing: no block stands before it" });
      else blocks.push({ ...previous, text: `${padTo(start + 1, previous.text)}${code.join("\n")}` });
    } else if (word === "") blocks.push({ document, line: start + 1, text: `${padTo(start + 1, "")}${code.join("\n")}` });
    else problems.push({ document, line: start + 1, message: `says \`ts ${word}\`, not \`ts\`, \`ts continued\` or \`ts ignore REASON\`` });
  }
  return { blocks, problems };
}

/** `text` followed by as many line ends as bring the next character to line `line` + 1. */
function padTo(line: number, text: string): string {
  return text + "\n".repeat(line - (text.match(/\n/g)?.length ?? 0));
}

/** Type-checks blocks. Each answer is `document:line:column: message`; none means that all compile. */
export function compileBlocks(blocks: readonly DocBlock[]): string[] {
  if (blocks.length === 0) return []; // tsc calls an empty project an error
  const cache = path.join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, "docs-"));
  try {
    linkPackages(path.join(folder, "node_modules"));
    const compilerOptions = { composite: false, declaration: false, declarationMap: false, noEmit: true, isolatedDeclarations: false };
    const options = { ...compilerOptions, moduleDetection: "force", noErrorTruncation: true };
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
    const tsconfig = { extends: path.join(root, "tsconfig.base.json"), compilerOptions: options };
    writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
    const documents = new Map<string, string>();
    blocks.forEach(({ document, text }, index) => {
      documents.set(`block-${index}.ts`, document);
      writeFileSync(path.join(folder, `block-${index}.ts`), text);
    });
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    const { stdout, stderr, status } = runNode([tsc, "-p", folder, "--pretty", "false"], folder);
    if (status === 0) return [];
    return `${stdout}${stderr}`
      .split(/\r?\n/)
      .filter((line) => line !== "")
      .map((line) => line.replace(/^(block-\d+\.ts)\((\d+),(\d+)\)/, (_, file: string, ...at) => `${documents.get(file)}:${at[0]}:${at[1]}`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A node_modules as a user of all packages has it: every package by its name, and what the packages themselves depend on. */
function linkPackages(modules: string): void {
  const link = (name: string, target: string): void => {
    const place = path.join(modules, name);
    if (existsSync(place)) return;
    mkdirSync(path.dirname(place), { recursive: true });
    symlinkSync(target, place, "junction");
  };
  for (const { folder, manifest } of workspacePackages()) {
    link(manifest.name, path.join(root, folder));
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.devDependencies })) {
      const target = path.join(root, folder, "node_modules", name);
      if (!name.startsWith("@trapline/") && existsSync(target)) link(name, target);
    }
  }
  for (const name of readdirSync(path.join(root, "node_modules")))
    if (!name.startsWith(".") && !name.startsWith("@")) link(name, path.join(root, "node_modules", name));
  link("@types/node", path.join(root, "node_modules/@types/node"));
}

/** Every Markdown file of the tree. Walked, not asked from git: `npm test` also runs in an unpacked archive. */
export function markdownFiles(folder = ""): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return /^(\..*|node_modules|dist)$/.test(entry.name) ? [] : markdownFiles(file);
    return entry.name.endsWith(".md") ? [file] : [];
  });
}

/** Checks every Markdown file of the tree. */
export function checkDocuments(): { problems: string[]; blocks: number; documents: number } {
  const documents = markdownFiles();
  const extracted = documents.map((document) => extractBlocks(document, readFileSync(path.join(root, document), "utf8")));
  const blocks = extracted.flatMap((one) => one.blocks);
  const problems = extracted.flatMap((one) => one.problems.map(({ document, line, message }) => `${document}:${line}: ${message}`));
  return { problems: [...problems, ...compileBlocks(blocks)], blocks: blocks.length, documents: documents.length };
}
