/** Which pages of guest memory a snapshot holds, and that they come back, whatever was there before. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GuestMemory } from "../memory/guest-memory.ts";
import { WireOrder } from "../wire/wire-order.ts";
import { type CapturedMemory, captureMemory, restoreMemory } from "./memory-pages.ts";

const RAM = 0x4000_0000;
const PAGE = 4096;
const REGIONS = [{ name: "ram", base: RAM, size: 8 * PAGE }, { name: "odd", base: 0, size: PAGE + 6, readOnly: true }];
const memory = (): GuestMemory => new GuestMemory(new WireOrder(), REGIONS);
/** As text: vitest compares that quickly. */
const contents = (guest: GuestMemory): string[] => REGIONS.map(({ base, size }) => new TextDecoder("latin1").decode(guest.window(base, size)));

describe("captured", () => {
  it.each<[what: string, change: (guest: GuestMemory) => void, runs: unknown, fills: unknown, bytes: number]>([
    ["nothing of untouched memory", () => {}, [], [], 0],
    ["a page with one byte that is not zero", (guest) => guest.write(RAM + 3 * PAGE - 1, 1, 7), [[2, 1]], [], PAGE],
    ["pages side by side as one run", (guest) => guest.write(RAM + 3 * PAGE - 2, 4, 0x0102_0304), [[2, 2]], [], 2 * PAGE],
    ["pages of one other byte without their contents", (guest) => guest.window(RAM + PAGE, 3 * PAGE)!.fill(0xff), [], [[1, 3, 0xff]], 0],
    ["pages of different bytes apart", (guest) => (guest.window(RAM, PAGE)!.fill(1), guest.window(RAM + PAGE, PAGE)!.fill(2)), [], [[0, 1, 1], [1, 1, 2]], 0],
    ["a page whose words are equal, but not its bytes", (guest) => new Uint32Array(guest.wasm.buffer, guest.regions[0]!.wasmOffset, PAGE / 4).fill(1), [[0, 1]], [], PAGE],
  ])("is %s", (_what, change, runs, fills, bytes) => {
    const guest = memory();
    change(guest);
    const captured = captureMemory(guest);
    expect([captured.index[0], captured.bytes.length]).toEqual([{ region: "ram", runs, fills }, bytes]);
  });

  it("is a last page as far as it goes", () => {
    const guest = memory();
    guest.copyIn(PAGE, Uint8Array.of(1, 2, 3, 4, 5, 6));
    const { index, bytes } = captureMemory(guest);
    expect([index[1]!.runs, [...bytes]]).toEqual([[[1, 1]], [1, 2, 3, 4, 5, 6]]);
  });
});

describe("restored", () => {
  const write = fc.record({ at: fc.nat(8 * PAGE - 1), length: fc.constantFrom(1, 5, PAGE, 3 * PAGE), byte: fc.constantFrom(0, 1, 0xff) });
  const written = (writes: readonly { at: number; length: number; byte: number }[]): GuestMemory => {
    const guest = memory();
    for (const { at, length, byte } of writes) guest.window(RAM + at, Math.min(length, 8 * PAGE - at))!.fill(byte);
    guest.copyIn(PAGE, Uint8Array.of(writes.length));
    return guest;
  };

  it("is what was captured, whatever was there before; and the CPU is told of all of it", () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 5 }), fc.array(write, { maxLength: 5 }), (before, after) => {
        const [source, target] = [written(before), written(after)];
        const told: number[] = [];
        target.overwrites$.own("cpu", (address, length) => void told.push(address, length));
        restoreMemory(target, captureMemory(source));
        expect(contents(target)).toEqual(contents(source));
        expect(told).toEqual([RAM, 8 * PAGE, 0, PAGE + 6]);
      }),
    );
  });

  const good = (): CapturedMemory => {
    const guest = memory();
    guest.write(RAM, 1, 1);
    return captureMemory(guest);
  };
  it.each<[what: string, damage: (captured: CapturedMemory) => CapturedMemory]>([
    ["bytes are missing", ({ index }) => ({ index, bytes: new Uint8Array(1) })],
    ["a region is not there", ({ bytes }) => ({ index: [{ region: "rom", runs: [[0, 1]], fills: [] }], bytes })],
    ["a region without pages is not there", ({ bytes, index }) => ({ index: [...index, { region: "rom", runs: [], fills: [] }], bytes })],
    ["a run ends behind the region", ({ bytes }) => ({ index: [{ region: "ram", runs: [[7, 2]], fills: [] }], bytes })],
    ["a run is no pages long", ({ bytes }) => ({ index: [{ region: "ram", runs: [[0, 1], [1, 0]], fills: [] }], bytes })],
    ["a run begins before the region", ({ bytes }) => ({ index: [{ region: "ram", runs: [[-1, 1]], fills: [] }], bytes })],
    ["a run is no number", ({ bytes }) => ({ index: [{ region: "ram", runs: [["0", 1] as never], fills: [] }], bytes })],
    ["a fill is no byte", ({ bytes, index }) => ({ index: [{ ...index[0]!, fills: [[1, 1, 256]] }], bytes })],
  ])("is nothing when %s", (_what, damage) => {
    const target = memory();
    target.write(RAM + 5, 1, 9);
    const before = contents(target);
    expect(() => restoreMemory(target, damage(good()))).toThrow(/do not fit/);
    expect(contents(target)).toEqual(before);
  });
});
