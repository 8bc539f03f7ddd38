// Lint: oxlint with type information (oxlint-tsgolint) over everything tracked, by the rules of .oxlintrc.json.
//
// A rule that is misspelled, or switched off by a later override, stays silent. So before the tree is looked at, every rule we count on
// meets a file that breaks it, under the same configuration; a rule that lets its file pass is a problem of this gate.
import { readFileSync } from "node:fs";
import path from "node:path";
import { gateProgram, report, root, runNode, withFiles } from "./gate.ts";

/** A test file. The call is put together here, so that no search for focused or skipped tests finds this one. */
const testThat = (call: readonly string[]): string =>
  `import { expect, it } from "vitest";\n${call.join(".")}("runs", () => expect(1).toBe(1));\n`;

const FLOATING = "export function start(work: () => Promise<void>): void {\n  work();\n}\n";

/** rule, file, text that must be refused by that rule and no other. */
const BITES = [
  ["eqeqeq", "packages/a/src/loose-equal.ts", "export const same = (a: number, b: number): boolean => a == b;\n"],
  ["no-console", "packages/a/src/print.ts", "export const print = (): void => console.log(1);\n"],
  ["no-unused-vars", "packages/a/src/unused.ts", "const unused = 1;\nexport const used = 2;\n"],
  ["prefer-const", "packages/a/src/let.ts", "let one = 1;\nexport const two = one + 1;\n"],
  ["no-cycle", "packages/a/src/cycle.ts", 'import { b } from "./cycle-back.ts";\nexport const a = (): number => b();\n'],
  ["no-cycle", "packages/a/src/cycle-back.ts", 'import { a } from "./cycle.ts";\nexport const b = (): number => a();\n'],
  ["no-restricted-imports", "packages/a/src/deep.ts", 'export { wire } from "@trapline/core/src/wire/wire.ts";\n'],
  ["no-restricted-imports", "packages/a/src/deep-rxjs.ts", 'export { noop } from "rxjs/internal/util/noop";\n'],
  ["no-explicit-any", "packages/a/src/any.ts", "export const anything: any = 1;\n"],
  ["consistent-type-imports", "packages/a/src/type.ts", 'import { Used } from "./used.ts";\nexport const used: Used = 1;\n'],
  ["no-floating-promises", "packages/a/src/floating.ts", FLOATING],
  ["no-floating-promises", "packages/a/src/floating.spec.ts", FLOATING],
  ["no-misused-promises", "packages/a/src/misused.ts", "export const f = (p: Promise<boolean>): number => (p ? 1 : 2);\n"],
  ["only-throw-error", "packages/a/src/throw.ts", 'export const fail = (): never => {\n  throw "text";\n};\n'],
  [
    "switch-exhaustiveness-check",
    "packages/a/src/switch.ts",
    'export function f(k: "a" | "b"): number {\n  switch (k) {\n    case "a":\n      return 1;\n  }\n  return 2;\n}\n',
  ],
  ["filename-case", "packages/a/src/CamelCase.ts", "export const one = 1;\n"],
  ["no-focused-tests", "packages/a/src/only.spec.ts", testThat(["it", "only"])],
  ["no-disabled-tests", "packages/a/src/skip.spec.ts", testThat(["it", "skip"])],
] as const;

const PROOF_TSCONFIG = {
  compilerOptions: { target: "ES2022", module: "NodeNext", strict: true, noEmit: true, allowImportingTsExtensions: true, types: [] },
  include: ["packages"],
};

interface Diagnostic {
  readonly code?: string;
  readonly message: string;
  readonly filename: string;
  readonly labels?: readonly { readonly span: { readonly line: number; readonly column: number } }[];
}

function oxlint(cwd: string, paths: readonly string[]): Diagnostic[] {
  const program = gateProgram("oxlint", "oxlint");
  const typeAware = path.join(root, "tools/gates/node_modules/.bin", process.platform === "win32" ? "tsgolint.cmd" : "tsgolint");
  const strict = ["--type-aware", "--disable-nested-config", "--report-unused-disable-directives-severity=error"];
  const args = [program, ...strict, "--format=json", ...paths];
  const { stdout, stderr } = runNode(args, cwd, { OXLINT_TSGOLINT_PATH: typeAware });
  try {
    return (JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics;
  } catch (cause) {
    throw new Error(`oxlint gave no JSON, but:\n${stdout}${stderr}`, { cause });
  }
}

/** `no-cycle` of `eslint-plugin-import(no-cycle)`. */
const ruleOf = (diagnostic: Diagnostic): string => /\(([^)]+)\)/.exec(diagnostic.code ?? "")?.[1] ?? diagnostic.code ?? "syntax";

function proveRulesBite(): string[] {
  const files: Record<string, string> = {
    ".oxlintrc.json": readFileSync(path.join(root, ".oxlintrc.json"), "utf8"),
    "tsconfig.json": JSON.stringify(PROOF_TSCONFIG),
    "packages/a/src/used.ts": "export type Used = number;\n",
  };
  for (const [, file, text] of BITES) files[file] = text;
  const found = withFiles(files, (folder) => oxlint(folder, ["packages"]).map((d) => `${d.filename.replaceAll("\\", "/")}: ${ruleOf(d)}`));
  const expected = BITES.map(([rule, file]) => `${file}: ${rule}`);
  return [
    ...expected.filter((line) => !found.includes(line)).map((line) => `the rule does not bite: ${line}`),
    ...found.filter((line) => !expected.includes(line)).map((line) => `the proof is not clean, another rule answered: ${line}`),
  ];
}

function lintTree(paths: readonly string[]): string[] {
  return oxlint(root, paths).map((d) => {
    const span = d.labels?.[0]?.span;
    return `${d.filename}${span === undefined ? "" : `:${span.line}:${span.column}`}: ${d.message} [${ruleOf(d)}]`;
  });
}

const paths = process.argv.slice(2);
report("lint", [...proveRulesBite(), ...lintTree(paths)], `clean; ${BITES.length} proofs that the rules bite`);
