// What packages export, with the first sentence of each doc comment: asked of the compiler that builds them.
//
// TypeScript 7 has no JavaScript interface but `typescript/unstable/sync`, which talks to the native compiler. It is all in this file, and
// the compiler's version is pinned, so an upgrade that changes it fails here and nowhere else (docs/adr/0043-generated-reference.md).
import { readFileSync } from "node:fs";
import path from "node:path";
import { API, SymbolFlags, type Checker, type Project, type Symbol as TypeSymbol } from "typescript/unstable/sync";
import { firstSentence } from "./markdown.ts";

export interface Export {
  readonly name: string;
  readonly kind: string;
  /** First sentence of its doc comment, or of its file's header where the file is named after it, or is all of it; "" without either. */
  readonly sentence: string;
  /** Where it is declared, below the root. */
  readonly file: string;
}

/** An entry of a package: `.` or a subpath, and the file behind it below the root. */
export interface Entry {
  readonly subpath: string;
  readonly file: string;
}

const KINDS: readonly (readonly [flag: number, kind: string])[] = [
  [SymbolFlags.Class, "class"],
  [SymbolFlags.Function, "function"],
  [SymbolFlags.Variable, "const"],
  [SymbolFlags.Interface, "interface"],
  [SymbolFlags.TypeAlias, "type"],
  [SymbolFlags.ValueModule, "namespace"],
];

/**
 * The exports of each entry, in the order of their names.
 * @param packages the folder of a package, below `root`, and its entries
 */
export function readExports(root: string, packages: ReadonlyMap<string, readonly Entry[]>): ReadonlyMap<Entry, readonly Export[]> {
  const api = new API({ cwd: root });
  try {
    const config = (folder: string): string => path.join(root, folder, "tsconfig.json");
    const snapshot = api.updateSnapshot({ openProjects: [...packages.keys()].map(config) });
    const found = new Map<Entry, readonly Export[]>();
    for (const [folder, entries] of packages) {
      const project = snapshot.getProject(config(folder));
      if (project === undefined) throw new Error(`the compiler opens no project ${folder}/tsconfig.json`);
      for (const entry of entries) found.set(entry, exportsOf(project, root, entry));
    }
    return found;
  } finally {
    api.close();
  }
}

function exportsOf({ program, checker }: Project, root: string, { file }: Entry): Export[] {
  const source = program.getSourceFile(path.join(root, file));
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`the compiler finds no module ${file}`);
  return checker
    .getExportsOfModule(module)
    .map((symbol) => describe(checker, root, symbol))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describe(checker: Checker, root: string, exported: TypeSymbol): Export {
  const symbol = (exported.flags & SymbolFlags.Alias) === 0 ? exported : checker.getAliasedSymbol(exported);
  const declared = symbol.declarations[0]?.path;
  if (declared === undefined) throw new Error(`${exported.name} is declared nowhere`);
  const file = path.relative(root, declared).replaceAll(path.sep, "/");
  const kind = KINDS.filter(([flag]) => (symbol.flags & flag) !== 0).map(([, word]) => word).join(", ");
  return { name: exported.name, kind, sentence: sentenceOf(checker, symbol, file, declared), file };
}

/** A comment may be nothing but `@throws` or `@returns`, which then is the sentence. */
function sentenceOf(checker: Checker, symbol: TypeSymbol, file: string, declared: string): string {
  const comment = symbol.getDocumentationComment(checker);
  if (comment !== "") return firstSentence(comment);
  const isFile = (symbol.flags & SymbolFlags.ValueModule) !== 0; // export * as name
  if (isFile || isMainExport(symbol.name, file)) return firstSentence(headerOf(readFileSync(declared, "utf8")));
  const tag = symbol.getJsDocTags(checker).find(({ name }) => name === "throws" || name === "returns");
  return tag === undefined ? "" : firstSentence(`${tag.name} ${tag.text ?? ""}`);
}

/** Files are named after their main export: `pl011.ts` has `Pl011`, `vgic-v3.ts` has `VgicV3`. */
export function isMainExport(name: string, file: string): boolean {
  return path.posix.basename(file, ".ts").replaceAll(/[-.]/g, "").toLowerCase() === name.toLowerCase();
}

/** The text of the comment a file begins with, be it a block or lines. */
export function headerOf(text: string): string {
  const block = /^\s*\/\*\*?([\s\S]*?)\*\//.exec(text)?.[1];
  if (block !== undefined) return block.replaceAll(/^\s*\*? ?/gm, "").trim();
  return (/^(?:\/\/.*\n)+/.exec(text)?.[0] ?? "").replaceAll(/^\/\/ ?/gm, "").trim();
}
