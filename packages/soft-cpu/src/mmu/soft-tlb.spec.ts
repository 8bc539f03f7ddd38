/** The translations that generated code looks up: which tags an entry gets, and what each invalidation removes and leaves. */
import { describe, expect, it } from "vitest";
import {
  ADDEND, CODE_ENTRIES, CODE_ENTRY_BYTES, CODE_ENTRY_RECORDS, CODE_TRANSLATIONS, CONTEXT_BYTES, CONTEXT_COUNT, CONTEXTS, DATA_ENTRIES, DATA_ENTRY_BYTES, EL0_CONTEXT,
  TAG_READ, TAG_SLOW, TAG_WRITE,
} from "../state/layout.ts";
import { ALIGNED_ONLY, CODE, DEVICE, MMIO, READABLE, ROM, WATCHED, WRITABLE } from "./entry-flags.ts";
import { hi, lo, RAM_BASE, ROM_BASE, TestMemory } from "./guest-tables.fixture.ts";
import { SoftTlb } from "./soft-tlb.ts";
import { rightsOf, Translation } from "./translation.ts";

const EL1 = CONTEXTS;
const EL0 = CONTEXTS + EL0_CONTEXT;
const VA = 0x0000_aaaa_bbcc_d000n;
const RW = rightsOf(false, true, true, true, false);
const RO = rightsOf(true, true, true, true, false);
const KERNEL_RW = rightsOf(false, false, true, true, false);

interface Mapping {
  readonly pa?: number;
  readonly rights?: number;
  readonly device?: boolean;
  readonly global?: boolean;
  readonly blockLog2?: number;
}

function mapping({ pa = RAM_BASE, rights = RW, device = false, global = true, blockLog2 = 12 }: Mapping = {}): Translation {
  return Object.assign(new Translation(), { pa, rights, device, global, blockLog2 });
}

interface Bench {
  readonly tlb: SoftTlb;
  readonly memory: TestMemory;
  readonly fill: (va: bigint, how?: Mapping, context?: number, forced?: number) => number;
  readonly has: (va: bigint, context?: number) => boolean;
}

function setUp(): Bench {
  const memory = new TestMemory();
  const tlb = new SoftTlb(memory.buffer, memory);
  tlb.invalidateAll(EL1);
  tlb.invalidateAll(EL0);
  return {
    tlb,
    memory,
    fill: (va, how = {}, context = EL1, forced = 0) => tlb.fill(context, hi(va), lo(va), mapping(how), forced),
    has: (va, context = EL1) => tlb.lookup(context, hi(va), lo(va)) !== -1,
  };
}

/** The three tags of the entry for `va`, by letters: r, w and s where they are the page's address. */
function tags({ view }: TestMemory, va: bigint, context = EL1): string {
  const entry = context + (Number(va >> 12n) % DATA_ENTRIES) * DATA_ENTRY_BYTES;
  const page = BigInt.asUintN(64, va & ~0xfffn);
  return [TAG_READ, TAG_WRITE, TAG_SLOW].map((tag, i) => (view.getBigUint64(entry + tag, true) === page ? "rws"[i]! : "-")).join("");
}

describe("an entry's tags and flags", () => {
  it.each<readonly [string, Mapping, number, number, string, number]>([
    //                                                              EL   tags   flags
    ["RAM, all may write", {}, 0, 1, "rws", READABLE | WRITABLE],
    ["RAM, all may write", {}, 0, 0, "rws", READABLE | WRITABLE],
    ["RAM, read-only", { rights: RO }, 0, 0, "r-s", READABLE],
    ["RAM of EL1", { rights: KERNEL_RW }, 0, 1, "rws", READABLE | WRITABLE],
    ["RAM of EL1, seen from EL0", { rights: KERNEL_RW }, 0, 0, "--s", 0],
    ["RAM mapped as Device", { device: true }, 0, 1, "--s", READABLE | WRITABLE | DEVICE | ALIGNED_ONLY],
    ["RAM with SCTLR_EL1.A", {}, ALIGNED_ONLY, 1, "--s", READABLE | WRITABLE | ALIGNED_ONLY],
    ["RAM with a watchpoint", {}, WATCHED, 1, "--s", READABLE | WRITABLE | WATCHED],
    ["ROM", { pa: ROM_BASE }, 0, 1, "r-s", READABLE | WRITABLE | ROM],
    ["nothing there", { pa: 0x900_0000 }, 0, 1, "--s", READABLE | WRITABLE | MMIO],
    ["a device", { pa: 0x900_0000, device: true }, 0, 1, "--s", READABLE | WRITABLE | MMIO | DEVICE | ALIGNED_ONLY],
  ])("%s: %o", (_name, how, forced, el, expected, flags) => {
    const { fill, memory, tlb } = setUp();
    const context = el === 1 ? EL1 : EL0;
    expect(fill(VA, how, context, forced)).toBe(flags);
    expect(tlb.lookup(context, hi(VA), lo(VA))).toBe(flags);
    expect(tags(memory, VA, context)).toBe(expected);
    expect(tlb.physicalAddress(context, lo(VA) + 0x123)).toBe((how.pa ?? RAM_BASE) + 0x123);
  });

  it("leads to the page's bytes, whatever byte of it was asked for", () => {
    const { fill, memory, tlb } = setUp();
    fill(VA + 0x765n, { pa: RAM_BASE + 0x3765 });
    const at = memory.wasmOffset(RAM_BASE + 0x3010);
    const entry = EL1 + (Number(VA >> 12n) % DATA_ENTRIES) * DATA_ENTRY_BYTES;
    expect((memory.view.getInt32(entry + ADDEND, true) + lo(VA) + 0x10) >>> 0).toBe(at);
    expect(tlb.wasmAddress(EL1, lo(VA) + 0x10)).toBe(at);
  });

  it("keeps a physical page of 40 bits", () => {
    const { fill, tlb } = setUp();
    fill(VA, { pa: 0xff_ffff_f000 });
    expect(tlb.physicalAddress(EL1, lo(VA) + 4)).toBe(0xff_ffff_f004);
  });

  it("keeps the contexts of all vCPUs and levels apart", () => {
    const { fill, tlb } = setUp();
    const contexts = Array.from({ length: 2 * CONTEXT_COUNT }, (_, n) => CONTEXTS + n * CONTEXT_BYTES);
    for (const [n, context] of contexts.entries()) {
      tlb.invalidateAll(context);
      fill(VA, { pa: 0x900_0000 + n * 0x1000 }, context);
    }
    expect(contexts.map((context) => tlb.physicalAddress(context, lo(VA)))).toEqual(contexts.map((_, n) => 0x900_0000 + n * 0x1000));
  });

  it("an empty context matches nothing, not even address 0", () => {
    const { has } = setUp();
    expect([has(0n), has(0xffff_ffff_ffff_f000n), has(VA)]).toEqual([false, false, false]);
  });
});

describe("decoded instructions", () => {
  it("take the fast write tag from every mapping of their page, in every context, and give it back", () => {
    const { fill, memory, tlb } = setUp();
    const OTHER = VA + 0x5000n;
    for (const context of [EL1, EL0]) for (const va of [VA, OTHER]) fill(va, { pa: RAM_BASE + 0x2000 }, context);
    fill(VA + 0x1000n, { pa: RAM_BASE + 0x3000 });
    fill(VA + 0x2000n, { pa: RAM_BASE + 0x2000, rights: RO });
    tlb.demoteWrites(RAM_BASE + 0x2abc);
    for (const context of [EL1, EL0]) {
      for (const va of [VA, OTHER]) expect([tags(memory, va, context), tlb.lookup(context, hi(va), lo(va)) & CODE]).toEqual(["r-s", CODE]);
    }
    expect(tags(memory, VA + 0x1000n)).toBe("rws");
    fill(VA + 0x3000n, { pa: RAM_BASE + 0x2000 });
    expect(tags(memory, VA + 0x3000n)).toBe("r-s"); // also those that come later
    tlb.promoteWrites(RAM_BASE + 0x2000);
    for (const va of [VA, OTHER, VA + 0x3000n]) {
      expect([tags(memory, va), tlb.lookup(EL1, hi(va), lo(va)) & CODE]).toEqual(["rws", 0]);
    }
    expect(tags(memory, VA + 0x2000n)).toBe("r-s"); // read-only before and after
  });

  it("are found by address until their records go", () => {
    const { tlb, memory } = setUp();
    const entry = EL0 + CODE_TRANSLATIONS + (Number(VA >> 12n) % CODE_ENTRIES) * CODE_ENTRY_BYTES;
    const { view } = memory;
    const read = (): readonly [bigint, number] => [view.getBigInt64(entry, true), view.getInt32(entry + CODE_ENTRY_RECORDS, true)];
    tlb.fillCode(EL0, hi(VA), lo(VA) + 0x40, mapping(), 0x14_0000);
    expect(read()).toEqual([VA, 0x14_0000]);
    tlb.dropRecords(0x14_4880);
    expect(read()).toEqual([VA, 0x14_0000]);
    tlb.dropRecords(0x14_0000);
    expect(read()[0]).toBe(-1n);
  });

  it("are all forgotten at once", () => {
    const { tlb, memory, fill } = setUp();
    tlb.demoteWrites(RAM_BASE);
    tlb.demoteWrites(RAM_BASE + 0x1000);
    fill(VA);
    fill(VA + 0x1000n, { pa: RAM_BASE + 0x1000 });
    tlb.fillCode(EL1, hi(VA), lo(VA), mapping({ blockLog2: 21 }), 0x14_0000);
    tlb.dropAllRecords();
    expect([tags(memory, VA), tags(memory, VA + 0x1000n)]).toEqual(["rws", "rws"]);
    expect(memory.view.getBigInt64(EL1 + CODE_TRANSLATIONS + (Number(VA >> 12n) % CODE_ENTRIES) * CODE_ENTRY_BYTES, true)).toBe(-1n);
  });
});

describe("invalidation by address", () => {
  it("removes the page and nothing else", () => {
    const { fill, has, tlb } = setUp();
    for (const va of [VA, VA + 0x1000n, VA - 0x1000n]) fill(va);
    tlb.invalidateVa(EL1, hi(VA), lo(VA) + 0xfff);
    expect([has(VA), has(VA + 0x1000n), has(VA - 0x1000n)]).toEqual([false, true, true]);
    tlb.invalidateVa(EL1, hi(VA + 0x1000n) ^ 1, lo(VA + 0x1000n)); // another page of the same slot
    expect(has(VA + 0x1000n)).toBe(true);
  });

  it("finds a page by any tag of it", () => {
    for (const tag of [0n, 0x5an << 56n, 0xffn << 56n]) {
      const { fill, has, tlb } = setUp();
      fill(VA | tag);
      expect([has(VA | tag), has(VA | (0x77n << 56n))]).toEqual([true, false]);
      tlb.invalidateVa(EL1, hi(VA), lo(VA));
      expect(has(VA | tag)).toBe(false);
    }
  });

  it.each([
    [21, 0x20_0000n],
    [30, 0x4000_0000n],
  ])("by one address in a block of 2^%d bytes removes all its pages, data and instructions", (blockLog2, size) => {
    const { fill, has, tlb, memory } = setUp();
    const block = VA & ~(size - 1n);
    const inside = [block, block + 0x1000n, block + size - 0x1000n, block + size / 2n + 0x3000n];
    const outside = [block - 0x2000n, block + size + 0x2000n];
    for (const va of [...inside, ...outside]) fill(va, { blockLog2 });
    fill(block + 0x5000n); // a page of its own that was mapped there
    const code = block + 0x7000n;
    tlb.fillCode(EL1, hi(code), lo(code), mapping({ blockLog2 }), 0x14_0000);
    tlb.invalidateVa(EL1, hi(block), lo(block) + 0x9000);
    expect(inside.map((va) => has(va))).toEqual([false, false, false, false]);
    expect(outside.map((va) => has(va))).toEqual([true, true]);
    expect(has(block + 0x5000n)).toBe(true);
    expect(memory.view.getBigInt64(EL1 + CODE_TRANSLATIONS + (Number(code >> 12n) % CODE_ENTRIES) * CODE_ENTRY_BYTES, true)).toBe(-1n);
  });

  it("forgets a block that was displaced", () => {
    const { fill, has, tlb } = setUp();
    fill(VA, { blockLog2: 21 });
    fill(VA + 0x40_0000n); // same slot
    fill(VA, {}); // now a page
    tlb.invalidateVa(EL1, hi(VA), lo(VA) ^ 0x1000);
    expect(has(VA)).toBe(true);
  });
});

describe("a change of ASID", () => {
  it("removes what is not global, data and instructions, and leaves the rest", () => {
    const { fill, has, tlb, memory } = setUp();
    const user = [VA, VA + 0x1000n, VA + 0x2000n];
    for (const va of user) fill(va, { global: false });
    fill(VA + 0x3000n);
    fill(VA + 0x2000n); // displaced by a global one
    tlb.fillCode(EL1, hi(VA), lo(VA), mapping({ global: false }), 0x14_0000);
    tlb.invalidateNonGlobal(EL1);
    expect([...user, VA + 0x3000n].map((va) => has(va))).toEqual([false, false, true, true]);
    expect(memory.view.getBigInt64(EL1 + CODE_TRANSLATIONS + (Number(VA >> 12n) % CODE_ENTRIES) * CODE_ENTRY_BYTES, true)).toBe(-1n);
  });

  it("works each time, however often the same slots were filled before", () => {
    const { fill, has, tlb } = setUp();
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 3000; i++) fill(VA + BigInt(i % 1500) * 0x1000n, { global: i % 3 === 0 });
      tlb.invalidateNonGlobal(EL1);
      const survivors = Array.from({ length: 1500 }, (_, i) => i).filter((i) => has(VA + BigInt(i) * 0x1000n));
      expect(survivors.every((i) => i % 3 === 0)).toBe(true);
      expect(survivors.length).toBeGreaterThan(300);
    }
  });
});
