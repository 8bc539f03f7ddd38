/** Configuration space through ECAM, as software sees it (PCI Local Bus 3.0, chapter 6; PCI Express Base, 7.2.2). */
import type { PciCapability, Width } from "@trapline/core";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { card, ECAM, memoryBar, PciRig, Scratch } from "./pci-rig.fixture.ts";

const opened: PciRig[] = [];
afterEach(async () => {
  for (const rig of opened.splice(0)) await rig.machine.close();
});
async function rigOf(...args: Parameters<typeof PciRig.make>): Promise<PciRig> {
  const rig = await PciRig.make(...args);
  opened.push(rig);
  return rig;
}

const ALL_ONES: Readonly<Record<Width, bigint>> = { 1: 0xffn, 2: 0xffffn, 4: 0xffff_ffffn, 8: 0xffff_ffff_ffff_ffffn };

describe("the header (6.2)", () => {
  //  offset  width  of the bridge (QEMU's 1b36:0008)  of the card
  const ROWS: readonly [register: string, offset: number, width: Width, bridge: number, card: number][] = [
    ["Vendor ID", 0x00, 2, 0x1b36, 0x1234],
    ["Device ID", 0x02, 2, 0x0008, 0x5678],
    ["Command", 0x04, 2, 0, 0],
    ["Status", 0x06, 2, 0, 0],
    ["Revision ID", 0x08, 1, 0, 3],
    ["Class Code", 0x09, 1, 0, 0],
    ["Class Code", 0x0a, 2, 0x0600, 0x0200],
    ["Header Type", 0x0e, 1, 0, 0],
    ["Subsystem Vendor ID", 0x2c, 2, 0x1af4, 0xabcd],
    ["Subsystem ID", 0x2e, 2, 0x1100, 0x4321],
    ["Expansion ROM Base Address", 0x30, 4, 0, 0],
    ["Capabilities Pointer", 0x34, 1, 0, 0],
    ["Interrupt Pin", 0x3d, 1, 0, 2],
    ["all of it, extended: nothing there", 0x100, 4, 0, 0],
  ];
  it.each(ROWS)("%s", async (_register, offset, width, bridge, ofCard) => {
    const rig = await rigOf([card("card", { interruptPin: 2 })]);
    expect([rig.config(0, offset, width), rig.config(1, offset, width)]).toEqual([bridge, ofCard]);
  });

  it("keeps what software may write: Command (IO, memory, master, parity, SERR#, INTx), Cache Line Size, Interrupt Line", async () => {
    const rig = await rigOf([card("card")]);
    for (const offset of [0x04, 0x0c, 0x30, 0x34, 0x3c, 0x100]) rig.setConfig(1, offset, 0xffff_ffff);
    expect([0x04, 0x0c, 0x30, 0x34, 0x3c, 0x100].map((offset) => rig.config(1, offset))).toEqual([0x0547, 0xff, 0, 0, 0xff, 0]);
  });

  it("shows several functions in a device by bit 7 of Header Type", async () => {
    const rig = await rigOf([
      { card: card("a"), place: { device: 2 } },
      { card: card("b"), place: { device: 2, function: 5 } },
    ]);
    expect([rig.config(2, 0x0e, 1), rig.config(2, 0x0e, 1, 5), rig.config(0, 0x0e, 1), rig.config(2, 0, 4, 5)]).toEqual([0x80, 0x80, 0, 0x5678_1234]);
  });

  it("is named in traces", async () => {
    const rig = await rigOf([card("card")]);
    const names: (string | undefined)[] = [];
    rig.machine.bus.claims.find(({ name }) => name === "pcie ECAM")!.accesses$.subscribe(({ register }) => names.push(register));
    rig.config(1, 0x04, 2);
    rig.config(1, 0x16, 2);
    rig.config(7, 0x00);
    expect(names).toEqual(["card Command", "card Base Address Register<1>", undefined]);
  });
});

describe("functions that are not there read as all ones", () => {
  //  device  function  bus
  it.each([[31, 0, 0], [1, 1, 0], [0, 7, 0], [0, 0, 1], [1, 0, 255]])("device %i function %i bus %i", async (device, fn, bus) => {
    const rig = await rigOf([card("card")]);
    const at = ECAM + bus * 0x10_0000 + device * 0x8000 + fn * 0x1000;
    for (const width of [1, 2, 4, 8] as const) expect(BigInt(rig.r(at, width))).toBe(ALL_ONES[width]);
    rig.w(at + 4, 7);
    expect(rig.r(at + 4)).toBe(0xffff_ffff);
  });

  it("beyond the last bus is nobody's address", async () => {
    const rig = await rigOf([], { ecam: 0x3f00_0000, buses: 16 });
    expect([rig.r(0x3f00_0000), rig.r(0x3fff_fffc), rig.r(0x4000_0000)]).toEqual([0x0008_1b36, 0xffff_ffff, -1]);
  });
});

describe("any width and alignment", () => {
  const bytes = (rig: PciRig, from: number, count: number): number[] => Array.from({ length: count }, (_, n) => rig.config(1, from + n, 1));

  it("reads what its bytes say, also across registers and functions", async () => {
    const rig = await rigOf([
      { card: card("a"), place: { device: 1 } },
      { card: card("b"), place: { device: 1, function: 1 } },
    ]);
    for (const width of [2, 4, 8] as const) {
      for (let offset = 0; offset < 0x1008; offset++) {
        if (offset === 0x48) offset = 0xff0;
        const expected = bytes(rig, offset, width).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
        expect([offset, width, BigInt(rig.r(ECAM + 0x8000 + offset, width))]).toEqual([offset, width, expected]);
      }
    }
  });

  it("writes what its bytes would", async () => {
    const writes = fc.array(fc.record({ offset: fc.nat(0x47), width: fc.constantFrom<Width>(1, 2, 4, 8), value: fc.bigInt({ min: 0n, max: ALL_ONES[8] }) }), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(writes, async (ops) => {
        const cards = [card("card", { bars: [memoryBar(0), memoryBar(2, 0x1_0000, { bits: 64 })] })];
        const [one, two] = [await rigOf(cards), await rigOf(cards)];
        for (const { offset, width, value } of ops) {
          one.w(ECAM + 0x8000 + offset, BigInt.asUintN(8 * width, value), width);
          for (let n = 0; n < width; n++) two.w(ECAM + 0x8000 + offset + n, Number((value >> BigInt(8 * n)) & 0xffn), 1);
        }
        expect(bytes(one, 0, 0x48)).toEqual(bytes(two, 0, 0x48));
      }),
      { numRuns: 40 },
    );
  });
});

describe("sizing base address registers (6.2.5.1)", () => {
  it.each([
    ["32 bits", memoryBar(0, 0x4000), [0xffff_c000]],
    ["the smallest", memoryBar(0, 16), [0xffff_fff0]],
    ["prefetchable", memoryBar(0, 0x1000, { prefetchable: true }), [0xffff_f008]],
    ["2 GiB", memoryBar(0, 2 ** 31), [0x8000_0000]],
    ["64 bits", memoryBar(0, 0x4000, { bits: 64 }), [0xffff_c004, 0xffff_ffff]],
    ["64 bits, prefetchable, 4 GiB", memoryBar(0, 2 ** 32, { bits: 64, prefetchable: true }), [0x0000_000c, 0xffff_ffff]],
    ["64 bits, 16 GiB", memoryBar(0, 2 ** 34, { bits: 64 }), [0x0000_0004, 0xffff_fffc]],
    ["I/O", { index: 0, space: "io", size: 32, device: new Scratch(32) } as const, [0xffff_ffe1]],
  ])("%s", async (_what, bar, expected) => {
    const rig = await rigOf([card("card", { bars: [bar] })]);
    const found = [0x10, 0x14, 0x18].map((offset) => {
      rig.setConfig(1, offset, 0xffff_ffff);
      const value = rig.config(1, offset);
      rig.setConfig(1, offset, 0);
      return value;
    });
    expect(found).toEqual([...expected, 0, 0].slice(0, 3));
  });
});

describe("the list of capabilities (6.7)", () => {
  const vendor = (length: number, type: number): PciCapability => ({
    id: 0x09,
    length,
    registers: [
      { name: "Length", offset: 2, access: "RO", size: 1, reset: length },
      { name: "Type", offset: 3, access: "RO", size: 1, reset: type },
    ],
  });

  it("has MSI-X, MSI and PCI Express before the function's own, each at a multiple of 4", async () => {
    const rig = await rigOf([
      card("card", { bars: [memoryBar(1)], msix: { vectors: 3, bar: 1 }, msi: { vectors: 4 }, express: {}, capabilities: [vendor(17, 1), vendor(16, 2)] }),
    ]);
    const list: [number, number][] = [];
    for (let at = rig.config(1, 0x34, 1); at !== 0; at = rig.config(1, at + 1, 1)) list.push([at, rig.config(1, at, 1)]);
    expect([rig.config(1, 0x06, 2), list]).toEqual([0x10, [[0x40, 0x11], [0x4c, 0x05], [0x64, 0x10], [0xa0, 0x09], [0xb4, 0x09]]]);
    expect([rig.config(1, 0xa0), rig.config(1, 0xb4)]).toEqual([0x0111_b409, 0x0210_0009]);
  });

  it("lets registers of a function do something, in any width", async () => {
    const seen: unknown[] = [];
    const register = { name: "Data", offset: 4, access: "RW" as const, read: () => 0x1122_3344, write: (_device: unknown, value: unknown) => void seen.push(value) };
    const rig = await rigOf([card("card", { capabilities: [{ id: 9, length: 8, registers: [register] }] })]);
    expect([rig.config(1, 0x44), rig.config(1, 0x46, 2), rig.config(1, 0x45, 1)]).toEqual([0x1122_3344, 0x1122, 0x33]);
    rig.setConfig(1, 0x46, 0xffff, 2);
    expect(seen).toEqual([0xffff_3344]);
  });

  it("describes a root-complex endpoint without a link, and an endpoint with one (PCI Express Base, 7.5.3)", async () => {
    let resets = 0;
    const rig = await rigOf([
      card("a", { express: {} }),
      card("b", { express: { type: "endpoint", functionLevelReset: true }, reset: () => void resets++ }),
    ]);
    const words = (device: number): number[] => [0x42, 0x44, 0x48, 0x4c, 0x52].map((offset) => rig.config(device, offset, offset % 4 === 0 ? 4 : 2));
    expect([words(1), words(2)]).toEqual([
      [0x0092, 0x8000, 0x2810, 0, 0],
      [0x0002, 0x1000_8000, 0x2810, 0x11, 0x11],
    ]);
    rig.command(2, 6);
    rig.setConfig(2, 0x48, 0x8000, 2); // Initiate Function Level Reset
    expect([resets, rig.config(2, 0x48, 2), rig.config(2, 0x04, 2)]).toEqual([1, 0x2810, 0]);
    rig.setConfig(1, 0x48, 0x8007, 2); // reserved there
    expect(rig.config(1, 0x48, 2)).toBe(7);
  });
});
