/** Disks in memory: bounded, gone when closed; over a base that they never write. */
import { describe, expect, it } from "vitest";
import { sectors, tags } from "./disk-bench.fixture.ts";
import { MemoryDisk } from "./memory-disk.ts";

const CLUSTER = 0x1_0000;
const SECTORS = CLUSTER / 512;

/** A disk of so many clusters whose sectors all say 1. */
function baseOf(clusters: number): MemoryDisk {
  const base = new MemoryDisk({ sizeBytes: clusters * CLUSTER });
  base.write(0, [sectors(clusters * SECTORS, 1)]);
  return base;
}

describe("a disk in memory", () => {
  it("is zero until written, and takes memory only then", () => {
    const disk = new MemoryDisk({ sizeBytes: 2 ** 40 });
    expect(tags(disk, 5, 1)).toEqual([0]);
    disk.write(2 ** 39, [sectors(1, 3)]);
    expect([tags(disk, 2 ** 39 / 512, 2), disk.usedBytes]).toEqual([[3, 0], CLUSTER]);
  });

  it("refuses what does not fit its limit, and takes it once something was discarded", () => {
    const disk = new MemoryDisk({ sizeBytes: 4 * CLUSTER, limitBytes: 2 * CLUSTER });
    disk.write(0, [sectors(2 * SECTORS, 1)]);
    expect(() => disk.write(2 * CLUSTER, [sectors(1, 2)])).toThrow(/has used its 131072 bytes; allow it more, or let the guest discard/);
    disk.write(CLUSTER, [sectors(1, 4)]); // what it has already can be written
    disk.discard(0, CLUSTER);
    disk.write(2 * CLUSTER, [sectors(1, 2)]);
    expect(tags(disk, 2 * SECTORS, 1)).toEqual([2]);
  });

  it("frees whole clusters that are discarded, and keeps those that are not discarded whole", () => {
    const disk = baseOf(3);
    disk.discard(512, 2 * CLUSTER);
    expect([disk.usedBytes, tags(disk, 0, 1), tags(disk, SECTORS, 1), tags(disk, 2 * SECTORS, 1)]).toEqual([2 * CLUSTER, [1], [0], [1]]);
  });

  it.each([
    [true, CLUSTER],
    [false, 2 * CLUSTER],
  ])("writes zeros, and with mayUnmap %s takes %i bytes afterwards", (mayUnmap, used) => {
    const disk = baseOf(2);
    disk.writeZeroes(0, CLUSTER + 512, mayUnmap);
    expect([disk.usedBytes, tags(disk, 0, 1), tags(disk, SECTORS - 1, 3)]).toEqual([used, [0], [0, 0, 1]]);
  });

  it.each([
    [{ sizeBytes: 0 }, /cannot have 0 bytes; use a multiple of 512/],
    [{ sizeBytes: 1000 }, /cannot have 1000 bytes/],
    [{ sizeBytes: 2 ** 44 }, /up to 8 TiB/],
    [{ sizeBytes: 512, limitBytes: 1 }, /cannot be limited to 1 bytes of memory; allow it from 64 KiB to 1 TiB/],
    [{ sizeBytes: 512, limitBytes: Number.NaN }, /cannot be limited/],
  ])("cannot be %j", (options, message) => {
    expect(() => new MemoryDisk(options)).toThrow(message);
  });
});

describe("a disk in memory over another one", () => {
  it("shows it through wherever nothing was written, within a cluster, too", () => {
    const disk = new MemoryDisk({ base: baseOf(2) });
    disk.write(512, [sectors(1, 2)]);
    expect([tags(disk, 0, 3), tags(disk, SECTORS, 1)]).toEqual([[1, 2, 1], [1]]);
  });

  it("never writes it", () => {
    const base = baseOf(2);
    const disk = new MemoryDisk({ base });
    disk.write(0, [sectors(SECTORS, 2)]);
    disk.writeZeroes(CLUSTER, 512, true);
    disk.discard(0, 2 * CLUSTER);
    expect(tags(base).every((tag) => tag === 1)).toBe(true);
  });

  it("hides it where it was emptied, and takes no memory for that", () => {
    const disk = new MemoryDisk({ base: baseOf(2) });
    disk.discard(0, CLUSTER);
    disk.writeZeroes(CLUSTER, CLUSTER, false);
    expect([new Set(tags(disk)), disk.usedBytes]).toEqual([new Set([0]), 0]);
    disk.write(512, [sectors(1, 5)]);
    expect(tags(disk, 0, 3)).toEqual([0, 5, 0]);
  });
});
