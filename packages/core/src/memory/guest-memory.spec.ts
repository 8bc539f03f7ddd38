/** Guest RAM and ROM: bounds as values, little-endian access of any alignment, DMA that the CPU hears of, the layout in wasm memory. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Width } from "../bus/bus-device.ts";
import { isTraplineError, type TraplineError } from "../errors.ts";
import { fromBigint, toBigint, type U64 } from "../u64.ts";
import { WireOrder } from "../wire/wire-order.ts";
import { GuestMemory, type GuestMemoryOptions } from "./guest-memory.ts";
import type { MemoryRegionConfig } from "./memory-region.ts";

const RAM = 0x4000_0000;
const KiB64 = 0x1_0000;

function memory(regions: readonly MemoryRegionConfig[] = [{ base: RAM, size: 0x1000 }], options?: GuestMemoryOptions): { readonly memory: GuestMemory; readonly overwritten: string[] } {
  const ram = new GuestMemory(new WireOrder(), regions, options);
  const overwritten: string[] = [];
  ram.overwrites$.own("cpu", (address, length) => void overwritten.push(`${address.toString(16)}+${length.toString(16)}`));
  return { memory: ram, overwritten };
}

describe("typed access", () => {
  //   width  value                    bytes in memory
  it.each<readonly [Width, U64, readonly number[]]>([
    [1, 0xa5, [0xa5]],
    [2, 0x1234, [0x34, 0x12]],
    [4, 0x89ab_cdef, [0xef, 0xcd, 0xab, 0x89]],
    [8, 0xfedc_ba98_7654_3210n, [0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe]],
    [8, 0x1_0000_0002, [2, 0, 0, 0, 1, 0, 0, 0]],
  ])("of %d bytes is little-endian, at any alignment", (width, value, bytes) => {
    for (const address of [RAM, RAM + 1, RAM + 3, RAM + 0x1000 - width]) {
      const { memory: ram } = memory();
      expect(ram.write(address, width, value)).toBe(true);
      expect(ram.copyOut(address, width)).toEqual(Uint8Array.from(bytes));
      expect(ram.read(address, width)).toBe(value);
    }
  });

  it("is what a list of bytes would give", () => {
    const SIZE = 32;
    const access = fc.record({ at: fc.integer({ min: -9, max: SIZE }), width: fc.constantFrom<Width>(1, 2, 4, 8), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) });
    fc.assert(fc.property(fc.array(access), (accesses) => {
      const { memory: ram } = memory([{ base: RAM, size: SIZE }]);
      const bytes = new Uint8Array(SIZE);
      for (const { at, width, value } of accesses) {
        const fits = at >= 0 && at + width <= SIZE;
        const whole = fromBigint(BigInt.asUintN(8 * width, value));
        expect(ram.write(RAM + at, width, whole)).toBe(fits);
        if (fits) for (let n = 0; n < width; n++) bytes[at + n] = Number((toBigint(whole) >> BigInt(8 * n)) & 0xffn);
        const expected = fits ? whole : undefined;
        expect(ram.read(RAM + at, width)).toBe(expected);
      }
      expect(ram.copyOut(RAM, SIZE)).toEqual(bytes);
    }));
  });
});

describe("out of bounds", () => {
  //   what                        address             length
  it.each([
    ["before", /*           */ RAM - 1, /*          */ 1],
    ["behind", /*           */ RAM + 0x1000, /*     */ 1],
    ["across the start", /* */ RAM - 2, /*          */ 4],
    ["across the end", /*   */ RAM + 0xffd, /*      */ 4],
    ["far away", /*         */ 2 ** 52, /*          */ 8],
    ["at the very top", /*  */ 2 ** 53 - 1, /*      */ 8],
    ["longer than all", /*  */ RAM, /*              */ 0x1001],
    ["huge", /*             */ RAM, /*              */ 2 ** 52],
    ["of negative length", /**/ RAM + 0x10, /*      */ -8],
    ["of no length at all", RAM, NaN],
  ])("%s is a value, and nothing was written", (_what, address, length) => {
    const { memory: ram, overwritten } = memory();
    expect([ram.copyOut(address, length), ram.window(address, length), ram.wasmOffset(address, length), ram.regionAt(address, length)]).toEqual([undefined, undefined, -1, undefined]);
    if (length > 8 || ![1, 2, 4, 8].includes(length)) return;
    const width = length as Width;
    expect([ram.read(address, width), ram.write(address, width, 1), ram.store(address, width, 1), ram.copyIn(address, new Uint8Array(width))]).toEqual([undefined, false, false, false]);
    expect([overwritten, ram.copyOut(RAM, 0x1000)!.every((byte) => byte === 0)]).toEqual([[], true]);
  });

  it("lies also between two regions, even adjacent ones", () => {
    const { memory: ram } = memory([{ base: RAM, size: 0x1000 }, { base: RAM + 0x1000, size: 0x1000 }]);
    expect(ram.read(RAM + 0xffe, 4)).toBeUndefined();
    expect([ram.read(RAM + 0xffc, 4), ram.read(RAM + 0x1000, 4)]).toEqual([0, 0]);
  });

  it("lies everything without regions", () => {
    const { memory: ram } = memory([]);
    expect([ram.read(0, 1), ram.regions]).toEqual([undefined, []]);
  });
});

describe("overwrites$", () => {
  it("tells the CPU what DMA changed, but not its own stores", () => {
    const { memory: ram, overwritten } = memory();
    ram.write(RAM + 8, 4, 1);
    ram.store(RAM + 16, 4, 1);
    ram.copyIn(RAM + 0x100, Uint8Array.of(1, 2, 3));
    ram.copyIn(RAM + 0x200, new Uint8Array(0));
    ram.window(RAM + 0x300, 16)!.fill(7);
    ram.overwritten(RAM + 0x300, 16);
    expect(overwritten).toEqual(["40000008+4", "40000100+3", "40000300+10"]);
    expect(ram.read(RAM + 0x300, 4)).toBe(0x0707_0707);
  });

  it("tells of clearing too", () => {
    const { memory: ram, overwritten } = memory([{ base: RAM, size: 0x1000 }, { base: 0, size: 0x2000, readOnly: true }]);
    ram.clearRam();
    expect(overwritten.splice(0)).toEqual(["40000000+1000"]);
    ram.clear();
    expect(overwritten).toEqual(["40000000+1000", "0+2000"]);
  });

  it("can be tapped like every wire, and completes with the memory", () => {
    const { memory: ram } = memory();
    const seen: unknown[] = [];
    ram.overwrites$.subscribe({ next: (event) => seen.push(event), complete: () => seen.push("complete") });
    ram.write(RAM, 8, 1);
    ram.close();
    expect(seen).toEqual([{ seq: 1, atNs: 0, kind: "overwrite", address: RAM, length: 8 }, "complete"]);
  });
});

describe("ROM", () => {
  const ROM: MemoryRegionConfig = { base: 0, size: 0x1000, name: "bios", readOnly: true };

  it("takes what the host loads and ignores what a guest writes", () => {
    const { memory: ram, overwritten } = memory([ROM]);
    ram.copyIn(0, Uint8Array.of(1, 2, 3, 4));
    const device = ram.device(ram.regions[0]!);
    expect(device.write(0, 4, 0xffff_ffff, 0)).toBeUndefined();
    expect([device.read(0, 4, 0), device.peek!(2, 2, 0), overwritten]).toEqual([0x0403_0201, 0x0403, ["0+4"]]);
  });

  it("keeps its contents when RAM is cleared", () => {
    const { memory: ram } = memory([ROM, { base: RAM, size: 0x1000 }]);
    ram.write(0, 4, 1);
    ram.write(RAM, 4, 2);
    ram.clearRam();
    expect([ram.read(0, 4), ram.read(RAM, 4)]).toEqual([1, 0]);
    ram.clear();
    expect(ram.read(0, 4)).toBe(0);
  });
});

describe("the layout in WebAssembly.Memory", () => {
  it("is the regions one after the other, each on a page of its own, behind the backend's reserve", () => {
    const { memory: ram } = memory(
      [{ base: RAM, size: 0x1_8000 }, { base: 0, size: 1, name: "rom", readOnly: true }, { base: 2 ** 40, size: KiB64 }],
      { reserveBytes: 100 },
    );
    expect(ram.regions).toEqual([
      { name: "ram", base: RAM, size: 0x1_8000, readOnly: false, wasmOffset: KiB64 },
      { name: "rom", base: 0, size: 1, readOnly: true, wasmOffset: 3 * KiB64 },
      { name: "ram2", base: 2 ** 40, size: KiB64, readOnly: false, wasmOffset: 4 * KiB64 },
    ]);
    expect(ram.wasm.buffer.byteLength).toBe(5 * KiB64);
    expect([ram.wasmOffset(RAM + 4, 8), ram.wasmOffset(2 ** 40 + 0xfff8, 8), ram.wasmOffset(2 ** 40 + 0xfff9, 8)]).toEqual([KiB64 + 4, 5 * KiB64 - 8, -1]);
  });

  it("is what the CPU sees", () => {
    const { memory: ram } = memory();
    ram.write(RAM + 0x10, 4, 0x1234_5678);
    expect(new DataView(ram.wasm.buffer).getUint32(ram.wasmOffset(RAM + 0x10), true)).toBe(0x1234_5678);
    expect(ram.wasm).toBeInstanceOf((globalThis as unknown as { WebAssembly: { Memory: new () => object } }).WebAssembly.Memory);
  });

  it("has at least one page", () => {
    expect(memory([]).memory.wasm.buffer.byteLength).toBe(KiB64);
  });
});

describe("regions that cannot be", () => {
  const GiB = 2 ** 30;
  //   what             regions                                                                    the message
  it.each<readonly [string, readonly MemoryRegionConfig[], GuestMemoryOptions, string]>([
    ["overlap", [{ base: 0, size: 0x2000 }, { base: 0x1fff, size: 1, name: "rom" }], {}, "memory rom at 0x1fff+0x1 overlaps memory ram at 0x0+0x2000; move or shrink one of the two"],
    ["more than 4 GiB", [{ base: 0, size: 3 * GiB }, { base: 4 * GiB, size: 2 * GiB }], {}, "the machine's memory needs 5368709120 bytes in all; give it at most 4 GiB, the backend's reserve included"],
    ["4 GiB and a reserve", [{ base: 0, size: 4 * GiB }], { reserveBytes: 1 }, "the machine's memory needs 4295032832 bytes in all"],
    ["nothing", [{ base: 0, size: 0 }], {}, "ram at 0x0 has size 0"],
    ["half a byte", [{ base: 0.5, size: 1 }], {}, "ram has base address 0.5"],
    ["beyond the address space", [{ base: 2 ** 53 - 1, size: 2 }], {}, "ram at 0x1f_ffff_ffff_ffff has size 2"],
    ["of one name", [{ base: 0, size: 8, name: "a" }, { base: 64, size: 8, name: "a" }], {}, "two memory regions are named a; give each a name of its own"],
  ])("%s", (_what, regions, options, message) => {
    let error: TraplineError | undefined;
    try {
      memory(regions, options);
    } catch (e) {
      error = e as TraplineError;
    }
    expect(isTraplineError(error, "config")).toBe(true);
    expect(error?.message).toContain(message);
  });
});
