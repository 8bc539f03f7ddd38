/** The guide, docs/machine-files.md, tried out: its files are written down, type-checked, loaded and run. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMachine, formatTrace, type MachineConfig } from "../index.ts";
import { formatMachineFileErrors, isMachineFileError, loadMachineFile } from "./index.ts";

const ROOT = path.resolve(import.meta.dirname, "../../../..");
const GUIDE = readFileSync(path.join(ROOT, "docs/machine-files.md"), "utf8").replaceAll("\r\n", "\n");
const blocks = [...GUIDE.matchAll(/^```(yaml|ts|text)[^\n]*\n(.*?)^```$/gms)].map(([, language, code]) => ({
  language: language!,
  code: code!,
}));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "trapline-guide-"));
  mkdirSync(path.join(folder, "node_modules/@trapline"), { recursive: true });
  for (const [link, target] of [
    ["@trapline/core", "packages/core"],
    ["@types", "node_modules/@types"],
  ] as const) {
    symlinkSync(path.join(ROOT, target), path.join(folder, "node_modules", link), "junction");
  }
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
  for (const [index, { language, code }] of blocks.entries()) {
    const name = /^(?:#|\/\/) (\S+\.(?:yaml|ts))\n/.exec(code)?.[1] ?? `block-${index}.${language}`;
    writeFileSync(path.join(folder, name), code);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (name: string): Promise<MachineConfig> => loadMachineFile(path.join(folder, name));

async function traceOf(config: MachineConfig): Promise<string[]> {
  const machine = await createMachine(config);
  const lines: string[] = [];
  machine.trace$.subscribe((event) => lines.push(formatTrace(event)));
  lines.push(JSON.stringify(await machine.run({ timeoutMs: 5000 })));
  await machine.close();
  return lines;
}

it("its TypeScript compiles", { timeout: 60_000 }, () => {
  const compilerOptions = { noEmit: true, composite: false, declaration: false, declarationMap: false, isolatedDeclarations: false };
  writeFileSync(
    path.join(folder, "tsconfig.json"),
    JSON.stringify({ extends: path.join(ROOT, "tsconfig.base.json"), compilerOptions, include: ["*.ts"] }),
  );
  const { stdout, status } = spawnSync(process.execPath, [path.join(ROOT, "node_modules/typescript/bin/tsc"), "-p", folder], {
    encoding: "utf8",
  });
  expect([stdout, status]).toEqual(["", 0]);
});

it("its two boards are the same machine", async () => {
  const [yaml, typescript] = [await load("board.yaml"), await load("board.ts")];
  expect(JSON.stringify(yaml.plugins)).toBe(JSON.stringify(typescript.plugins));
  expect({ ...yaml, plugins: [] }).toEqual({ ...typescript, plugins: [] });
  const trace = await traceOf(yaml);
  expect(trace).toContain('{"reason":"power-off","vcpu":0,"status":18}');
  expect(await traceOf(typescript)).toEqual(trace);
});

it("its wrong file is answered as it says", async () => {
  const error = await load("wrong.yaml").then(undefined, (cause: unknown) => cause);
  expect(isMachineFileError(error)).toBe(true);
  const answer = blocks.find(({ language }) => language === "text")!.code;
  const printed = formatMachineFileErrors(error as Parameters<typeof formatMachineFileErrors>[0]);
  expect(printed.replaceAll(path.join(folder, "wrong.yaml"), "wrong.yaml").replaceAll(folder, "FOLDER").replaceAll("\\", "/")).toBe(answer);
});
