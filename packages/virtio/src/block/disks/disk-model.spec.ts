/** Every kind of disk does what a plain array does, whatever comes: random ranges, in random pieces, closed and opened in between. */
import { truncateSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, it } from "vitest";
import type { Disk } from "./disk.ts";
import { folder, JournalFile } from "./disk-bench.fixture.ts";
import { FileDisk } from "./file-disk.ts";
import { HostFile } from "./host-file.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { OverlayDisk } from "./overlay-disk.ts";

const CLUSTER = 0x1_0000;
const BYTES = 3 * CLUSTER + 3 * 512;
const SECTORS = BYTES / 512;

/** Bytes that differ everywhere. */
const noise = (length: number, seed: number): Uint8Array => Uint8Array.from({ length }, (_, n) => Math.imul(n + seed, 0x9e37_79b1) >>> 24);

/** How a disk is begun over these contents, and had again after it was closed. */
type Kind = () => { readonly open: () => Disk; readonly contents: Uint8Array };

const baseBytes = noise(BYTES, 99);
function memoryBase(): MemoryDisk {
  const disk = new MemoryDisk({ sizeBytes: BYTES });
  disk.write(0, [baseBytes]);
  return disk;
}

const KINDS: Readonly<Record<string, Kind>> = {
  "a raw file": () => {
    const path = folder()("root.img");
    writeFileSync(path, "");
    truncateSync(path, BYTES);
    return { open: () => new FileDisk(new HostFile({ owner: "disk0", path, access: "write" }), false), contents: new Uint8Array(BYTES) };
  },
  "an overlay": () => {
    let file = new JournalFile("root.cow");
    return { open: () => new OverlayDisk((file = new JournalFile("root.cow", file.synced)), memoryBase()), contents: baseBytes.slice() };
  },
  "an overlay in a file": () => {
    const path = folder()("root.cow");
    return {
      open: () => new OverlayDisk(new HostFile({ owner: "disk0", path, access: "create" }), memoryBase()),
      contents: baseBytes.slice(),
    };
  },
};

/** Those that are gone when closed. */
const VOLATILE: Readonly<Record<string, Kind>> = {
  memory: () => ({ open: () => new MemoryDisk({ sizeBytes: BYTES }), contents: new Uint8Array(BYTES) }),
  "memory over another disk": () => ({ open: () => new MemoryDisk({ base: memoryBase() }), contents: baseBytes.slice() }),
};

const START = fc.oneof(fc.nat(SECTORS - 1), fc.constantFrom(0, 128, 256, 384, 383));
const OP = fc
  .record({
    what: fc.constantFrom("read", "write", "write", "discard", "zero", "unmap", "flush", "reopen"),
    first: START,
    length: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: SECTORS }), fc.constantFrom(128, 256)),
    pieces: fc.array(fc.integer({ min: 1, max: 4000 }), { maxLength: 5 }),
  })
  .map(({ what, first, length, pieces }) => ({ what, offset: first * 512, length: Math.min(length, SECTORS - first) * 512, pieces }));

/** `bytes` as views of these lengths and one of what is left. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const views: Uint8Array[] = [];
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    const view = bytes.subarray(at, at + length);
    if (view.length > 0) views.push(view);
    at += view.length;
  }
  return views;
}

function checkAgainstArray(kind: Kind, canReopen: boolean): void {
  fc.assert(
    fc.property(fc.array(OP, { maxLength: 25 }), (ops) => {
      const { open, contents: expected } = kind();
      let disk = open();
      const found = new Uint8Array(BYTES);
      const read = (offset: number, length: number, pieces: readonly number[]): void =>
        disk.read(offset, cut(found.subarray(offset, offset + length), pieces));
      for (const [n, { what, offset, length, pieces }] of ops.entries()) {
        if (what === "write") {
          const bytes = noise(length, n);
          disk.write(offset, cut(bytes, pieces));
          expected.set(bytes, offset);
        } else if (what === "zero" || what === "unmap") {
          disk.writeZeroes(offset, length, what === "unmap");
          expected.fill(0, offset, offset + length);
        } else if (what === "discard") {
          disk.discard(offset, length);
          discarded(disk, expected, offset, length);
        } else if (what === "flush") {
          disk.flush();
        } else if (what === "reopen" && canReopen) {
          disk.close();
          disk = open();
        }
        found.fill(0xee);
        read(offset, length, pieces);
        if (Buffer.compare(found.subarray(offset, offset + length), expected.subarray(offset, offset + length)) !== 0)
          throw new Error(`${what} at ${offset}+${length} went wrong`);
      }
      read(0, BYTES, []);
      disk.close();
      if (Buffer.compare(found, expected) !== 0) throw new Error("something else was changed");
    }),
    { numRuns: 25 },
  );
}

/** Each sector of a discarded range is either as before or zero; what it is, it stays. */
function discarded(disk: Disk, expected: Uint8Array, offset: number, length: number): void {
  const sector = new Uint8Array(512);
  for (let at = offset; at < offset + length; at += 512) {
    disk.read(at, [sector]);
    if (sector.every((byte) => byte === 0)) expected.fill(0, at, at + 512);
  }
}

describe("a disk is an array of bytes", () => {
  it.each(Object.entries(KINDS))("%s, which keeps them when closed", (_name, kind) => checkAgainstArray(kind, true));
  it.each(Object.entries(VOLATILE))("%s", (_name, kind) => checkAgainstArray(kind, false));
});
