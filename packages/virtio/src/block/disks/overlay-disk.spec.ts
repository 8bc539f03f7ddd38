/** Copy-on-write overlays: what is kept where, what a flush does in which order, and which files are refused. */
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Disk } from "./disk.ts";
import { folder, JournalFile, sectors, tags } from "./disk-bench.fixture.ts";
import { FileDisk } from "./file-disk.ts";
import { HostFile } from "./host-file.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { OverlayDisk } from "./overlay-disk.ts";

const CLUSTER = 0x1_0000;
const SECTORS = CLUSTER / 512;

/** Three clusters and a sector, all saying 1. */
function base(tag = 1, bytes = 3 * CLUSTER + 512): Disk {
  const disk = new MemoryDisk({ sizeBytes: bytes });
  disk.write(0, [sectors(bytes / 512, tag)]);
  return disk;
}

/** What a crash leaves of it if everything reached the disk. */
const reopened = (file: JournalFile, over: Disk = base()): OverlayDisk =>
  new OverlayDisk(new JournalFile(file.path, file.image(file.unsynced)), over);

describe("an overlay", () => {
  it("shows its base until something is written, and then both", () => {
    const disk = new OverlayDisk(new JournalFile("root.cow"), base());
    disk.write(512, [sectors(1, 2), sectors(1, 3)]);
    disk.write(3 * CLUSTER, [sectors(1, 4)]); // the last cluster is a sector
    expect(tags(disk, 0, 4)).toEqual([1, 2, 3, 1]);
    expect(tags(disk, 3 * SECTORS - 1)).toEqual([1, 4]);
  });

  it("keeps it when closed, in a file with only what differs, and never writes the base", () => {
    const path = folder();
    writeFileSync(path("root.img"), sectors(64 * SECTORS, 1));
    const open = (): OverlayDisk =>
      new OverlayDisk(
        new HostFile({ owner: "disk0", path: path("root.cow"), access: "create" }),
        new FileDisk(new HostFile({ owner: "disk0", path: path("root.img"), access: "read" }), true),
      );
    const disk = open();
    disk.write(50 * CLUSTER, [sectors(SECTORS, 2)]);
    disk.write(3 * CLUSTER, [sectors(1, 3)]);
    disk.close();
    expect(statSync(path("root.cow")).size).toBe(3 * CLUSTER); // header and table, two clusters
    const again = open();
    expect([tags(again, 50 * SECTORS, 1), tags(again, 3 * SECTORS, 2), tags(again, 0, 1)]).toEqual([[2], [3, 1], [1]]);
    again.close();
    expect(readFileSync(path("root.img")).equals(sectors(64 * SECTORS, 1))).toBe(true);
  });

  it("reads and writes neighbouring clusters in one piece", () => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    const before = file.log.length;
    disk.write(512, [sectors(2 * SECTORS, 2)]);
    expect(file.log.slice(before)).toEqual([`write ${CLUSTER}+${3 * CLUSTER}`]);
    disk.write(512, [sectors(2 * SECTORS, 3)]);
    expect(file.log.slice(before + 1)).toEqual([`write ${CLUSTER + 512}+${2 * CLUSTER}`]);
  });

  it("flushes data before the table, and the table before it says so", () => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    expect(file.log).toEqual(["write 0+4096", `resize ${CLUSTER}`, "sync"]);
    disk.write(0, [sectors(1, 2)]);
    disk.flush();
    expect(file.log.slice(3)).toEqual([`write ${CLUSTER}+${CLUSTER}`, "sync", "write 4096+4096", "sync"]);
    disk.write(0, [sectors(1, 3)]); // in place: the table does not change
    disk.flush();
    expect(file.log.slice(7)).toEqual([`write ${CLUSTER}+512`, "sync"]);
  });

  it("loses what was not flushed, and nothing else", () => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    disk.write(0, [sectors(1, 2)]);
    disk.flush();
    disk.write(CLUSTER, [sectors(1, 3)]);
    expect([tags(reopened(file), 0, 1), tags(reopened(file), SECTORS, 1)]).toEqual([[2], [1]]);
  });
});

describe("a discarded cluster", () => {
  it("reads as zeros, whatever the base says, also after a crash", () => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    disk.write(0, [sectors(1, 2)]);
    disk.discard(0, 2 * CLUSTER + 512);
    disk.flush();
    for (const shown of [disk, reopened(file)]) expect(tags(shown, 0, 2 * SECTORS + 1)).toEqual([...Array<number>(2 * SECTORS).fill(0), 1]);
  });

  it("is used again, but not before the table on disk has let it go", () => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    disk.write(0, [sectors(1, 2)]);
    disk.flush();
    disk.discard(0, CLUSTER);
    disk.write(CLUSTER, [sectors(1, 3)]); // not to where the table on disk says that cluster 0 lies
    expect(file.size()).toBe(3 * CLUSTER);
    disk.flush();
    disk.write(2 * CLUSTER, [sectors(1, 4)]);
    expect(file.size()).toBe(3 * CLUSTER);
    expect([tags(disk, 0, 1), tags(disk, SECTORS, 1), tags(disk, 2 * SECTORS, 2)]).toEqual([[0], [3], [4, 1]]);
  });

  it("is found free when the file is opened again", () => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    disk.write(0, [sectors(3 * SECTORS, 2)]);
    disk.discard(CLUSTER, CLUSTER);
    disk.close();
    const copy = new JournalFile("root.cow", file.synced);
    new OverlayDisk(copy, base()).write(3 * CLUSTER, [sectors(1, 5)]);
    expect(copy.size()).toBe(4 * CLUSTER);
  });

  it("cannot make the file grow for ever: a guest that never flushes is flushed", () => {
    const big = new MemoryDisk({ sizeBytes: 5000 * CLUSTER });
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, big);
    const sector = sectors(1, 7);
    disk.write(0, [sector]);
    file.write = (position) => void file.log.push(`write ${position}`); // of the 256 MiB written below only the places matter
    for (let n = 0; n < 5000; n++) {
      disk.discard(0, CLUSTER);
      disk.write(0, [sector]);
    }
    const places = file.log.filter((entry) => /^write \d+$/.test(entry)).map((entry) => Number(entry.slice(6)));
    expect(Math.max(...places)).toBeLessThan(4200 * CLUSTER);
    expect(file.log.filter((entry) => entry === "sync").length).toBeGreaterThan(2);
  });
});

describe("zeros", () => {
  it.each([
    [true, CLUSTER],
    [false, 2 * CLUSTER],
  ])("that may be unmapped (%s) are %i bytes written", (mayUnmap, bytes) => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    disk.write(0, [sectors(1, 2)]);
    const before = file.log.length;
    disk.writeZeroes(0, CLUSTER, mayUnmap); // its own
    disk.writeZeroes(CLUSTER, 512, mayUnmap); // a part of the base's
    const written = file.log.slice(before).map((entry) => Number(entry.split("+")[1]));
    expect(written.reduce((sum, length) => sum + length, 0)).toBe(bytes);
    expect(tags(disk, 0, SECTORS + 2)).toEqual([...Array<number>(SECTORS + 1).fill(0), 1]);
  });
});

describe("a flush in the background", () => {
  it("makes last what was written before it, and not what came after", async () => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    disk.write(0, [sectors(1, 2)]);
    const flushed = disk.flushSoon();
    await Promise.resolve(); // it has begun
    disk.write(CLUSTER, [sectors(1, 3)]);
    await flushed;
    expect([tags(reopened(file), 0, 1), tags(reopened(file), SECTORS, 1)]).toEqual([[2], [1]]);
    await disk.flushSoon();
    expect(tags(reopened(file), SECTORS, 1)).toEqual([3]);
  });

  it("is finished by one that cannot wait, in order", async () => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    disk.write(0, [sectors(1, 2)]);
    const flushed = disk.flushSoon();
    await Promise.resolve();
    disk.write(CLUSTER, [sectors(1, 3)]);
    disk.flush();
    expect([tags(reopened(file), 0, 1), tags(reopened(file), SECTORS, 1)]).toEqual([[2], [3]]);
    await flushed;
    await disk.flushSoon();
    disk.close();
    expect(tags(reopened(file), SECTORS, 1)).toEqual([3]);
  });

  it("that fails makes every later one fail", async () => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    disk.write(0, [sectors(1, 2)]);
    file.failure = "EIO";
    await expect(disk.flushSoon()).rejects.toThrow(/EIO/);
    await expect(disk.flushSoon()).rejects.toThrow(/an earlier flush of root.cow failed/);
    expect(() => disk.flush()).toThrow(/an earlier flush/);
  });
});

describe("a file that is no overlay of this base", () => {
  /** A good overlay, spoilt. */
  const spoilt = (spoil: (bytes: Uint8Array, view: DataView) => Uint8Array | void): JournalFile => {
    const file = new JournalFile("root.cow");
    const disk = new OverlayDisk(file, base());
    disk.write(0, [sectors(2 * SECTORS, 2)]);
    disk.close();
    const bytes = file.synced.slice();
    return new JournalFile("root.cow", spoil(bytes, new DataView(bytes.buffer)) ?? bytes);
  };

  it.each<[string, () => JournalFile, Disk, RegExp]>([
    [
      "another size",
      () => spoilt(() => {}),
      base(1, CLUSTER),
      /root\.cow was begun over .* of 197120 bytes, not over .*, of 65536 bytes; use the base as it was/,
    ],
    [
      "other contents",
      () => spoilt(() => {}),
      base(8),
      /not over .*, whose contents differ; use the base as it was; one that was written since is another/,
    ],
    [
      "no overlay",
      () => new JournalFile("root.cow", sectors(200, 1)),
      base(),
      /root\.cow is no overlay; name a file that does not exist yet/,
    ],
    ["a stump", () => spoilt((bytes) => bytes.slice(0, 100)), base(), /is no overlay/],
    ["a spoilt header", () => spoilt((bytes) => void (bytes[20]! ^= 1)), base(), /is damaged: the checksum of its header is wrong/],
    [
      "a cluster behind its end",
      () => spoilt((_, view) => view.setUint32(4096, 77, true)),
      base(),
      /is damaged: cluster 0 is said to lie at 77, and it has clusters 1 to 2/,
    ],
    ["a cluster in its table", () => spoilt((_, view) => view.setUint32(4096, 0xffff_fffe, true)), base(), /is damaged/],
    ["a cluster twice", () => spoilt((_, view) => view.setUint32(4100, 1, true)), base(), /is damaged: two clusters are said to lie at 1/],
  ])("%s is refused, and closed", (_what, make, over, message) => {
    const file = make();
    expect(() => new OverlayDisk(file, over)).toThrow(message);
    expect(file.log).toEqual(["close"]);
  });

  it("is told by samples beyond the first 2 MiB, too", () => {
    const over = (tag: number): Disk => {
      const disk = new MemoryDisk({ sizeBytes: 64 * CLUSTER });
      disk.write(64 * CLUSTER - 512, [sectors(1, tag)]);
      return disk;
    };
    const file = new JournalFile("root.cow");
    new OverlayDisk(file, over(1)).close();
    expect(() => new OverlayDisk(new JournalFile("root.cow", file.synced), over(2))).toThrow(/whose contents differ/);
  });

  it("may be one that was cut: its lost clusters are errors, when read", () => {
    const path = folder();
    const open = (): OverlayDisk => new OverlayDisk(new HostFile({ owner: "disk0", path: path("root.cow"), access: "create" }), base());
    const disk = open();
    disk.write(0, [sectors(SECTORS, 2)]);
    truncateSync(path("root.cow"), CLUSTER + 512);
    expect(() => tags(disk, 0, 2)).toThrow(/is damaged: it ends before byte/);
    disk.close();
    expect(existsSync(path("root.cow"))).toBe(true);
  });
});
