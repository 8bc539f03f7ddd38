/** The search for QEMU, and a guest on it where there is one. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { guestImage } from "../guests/guest-image.ts";
import { guestNs } from "../guests/guest-output.ts";
import { findQemu } from "./find-qemu.ts";
import { runOnQemu } from "./run-on-qemu.ts";

const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(path.join(tmpdir(), "trapline-bench-"));
  folders.push(made);
  return made;
};

afterEach(() => {
  for (const each of folders.splice(0)) rmSync(each, { recursive: true });
});

describe("findQemu", () => {
  it("takes the first of the path that can be executed", (context) => {
    if (process.platform === "win32") return context.skip("files have no executable bit here");
    const [first, second, third] = [folder(), folder(), folder()];
    for (const [each, mode] of [[first, 0o644], [second, 0o755], [third, 0o755]] as const) {
      const file = path.join(each, "qemu-system-aarch64");
      writeFileSync(file, "");
      chmodSync(file, mode);
    }
    expect(findQemu(["", first, second, third].join(path.delimiter))).toBe(path.join(second, "qemu-system-aarch64"));
  });

  it("finds nothing in an empty path, or in folders that are not there", () => {
    expect([findQemu(""), findQemu(path.join(folder(), "nowhere"))]).toEqual([undefined, undefined]);
  });
});

describe("a guest on QEMU", () => {
  it("measures itself, and powers the machine off", async (context) => {
    const qemu = findQemu();
    if (qemu === undefined) return context.skip("no qemu-system-aarch64");
    expect(guestNs("guest/mmio", await runOnQemu(qemu, guestImage("guest/mmio")))).toBeGreaterThan(1);
  });
});
