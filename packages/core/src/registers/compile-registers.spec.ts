/** Rows are checked once, when the module loads, and become a constant-time look-up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTraplineError } from "../errors.ts";
import { compileRegisters, type Register, type RegisterBank } from "./compile-registers.ts";
import type { RegisterSpec } from "./register-spec.ts";

type Rows = readonly RegisterSpec<object>[];
const compile = (rows: Rows, frameSize = 0x1000): RegisterBank<object> => compileRegisters("GICD", frameSize, rows);

describe("a bank", () => {
  const bank = compile([
    { name: "GICD_CTLR", offset: 0, access: "RW" },
    { name: "GICD_ISENABLER", offset: 0x100, access: "W1S", count: 3 },
    { name: "GICD_IPRIORITYR", offset: 0x400, access: "RW", size: 1, count: 8, widths: [1, 4] },
    { name: "GICD_IROUTER", offset: 0x6000 - 0x5000 - 0x10, access: "RW", size: 8, count: 2 },
    { name: "SPACED", offset: 0x800, access: "RO", count: 2, stride: 0x10 },
  ]);

  //   offset    register
  it.each([
    [0x000, "GICD_CTLR"],
    [0x003, "GICD_CTLR"],
    [0x004, undefined],
    [0x0ff, undefined],
    [0x100, "GICD_ISENABLER<0>"],
    [0x104, "GICD_ISENABLER<1>"],
    [0x10b, "GICD_ISENABLER<2>"],
    [0x10c, undefined],
    [0x405, "GICD_IPRIORITYR<5>"],
    [0x408, undefined],
    [0x800, "SPACED<0>"],
    [0x804, undefined],
    [0x810, "SPACED<1>"],
    [0xff4, "GICD_IROUTER<0>"],
    [0xfff, "GICD_IROUTER<1>"],
    [0x1000, undefined], // beyond the frame
    [0x7fff_ffff, undefined],
  ])("has at +%d %s", (offset, name) => {
    expect(bank.at(offset)?.name).toBe(name);
  });

  it("lists its registers by ascending offset", () => {
    const offsets = bank.registers.map(({ offset }) => offset);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(bank.registers.length).toBe(1 + 3 + 8 + 2 + 2);
  });

  it("knows each register's number, size, reset value and legal widths", () => {
    const facts = ({ n, size, reset, widthMask }: Register<object>): unknown => [n, size, reset, [1, 2, 4, 8].filter((w) => (widthMask & (1 << w)) !== 0)];
    expect(facts(bank.at(0x108)!)).toEqual([2, 4, 0, [4]]);
    expect(facts(bank.at(0x405)!)).toEqual([5, 1, 0, [1, 4]]);
    expect(facts(bank.at(0xff8)!)).toEqual([1, 8, 0, [4, 8]]); // halves are the rule for 64-bit registers
  });

  it("may be empty", () => {
    expect(compile([]).at(0)).toBeUndefined();
    expect(compile([], 0).at(0)).toBeUndefined();
  });

  it("finds the register that covers a byte as a walk over the rows would", () => {
    const row = fc.record({ slot: fc.nat(60), size: fc.constantFrom(1, 2, 4, 8), count: fc.integer({ min: 1, max: 4 }) });
    fc.assert(fc.property(fc.array(row, { maxLength: 8 }), (rows) => {
      const placed: { name: string; offset: number; size: 1 | 2 | 4 | 8; count: number }[] = [];
      for (const [index, { slot, size, count }] of rows.entries()) {
        const offset = slot * 8;
        if (placed.some((p) => offset < p.offset + p.size * p.count && p.offset < offset + size * count)) continue;
        placed.push({ name: `R${index}`, offset, size, count });
      }
      const table = compile(placed.map((p) => ({ ...p, access: "RW" as const })), 0x400);
      for (let at = 0; at < 0x400; at++) {
        const p = placed.find(({ offset, size, count }) => at >= offset && at < offset + size * count);
        const expected = p === undefined ? undefined : p.count === 1 ? p.name : `${p.name}<${Math.floor((at - p.offset) / p.size)}>`;
        expect(table.at(at)?.name).toBe(expected);
      }
    }));
  });
});

describe("a row is refused", () => {
  const A: RegisterSpec<object> = { name: "A", offset: 0, access: "RW" };
  //   because it                         the rows                                                              the message
  const REFUSALS: readonly (readonly [string, Rows, string])[] = [
    ["overlaps another", [A, { name: "B", offset: 2, access: "RW", size: 2 }], "B at 0x2 is refused, because it overlaps A at 0x0"],
    ["repeats another's offset", [A, { ...A, name: "ControllerType2" }], "ControllerType2 at 0x0 is refused, because it overlaps A at 0x0"],
    ["runs into another", [{ ...A, count: 3 }, { name: "B", offset: 8, access: "RO" }], "B at 0x8 is refused, because it overlaps A<2> at 0x8"],
    ["overlaps itself", [{ ...A, count: 2, stride: 2 }], "A<1> at 0x2 is refused"],
    ["is misaligned", [{ ...A, offset: 0xc2 }], "A at 0xc2 is refused, because a register of 4 bytes is aligned to 4"],
    ["is misaligned for its size", [{ ...A, offset: 4, size: 8 }], "A at 0x4 is refused, because a register of 8 bytes is aligned to 8"],
    ["lies beyond the frame", [{ ...A, offset: 0x1000 }], "A at 0x1000 is refused, because the frame has 0x1000 bytes"],
    ["reaches beyond the frame", [{ ...A, offset: 0xff8, count: 3 }], "A<2> at 0x1000 is refused, because the frame has 0x1000 bytes"],
    ["lies before the frame", [{ ...A, offset: -4 }], "is refused, because the frame has 0x1000 bytes"],
    ["has a write hook and is RO", [{ ...A, access: "RO", write: () => {} }], "A (RO) is refused, because it has a write hook that could never be called"],
    ["has a write hook and is RAZ/WI", [{ ...A, access: "RAZ/WI", write: () => {} }], "A (RAZ/WI) is refused, because it has a write hook"],
    ["has a read hook and is WO", [{ ...A, access: "WO", read: () => 0 }], "A (WO) is refused, because it has a read hook that could never be called"],
    ["has a read hook and is RES0", [{ ...A, access: "RES0", read: () => 0 }], "A (RES0) is refused, because it has a read hook"],
    ["is nowhere", [{ ...A, offset: NaN }], "A at NaN is refused, because offsets, sizes and strides are whole numbers"],
    ["is between two bytes", [{ ...A, offset: 0.5 }], "A at 0.5 is refused, because offsets, sizes and strides are whole numbers"],
    ["has a size that no access has", [{ ...A, size: 3 as never }], "A at 0x0 is refused, because a register has 1, 2, 4 or 8 bytes"],
    ["can be peeked but never read", [{ ...A, access: "WO", peek: () => 0 }], "A (WO) is refused, because it has a peek hook that could never be called"],
    ["has an access word of its own", [{ ...A, access: "R" as never }], "A (R) is refused, because its access is none of RW, RO, WO, W1C, W1S, RAZ/WI, RES0"],
  ];

  it.each(REFUSALS)("that %s", (_why, rows, message) => {
    let error: unknown;
    try {
      compile(rows);
    } catch (e) {
      error = e;
    }
    expect(isTraplineError(error, "config")).toBe(true);
    expect((error as Error).message).toContain(`register bank GICD: `);
    expect((error as Error).message).toContain(message);
  });

  it.each([NaN, -8, 0.5, Infinity])("and so is a frame of %d bytes", (frameSize) => {
    expect(() => compile([], frameSize)).toThrow(`register bank GICD: a frame of ${frameSize} bytes is refused, because a frame has a whole number of bytes`);
  });
});
