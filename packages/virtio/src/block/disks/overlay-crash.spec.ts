/**
 * An overlay after a crash: cut before every change of its file, with any of what was not synced on the disk or not, and torn.
 * Every sector then says what it said at the last flush or something written since; never anybody else's data, and never a mix.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JournalEntry, JournalFile, sectors, tags } from "./disk-bench.fixture.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { OverlayDisk } from "./overlay-disk.ts";

const CLUSTER = 0x1_0000;
const SECTORS = CLUSTER / 512;
/** Two clusters and a bit: small enough to look at whole after every crash. */
const DISK_SECTORS = 2 * SECTORS + 8;
const BASE_TAG = 0x1_0000;

/** Every sector of it says where it is. */
function numberedBase(): MemoryDisk {
  const base = new MemoryDisk({ sizeBytes: DISK_SECTORS * 512 });
  for (let sector = 0; sector < DISK_SECTORS; sector++) base.write(sector * 512, [sectors(1, BASE_TAG + sector)]);
  return base;
}

const base = numberedBase();

interface Op {
  readonly what: "write" | "discard" | "zero" | "flush";
  readonly first: number;
  readonly count: number;
}

const START = fc.oneof(fc.nat(DISK_SECTORS - 1), fc.constantFrom(0, SECTORS, 2 * SECTORS));
const OP: fc.Arbitrary<Op> = fc
  .record({
    what: fc.constantFrom<Op["what"]>("write", "write", "write", "discard", "zero", "flush", "flush"),
    first: START,
    length: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(SECTORS, 2 * SECTORS)),
  })
  .map(({ what, first, length }) => ({ what, first, count: Math.min(length, DISK_SECTORS - first) }));

/** What of the unsynced changes a crash leaves: all, none, a choice, and with the last one torn between two sectors. */
function leftovers(changes: readonly JournalEntry[], choice: number): readonly (readonly JournalEntry[])[] {
  const some = changes.filter((_, n) => ((choice >> (n % 30)) & 1) === 1);
  const last = changes.at(-1);
  if (last === undefined || !("bytes" in last)) return [changes, [], some];
  const cut = (choice % (last.bytes.length / 512)) * 512;
  return [changes, [], some, [...changes.slice(0, -1), { position: last.position, bytes: last.bytes.slice(0, cut) }]];
}

/** Does the same to the disk and to the sets of what each sector may say after a crash. */
class Crasher {
  readonly file = new JournalFile("root.cow");
  /** Since the last flush: the first is what it said then. */
  readonly may: number[][] = Array.from({ length: DISK_SECTORS }, (_, sector) => [BASE_TAG + sector]);
  readonly disk: OverlayDisk;
  images = 0;
  private choice: number;

  constructor(choice: number) {
    this.choice = choice;
    this.disk = new OverlayDisk(this.file, base);
    this.file.before = () => this.crash();
  }

  do(op: Op, tag: number): void {
    const { first, count } = op;
    switch (op.what) {
      case "write":
        this.note(first, count, tag);
        return this.disk.write(first * 512, [sectors(count, tag)]);
      case "zero":
        this.note(first, count, 0);
        return this.disk.writeZeroes(first * 512, count * 512, tag % 2 === 0);
      case "discard":
        this.note(first, count, 0);
        this.disk.discard(first * 512, count * 512);
        for (const [n, shown] of tags(this.disk, first, count).entries()) this.note(first + n, 1, shown);
        return;
      case "flush":
        this.disk.flush();
        for (const said of this.may) said.splice(0, said.length - 1);
    }
  }

  /** Cuts the power, in several ways. */
  crash(): void {
    this.choice = (Math.imul(this.choice, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    for (const left of leftovers(this.file.unsynced, this.choice)) {
      this.images++;
      const shown = tags(new OverlayDisk(new JournalFile("root.cow", this.file.image(left)), base)); // throws for a torn sector
      for (const [sector, said] of shown.entries())
        if (!this.may[sector]!.includes(said)) throw new Error(`sector ${sector} says ${said}, not one of ${this.may[sector]!.join(", ")}`);
    }
  }

  private note(first: number, count: number, tag: number): void {
    for (let sector = first; sector < first + count; sector++) this.may[sector]!.push(tag);
  }
}

describe("an overlay after a crash", () => {
  it("shows what was flushed, or something written since", () => {
    let images = 0;
    fc.assert(
      fc.property(fc.array(OP, { minLength: 4, maxLength: 14 }), fc.nat(), (ops, choice) => {
        const crasher = new Crasher(choice);
        for (const [n, op] of ops.entries()) crasher.do(op, n + 1);
        crasher.crash();
        images += crasher.images;
      }),
      { numRuns: 15 },
    );
    expect(images).toBeGreaterThan(300);
  });

  it("does not show a cluster that was let go and begun again in another place", () => {
    const whole = { first: 0, count: SECTORS };
    const other = { first: SECTORS, count: SECTORS };
    const crasher = new Crasher(1);
    const ops: Op[] = [
      { what: "write", ...whole },
      { what: "flush", ...whole },
      { what: "discard", ...whole },
      { what: "write", ...other },
      { what: "flush", ...whole },
    ];
    for (const [n, op] of [...ops, ...ops].entries()) crasher.do(op, n + 1);
    expect(() => crasher.crash()).not.toThrow();
  });

  it("is caught when it is not so: a cluster used again too early shows somebody else's data", () => {
    const crasher = new Crasher(1);
    crasher.do({ what: "write", first: 0, count: SECTORS }, 7);
    crasher.do({ what: "flush", first: 0, count: 0 }, 0);
    crasher.do({ what: "discard", first: 0, count: SECTORS }, 0);
    crasher.file.write(CLUSTER, [sectors(1, 9)]); // what the table on disk still calls cluster 0
    expect(() => crasher.crash()).toThrow(/sector 0 says 9, not one of 7, 0/);
  });

  it("that came while it was begun is empty, new, or told to be no overlay", () => {
    const file = new JournalFile("root.cow");
    const found: string[] = [];
    file.before = () => {
      for (const left of leftovers(file.unsynced, 12_345)) {
        try {
          found.push(String(tags(new OverlayDisk(new JournalFile("root.cow", file.image(left)), numberedBase()), 0, 1)[0]));
        } catch (error) {
          found.push((error as Error).message.slice(0, 40));
        }
      }
    };
    new OverlayDisk(file, base).flush();
    expect(new Set(found)).toEqual(new Set([String(BASE_TAG), "root.cow is no overlay; name a file that"]));
  });
});
