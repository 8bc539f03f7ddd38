/** The machine file of Linux, with another kernel: Linux itself is booted by packages/cli/ci, for it has to be fetched. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** `trapline`, as a user of a checkout calls it. */
function trapline(...args: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const command = ["--conditions=@trapline/source", "--import", "tsx", "packages/cli/src/main.ts", ...args];
  const env = { ...process.env, TSX_TSCONFIG_PATH: "tsconfig.base.json", XDG_CACHE_HOME: folder };
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, env, encoding: "utf8", timeout: 50_000, input: "" });
  return { status, stdout, stderr };
}

let folder: string;
beforeAll(() => void (folder = mkdtempSync(path.join(tmpdir(), "trapline-linux-"))));
afterAll(() => rmSync(folder, { recursive: true }));

it("boots another kernel when told to: here one of eight words that says Hi", () => {
  const words = [0xd2a1_2001, 0x5280_0902, 0x3900_0022, 0x5280_0d22, 0x3900_0022, 0xd2b0_8000, 0xf280_0100, 0xd400_0002];
  writeFileSync(path.join(folder, "hi"), new Uint8Array(Uint32Array.from(words).buffer));
  const run = trapline("run", "examples/linux.yaml", "--kernel", path.join(folder, "hi"), "--memory", "16M", "--cpus", "2", "--json");
  const [, text, json] = /^(\w*)(.*)\n$/s.exec(run.stdout) ?? [];
  expect([text, JSON.parse(json!), run.stderr]).toMatchObject(["Hi", { machine: "linux", reason: "power-off", exitStatus: 0, retired: [8, 0] }, ""]);
});
