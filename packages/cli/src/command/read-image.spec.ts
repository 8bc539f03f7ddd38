/** Files that the user named, whatever they are. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostError } from "@trapline/core";
import { readImage } from "./read-image.ts";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), "trapline-read-"))));
afterAll(() => rm(folder, { recursive: true }));

describe("reading an image", () => {
  it.each([0, 1, 0x10_0001])("gives all of %i bytes, and the name", async (size) => {
    const name = path.join(folder, `image${size}`);
    const bytes = Uint8Array.from({ length: size }, (_, index) => index * 31 + (index >> 8));
    await writeFile(name, bytes);
    const image = await readImage("--kernel", name);
    expect(image.name).toBe(name);
    expect(Buffer.from(image.bytes).equals(bytes)).toBe(true);
  });

  it.skipIf(!existsSync("/proc/version"))("gives all of a file that says it is empty", async () => {
    expect(Buffer.from((await readImage("--dtb", "/proc/version")).bytes).toString()).toBe(readFileSync("/proc/version", "utf8"));
  });

  it.each([["nothing there", "absent"], ["a folder", "."]])("names the option and the file for %s", async (_, name) => {
    const file = path.join(folder, name);
    const failure = await readImage("--initrd", file).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HostError);
    expect(failure).toMatchObject({ facts: { subject: "--initrd", value: file, remedy: "check the path" } });
    expect((failure as HostError).message).toMatch(/^--initrd .+ cannot be read: (ENOENT|EISDIR): /);
  });
});
