/** A bank of NOR flash by its command set: Intel StrataFlash data sheets, "Command Set" and "Status Register"; query data by JESD68.01. */
import type { PlainData, Width } from "@trapline/core";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { CMD, SR } from "./cfi-commands.ts";
import { CfiFlash, type FlashHost } from "./cfi-flash.ts";
import { BLOCK_BYTES, BUFFER_BYTES } from "./cfi-table.ts";

const BLOCKS = 4;
const READY = 0x0080_0080;
const [ERASED, ZERO] = [0xffff_ffff, 0];
const SEQUENCE = both(SR.READY | SR.ERASE_ERROR | SR.PROGRAM_ERROR);

/** What both chips give or get. */
function both(word: number): number {
  return (word * 0x1_0001) >>> 0;
}

class Bench implements FlashHost {
  readonly bytes: Uint8Array = new Uint8Array(BLOCKS * BLOCK_BYTES);
  readonly changes: string[] = [];
  isBroken = false;
  shown = true;
  readonly flash: CfiFlash;

  constructor(readOnly = false) {
    this.flash = new CfiFlash("flash0", this, readOnly);
  }
  changed(offset: number, length: number): boolean {
    this.changes.push(`${offset.toString(16)}+${length.toString(16)}`);
    return !this.isBroken;
  }
  showArray(shown: boolean): void {
    this.shown = shown;
  }
  r(offset = 0, width: Width = 4): number {
    return Number(this.flash.read(offset, width));
  }
  w(offset: number, value: number, width: Width = 4): void {
    this.flash.write(offset, width, value);
  }
  /** Commands for both chips at one address. */
  say(offset: number, ...commands: number[]): void {
    for (const command of commands) this.w(offset, both(command));
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe("read array", () => {
  it("is the state after a reset: bytes at any width, and vCPUs see them", () => {
    bench.bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([bench.r(0, 1), bench.r(1, 2), bench.r(0, 4), bench.flash.read(0, 8)]).toEqual([1, 0x0302, 0x0403_0201, 0x0807_0605_0403_0201n]);
    expect(bench.shown).toBe(true);
  });

  //   after                                what was written
  it.each<readonly [string, readonly number[]]>([
    ["nothing", []],
    ["identification", [CMD.READ_ID]],
    ["query", [CMD.QUERY]],
    ["status", [CMD.READ_STATUS]],
    ["an erasure begun", [CMD.ERASE]],
    ["a lock begun", [CMD.LOCK_SETUP]],
  ])("comes back by 0xff after %s", (_what, commands) => {
    bench.bytes[0] = 0x5a;
    bench.say(0, ...commands);
    expect(bench.shown).toBe(commands.length === 0);
    bench.say(0, CMD.READ_ARRAY);
    expect([bench.shown, bench.r(0, 1)]).toEqual([true, 0x5a]);
    bench.say(0, CMD.READ_STATUS);
    expect(bench.r()).toBe(READY);
  });

  it.each([0x00, 0xf0, 0xaa, 0xb0])("comes by %i, which is no command", (command) => {
    bench.say(0, CMD.QUERY, command);
    expect([bench.shown, bench.r()]).toEqual([true, ZERO]);
  });
});

describe("query data, as both chips say it", () => {
  // JESD68.01, 4.3: word address, values from there on
  it.each<readonly [string, number, readonly number[]]>([
    ["QRY", 0x10, [0x51, 0x52, 0x59]],
    ["Intel extended command set, its table", 0x13, [0x01, 0x00, 0x31, 0x00]],
    ["no other command set", 0x17, [0, 0, 0, 0]],
    ["log2 of a chip's bytes: 512 KiB", 0x27, [19]],
    ["x8/x16", 0x28, [2, 0]],
    ["log2 of a chip's buffer: 2 KiB", 0x2a, [11, 0]],
    ["one region of 4 blocks of 512 × 256 bytes a chip", 0x2c, [1, 3, 0, 0, 2]],
    ["PRI, version 1.0", 0x31, [0x50, 0x52, 0x49, 0x31, 0x30]],
    ["blocks are locked each by itself", 0x36, [0x20, 0, 0, 0]],
    ["behind the table", 0x100, [0, 0]],
  ])("%s", (_what, word, values) => {
    bench.say(0x55 * 4, CMD.QUERY);
    expect(values.map((_, n) => bench.r(4 * (word + n)))).toEqual(values.map(both));
    expect(values.map((_, n) => bench.r(4 * (word + n), 2))).toEqual(values);
    expect(values.map((_, n) => bench.r(4 * (word + n) + 2, 1))).toEqual(values);
    expect(bench.r(4 * word + 1, 1)).toBe(0);
  });
});

describe("identification", () => {
  it("gives manufacturer, device, and the lock of the block that is asked", () => {
    bench.say(BLOCK_BYTES, CMD.LOCK_SETUP, CMD.LOCK, CMD.READ_ID);
    expect([0, 4, 8, 12].map((offset) => bench.r(offset))).toEqual([0x89, 0x18, 0, 0].map(both));
    expect([8, 12].map((offset) => bench.r(BLOCK_BYTES + offset))).toEqual([1, 0].map(both));
  });

  it("spans two words in a read of eight bytes", () => {
    bench.say(0, CMD.READ_ID);
    expect(bench.flash.read(0, 8)).toBe(0x0018_0018_0089_0089);
  });
});

describe("program", () => {
  beforeEach(() => bench.bytes.fill(0xff));

  //   written with width, value                         then at 0x40
  it.each<readonly [Width, number, number]>([
    [1, 0x12, 0xffff_ff12],
    [2, 0x1234, 0xffff_1234],
    [4, 0x1234_5678, 0x1234_5678],
  ])("of %i bytes", (width, value, expected) => {
    for (const command of [CMD.PROGRAM, CMD.PROGRAM_ALTERNATE]) {
      bench.bytes.fill(0xff);
      bench.say(0x40, command);
      bench.w(0x40, value, width);
      expect(bench.r()).toBe(READY);
      bench.say(0, CMD.READ_ARRAY);
      expect(bench.r(0x40)).toBe(expected);
    }
    expect(bench.changes).toEqual([`40+${width}`, `40+${width}`]);
  });

  it("clears bits and sets none", () => {
    bench.bytes.set([0x0f, 0xf0, 0x55, 0x00], 0x40);
    bench.say(0x40, CMD.PROGRAM);
    bench.w(0x40, 0xff33_3333);
    bench.say(0, CMD.READ_ARRAY);
    expect(bench.r(0x40)).toBe(0x0011_3003);
  });

  it("takes eight bytes as command and data, one word after the other", () => {
    bench.flash.write(0x40, 8, 0x8765_4321_0040_0040n);
    bench.say(0, CMD.READ_ARRAY);
    expect([bench.r(0x40), bench.r(0x44)]).toEqual([ERASED, 0x8765_4321]);
  });
});

describe("erase", () => {
  it("sets all of a block, and nothing else", () => {
    bench.say(BLOCK_BYTES + 0x1234, CMD.ERASE, CMD.CONFIRM);
    expect([bench.r(), bench.changes]).toEqual([READY, ["40000+40000"]]);
    bench.say(0, CMD.READ_ARRAY);
    const around = [BLOCK_BYTES - 4, BLOCK_BYTES, 2 * BLOCK_BYTES - 4, 2 * BLOCK_BYTES];
    expect(around.map((offset) => bench.r(offset))).toEqual([ZERO, ERASED, ERASED, ZERO]);
  });

  it("does nothing before it is confirmed", () => {
    bench.say(0, CMD.ERASE, CMD.READ_ARRAY);
    expect([bench.r(), bench.changes]).toEqual([ZERO, []]);
  });
});

describe("a second cycle that does not belong there", () => {
  it.each([
    ["erase, then program", CMD.ERASE, CMD.PROGRAM],
    ["lock, then erase", CMD.LOCK_SETUP, CMD.ERASE],
    ["a buffer of more words than there are", CMD.BUFFER, BUFFER_BYTES / 4],
  ])("%s: an error of sequence, until the status is cleared", (_what, first, second) => {
    bench.say(0, first, second);
    expect([bench.r(), bench.shown]).toEqual([SEQUENCE, false]);
    bench.say(0, CMD.READ_ARRAY, CMD.READ_STATUS);
    expect(bench.r()).toBe(SEQUENCE);
    bench.say(0, CMD.CLEAR_STATUS);
    expect(bench.shown).toBe(true);
    bench.say(0, CMD.READ_STATUS);
    expect([bench.r(), bench.changes]).toEqual([READY, []]);
  });
});

describe("write to the buffer", () => {
  beforeEach(() => bench.bytes.fill(0xff));
  const words = (at: number, ...values: number[]): void => {
    for (const [n, value] of values.entries()) bench.w(at + 4 * n, value);
  };

  it("programs when it is confirmed, the status ready all the time", () => {
    bench.say(0x1000, CMD.BUFFER);
    expect(bench.r()).toBe(READY);
    bench.say(0x1000, 3 - 1);
    words(0x1008, 0x1111_1111, 0x2222_2222, 0x3333_3333);
    expect([bench.r(), bench.changes]).toEqual([READY, []]);
    bench.say(0x1000, CMD.CONFIRM);
    expect([bench.r(), bench.changes]).toEqual([READY, ["1008+c"]]);
    bench.say(0, CMD.READ_ARRAY);
    expect([0x1004, 0x1008, 0x100c, 0x1010, 0x1014].map((at) => bench.r(at))).toEqual([ERASED, 0x1111_1111, 0x2222_2222, 0x3333_3333, ERASED]);
  });

  it("holds 4 KiB, to the end of the last block", () => {
    const at = BLOCKS * BLOCK_BYTES - BUFFER_BYTES;
    bench.say(at, CMD.BUFFER, BUFFER_BYTES / 4 - 1);
    words(at, ...Array.from({ length: BUFFER_BYTES / 4 }, (_, n) => n));
    bench.say(at, CMD.CONFIRM);
    expect(bench.changes).toEqual([`${at.toString(16)}+1000`]);
    bench.say(0, CMD.READ_ARRAY);
    expect([bench.r(at), bench.r(at + BUFFER_BYTES - 4)]).toEqual([0, BUFFER_BYTES / 4 - 1]);
  });

  it("clears bits and sets none, and leaves what it was not given", () => {
    bench.bytes.set([0, 0x0f, 0xf0, 0xff], 0x104);
    bench.say(0x100, CMD.BUFFER, 2 - 1);
    bench.w(0x100, 0x12, 1);
    bench.w(0x104, 0x3333_3333);
    bench.say(0x100, CMD.CONFIRM, CMD.READ_ARRAY);
    expect([bench.r(0x100), bench.r(0x104)]).toEqual([0xffff_ff12, 0x3330_0300]);
  });

  it("takes narrower words as well, up to the end of a block", () => {
    bench.say(BLOCK_BYTES - 8, CMD.BUFFER, 4 - 1); // U-Boot takes the bank for one of 16 bits
    for (let n = 0; n < 4; n++) bench.w(BLOCK_BYTES - 8 + 2 * n, 0x1110 + n, 2);
    bench.say(BLOCK_BYTES - 8, CMD.CONFIRM, CMD.READ_ARRAY);
    expect([-8, -4, 0].map((at) => bench.r(BLOCK_BYTES + at))).toEqual([0x1111_1110, 0x1113_1112, ERASED]);
  });

  it.each<readonly [string, readonly (readonly [number, number])[]]>([
    ["behind the words that were announced", [[0x100, 1], [0x108, 2]]],
    ["before the first", [[0x100, 1], [0xfc, 2]]],
    ["over the end of the block", [[BLOCK_BYTES - 4, 1], [BLOCK_BYTES, 2]]],
    ["in another block", [[0x100, 1], [BLOCK_BYTES, 2]]],
  ])("with data %s is an error of sequence, and programs nothing", (_what, data) => {
    bench.say(0, CMD.BUFFER, 2 - 1);
    for (const [at, value] of data) bench.w(at, value);
    expect([bench.r(), bench.changes]).toEqual([SEQUENCE, []]);
  });

  it("without its confirmation programs nothing", () => {
    for (const [last, status] of [[CMD.READ_ARRAY, READY], [CMD.ERASE, SEQUENCE]] as const) {
      bench.say(0, CMD.CLEAR_STATUS, CMD.BUFFER, 0);
      words(0x100, 0);
      bench.say(0, last, CMD.READ_STATUS);
      expect([bench.r(), bench.changes]).toEqual([status, []]);
    }
    bench.say(0, CMD.BUFFER, 0);
    words(0x200, 0x7777_7777);
    bench.say(0, CMD.CONFIRM, CMD.READ_ARRAY);
    expect([bench.r(0x100), bench.r(0x200)]).toEqual([ERASED, 0x7777_7777]);
  });
});

describe("locks", () => {
  const program = (at: number): number => {
    bench.say(0, CMD.CLEAR_STATUS);
    bench.say(at, CMD.PROGRAM, 0);
    return bench.r();
  };
  const lock = (block: number, how: number): void => bench.say(block * BLOCK_BYTES, CMD.LOCK_SETUP, how);
  const REFUSED = both(SR.READY | SR.PROGRAM_ERROR | SR.LOCKED);

  it("keep a block as it is, each block by itself", () => {
    lock(1, CMD.LOCK);
    expect([bench.r(), program(BLOCK_BYTES), program(0)]).toEqual([READY, REFUSED, READY]);
    bench.say(BLOCK_BYTES, CMD.CLEAR_STATUS, CMD.ERASE, CMD.CONFIRM);
    expect(bench.r()).toBe(both(SR.READY | SR.ERASE_ERROR | SR.LOCKED));
    bench.say(BLOCK_BYTES, CMD.CLEAR_STATUS, CMD.BUFFER, 0, 0, CMD.CONFIRM);
    expect([bench.r(), bench.changes]).toEqual([REFUSED, ["0+4"]]);
    lock(1, CMD.CONFIRM);
    expect(program(BLOCK_BYTES)).toBe(READY);
  });

  it("a word over the border of two blocks needs both", () => {
    lock(1, CMD.LOCK);
    bench.say(0, CMD.PROGRAM);
    bench.w(BLOCK_BYTES - 2, 0);
    expect([bench.r(), bench.changes]).toEqual([REFUSED, []]);
  });

  it("that are down stay until a reset, which forgets all locks", () => {
    lock(1, CMD.LOCK_DOWN);
    lock(1, CMD.CONFIRM);
    lock(2, CMD.LOCK);
    bench.say(0, CMD.READ_ID);
    expect([0, 1, 2].map((block) => bench.r(block * BLOCK_BYTES + 8))).toEqual([0, 3, 1].map(both));
    bench.flash.reset();
    expect([1, 2].map((block) => program(block * BLOCK_BYTES))).toEqual([READY, READY]);
  });

  it("hold every block of a read-only bank, after a reset too", () => {
    bench = new Bench(true);
    for (let round = 0; round < 2; round++) {
      lock(0, CMD.CONFIRM);
      expect(program(0)).toBe(REFUSED);
      bench.flash.reset();
    }
  });
});

it("what could not be kept is an error of programming or erasing", () => {
  bench.isBroken = true;
  bench.say(0, CMD.PROGRAM, 0);
  expect(bench.r()).toBe(both(SR.READY | SR.PROGRAM_ERROR));
  bench.say(0, CMD.CLEAR_STATUS, CMD.ERASE, CMD.CONFIRM);
  expect(bench.r()).toBe(both(SR.READY | SR.ERASE_ERROR));
});

it("a reset ends whatever was begun, and keeps the array", () => {
  bench.say(0, CMD.ERASE, CMD.CONFIRM, CMD.BUFFER, 0);
  bench.flash.reset();
  expect([bench.shown, bench.r()]).toEqual([true, ERASED]);
  bench.say(0, CMD.CONFIRM);
  expect(bench.changes).toEqual(["0+40000"]);
});

const ACCESS = fc.record({
  isWrite: fc.boolean(),
  offset: fc.oneof(fc.nat(0x200), fc.integer({ min: BLOCK_BYTES - 0x10, max: BLOCK_BYTES + 0x10 }), fc.integer({ min: 0, max: BLOCKS * BLOCK_BYTES - 8 })),
  width: fc.constantFrom<Width>(1, 2, 4, 8),
  value: fc.oneof(
    fc.constantFrom(...Object.values(CMD).map((command) => BigInt(both(command)))),
    fc.bigInt({ min: 0n, max: 5n }),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  ),
});
const ACCESSES = fc.array(ACCESS, { maxLength: 60 });

function access({ flash }: Bench, { isWrite, offset, width, value }: { isWrite: boolean; offset: number; width: Width; value: bigint }): void {
  const cut = BigInt.asUintN(8 * width, value);
  if (isWrite) flash.write(offset, width, width === 8 ? cut : Number(cut));
  else expect(BigInt(flash.read(offset, width)) >> BigInt(8 * width)).toBe(0n);
}

/** As text, which compares faster than thousands of bytes. */
function stateOf({ flash }: Bench): string {
  return JSON.stringify(flash.save(), (_key, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value));
}

describe("a guest that does anything", () => {
  it("makes nothing throw, sees nothing change by looking, and vCPUs see the array exactly when reads give it", () => {
    fc.assert(
      fc.property(ACCESSES, (accesses) => {
        const guest = new Bench();
        for (const each of accesses) {
          const before = stateOf(guest);
          expect(guest.flash.peek(each.offset, each.width)).toEqual(guest.flash.read(each.offset, each.width));
          expect(stateOf(guest)).toBe(before);
          access(guest, each);
          expect(guest.shown).toBe((guest.flash.save() as { reads: number }).reads === 0);
        }
      }),
      { numRuns: 80 },
    );
  });

  it("goes on identically in a copy that was restored at any moment", () => {
    fc.assert(
      fc.property(ACCESSES, ACCESSES, (first, then) => {
        const [guest, copy] = [new Bench(), new Bench()];
        for (const each of first) access(guest, each);
        copy.bytes.set(guest.bytes);
        copy.flash.restore(guest.flash.save());
        expect([stateOf(copy), copy.shown]).toEqual([stateOf(guest), guest.shown]);
        guest.changes.length = 0;
        for (const each of then) for (const one of [guest, copy]) access(one, each);
        expect([stateOf(copy), copy.changes]).toEqual([stateOf(guest), guest.changes]);
        expect(Buffer.compare(copy.bytes, guest.bytes)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a saved state that does not fit", () => {
  const good = (): Record<string, PlainData> => {
    bench.say(0, CMD.BUFFER, 2 - 1, 7);
    return bench.flash.save() as Record<string, PlainData>;
  };

  it.each<readonly [string, Record<string, PlainData>]>([
    ["no such mode", { reads: 4 }],
    ["no such cycle", { next: 7 }],
    ["more left than announced", { left: 3 }],
    ["data without a place", { bufferAt: -1 }],
    ["a place outside", { bufferAt: BLOCKS * BLOCK_BYTES }],
    ["a place that is not a word's", { bufferAt: 2 }],
    ["a buffer that is short", { buffer: new Uint8Array(5) }],
    ["locks of another bank", { locks: new Uint8Array(3) }],
    ["a count without a buffer", { next: 0, left: 0 }],
  ])("%s is refused, and nothing changes", (_what, spoilt) => {
    const state = good();
    expect(() => bench.flash.restore({ ...state, ...spoilt })).toThrow(/saved state of flash0/);
    expect(bench.flash.save()).toEqual(state);
    bench.flash.restore(state);
  });

  it("is no list and no number either", () => {
    for (const state of [null, 7, []]) expect(() => bench.flash.restore(state)).toThrow(/its state in the saved state of flash0/);
  });
});
