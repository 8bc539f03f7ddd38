/**
 * The two-level table against the obvious one, a list searched from the front, over random histories of claims and releases.
 *
 * The scales are those at which the table changes its mind: bytes within one page (4 KiB), pages within one chunk (64 MiB),
 * ranges over several chunks, and the border at 2^40 beyond which ranges are searched by halves.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AddressRange, overlaps } from "./address-range.ts";
import { RegionTable } from "./region-table.ts";

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const NEAR_LIMIT = 2 ** 40;
const TOP = 2 ** 53;

class ListOracle {
  readonly all: AddressRange[] = [];
  covers(address: number): AddressRange | undefined {
    return this.all.find(({ base, size }) => address >= base && address - base < size);
  }
  conflict(range: AddressRange): boolean {
    return this.all.some((other) => overlaps(other, range));
  }
}

/** `find` may give a range that only touches the page of the address; the caller checks the bounds. */
function found(table: RegionTable<AddressRange>, address: number): AddressRange | undefined {
  const range = table.find(address);
  return range !== undefined && address >= range.base && address - range.base < range.size ? range : undefined;
}

/** Bases near the places where the table changes level, sizes from a byte to several chunks. */
const anyBase = fc.oneof(
  fc.nat(3 * 4 * KiB), // bytes in three pages
  fc.nat(64).map((page) => page * 4 * KiB),
  fc.nat(6).map((chunk) => chunk * 64 * MiB),
  fc.tuple(fc.nat(6), fc.integer({ min: -2, max: 2 })).map(([chunk, by]) => Math.max(0, chunk * 64 * MiB + by)),
  fc.integer({ min: -5, max: 5 }).map((by) => NEAR_LIMIT + by * 4 * KiB),
  fc.nat(20).map((by) => NEAR_LIMIT + by),
  fc.nat(20).map((by) => TOP - 1 - by * 7),
  fc.maxSafeNat(),
);
const anySize = fc.oneof(
  fc.integer({ min: 1, max: 16 }),
  fc.integer({ min: 1, max: 3 }).map((pages) => pages * 4 * KiB),
  fc.integer({ min: 1, max: 4 }).map((chunks) => chunks * 64 * MiB),
  fc.constant(NEAR_LIMIT),
  fc.integer({ min: 1, max: 200 * MiB }),
);

type Step = { readonly claim: AddressRange } | { readonly release: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ claim: fc.record({ base: anyBase, size: anySize }) }) },
  { weight: 1, arbitrary: fc.record({ release: fc.nat(50) }) },
);

/** Where a difference would show: on and beside the borders of everything ever claimed, and of its pages and chunks. */
function probes(ranges: readonly AddressRange[]): readonly number[] {
  const addresses = new Set<number>();
  for (const range of ranges) {
    const start = range.base;
    const end = start + range.size;
    for (const at of [start, end, start + Math.floor(range.size / 2), ...[4 * KiB, 64 * MiB].flatMap((unit) => [start - (start % unit), end - (end % unit)])]) {
      for (const by of [-1, 0, 1]) if (at + by >= 0 && at + by < TOP) addresses.add(at + by);
    }
  }
  return [...addresses];
}

describe("RegionTable", () => {
  it("finds what a list finds, after any history of claims and releases", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const table = new RegionTable<AddressRange>();
        const oracle = new ListOracle();
        const ever: AddressRange[] = [];
        for (const next of steps) {
          if ("release" in next) {
            const [gone] = oracle.all.splice(next.release % Math.max(1, oracle.all.length), 1);
            if (gone !== undefined) table.remove(gone);
          } else {
            const range = { ...next.claim, size: Math.min(next.claim.size, TOP - next.claim.base) };
            expect(table.conflict(range) !== undefined).toBe(oracle.conflict(range));
            if (oracle.conflict(range)) continue;
            table.insert(range);
            oracle.all.push(range);
            ever.push(range);
          }
        }
        for (const address of probes(ever)) expect([address, found(table, address)]).toEqual([address, oracle.covers(address)]);
        expect(table.all).toEqual([...oracle.all].sort((a, b) => a.base - b.base));
      }),
      { numRuns: 300 },
    );
  });

  it("is empty again when everything was released, and finds new claims as if nothing had been", () => {
    const table = new RegionTable<AddressRange>();
    const ranges = Array.from({ length: 300 }, (_, n) => ({ base: n * 100, size: 100 }));
    for (let round = 0; round < 3; round++) {
      for (const range of ranges) table.insert(range);
      for (const range of ranges) expect(found(table, range.base + 99)).toBe(range);
      for (const range of ranges) table.remove(range);
      for (const range of ranges) expect(found(table, range.base)).toBeUndefined();
    }
    table.remove(ranges[0]!); // what is not there is not removed
    expect(table.all).toEqual([]);
  });

  it("takes the same range again under another claimant", () => {
    const table = new RegionTable<AddressRange & { readonly who: string }>();
    const first = { base: 0x1000, size: 0x1000, who: "first" };
    table.insert(first);
    table.remove(first);
    table.insert({ ...first, who: "second" });
    expect(table.find(0x1800)?.who).toBe("second");
  });

  //   what                                       address               who
  const PCI_WINDOW = { base: 2 ** 39, size: 2 ** 39 };
  const STRADDLING = { base: NEAR_LIMIT - 8, size: 16 };
  it.each([
    ["the last byte below 2^40 of a huge range", PCI_WINDOW, NEAR_LIMIT - 1, true],
    ["its first byte", PCI_WINDOW, 2 ** 39, true],
    ["the byte before it", PCI_WINDOW, 2 ** 39 - 1, false],
    ["a range across 2^40, below", STRADDLING, NEAR_LIMIT - 1, true],
    ["a range across 2^40, above", STRADDLING, NEAR_LIMIT, true],
    ["a range across 2^40, its end", STRADDLING, NEAR_LIMIT + 8, false],
    ["the very last address", { base: TOP - 1, size: 1 }, TOP - 1, true],
    ["everything there is", { base: 0, size: TOP - 1 }, TOP - 2, true],
    ["an address beyond any chunk in use", { base: 0, size: 4096 }, NEAR_LIMIT - 1, false],
  ])("finds %s", (_what, range, address, hit) => {
    const table = new RegionTable<AddressRange>();
    table.insert(range);
    expect(found(table, address)).toBe(hit ? range : undefined);
  });
});
