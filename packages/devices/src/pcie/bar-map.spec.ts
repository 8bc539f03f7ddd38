/** Where BARs answer (PCI Local Bus 3.0, 6.2.5.1), with software that means well and software that does not. */
import { type AddressRange, overlaps, type PciBar } from "@trapline/core";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { card, IO_ENABLE, memoryBar, MEMORY_ENABLE, PciRig, Scratch } from "./pci-rig.fixture.ts";

const WINDOW: AddressRange = { base: 0x1000_0000, size: 0x2eff_0000 };
const WINDOW_64: AddressRange = { base: 0x80_0000_0000, size: 0x80_0000_0000 };
const PORTS = 0x3eff_0000;

const opened: PciRig[] = [];
afterEach(async () => {
  for (const rig of opened.splice(0)) await rig.machine.close();
});
async function rigOf(...args: Parameters<typeof PciRig.make>): Promise<PciRig> {
  const rig = await PciRig.make(...args);
  opened.push(rig);
  return rig;
}

const io = (index: number, size = 32): PciBar => ({ index, space: "io", size, device: new Scratch(size) });
const put = (rig: PciRig, device: number, bar: number, address: number): void => {
  rig.setConfig(device, 0x10 + 4 * bar, address % 2 ** 32);
  if (address >= 2 ** 32) rig.setConfig(device, 0x14 + 4 * bar, Math.floor(address / 2 ** 32));
};

describe("a BAR", () => {
  it("answers where it was put, while Memory Space is enabled; elsewhere windows read as all ones", async () => {
    const rig = await rigOf([card("card", { bars: [memoryBar(0)] })]);
    put(rig, 1, 0, 0x1000_0000);
    expect([rig.r(0x1000_0010), rig.claims()]).toEqual([0xffff_ffff, []]);
    rig.command(1, MEMORY_ENABLE);
    rig.w(0x1000_0010, 0x1234_5678);
    expect([rig.r(0x1000_0010), rig.r(0x1000_0012, 1), rig.claims()]).toEqual([0x1234_5678, 0x34, ["10000000 card BAR0"]]);
    put(rig, 1, 0, 0x2000_0000);
    expect([rig.r(0x1000_0010), rig.r(0x2000_0010), rig.claims()]).toEqual([0xffff_ffff, 0x1234_5678, ["20000000 card BAR0"]]);
    rig.command(1, 0);
    rig.w(0x2000_0010, 0);
    expect([rig.r(0x2000_0010), rig.claims()]).toEqual([0xffff_ffff, []]);
  });

  it("of 64 bits goes into the high window", async () => {
    const rig = await rigOf([card("card", { bars: [memoryBar(2, 0x4000, { bits: 64, prefetchable: true })] })]);
    rig.command(1, MEMORY_ENABLE);
    put(rig, 1, 2, 0x80_0000_4000);
    rig.w(0x80_0000_4008, 7);
    expect([rig.r(0x80_0000_4008), rig.r(0x80_0000_8000), rig.r(0xff_ffff_fff8, 8), rig.claims()]).toEqual([
      7,
      0xffff_ffff,
      0xffff_ffff_ffff_ffffn,
      ["8000004000 card BAR2"],
    ]);
  });

  it("of I/O answers at its port, which a window in memory shows", async () => {
    const rig = await rigOf([card("card", { bars: [io(1)] })]);
    put(rig, 1, 1, 0x1000);
    rig.command(1, MEMORY_ENABLE);
    expect(rig.r(PORTS + 0x1004, 2)).toBe(0xffff);
    rig.command(1, IO_ENABLE);
    rig.w(PORTS + 0x1004, 0xabcd_1234);
    rig.w(PORTS + 0x1018, 0x1122_3344_5566_7788n, 8);
    expect([rig.machine.ports.read(0x1004, 4, -1), rig.r(PORTS + 0x1006, 2), rig.r(PORTS + 0x1018, 8), rig.r(PORTS + 0x101c, 8)]).toEqual([
      0xabcd_1234,
      0xabcd,
      0x1122_3344_5566_7788n,
      0xffff_ffff_1122_3344n, // ports 0x1020 and up are nobody's
    ]);
    expect([rig.r(PORTS + 0x101e), rig.r(PORTS), rig.claims()]).toEqual([0xffff_ffff, 0xffff_ffff, ["1000 card BAR1"]]);
  });

  //  a place that cannot be
  it.each([
    ["at 0", 0],
    ["below the window", 0x0fff_f000],
    ["across its end", 0x3efe_0000],
    ["behind it", 0x3eff_0000],
    ["over RAM", 0x4000_0000],
    ["over an interrupt controller", 0x0800_0000],
    ["between the windows", 0x7f_ffff_f000],
    ["beyond 2^53", 0xffff_ffff_ffff_0000],
  ])("%s is nowhere, and comes back when it is put well", async (_where, address) => {
    const rig = await rigOf([card("card", { bars: [memoryBar(0, 0x2_0000, { bits: 64 })] })]);
    rig.command(1, MEMORY_ENABLE);
    put(rig, 1, 0, address);
    expect(rig.claims()).toEqual([]);
    put(rig, 1, 0, 0x1000_0000);
    rig.setConfig(1, 0x14, 0);
    expect(rig.claims()).toEqual(["10000000 card BAR0"]);
  });

  it("whose place another has is silent until that one goes; the lower number wins", async () => {
    const rig = await rigOf([card("a", { bars: [memoryBar(0), memoryBar(1)] }), card("b", { bars: [memoryBar(0, 0x4000)] })]);
    for (const [device, bar] of [[2, 0], [1, 1], [1, 0]] as const) put(rig, device, bar, 0x1000_0000);
    rig.command(2, MEMORY_ENABLE);
    expect(rig.claims()).toEqual(["10000000 b BAR0"]);
    rig.command(1, MEMORY_ENABLE);
    expect(rig.claims()).toEqual(["10000000 a BAR0"]);
    put(rig, 1, 0, 0x1000_2000);
    expect(rig.claims()).toEqual(["10000000 a BAR1", "10002000 a BAR0"]);
    rig.command(1, 0);
    expect(rig.claims()).toEqual(["10000000 b BAR0"]);
  });

  it("of I/O gives way to ports that are not PCI's", async () => {
    const rig = await rigOf([card("card", { bars: [io(0)] })]);
    const region = rig.machine.ports.claim({ name: "isa", base: 0x1010, size: 4 }, new Scratch(4));
    rig.command(1, IO_ENABLE);
    put(rig, 1, 0, 0x1000);
    expect(rig.claims()).toEqual([]);
    put(rig, 1, 0, 0x1040);
    expect(rig.claims()).toEqual(["1040 card BAR0"]);
    region.release();
  });

  it("tells its function: who leaves before who comes, also when two change places", async () => {
    const told: string[] = [];
    const tell = (name: string) => (bar: number, at: number | undefined): void => void told.push(`${name}${bar} ${at?.toString(16) ?? "-"}`);
    const rig = await rigOf([
      card("a", { bars: [memoryBar(0)], barMoved: tell("a") }),
      card("b", { bars: [memoryBar(3)], barMoved: tell("b") }),
    ]);
    put(rig, 1, 0, 0x1000_0000);
    put(rig, 2, 3, 0x1000_0000);
    for (const device of [1, 2]) rig.command(device, MEMORY_ENABLE);
    put(rig, 1, 0, 0x1000_1000);
    expect(told.splice(0)).toEqual(["a0 10000000", "a0 -", "b3 10000000", "a0 10001000"]);
    await rig.machine.reset("warm");
    expect(told).toEqual(["b3 -", "a0 -"]);
  });
});

it("windows that somebody has already are refused, naming both", async () => {
  const other = { name: "uart", apiVersion: 1, create: (vmm: { bus: PciRig["machine"]["bus"] }) => void vmm.bus.claim({ name: "uart", base: 0x1100_0000, size: 16 }, new Scratch(16)) };
  await expect(rigOf([], {}, [other])).rejects.toThrow(/pcie memory at 0x1000_0000\+0x2eff_0000 overlaps uart at 0x1100_0000/);
});

describe("any addresses in any order", () => {
  const NUMBERS = [
    { device: 1, bar: 0, size: 0x1000, space: "memory" },
    { device: 1, bar: 2, size: 0x1_0000, space: "memory", bits: 64 },
    { device: 2, bar: 0, size: 0x4000, space: "memory" },
    { device: 2, bar: 1, size: 0x10, space: "memory" },
    { device: 2, bar: 4, size: 2 ** 34, space: "memory", bits: 64 },
    { device: 3, bar: 0, size: 64, space: "io" },
    { device: 3, bar: 1, size: 4, space: "io" },
  ] as const;
  const address = fc.oneof(
    fc.nat(3).map((n) => 0x1000_0000 + n * 0x1000),
    fc.nat(2).map((n) => 0x80_0000_0000 + n * 2 ** 33),
    fc.nat(20).map((n) => 16 * n),
    fc.constantFrom(WINDOW.base + WINDOW.size - 0x1000, 0x3f00_0000, 0xffff_ffff),
    fc.nat(0xffff_ffff),
  );
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ bar: fc.constantFrom(...NUMBERS), address }) },
    { weight: 1, arbitrary: fc.record({ device: fc.integer({ min: 1, max: 3 }), command: fc.nat(3) }) },
  );

  it("claims are what the rule says, reads never abort inside windows, and a restored machine has the same", async () => {
    const cards = (): Parameters<typeof PciRig.make>[0] =>
      [1, 2, 3].map((device) =>
        card(`card${device}`, {
          bars: NUMBERS.filter((bar) => bar.device === device).map(({ bar, size, space, ...rest }) => ({ index: bar, size, space, ...rest, device: new Scratch(16) })),
        }),
      );
    const [rig, twin] = [await rigOf(cards()), await rigOf(cards())];
    const fresh = await rig.machine.save();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        await rig.machine.restore(fresh);
        for (const each of steps) {
          if ("command" in each) rig.command(each.device, each.command);
          else put(rig, each.bar.device, each.bar.bar, each.address);
          const expected = byTheRule(rig);
          expect([...rig.claims()].toSorted()).toEqual(expected.toSorted());
          for (const range of [WINDOW, WINDOW_64]) for (const at of [range.base, range.base + 0x1000, range.base + range.size - 8]) expect(rig.r(at)).not.toBe(-1);
        }
        await twin.machine.restore(await rig.machine.save());
        expect(twin.claims()).toEqual(rig.claims());
      }),
      { numRuns: 35 },
    );
  });

  /** The rule, said plainly: by number, what is enabled and lies in a window and overlaps nothing before it. */
  function byTheRule(rig: PciRig): readonly string[] {
    const taken: (AddressRange & { space: string })[] = [];
    const claims: string[] = [];
    for (const { device, bar, size, space, ...rest } of NUMBERS) {
      const enabled = (rig.config(device, 0x04, 2) & (space === "io" ? IO_ENABLE : MEMORY_ENABLE)) !== 0;
      const low = rig.config(device, 0x10 + 4 * bar) & (space === "io" ? ~3 : ~15);
      const base = ("bits" in rest ? rig.config(device, 0x14 + 4 * bar) * 2 ** 32 : 0) + (low >>> 0);
      const windows = space === "io" ? [{ base: 0, size: 0x1_0000 }] : [WINDOW, WINDOW_64];
      const inside = windows.some((window) => base >= window.base && base + size <= window.base + window.size);
      if (!enabled || !inside || taken.some((range) => range.space === space && overlaps(range, { base, size }))) continue;
      taken.push({ base, size, space });
      claims.push(`${base.toString(16)} card${device} BAR${bar}`);
    }
    return claims;
  }
});
