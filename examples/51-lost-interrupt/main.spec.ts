/** Runs the example, and the commands of its README, as a user does: what they print is what the README tells. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

const README = readFileSync(new URL("README.md", import.meta.url), "utf8");

/** The text block behind a command. */
function toldAfter(command: string): string {
  return README.slice(README.indexOf(command)).split("```text\n")[1]!.split("\n```")[0]!;
}

/** `trapline`, as a user of a checkout calls it. */
function trapline(...args: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const command = ["--conditions=@trapline/source", "--import", "tsx", "packages/cli/src/main.ts", ...args];
  const env = { ...process.env, TSX_TSCONFIG_PATH: "tsconfig.base.json" };
  return spawnSync(process.execPath, command, { cwd: fileURLToPath(new URL("../..", import.meta.url)), env, encoding: "utf8", timeout: 50_000, input: "" });
}

it("prints the hunt of its README, and that the mended machine gets all packets", () => {
  expect(runExample("51-lost-interrupt").stdout.trimEnd()).toBe(toldAfter("npm run -s example -- 51-lost-interrupt"));
});

it("irq why finds it on the machine file", () => {
  const { status, stdout, stderr } = trapline("irq", "why", "spi1", "examples/51-lost-interrupt/machine.ts");
  expect([status, stderr]).toEqual([0, "trapline: the guest waits for an interrupt that nothing can send\n"]);
  expect(stdout.trimEnd()).toBe(toldAfter("irq why spi1"));
});

it("check finds it before anything runs, and ends with 2", () => {
  const { status, stdout, stderr } = trapline("check", "examples/51-lost-interrupt/machine.ts");
  expect([status, stdout, stderr.trimEnd()]).toEqual([2, "", toldAfter("check examples/51-lost-interrupt")]);
});
