/** Registers of the ITS: gic.md J.6 rows 198–208, 230, 234, 235, 238; kvm-irq-abi K.8 rows 176–178; A.7. */
import { hi32, lo32, toBigint, u64 } from "@trapline/core";
import { describe, expect, it } from "vitest";
import {
  BASER0,
  BASER1,
  CBASER,
  COLLECTION_TABLE_AT,
  CREADR,
  CTLR,
  CWRITER,
  DEVICE_TABLE_AT,
  ItsBench,
  NOWHERE,
  QUEUE,
  valid,
} from "./its-bench.fixture.ts";
import { mapc, mapd, raw, sync } from "./its-command-words.ts";
import { SLICE_UNITS } from "./its.ts";
import { gitsRegisters } from "./its.registers.ts";

const ONES = 0xffff_ffff_ffff_ffffn;
const QUIESCENT = 0x8000_0000;
const type = (baser: bigint): bigint => (baser >> 56n) & 7n;

describe("registers of the ITS", () => {
  it("198: after reset is quiescent, and knows the types of its tables", () => {
    const bench = new ItsBench();
    expect(bench.read(CTLR, 4)).toBe(QUIESCENT);
    const [devices, collections] = [toBigint(bench.read(BASER0)), toBigint(bench.read(BASER1))];
    expect([type(devices), type(collections)]).toEqual([1n, 4n]);
    expect([devices >> 63n, collections >> 63n]).toEqual([0n, 0n]);
    expect(bench.read(CREADR)).toBe(0);
  });

  it("identifies itself as KVM's ITS does (kvm-irq-abi A.7)", () => {
    const bench = new ItsBench();
    expect(bench.read(0x08)).toBe(0x1_ef71);
    expect(bench.read(0x04, 4)).toBe(0x4b00_043b);
    expect(bench.read(0xffe8, 4)).toBe(0x3b);
    expect(bench.read(0xffe0, 4)).toBe(0x94);
  });

  it("says its configuration in GITS_TYPER", () => {
    const bench = new ItsBench({ deviceIdBits: 20, eventIdBits: 8 });
    const typer = lo32(bench.read(0x08));
    expect(((typer >>> 13) & 0x1f) + 1).toBe(20);
    expect(((typer >>> 8) & 0x1f) + 1).toBe(8);
  });

  it("199: GITS_BASER2 … 7 are RAZ/WI", () => {
    const bench = new ItsBench();
    for (let n = 2; n < 8; n++) {
      bench.write(BASER0 + 8 * n, ONES);
      expect(bench.read(BASER0 + 8 * n)).toBe(0);
    }
  });

  it("200: type and entry size of a GITS_BASER stay, the rest sticks", () => {
    const bench = new ItsBench();
    const before = toBigint(bench.read(BASER0));
    const readOnly = (0x7n << 56n) | (0x1fn << 48n) | (0x3n << 8n);
    bench.write(BASER0, ONES);
    expect(toBigint(bench.read(BASER0))).toBe((ONES & ~readOnly) | (before & readOnly));
    expect((before >> 48n) & 0x1fn).toBe(7n);
  });

  it("keeps Indirect of the collection table 0 (kvm-irq-abi H.7)", () => {
    const bench = new ItsBench();
    bench.write(BASER1, ONES);
    expect((toBigint(bench.read(BASER1)) >> 62n) & 1n).toBe(0n);
  });

  it("201: every page size reads back as 64 KiB", () => {
    const bench = new ItsBench();
    for (const pageSize of [0, 1, 2, 3]) {
      bench.write(BASER0, DEVICE_TABLE_AT + (pageSize << 8));
      expect((lo32(bench.read(BASER0)) >>> 8) & 3).toBe(2);
    }
  });

  it("202: GITS_BASER and GITS_CBASER ignore writes while enabled", () => {
    const bench = new ItsBench().boot();
    const before = [bench.read(BASER0), bench.read(BASER1), bench.read(CBASER)];
    for (const offset of [BASER0, BASER1, CBASER]) bench.write(offset, 0);
    expect([bench.read(BASER0), bench.read(BASER1), bench.read(CBASER)]).toEqual(before);
  });

  it("203 and K 178: writing GITS_CBASER clears GITS_CREADR and GITS_CWRITER", () => {
    const bench = new ItsBench().boot();
    bench.commands(sync(0));
    expect([bench.read(CREADR), bench.read(CWRITER)]).toEqual([0x20, 0x20]);
    bench.write(CTLR, 0, 4);
    bench.write(CBASER, valid(QUEUE, 15));
    expect([bench.read(CREADR), bench.read(CWRITER)]).toEqual([0, 0]);
  });

  it("204: Enabled can be cleared, and the ITS is quiescent then", () => {
    const bench = new ItsBench().boot();
    expect(lo32(bench.read(CTLR, 4)) & 1).toBe(1);
    bench.write(CTLR, 0, 4);
    expect(bench.read(CTLR, 4)).toBe(QUIESCENT);
  });

  it("205: a GITS_CWRITER written while disabled is stored, and worked off when enabled", () => {
    const bench = new ItsBench().boot();
    bench.write(CTLR, 0, 4);
    bench.commands(sync(0));
    expect(bench.read(CREADR)).toBe(0);
    bench.write(CTLR, 1, 4);
    expect(bench.read(CREADR)).toBe(0x20);
  });

  it("206 and K 176: a GITS_CWRITER beyond the queue is ignored", () => {
    const bench = new ItsBench().boot();
    bench.write(CWRITER, 0x1_0000);
    expect([bench.read(CREADR), bench.read(CWRITER)]).toEqual([0, 0]);
  });

  it("207: GITS_CREADR wraps at the end of the queue", () => {
    const bench = new ItsBench().boot();
    bench.write(CWRITER, 0xffe0);
    bench.drain();
    expect(bench.read(CREADR)).toBe(0xffe0);
    bench.commands(sync(0), sync(0));
    expect(bench.read(CREADR)).toBe(0x20);
  });

  it("208: enabling does not clear a GITS_CREADR that was restored", () => {
    const bench = new ItsBench().boot();
    bench.write(CTLR, 0, 4);
    bench.its.queue.writeCreadr(0x40);
    bench.write(CWRITER, 0x40);
    bench.write(CTLR, 1, 4);
    expect(bench.read(CREADR)).toBe(0x40);
  });

  it.each([
    ["device table", BASER0],
    ["collection table", BASER1],
    ["queue", CBASER],
  ])("K 177: stays disabled while its %s is not valid", (_what, offset) => {
    const bench = new ItsBench().boot();
    bench.write(CTLR, 0, 4);
    bench.write(offset, DEVICE_TABLE_AT);
    bench.write(CTLR, 1, 4);
    expect(lo32(bench.read(CTLR, 4)) & 1).toBe(0);
  });

  it("230: a queue outside RAM stalls; once it is repaired, Retry goes on where it stopped", () => {
    const bench = new ItsBench().boot();
    bench.write(CTLR, 0, 4);
    bench.write(CBASER, valid(NOWHERE));
    bench.write(CTLR, 1, 4);
    bench.write(CWRITER, 0x20);
    expect(bench.read(CREADR)).toBe(1);
    bench.write(CWRITER, 0x40); // without Retry nothing moves
    expect(bench.read(CREADR)).toBe(1);
    bench.write(CWRITER, 0x41); // Retry, and still no RAM there
    expect(bench.read(CREADR)).toBe(1);
    expect(bench.read(CWRITER)).toBe(0x40);
    bench.write(CTLR, 0, 4);
    bench.write(CBASER, valid(QUEUE));
    bench.write(CTLR, 1, 4);
    bench.commands(mapc(5, 0));
    expect(bench.read(CREADR)).toBe(0x20);
    expect(bench.its.mappings.vcpuOf(5)).toBe(0);
  });

  it("230: a queue that runs out of RAM stalls at the border, and Retry continues after it was moved in", () => {
    const bench = new ItsBench().boot();
    bench.write(CTLR, 0, 4);
    bench.write(CBASER, valid(0x40ff_f000, 1)); // the second page is beyond RAM
    bench.write(CTLR, 1, 4);
    bench.write(CWRITER, 0x1020);
    expect(bench.read(CREADR)).toBe(0x1001);
    expect(lo32(bench.read(CTLR, 4)) & QUIESCENT).toBe(0);
  });

  it("234: GITS_TRANSLATER reads 0, and what lies around it ignores writes", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapd(0, 8, 0x4050_0000));
    expect(bench.read(0x1_0040, 4)).toBe(0);
    bench.write(0x1_0044, 0xffff_ffff, 4);
    expect(bench.read(0x1_0044, 4)).toBe(0);
  });

  it("235: a full queue is worked off in slices, and GITS_CREADR only moves forward", () => {
    const bench = new ItsBench().boot();
    bench.write(CTLR, 0, 4);
    bench.write(CBASER, valid(QUEUE, 255)); // 1 MiB: 32 768 commands
    bench.write(CTLR, 1, 4);
    bench.write(CWRITER, 0xf_ffe0);
    let creadr = lo32(bench.read(CREADR));
    expect(creadr).toBe(SLICE_UNITS * 32);
    let slices = 1;
    while (bench.clock.skipIdle(Infinity)) {
      const next = lo32(bench.read(CREADR));
      expect(next).toBeGreaterThan(creadr);
      expect(next - creadr).toBeLessThanOrEqual(SLICE_UNITS * 32);
      creadr = next;
      slices++;
    }
    expect(creadr).toBe(0xf_ffe0);
    expect(slices).toBe(Math.ceil(32_767 / SLICE_UNITS));
  });

  it("235: while a backlog waits, writing GITS_CWRITER adds no work to the exit", () => {
    const bench = new ItsBench().boot();
    bench.write(CWRITER, 0x8000);
    for (let n = 0; n < 100; n++) bench.write(CWRITER, 0x8000);
    expect(bench.read(CREADR)).toBe(SLICE_UNITS * 32);
  });

  it("235: disabling stops a backlog, enabling goes on with it", () => {
    const bench = new ItsBench().boot();
    bench.write(CWRITER, 0x8000);
    expect(lo32(bench.read(CTLR, 4)) >>> 31).toBe(0);
    bench.write(CTLR, 0, 4);
    bench.drain();
    expect(bench.read(CREADR)).toBe(SLICE_UNITS * 32);
    bench.write(CTLR, 1, 4);
    bench.drain();
    expect(bench.read(CREADR)).toBe(0x8000);
  });

  it("238: 32-bit halves of 64-bit registers combine", () => {
    const bench = new ItsBench();
    const [lo, hi] = [COLLECTION_TABLE_AT + 3, 0x8000_0000];
    for (const offset of [BASER1, CBASER]) {
      bench.write(offset, lo, 4);
      bench.write(offset + 4, hi, 4);
      expect(hi32(bench.read(offset)) >>> 31).toBe(1);
      expect(lo32(bench.read(offset)) & 0xffff_00ff).toBe(lo);
      expect(bench.read(offset + 4, 4)).toBe(hi32(bench.read(offset)));
    }
    expect(bench.read(CBASER)).toBe(u64(hi, lo));
  });

  it.each([1, 2, 8] as const)("ignores %i-byte accesses of 32-bit registers", (width) => {
    const bench = new ItsBench().boot();
    bench.write(CTLR, 0, width);
    expect(lo32(bench.read(CTLR, 4)) & 1).toBe(1);
    expect(bench.read(CTLR, width)).toBe(0);
  });

  it("every register reads its documented reset value, and peeking does not change it", () => {
    const bench = new ItsBench();
    for (const register of gitsRegisters.registers.filter((r) => r.readable && r.spec.reset !== undefined)) {
      expect([register.name, bench.its.frame.peek(register.offset, register.size, 0)]).toEqual([register.name, register.reset]);
    }
  });

  it("drops what was mapped when a table moves, and keeps it when the same value is written", () => {
    const bench = new ItsBench().boot();
    bench.commands(mapd(1, 4, 0x4050_0000), mapc(1, 2));
    bench.write(CTLR, 0, 4);
    bench.write(BASER0, bench.read(BASER0));
    expect(bench.its.mappings.deviceCount).toBe(1);
    bench.write(BASER0, valid(DEVICE_TABLE_AT, 1));
    bench.write(BASER1, valid(COLLECTION_TABLE_AT, 1));
    expect(bench.its.mappings.deviceCount).toBe(0);
    expect(bench.its.mappings.vcpuOf(1)).toBe(-1);
  });

  it("skips what it does not know: reserved opcodes and those of GICv4 (228, 229)", () => {
    const bench = new ItsBench().boot();
    const seen: (string | undefined)[] = [];
    bench.its.commands$.subscribe((event) => seen.push(`${event.command}: ${event.error}`));
    bench.commands(raw(0x55), raw(0x2a), raw(0), sync(1));
    expect(bench.read(CREADR)).toBe(0x80);
    const reserved = ["0x55", "0x2a", "0x0"].map((opcode) => `reserved ${opcode}: RESERVED_COMMAND`);
    expect(seen).toEqual([...reserved, "SYNC: undefined"]);
  });
});
