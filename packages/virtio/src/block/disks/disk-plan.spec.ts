/** From options to disks: which combinations there are, what lies over what, and what is told before anything is opened. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isTraplineError } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { folder, sectors, tags } from "./disk-bench.fixture.ts";
import { type DiskOptions, type DiskPlan, planDisk } from "./disk-plan.ts";
import { BorrowedDisk, LateDisk } from "./forwarding-disk.ts";
import { MemoryDisk } from "./memory-disk.ts";

const CLUSTER = 0x1_0000;

/** A folder with a disk of ones in root.img. */
function place(): (name: string) => string {
  const path = folder();
  writeFileSync(path("root.img"), sectors(256, 1));
  return path;
}

const traits = ({ sizeBytes, readOnly, discards, grainBytes }: DiskPlan): unknown[] => [sizeBytes, readOnly, discards, grainBytes];

describe("a plan", () => {
  const rows: readonly [what: string, options: (path: (name: string) => string) => DiskOptions, traits: unknown[]][] = [
    ["a file", (path) => ({ file: path("root.img") }), [2 * CLUSTER, false, false, 4096]],
    ["a file to be read", (path) => ({ file: path("root.img"), readOnly: true }), [2 * CLUSTER, true, false, 4096]],
    ["an overlay", (path) => ({ file: path("root.img"), overlay: path("root.cow") }), [2 * CLUSTER, false, true, CLUSTER]],
    ["a snapshot", (path) => ({ file: path("root.img"), snapshot: true }), [2 * CLUSTER, false, true, CLUSTER]],
    ["memory", () => ({ memory: CLUSTER }), [CLUSTER, false, true, 512]],
    ["memory to be read", () => ({ memory: CLUSTER, readOnly: true }), [CLUSTER, true, true, 512]],
    ["an empty disk in a file that grows", (path) => ({ memory: CLUSTER, overlay: path("data.cow") }), [CLUSTER, false, true, CLUSTER]],
    ["somebody else's disk", () => ({ disk: new MemoryDisk({ sizeBytes: 512, readOnly: true }) }), [512, true, true, 512]],
  ];
  it.each(rows)("of %s is like the disk that it opens", (_what, options, expected) => {
    const plan = planDisk("disk0", options(place()));
    expect(traits(plan)).toEqual(expected);
    const disk = plan.open();
    expect([disk.sizeBytes, disk.discards, disk.grainBytes]).toEqual([expected[0], expected[2], expected[3]]);
    disk.close();
  });

  it("counts what makes no whole sector", () => {
    const path = place();
    writeFileSync(path("odd.img"), new Uint8Array(1000));
    expect(planDisk("disk0", { file: path("odd.img") })).toMatchObject({ sizeBytes: 512, unusedBytes: 488 });
  });

  it("makes and opens nothing by itself", () => {
    const path = place();
    planDisk("disk0", { file: path("root.img"), overlay: path("root.cow") });
    expect(existsSync(path("root.cow"))).toBe(false);
    planDisk("disk1", { file: path("root.img") })
      .open()
      .close();
  });

  it("writes only what lies on top", () => {
    const path = place();
    const over = { file: path("root.img"), overlay: path("root.cow") };
    const first = planDisk("disk0", over).open();
    first.write(0, [sectors(1, 2)]);
    first.close();
    const kept = readFileSync(path("root.cow"));
    const second = planDisk("disk0", { ...over, snapshot: true }).open();
    second.write(512, [sectors(1, 3)]);
    expect(tags(second, 0, 3)).toEqual([2, 3, 1]);
    second.close();
    expect([readFileSync(path("root.cow")).equals(kept), readFileSync(path("root.img")).equals(sectors(256, 1))]).toEqual([true, true]);
  });

  it("lets many overlays and snapshots share a base that nobody writes", () => {
    const path = place();
    const disks = [{ overlay: path("a.cow") }, { overlay: path("b.cow") }, { snapshot: true }, { readOnly: true }].map((options, n) =>
      planDisk(`disk${n}`, { file: path("root.img"), ...options }).open(),
    );
    expect(() => planDisk("disk4", { file: path("root.img") }).open()).toThrow(/disk4 cannot write .*: disk0 has it open for reading/);
    for (const disk of disks) disk.close();
    planDisk("disk4", { file: path("root.img") })
      .open()
      .close();
  });
});

describe("what is told when the machine is described", () => {
  const rows: readonly [what: string, options: (path: (name: string) => string) => DiskOptions, message: RegExp][] = [
    ["no base", () => ({}), /disk0 has neither file, memory and disk; give exactly one/],
    ["two bases", (path) => ({ file: path("root.img"), memory: 512 }), /disk0 has more than one of file, memory and disk/],
    [
      "a snapshot to be read",
      (path) => ({ file: path("root.img"), snapshot: true, readOnly: true }),
      /disk0 is both readOnly and a snapshot; leave one out/,
    ],
    ["a missing file", (path) => ({ file: path("none.img") }), /disk0 finds no file .*none\.img/],
    ["a folder", (path) => (mkdirSync(path("d")), { file: path("d") }), /it is a directory/],
    ["an empty file", (path) => (writeFileSync(path("e"), ""), { file: path("e") }), /has 0 bytes, and a disk has at least one sector/],
    ["an overlay that is a folder", (path) => ({ file: path("root.img"), overlay: path(".") }), /it is a directory/],
    [
      "an overlay in no folder",
      (path) => ({ file: path("root.img"), overlay: path("d/root.cow") }),
      /disk0 finds no folder for .*root\.cow; make it, or check the path/,
    ],
    [
      "an overlay to be read that is not there",
      (path) => ({ file: path("root.img"), overlay: path("root.cow"), readOnly: true }),
      /disk0 finds no file .*root\.cow/,
    ],
    ["memory of no whole sectors", () => ({ memory: 1000 }), /cannot have 1000 bytes/],
    [
      "a limit that is none",
      (path) => ({ file: path("root.img"), snapshot: true, memoryLimit: 1 }),
      /disk0 cannot be limited to 1 bytes of memory/,
    ],
  ];
  it.each(rows)("%s is a ConfigError", (_what, options, message) => {
    const given = options(place());
    const attempt = (): DiskPlan => planDisk("disk0", given);
    expect(attempt).toThrow(message);
    try {
      attempt();
    } catch (error) {
      expect(isTraplineError(error, "config")).toBe(true);
    }
  });
});

describe("what is told when it is opened", () => {
  it("an overlay of another base, and then nothing stays locked", () => {
    const path = place();
    planDisk("disk0", { file: path("root.img"), overlay: path("root.cow") })
      .open()
      .close();
    writeFileSync(path("root.img"), sectors(256, 2));
    const plan = planDisk("disk0", { file: path("root.img"), overlay: path("root.cow") });
    expect(() => plan.open()).toThrow(/root\.cow was begun over .*root\.img of 131072 bytes, not over .*root\.img, whose contents differ/);
    for (const name of ["root.img", "root.cow"])
      planDisk("disk1", { file: path(name) })
        .open()
        .close();
  });

  it("the base as its own overlay", () => {
    const path = place();
    expect(() => planDisk("disk0", { file: path("root.img"), overlay: path("root.img") }).open()).toThrow(
      /disk0 cannot write .*: disk0 has it open for reading/,
    );
    planDisk("disk0", { file: path("root.img") })
      .open()
      .close();
  });

  it("a file that has another size by now", () => {
    const path = place();
    const plan = planDisk("disk0", { file: path("root.img") });
    const disk = new LateDisk("disk0", plan, plan.open);
    writeFileSync(path("root.img"), sectors(2, 1));
    expect(() => disk.open()).toThrow(/root\.img had 131072 bytes when disk0 was described, and has 1024 now; describe the machine again/);
    planDisk("disk1", { file: path("root.img") })
      .open()
      .close();
  });

  it("a disk that is used while it is not open", () => {
    const disk = new LateDisk("disk0", new MemoryDisk({ sizeBytes: 512 }), () => new MemoryDisk({ sizeBytes: 512 }));
    expect(() => disk.flush()).toThrow(/disk0 was used while its disk was not open/);
    disk.open();
    disk.flush();
    disk.close();
    expect(() => disk.flush()).toThrow(/not open/);
  });
});

it("somebody else's disk is flushed and left open", async () => {
  const calls: string[] = [];
  const own = Object.assign(new MemoryDisk({ sizeBytes: 512 }), {
    flush: () => void calls.push("flush"),
    close: () => void calls.push("close"),
  });
  const disk = new BorrowedDisk(own);
  disk.write(0, [sectors(1, 4)]);
  await disk.flushSoon();
  disk.close();
  expect([calls, tags(own)]).toEqual([["flush", "flush"], [4]]);
});
