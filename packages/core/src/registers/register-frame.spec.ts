/**
 * Accesses to a frame: access words, widths, halves, parts and gaps. What is illegal is RAZ/WI, never an exception
 * (IHI 0069H 12.1.3 "GIC memory-mapped register access"; KVM's vgic_mmio does the same).
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Width } from "../bus/bus-device.ts";
import { fromBigint, toBigint, type U64 } from "../u64.ts";
import { compileRegisters } from "./compile-registers.ts";
import { RegisterFrame } from "./register-frame.ts";

/** A device that is just words, and a log of what its hooks were given. */
class Words {
  readonly log: string[] = [];
  rw: U64 = 0x1234_5678;
  status = 0xff;
  wide: U64 = 0x1122_3344_5566_7788n;
  fifo = [0x41, 0x42];
  bytes: number[] = [1, 2, 3, 4, 5, 6, 7, 8];
}

const bank = compileRegisters<Words>("WORDS", 0x100, [
  { name: "RW", offset: 0x00, access: "RW", widths: [1, 2, 4], read: (d) => d.rw, write: (d, v) => { d.rw = v; d.log.push(`RW ${v.toString(16)}`); } },
  { name: "RO", offset: 0x04, access: "RO", read: () => 0xcafe },
  { name: "WO", offset: 0x08, access: "WO", widths: [1, 4], write: (d, v) => d.log.push(`WO ${v.toString(16)}`) },
  { name: "W1C", offset: 0x0c, access: "W1C", widths: [1, 4], read: (d) => d.status, write: (d, v) => { d.status &= ~Number(v); } },
  { name: "RAZWI", offset: 0x10, access: "RAZ/WI", reset: 0xff },
  { name: "RES0", offset: 0x14, access: "RES0" },
  { name: "ID", offset: 0x18, access: "RO", reset: 0x43b },
  { name: "WIDE", offset: 0x20, access: "RW", size: 8, read: (d) => d.wide, write: (d, v) => { d.wide = v; d.log.push(`WIDE ${v.toString(16)}`); } },
  { name: "FIFO", offset: 0x28, access: "RO", read: (d) => d.fifo.shift() ?? 0, peek: (d) => d.fifo[0] ?? 0 },
  { name: "BYTE", offset: 0x30, access: "RW", size: 1, count: 8, widths: [1, 2, 4, 8], read: (d, n) => d.bytes[n]!, write: (d, v, n, vcpu) => { d.bytes[n] = Number(v); d.log.push(`BYTE<${n}> ${v.toString(16)} by ${vcpu}`); } },
  { name: "BANKED", offset: 0x40, access: "RO", read: (_d, _n, vcpu) => 100 + vcpu },
]);

function frame(): { readonly device: Words; readonly frame: RegisterFrame<Words> } {
  const device = new Words();
  return { device, frame: new RegisterFrame(device, bank) };
}

describe("reads", () => {
  //   what                               offset  width   value
  it.each<readonly [string, number, Width, U64]>([
    ["RW, whole", 0x00, 4, 0x1234_5678],
    ["RW, its low half", 0x00, 2, 0x5678],
    ["RW, its high half", 0x02, 2, 0x1234],
    ["RW, its second byte", 0x01, 1, 0x56],
    ["RW, misaligned", 0x01, 2, 0],
    ["RW, across its end", 0x03, 2, 0],
    ["RW, wider than allowed", 0x00, 8, 0],
    ["RO", 0x04, 4, 0xcafe],
    ["RO, narrower than allowed", 0x04, 1, 0],
    ["WO reads as zero", 0x08, 4, 0],
    ["W1C", 0x0c, 4, 0xff],
    ["RAZ/WI reads as zero, whatever its reset value", 0x10, 4, 0],
    ["RES0 reads as zero", 0x14, 4, 0],
    ["a register without hooks reads its reset value", 0x18, 4, 0x43b],
    ["64 bits, whole", 0x20, 8, 0x1122_3344_5566_7788n],
    ["64 bits, low half", 0x20, 4, 0x5566_7788],
    ["64 bits, high half", 0x24, 4, 0x1122_3344],
    ["64 bits, narrower than a half", 0x20, 2, 0],
    ["64 bits, from its middle on", 0x24, 8, 0],
    ["a byte register", 0x33, 1, 4],
    ["byte registers, two at a time", 0x32, 2, 0x0403],
    ["byte registers, four at a time", 0x34, 4, 0x0807_0605],
    ["byte registers, eight at a time", 0x30, 8, 0x0807_0605_0403_0201n],
    ["byte registers, misaligned", 0x31, 4, 0],
    ["a banked register", 0x40, 4, 102],
    ["nothing", 0x1c, 4, 0],
    ["beyond the frame", 0x100, 4, 0],
  ])("%s", (_what, offset, width, value) => {
    const { frame: words } = frame();
    expect(words.read(offset, width, 2)).toBe(value);
  });

  it("take from a FIFO, which a peek does not", () => {
    const { device, frame: words } = frame();
    expect([words.peek(0x28, 4, 0), words.peek(0x28, 4, 0), words.read(0x28, 4, 0), words.peek(0x28, 4, 0)]).toEqual([0x41, 0x41, 0x41, 0x42]);
    expect(device.fifo).toEqual([0x42]);
  });
});

describe("writes", () => {
  //   what                              offset  width   value                     hooks called
  it.each<readonly [string, number, Width, U64, readonly string[]]>([
    ["RW, whole", 0x00, 4, 0xdead_beef, ["RW deadbeef"]],
    ["RW, low half: the rest is kept", 0x00, 2, 0xbeef, ["RW 1234beef"]],
    ["RW, high half", 0x02, 2, 0xdead, ["RW dead5678"]],
    ["RW, third byte", 0x02, 1, 0xff, ["RW 12ff5678"]],
    ["RW, misaligned", 0x01, 2, 0xffff, []],
    ["RW, wider than allowed", 0x00, 8, 1, []],
    ["RO is ignored", 0x04, 4, 1, []],
    ["WO", 0x08, 4, 7, ["WO 7"]],
    ["WO, second byte: the others are zero", 0x09, 1, 7, ["WO 700"]],
    ["RAZ/WI is ignored", 0x10, 4, 1, []],
    ["RES0 is ignored", 0x14, 4, 1, []],
    ["without a hook nothing happens", 0x18, 4, 1, []],
    ["64 bits, whole", 0x20, 8, 0xffff_ffff_ffff_ffffn, ["WIDE ffffffffffffffff"]],
    ["64 bits, low half", 0x20, 4, 0xaaaa_aaaa, ["WIDE 11223344aaaaaaaa"]],
    ["64 bits, high half", 0x24, 4, 0xbbbb_bbbb, ["WIDE bbbbbbbb55667788"]],
    ["byte registers, two at a time, lowest first", 0x32, 2, 0xbbaa, ["BYTE<2> aa by 1", "BYTE<3> bb by 1"]],
    ["byte registers, eight at a time", 0x30, 8, 0x0102_0304_0506_0708n, [8, 7, 6, 5, 4, 3, 2, 1].map((v, n) => `BYTE<${n}> ${v} by 1`)],
    ["nothing", 0x1c, 4, 1, []],
    ["beyond the frame", 0x100, 4, 1, []],
  ])("%s", (_what, offset, width, value, log) => {
    const { device, frame: words } = frame();
    words.write(offset, width, value, 1);
    expect(device.log).toEqual(log);
  });

  it("of ones clear in W1C, and of part of it only that part", () => {
    const { device, frame: words } = frame();
    words.write(0x0c, 4, 0x0f, 0);
    expect(device.status).toBe(0xf0);
    words.write(0x0d, 1, 0xff, 0); // the second byte: merged with the old value it would clear the first
    expect(device.status).toBe(0xf0);
    words.write(0x0c, 1, 0x30, 0);
    expect(device.status).toBe(0xc0);
  });

  it("of part of a register use peek, not read, for the rest", () => {
    const device = { value: 0x1111_1111, reads: 0 };
    const rows = compileRegisters<typeof device>("X", 4, [
      { name: "X", offset: 0, access: "RW", widths: [1, 4], read: (d) => (d.reads++, d.value), peek: (d) => d.value, write: (d, v) => { d.value = Number(v); } },
    ]);
    new RegisterFrame(device, rows).write(1, 1, 0xff, 0);
    expect([device.value, device.reads]).toEqual([0x1111_ff11, 0]);
  });
});

describe("names and reset values", () => {
  it("come from the rows", () => {
    const { frame: words } = frame();
    expect([0x00, 0x03, 0x1c, 0x34, 0x100].map((at) => words.nameAt(at))).toEqual(["RW", "RW", undefined, "BYTE<4>", undefined]);
  });

  it("are what the registers read as after reset", () => {
    const rows = compileRegisters<object>("IDS", 0x20, [
      { name: "PERIPHID", offset: 0, access: "RO", count: 4, reset: 0x11 },
      { name: "WIDE", offset: 0x10, access: "RO", size: 8, reset: 0x8000_0000_0000_0001n },
    ]);
    const ids = new RegisterFrame({}, rows);
    for (const { offset, size, reset } of rows.registers) expect(ids.read(offset, size, 0)).toBe(reset);
    expect([ids.read(0x10, 4, 0), ids.read(0x14, 4, 0)]).toEqual([1, 0x8000_0000]);
  });
});

describe("narrow accesses agree with wide ones", () => {
  /** Banks of registers of all sizes that allow every width, some readable, some writable, with gaps. */
  const layout = fc.array(
    fc.record({ size: fc.constantFrom<Width>(1, 2, 4, 8), gap: fc.boolean(), access: fc.constantFrom("RW" as const, "RO" as const, "WO" as const) }),
    { minLength: 1, maxLength: 12 },
  );

  interface Store {
    readonly values: Map<number, U64>;
  }

  function build(rows: readonly { readonly size: Width; readonly gap: boolean; readonly access: "RW" | "RO" | "WO" }[]): { readonly frame: RegisterFrame<Store>; readonly store: Store; readonly bytes: () => number[] } {
    let offset = 0;
    const specs = [];
    const store: Store = { values: new Map() };
    for (const [index, { size, gap, access }] of rows.entries()) {
      offset = Math.ceil(offset / size) * size;
      if (!gap) {
        const at = offset;
        store.values.set(at, fromBigint(BigInt.asUintN(8 * size, 0x1122_3344_5566_7788n * BigInt(index + 3))));
        specs.push({
          name: `R${index}`,
          offset: at,
          access,
          size,
          widths: [1, 2, 4, 8] as const,
          ...(access === "WO" ? {} : { read: (d: Store) => d.values.get(at)! }),
          ...(access === "RO" ? {} : { write: (d: Store, v: U64) => void d.values.set(at, v) }),
        });
      }
      offset += size;
    }
    const words = new RegisterFrame(store, compileRegisters<Store>("RANDOM", 0x80, specs));
    return { frame: words, store, bytes: () => Array.from({ length: 0x80 }, (_, at) => Number(words.read(at, 1, 0))) };
  }

  const access = fc.record({ slot: fc.nat(15), width: fc.constantFrom<Width>(2, 4, 8) }).map(({ slot, width }) => ({ offset: slot * 8 + (width === 8 ? 0 : width), width }));

  it("when reading and peeking: the bytes are the same", () => {
    fc.assert(fc.property(layout, access, (rows, { offset, width }) => {
      const { frame: words, bytes } = build(rows);
      const expected = bytes().slice(offset, offset + width).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      expect([toBigint(words.read(offset, width, 0)), toBigint(words.peek(offset, width, 0))]).toEqual([expected, expected]);
    }));
  });

  it("when writing: as many byte writes leave the same", () => {
    fc.assert(fc.property(layout, access, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (rows, { offset, width }, big) => {
      const value = fromBigint(BigInt.asUintN(8 * width, big));
      const whole = build(rows.map((row) => ({ ...row, access: row.access === "WO" ? "RW" : row.access }))); // WO takes the other bytes as zero
      const parts = build(rows.map((row) => ({ ...row, access: row.access === "WO" ? "RW" : row.access })));
      whole.frame.write(offset, width, value, 0);
      for (let n = 0; n < width; n++) parts.frame.write(offset + n, 1, Number((toBigint(value) >> BigInt(8 * n)) & 0xffn), 0);
      expect(whole.store.values).toEqual(parts.store.values);
    }));
  });

  //   what                           rows, by offset                 read as one word      write of 0xd4c3b2a1 reaches
  it.each([
    ["a gap first", [undefined, "RW", "RW", "RW"], 0x0403_0200, [1, 0xb2, 0xc3, 0xd4]],
    ["a gap in the middle", ["RW", undefined, "RW", "RW"], 0x0403_0001, [0xa1, 2, 0xc3, 0xd4]],
    ["a WO register first", ["WO", "RW", "RW", "RW"], 0x0403_0200, [0xa1, 0xb2, 0xc3, 0xd4]],
    ["an RO register first", ["RO", "RW", "RW", "RW"], 0x0403_0201, [1, 0xb2, 0xc3, 0xd4]],
    ["a reserved register first", ["RES0", "RW", "RW", "RW"], 0x0403_0200, [1, 0xb2, 0xc3, 0xd4]],
  ] as const)("with %s", (_what, words, readAs, written) => {
    const bytes = [1, 2, 3, 4];
    const rows = words.flatMap((word, n) =>
      word === undefined ? [] : [{
        name: `B${n}`, offset: n, size: 1 as const, access: word, widths: [1, 4] as const,
        ...(word === "RW" || word === "RO" ? { read: () => bytes[n]! } : {}),
        ...(word === "RW" || word === "WO" ? { write: (_d: object, v: U64) => void (bytes[n] = Number(v)) } : {}),
      }],
    );
    const mixed = new RegisterFrame({}, compileRegisters<object>("MIXED", 4, rows));
    expect(mixed.read(0, 4, 0)).toBe(readAs);
    mixed.write(0, 4, 0xd4c3_b2a1, 0);
    expect(bytes).toEqual(written);
  });
});
