/** Raw files as disks: what may be opened, who shares what, and what is on the host afterwards. */
import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync, chmodSync } from "node:fs";
import { isTraplineError } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { folder, JournalFile, sectors, tags } from "./disk-bench.fixture.ts";
import { FileDisk } from "./file-disk.ts";
import { type FileAccess, HostFile } from "./host-file.ts";

const KIB = 1024;

function fileOf(bytes: number, name = "root.img"): { readonly path: (name: string) => string; readonly file: string } {
  const path = folder();
  const file = path(name);
  writeFileSync(file, "");
  truncateSync(file, bytes);
  return { path, file };
}

const open = (path: string, access: FileAccess = "write", owner = "disk0"): FileDisk =>
  new FileDisk(new HostFile({ owner, path, access }), access === "read");

describe("a raw file", () => {
  it("keeps what is written where it is written", () => {
    const { file } = fileOf(8 * KIB);
    const disk = open(file);
    disk.write(512, [sectors(2, 7), sectors(1, 8)]);
    expect(tags(disk, 0, 5)).toEqual([0, 7, 7, 8, 0]);
    disk.flush();
    expect(readFileSync(file).subarray(512, 512 * 3)).toEqual(Buffer.from(sectors(2, 7)));
    disk.close();
  });

  it("is read and written in more pieces than one call of the host takes", () => {
    const disk = open(fileOf(64 * KIB).file);
    const pieces = Array.from({ length: 4096 }, (_, n) => new Uint8Array(16).fill(n));
    disk.write(0, pieces);
    const back = pieces.map(() => new Uint8Array(16));
    disk.read(0, back);
    expect(back).toEqual(pieces);
    disk.close();
  });

  it.each([
    [8 * KIB, 8 * KIB, 0],
    [8 * KIB + 1, 8 * KIB, 1],
    [1023, 512, 511],
  ])("of %i bytes is a disk of %i, and %i are left alone", (bytes, sizeBytes, unusedBytes) => {
    const disk = open(fileOf(bytes).file, "read");
    expect([disk.sizeBytes, disk.unusedBytes]).toEqual([sizeBytes, unusedBytes]);
    disk.close();
  });

  it("stays sparse: a write allocates its place, and zeros over nothing allocate none", () => {
    const { file } = fileOf(64 * 1024 * KIB);
    const disk = open(file);
    disk.writeZeroes(0, 16 * 1024 * KIB);
    disk.write(32 * 1024 * KIB, [sectors(1, 1)]);
    disk.flush();
    expect(statSync(file).blocks * 512).toBeLessThan(1024 * KIB);
    disk.close();
  });

  it("has zeros where zeros are written, and only there", () => {
    const disk = open(fileOf(256 * KIB).file);
    disk.write(0, [sectors(512, 9)]);
    disk.writeZeroes(512, 509 * 512);
    expect(tags(disk)).toEqual([9, ...Array<number>(509).fill(0), 9, 9]);
    disk.close();
  });

  it("that somebody cuts while it is in use is an error, not zeros", () => {
    const { file } = fileOf(8 * KIB);
    const disk = open(file);
    truncateSync(file, 4 * KIB);
    expect(() => tags(disk)).toThrow(/root.img ends at byte 4096, and its disk has 8192; somebody cut the file/);
    disk.close();
  });

  it("is on the host when a flush in the background is done, also if it is closed meanwhile", async () => {
    const { file } = fileOf(4 * KIB);
    const disk = open(file);
    disk.write(0, [sectors(1, 5)]);
    const flushed = disk.flushSoon();
    disk.close();
    await flushed;
    expect(open(file).sizeBytes).toBe(4 * KIB); // the lock is free again
  });

  it("whose flush failed once fails every flush: the host has dropped what it could not write", async () => {
    const file = new JournalFile("root.img", new Uint8Array(512));
    const disk = new FileDisk(file, false);
    file.failure = "flushing root.img failed: EIO";
    expect(() => disk.flush()).toThrow(/EIO/);
    expect(() => disk.flush()).toThrow(/an earlier flush of root.img failed/);
    await expect(disk.flushSoon()).rejects.toThrow(/an earlier flush/);
    expect(() => disk.close()).toThrow(/an earlier flush/);
    expect(file.log).toEqual(["sync", "close"]);
  });
});

describe("what is no disk", () => {
  const rows: readonly [what: string, make: (path: (name: string) => string) => string, access: FileAccess, message: RegExp][] = [
    [
      "a missing file",
      (path) => path("none.img"),
      "write",
      /disk0 finds no file .*none\.img; check the path, or make the file \(truncate -s 1G FILE\)/,
    ],
    ["a file in a folder that is none", (path) => (writeFileSync(path("f"), "x"), path("f/none.img")), "write", /disk0 finds no file/],
    ["a directory", (path) => (mkdirSync(path("d")), path("d")), "read", /disk0 cannot use .*: it is a directory; name a file/],
    ["a device", () => "/dev/null", "read", /disk0 cannot use \/dev\/null: it is no regular file/],
    [
      "an empty file",
      (path) => (writeFileSync(path("e"), ""), path("e")),
      "write",
      /has 0 bytes, and a disk has at least one sector of 512; make it larger/,
    ],
    [
      "less than a sector",
      (path) => (writeFileSync(path("s"), "x"), path("s")),
      "write",
      /has 1 bytes, and a disk has at least one sector/,
    ],
  ];

  it.each(rows)("%s is a ConfigError that says so", (_what, make, access, message) => {
    const path = make(folder());
    const attempt = (): FileDisk => open(path, access);
    expect(attempt).toThrow(message);
    try {
      attempt();
    } catch (error) {
      expect(isTraplineError(error, "config")).toBe(true);
    }
  });

  const isRoot = process.getuid?.() === 0;
  it.skipIf(isRoot)(`a file without permission is one, too${isRoot ? " (skipped: root may do anything)" : ""}`, () => {
    const { file } = fileOf(512);
    chmodSync(file, 0o444);
    expect(() => open(file)).toThrow(/disk0 may not write .*root\.img; change its permissions, or say `readOnly: true`/);
    chmodSync(file, 0);
    expect(() => open(file, "read")).toThrow(/disk0 may not read/);
  });
});

describe("the lock of a file, within a process", () => {
  const rows: readonly [first: FileAccess, second: FileAccess, refusal: RegExp | undefined][] = [
    ["write", "write", /disk1 cannot write .*link\.img: disk0 has it open for writing; give each disk a file of its own/],
    ["write", "read", /disk1 cannot read .*: disk0 has it open for writing/],
    ["read", "write", /disk1 cannot write .*: disk0 has it open for reading/],
    ["read", "read", undefined],
  ];

  it.each(rows)("open for %s and asked for %s: %s", (first, second, refusal) => {
    const { file, path } = fileOf(512);
    symlinkSync(file, path("link.img"));
    const disk = open(file, first);
    if (refusal === undefined) open(path("link.img"), second, "disk1").close();
    else expect(() => open(path("link.img"), second, "disk1")).toThrow(refusal);
    disk.close();
    open(file, "write", "disk2").close();
  });

  it("is not kept by a disk that could not be opened", () => {
    const path = folder();
    writeFileSync(path("e"), "");
    expect(() => open(path("e"))).toThrow(/has 0 bytes/);
    writeFileSync(path("e"), sectors(1, 1));
    expect(tags(open(path("e"), "read"))).toEqual([1]);
  });
});
