/** Files that the user named, whatever they are. */
import { mkdtemp, rm, unlink, utimes, writeFile } from "node:fs/promises";
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

describe("reading it once more", () => {
  const SIZE = 0x3_0007; // no multiple of the threads that share it
  const content = (seed: number): Uint8Array => Uint8Array.from({ length: SIZE }, (_, index) => index * 29 + (index >> 8) + seed);

  it("gives the same bytes, into memory that the caller has", async () => {
    const name = path.join(folder, "again");
    await writeFile(name, content(0));
    const { readAgain } = await readImage("--kernel", name);
    const into = new Uint8Array(SIZE);
    expect(await readAgain!(into)).toBe(true);
    expect(Buffer.from(into).equals(content(0))).toBe(true);
  });

  it.each<[string, (name: string) => Promise<void>]>([
    ["it was written anew", (name) => writeFile(name, content(1))],
    ["it has become shorter", (name) => writeFile(name, content(0).subarray(1))],
    ["another has its name", async (name) => (await unlink(name), writeFile(name, content(0)))],
    ["it has gone", (name) => unlink(name)],
  ])("says no when %s", async (_, change) => {
    const name = path.join(folder, "changing");
    await writeFile(name, content(0));
    await utimes(name, 1, 1); // times of files tick slowly: a write just after another may leave the same
    const { bytes, readAgain } = await readImage("--kernel", name);
    await change(name);
    expect(await readAgain!(new Uint8Array(SIZE))).toBe(false);
    expect(Buffer.from(bytes).equals(content(0))).toBe(true);
  });

  it("says no to memory of another length", async () => {
    const name = path.join(folder, "length");
    await writeFile(name, content(0));
    expect(await (await readImage("--kernel", name)).readAgain!(new Uint8Array(SIZE - 1))).toBe(false);
  });

  it.skipIf(!existsSync("/proc/version"))("says no for a file that says it is empty", async () => {
    const { bytes, readAgain } = await readImage("--kernel", "/proc/version");
    expect(bytes.length).toBeGreaterThan(0);
    expect(await readAgain!(new Uint8Array(bytes.length))).toBe(false);
  });

  it.skipIf(!existsSync("/dev/null"))("is not offered for what is no file", async () => {
    expect((await readImage("--dtb", "/dev/null")).readAgain).toBeUndefined();
  });
});
