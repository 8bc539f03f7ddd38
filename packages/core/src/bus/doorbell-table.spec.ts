/**
 * Which writes ring which doorbell, and which doorbells cannot live together. spec: virt/kvm/eventfd.c
 * (ioeventfd_check_collision, ioeventfd_in_range); vector numbers are those of kvm-irq-abi.md K.5.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBigint, toBigint, type U64 } from "../u64.ts";
import { type DoorbellMatch, DoorbellTable } from "./doorbell-table.ts";

interface Bell {
  readonly match: DoorbellMatch;
}

const A = 0x0a00_0050;
const sized = (address: number, width: 1 | 2 | 4 | 8, value?: U64): DoorbellMatch => ({ address, width, ...(value === undefined ? {} : { value }) });
const widthless = (address: number): DoorbellMatch => ({ address, width: 0 });

/** E.3, word by word. */
function collide(e: DoorbellMatch, n: DoorbellMatch): boolean {
  if (e.address !== n.address) return false;
  if (e.width === 0 || n.width === 0) return true;
  if (e.width !== n.width) return false;
  return e.value === undefined || n.value === undefined || toBigint(e.value) === toBigint(n.value);
}

/** E.4, word by word. */
function rings({ address, width, value }: DoorbellMatch, at: number, bytes: number, written: U64): boolean {
  if (address !== at) return false;
  if (width === 0) return true;
  return width === bytes && (value === undefined || toBigint(value) === toBigint(written));
}

describe("two doorbells (E.3)", () => {
  //  #     there already        comes                    collide
  it.each([
    [94, /* */ sized(A, 4), /*    */ sized(A, 4, 1), /*     */ true],
    [95, /* */ sized(A, 4, 1), /* */ sized(A, 4, 2), /*     */ false],
    [96, /* */ sized(A, 4), /*    */ sized(A, 2), /*        */ false],
    [97, /* */ sized(A, 4), /*    */ widthless(A), /*       */ true],
    [97, /* */ widthless(A), /*   */ sized(A, 4), /*        */ true],
    [98, /* */ sized(A, 4), /*    */ sized(A + 2, 4), /*    */ false], // bytes overlap, addresses differ
    [100, /**/ sized(A, 4, 1), /* */ sized(A, 4, 1), /*     */ true],
    ["–", /**/ sized(A, 4, 1), /* */ sized(A, 4), /*        */ true],
    ["–", /**/ sized(A, 4, 1), /* */ widthless(A), /*       */ true],
    ["–", /**/ widthless(A), /*   */ widthless(A), /*       */ true],
    ["–", /**/ sized(A, 8, 1), /* */ sized(A, 8, 2n ** 63n), false],
    ["–", /**/ sized(A, 4, 7), /* */ sized(A, 4, 0x1_0000_0007), false], // compared in full
    ["–", /**/ sized(A, 4), /*    */ sized(A + 2 ** 32, 4), false],
  ] as const)("vector %s: %o then %o", (_number, there, comes, expected) => {
    const table = new DoorbellTable<Bell>();
    const bell = { match: there };
    table.insert(there, bell);
    expect(table.conflict(comes)).toBe(expected ? bell : undefined);
    expect(collide(there, comes)).toBe(expected); // the oracle below agrees
  });
});

describe("a write (E.4)", () => {
  //  #     doorbell                   width   value             rings
  it.each([
    [101, /**/ sized(A, 4, 7), /*       */ 4, 7, /*            */ true],
    [102, /**/ sized(A, 4, 7), /*       */ 4, 8, /*            */ false],
    [103, /**/ sized(A, 4, 7), /*       */ 2, 7, /*            */ false],
    [104, /**/ sized(A, 4, 0x1_0000_0007), 4, 7, /*            */ false],
    [105, /**/ widthless(A), /*         */ 1, 0xff, /*         */ true],
    [105, /**/ widthless(A), /*         */ 2, 0, /*            */ true],
    [105, /**/ widthless(A), /*         */ 4, 0xffff_ffff, /*  */ true],
    [105, /**/ widthless(A), /*         */ 8, 2n ** 64n - 1n, true],
    ["–", /**/ sized(A, 4), /*          */ 4, 0x1234, /*       */ true],
    ["–", /**/ sized(A, 8, 2n ** 53n), /**/ 8, 2n ** 53n, /*   */ true],
    ["–", /**/ sized(A, 8, 2 ** 53 - 1), 8, 2 ** 53 - 1, /*    */ true],
    ["–", /**/ sized(A, 8, 5n), /*      */ 8, 5, /*            */ true], // a bigint that would fit a number is the same value
    ["–", /**/ sized(A + 1, 4), /*      */ 4, 7, /*            */ false],
  ] as const)("vector %s: on %o, %d bytes, value %d", (_number, match, width, value, expected) => {
    const table = new DoorbellTable<Bell>();
    const bell = { match };
    table.insert(match, bell);
    expect(table.find(A, width, value)).toBe(expected ? bell : undefined);
    expect(rings(match, A, width, value)).toBe(expected);
  });

  it("vector 107: of two values at one address each rings its own", () => {
    const table = new DoorbellTable<Bell>();
    const bells = [1, 2].map((value) => ({ match: sized(A, 4, value) }));
    for (const bell of bells) table.insert(bell.match, bell);
    expect([1, 2, 3].map((value) => table.find(A, 4, value))).toEqual([bells[0], bells[1], undefined]);
  });
});

describe("any history of doorbells", () => {
  const address = fc.oneof(
    fc.nat(3).map((n) => A + n),
    fc.nat(2000).map((n) => A + 4 * n), // a queue's notify registers
    fc.nat(3).map((n) => A + n * 2 ** 32),
    fc.constant(2 ** 53 - 8),
  );
  const value = fc.oneof(fc.nat(3), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(fromBigint), fc.constant(2 ** 53 - 1), fc.constant(2n ** 53n));
  const match: fc.Arbitrary<DoorbellMatch> = fc.oneof(
    address.map(widthless),
    fc.tuple(address, fc.constantFrom(1, 2, 4, 8)).map(([at, width]) => sized(at, width)),
    fc.tuple(address, fc.constantFrom(1, 2, 4, 8), value).map(([at, width, v]) => sized(at, width, v)),
  );
  type Step = { readonly add: DoorbellMatch } | { readonly remove: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: match }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.nat() }) },
  );

  it("refuses what E.3 refuses and rings what E.4 rings", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: "max" }), fc.array(fc.tuple(address, fc.constantFrom(1, 2, 4, 8), value)), (steps, writes) => {
        const table = new DoorbellTable<Bell>();
        const list: Bell[] = [];
        for (const next of steps) {
          if ("remove" in next) {
            const [gone] = list.splice(next.remove % Math.max(1, list.length), 1);
            if (gone !== undefined) table.remove(gone.match);
            continue;
          }
          const expected = list.some((bell) => collide(bell.match, next.add));
          const conflict = table.conflict(next.add);
          expect(conflict !== undefined).toBe(expected);
          if (conflict !== undefined) expect(collide(conflict.match, next.add)).toBe(true); // it names a party that does collide
          if (expected) continue;
          const bell = { match: next.add };
          table.insert(next.add, bell);
          list.push(bell);
        }
        expect(table.size).toBe(list.length);
        const own = list.map(({ match: m }) => [m.address, m.width || 4, m.value ?? 9] as const);
        for (const [at, width, written] of [...writes, ...own]) {
          expect(table.find(at, width, written)).toBe(list.find((bell) => rings(bell.match, at, width, written)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("of thousands finds each, and after every other one was removed the rest", () => {
    const COUNT = 5000;
    const table = new DoorbellTable<Bell>();
    const bells = Array.from({ length: COUNT }, (_, n): Bell => {
      // Strides that plain masking would pile up, all values on one address, and wildcards.
      const kind = n % 4;
      if (kind === 0) return { match: sized(A + 0x1000 * n, 4) };
      if (kind === 1) return { match: sized(A - 8, 4, n) };
      if (kind === 2) return { match: widthless(A + 0x10_0000_0000 + 64 * n) };
      return { match: sized(A - 16, 8, fromBigint(BigInt(n) << 40n)) };
    });
    for (const bell of bells) table.insert(bell.match, bell);
    const ring = ({ match: m }: Bell): Bell | undefined => table.find(m.address, m.width || 2, m.value ?? 77);
    expect(bells.every((bell) => ring(bell) === bell)).toBe(true);
    for (const [n, bell] of bells.entries()) if (n % 2 === 0) table.remove(bell.match);
    expect(table.size).toBe(COUNT / 2);
    expect(bells.every((bell, n) => ring(bell) === (n % 2 === 0 ? undefined : bell))).toBe(true);
    for (const bell of bells) table.remove(bell.match);
    expect([table.size, table.find(A, 4, 0)]).toEqual([0, undefined]);
  });
});
