/** MSI-X and MSI (PCI Local Bus 3.0, 6.8): what software programs, what leaves, what waits. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { card, MASTER_ENABLE, memoryBar, MEMORY_ENABLE, PciRig } from "./pci-rig.fixture.ts";

const opened: PciRig[] = [];
afterEach(async () => {
  for (const rig of opened.splice(0)) await rig.machine.close();
});
async function rigOf(...args: Parameters<typeof PciRig.make>): Promise<PciRig> {
  const rig = await PciRig.make(...args);
  opened.push(rig);
  return rig;
}

const [TABLE, PENDING] = [0x1000_0000, 0x1000_0800];
const [ENABLE, FUNCTION_MASK] = [0x8000, 0x4000];
const ITS = 0x0809_0040;
const ON = MEMORY_ENABLE | MASTER_ENABLE;

describe("MSI-X (6.8.2)", () => {
  let rig: PciRig;
  const control = (value: number): void => rig.setConfig(1, 0x42, value, 2);
  const entry = (n: number, address: number, data: number, mask = 0): void => {
    rig.w(TABLE + 16 * n, address % 2 ** 32);
    rig.w(TABLE + 16 * n + 4, Math.floor(address / 2 ** 32));
    rig.w(TABLE + 16 * n + 8, data);
    rig.w(TABLE + 16 * n + 12, mask);
  };
  const signal = (n: number): void => rig.slots[0]!.vectors[n]!.signal();
  const pending = (): number => Number(rig.r(PENDING, 8));

  beforeEach(async () => {
    rig = await rigOf([{ card: card("card", { bars: [memoryBar(1)], msix: { vectors: 35, bar: 1 } }), place: { device: 1 } }]);
    rig.setConfig(1, 0x14, TABLE);
    rig.command(1, ON);
  });

  it("has a capability that says how many vectors there are and where: BAR1, table at 0, pending bits at half of it", () => {
    expect([rig.capability(1, 0x11), rig.config(1, 0x42, 2), rig.config(1, 0x44), rig.config(1, 0x48)]).toEqual([0x40, 34, 0x001, 0x801]);
  });

  it("starts disabled and masked, and keeps what software may write", () => {
    expect([0, 4, 8, 12].map((at) => rig.r(TABLE + 16 * 34 + at))).toEqual([0, 0, 0, 1]);
    for (const at of [0, 4, 8, 12]) rig.w(TABLE + 16 * 34 + at, 0xffff_ffff);
    expect([0, 4, 8, 12].map((at) => rig.r(TABLE + 16 * 34 + at))).toEqual([0xffff_fffc, 0xffff_ffff, 0xffff_ffff, 1]);
    control(0xffff);
    expect(rig.config(1, 0x42, 2)).toBe(0xc000 | 34);
  });

  it("is accessed with 4 or 8 bytes; other widths and what crosses its end are RAZ/WI; beside it the BAR is the function's", () => {
    rig.w(TABLE, 0x1_0000_5004n, 8);
    expect([rig.r(TABLE, 8), rig.r(TABLE, 2), rig.r(TABLE, 1), rig.r(TABLE + 2, 4)]).toEqual([0x1_0000_5004, 0, 0, 0]);
    rig.w(TABLE, 0xff, 1);
    rig.w(PENDING, 0xff);
    expect([rig.r(TABLE), pending(), rig.r(PENDING + 4, 2), rig.r(TABLE + 16 * 35 - 4, 8)]).toEqual([0x5004, 0, 0, 0]);
    rig.w(TABLE + 16 * 35, 0x77, 1);
    expect(rig.r(TABLE + 16 * 35, 1)).toBe(0x77);
  });

  it("sends address and data of the entry as a message of the requester", () => {
    control(ENABLE);
    entry(3, ITS, 5);
    entry(34, 0x80_1234_5678, 0xffff_ffff);
    signal(3);
    signal(34);
    expect(rig.heard("messages")).toEqual([`8: ${ITS.toString(16)} = 5`, "8: 8012345678 = 4294967295"]);
    expect(rig.slots[0]!.requesterId).toBe(8);
  });

  const HELD: readonly [why: string, hold: () => void, release: () => void][] = [
    ["its own mask", () => rig.w(TABLE + 12, 1), () => rig.w(TABLE + 12, 0)],
    ["the function's mask", () => control(ENABLE | FUNCTION_MASK), () => control(ENABLE)],
    ["no bus mastering", () => rig.command(1, MEMORY_ENABLE), () => rig.command(1, ON)],
  ];
  it.each(HELD)("lets a message wait for %s, and sends it once when that goes", (_why, hold, release) => {
    control(ENABLE);
    entry(0, ITS, 1);
    hold();
    signal(0);
    signal(0);
    expect([rig.heard("messages"), pending(), rig.slots[0]!.vectors[0]!.pending]).toEqual([[], 1, true]);
    entry(1, ITS, 2); // another vector is no reason
    expect([pending(), rig.heard("messages")]).toEqual([1, []]);
    release();
    expect([rig.heard("messages"), pending()]).toEqual([["8: 8090040 = 1"], 0]);
  });

  it("goes by what the entry says when the message leaves, not when it was signalled", () => {
    control(ENABLE);
    entry(0, ITS, 1, 1);
    signal(0);
    entry(0, ITS, 9, 1);
    rig.w(TABLE + 8, 7, 8); // data 7, and the mask goes with the same access
    expect(rig.heard("messages")).toEqual(["8: 8090040 = 7"]);
  });

  it("shows pending bits of 64 vectors in a quadword (6.8.2.9)", () => {
    control(ENABLE);
    for (const n of [0, 31, 32, 34]) signal(n);
    expect([rig.r(PENDING), rig.r(PENDING + 4), rig.r(PENDING, 8)]).toEqual([0x8000_0001, 5, 0x5_8000_0001]);
  });

  it("forgets what waits when its cause goes, and when it is disabled", () => {
    control(ENABLE);
    signal(0);
    signal(1);
    rig.slots[0]!.vectors[0]!.cancel();
    expect(pending()).toBe(2);
    control(0);
    signal(1); // INTx is chosen: nothing happens
    control(ENABLE);
    expect([pending(), rig.slots[0]!.interrupts]).toEqual([0, "msix"]);
  });

  it("is disabled, masked and empty after a reset", async () => {
    control(ENABLE);
    entry(0, ITS, 1);
    signal(5);
    await rig.machine.reset("warm");
    rig.setConfig(1, 0x14, TABLE);
    rig.command(1, ON);
    expect([rig.config(1, 0x42, 2), rig.r(TABLE), rig.r(TABLE + 12), pending()]).toEqual([34, 0, 1, 0]);
  });

  it("goes on from a snapshot with what waits", async () => {
    control(ENABLE);
    entry(2, ITS, 3, 1);
    signal(2);
    const twin = await rigOf([{ card: card("card", { bars: [memoryBar(1)], msix: { vectors: 35, bar: 1 } }), place: { device: 1 } }]);
    await twin.machine.restore(await rig.machine.save());
    expect(twin.r(PENDING)).toBe(4);
    twin.w(TABLE + 16 * 2 + 12, 0);
    expect(twin.heard("messages")).toEqual(["8: 8090040 = 3"]);
  });

  it("does what a plain model does, whatever software and function do", () => {
    type Step = { readonly do: "control" | "signal" | "cancel" | "command" | "mask"; readonly n: number; readonly value: number };
    const step: fc.Arbitrary<Step> = fc.record({ do: fc.constantFrom("control", "signal", "signal", "cancel", "command", "mask"), n: fc.nat(3), value: fc.nat(3) });
    for (let n = 0; n < 4; n++) entry(n, ITS, n);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        control(0);
        rig.command(1, ON);
        for (let n = 0; n < 4; n++) rig.w(TABLE + 16 * n + 12, 0);
        rig.heard("messages");
        const model = { enabled: false, masked: false, master: true, mask: [0, 0, 0, 0], waiting: new Set<number>() };
        const flush = (): number[] => {
          const gone = [...model.waiting].filter((n) => model.enabled && !model.masked && model.master && model.mask[n] === 0).toSorted((a, b) => a - b);
          for (const n of gone) model.waiting.delete(n);
          return gone;
        };
        for (const { do: what, n, value } of steps) {
          const [low, high] = [(value & 1) !== 0, (value & 2) !== 0];
          if (what === "control") {
            control((low ? ENABLE : 0) | (high ? FUNCTION_MASK : 0));
            [model.enabled, model.masked] = [low, high];
            if (!low) model.waiting.clear();
          } else if (what === "command") {
            rig.command(1, MEMORY_ENABLE | (low ? MASTER_ENABLE : 0));
            model.master = low;
          } else if (what === "mask") {
            rig.w(TABLE + 16 * n + 12, low ? 1 : 0);
            model.mask[n] = low ? 1 : 0;
          } else if (what === "signal") {
            signal(n);
            if (model.enabled) model.waiting.add(n);
          } else {
            rig.slots[0]!.vectors[n]!.cancel();
            model.waiting.delete(n);
          }
          expect(rig.heard("messages")).toEqual(flush().map((each) => `8: 8090040 = ${each}`));
          expect(pending()).toBe([...model.waiting].reduce((bits, each) => bits + 2 ** each, 0));
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("MSI (6.8.1)", () => {
  let rig: PciRig;
  const CAP = 0x40;
  const set = (offset: number, value: number, width: 2 | 4 = 4): void => rig.setConfig(1, CAP + offset, value, width);
  const get = (offset: number, width: 2 | 4 = 4): number => rig.config(1, CAP + offset, width);
  const signal = (n: number): void => rig.slots[0]!.vectors[n]!.signal();

  beforeEach(async () => {
    rig = await rigOf([card("card", { msi: { vectors: 8 } })]);
    rig.command(1, MASTER_ENABLE);
    set(4, ITS);
    set(0xc, 0x1237, 2);
  });

  it("offers 64-bit addresses, masks, and 8 messages; keeps what software may write", () => {
    expect(get(2, 2)).toBe(0x0186);
    set(2, 0xffff, 2);
    set(0x10, 0xffff_ffff);
    set(0x14, 0xffff_ffff);
    set(4, 0xffff_ffff);
    expect([get(2, 2), get(0x10), get(0x14), get(4)]).toEqual([0x01f7, 0xff, 0, 0xffff_fffc]);
  });

  //  Multiple Message Enable   vector  data: its low bits are the message
  it.each([[0, 5, 0x1237], [1, 5, 0x1237], [1, 4, 0x1236], [2, 5, 0x1235], [3, 5, 0x1235], [3, 0, 0x1230], [7, 6, 0x1236]])(
    "with log2 %i messages allowed, vector %i sends %i",
    (allowed, vector, data) => {
      set(2, (allowed << 4) | 1, 2);
      signal(vector);
      expect(rig.heard("messages")).toEqual([`8: 8090040 = ${data}`]);
    },
  );

  it("lets masked messages wait, and sends them when the mask goes", () => {
    set(2, 0x31, 2);
    set(0x10, 0x06);
    for (const n of [0, 1, 2, 2]) signal(n);
    expect([rig.heard("messages"), get(0x14)]).toEqual([["8: 8090040 = 4656"], 6]);
    set(0x10, 0x02);
    expect([rig.heard("messages"), get(0x14)]).toEqual([["8: 8090040 = 4658"], 2]);
    rig.slots[0]!.vectors[1]!.cancel();
    set(0x10, 0);
    expect(rig.heard("messages")).toEqual([]);
  });

  it("without masks is 14 bytes long, and 0 behind them", async () => {
    rig = await rigOf([card("card", { msi: { vectors: 1, maskable: false } })]);
    set(0x10, 0xffff_ffff);
    expect([get(2, 2), get(0x10)]).toEqual([0x0080, 0]);
  });

  it("gives way to MSI-X when software enables both", async () => {
    rig = await rigOf([card("card", { bars: [memoryBar(1)], msix: { vectors: 2, bar: 1 }, msi: { vectors: 1 } })]);
    rig.command(1, MASTER_ENABLE);
    rig.setConfig(1, rig.capability(1, 0x05) + 2, 1, 2);
    expect(rig.slots[0]!.interrupts).toBe("msi");
    rig.setConfig(1, rig.capability(1, 0x11) + 2, ENABLE, 2);
    expect(rig.slots[0]!.interrupts).toBe("msix");
  });

  it("goes on from a snapshot with what waits, and is off after a reset", async () => {
    set(2, 0x31, 2);
    set(0x10, 0x04);
    signal(2);
    const twin = await rigOf([card("card", { msi: { vectors: 8 } })]);
    await twin.machine.restore(await rig.machine.save());
    twin.setConfig(1, CAP + 0x10, 0);
    expect(twin.heard("messages")).toEqual(["8: 8090040 = 4658"]);
    await rig.machine.reset("power-on");
    expect([get(2, 2), get(4), get(0xc, 2), get(0x10), get(0x14)]).toEqual([0x0186, 0, 0, 0, 0]);
  });
});
