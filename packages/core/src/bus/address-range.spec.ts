/** Half-open ranges up to 2^53, where the sums of addresses stop being exact. */
import { describe, expect, it } from "vitest";
import { type AddressRange, checkRange, contains, formatRange, overlaps } from "./address-range.ts";

const TOP = 2 ** 53;
const range = (base: number, size: number): AddressRange => ({ base, size });

describe("contains", () => {
  //   range                    address    width   inside
  it.each([
    [range(0x1000, 0x100), /**/ 0x0fff, /**/ 1, false],
    [range(0x1000, 0x100), /**/ 0x1000, /**/ 1, true],
    [range(0x1000, 0x100), /**/ 0x10ff, /**/ 1, true],
    [range(0x1000, 0x100), /**/ 0x1100, /**/ 1, false],
    [range(0x1000, 0x100), /**/ 0x0fff, /**/ 2, false], // starts before
    [range(0x1000, 0x100), /**/ 0x10ff, /**/ 2, false], // ends after
    [range(0x1000, 0x100), /**/ 0x10f8, /**/ 8, true],
    [range(TOP - 4, 4), /*   */ TOP - 4, /**/ 4, true],
    [range(TOP - 4, 4), /*   */ TOP - 1, /**/ 1, true],
    [range(TOP - 4, 4), /*   */ TOP - 1, /**/ 2, false], // 2^53 + 1 is no number: the sum rounds down to 2^53
  ])("%o, address %d, width %d: %s", (where, address, width, inside) => {
    expect(contains(where, address, width)).toBe(inside);
  });
});

describe("overlaps", () => {
  it.each([
    [range(0x1000, 0x100), range(0x1100, 0x100), false], // adjacent
    [range(0x1000, 0x101), range(0x1100, 0x100), true],
    [range(0x1000, 0x100), range(0x1000, 0x100), true],
    [range(0x1000, 0x1000), range(0x1800, 1), true], // inside
    [range(0, TOP - 1), range(TOP - 1, 1), false],
  ])("%o and %o: %s, both ways round", (a, b, expected) => {
    expect([overlaps(a, b), overlaps(b, a)]).toEqual([expected, expected]);
  });
});

describe("a range is checked once, where it is claimed", () => {
  it.each([range(0, 1), range(0x0900_0000, 0x1000), range(0, TOP - 1), range(TOP - 1, 1)])("%o is accepted", (good) => {
    expect(() => checkRange(good, "uart0")).not.toThrow();
  });

  it.each([
    [range(-1, 1), "uart0 has base address -1; use a whole number from 0 to 2^53 − 1"],
    [range(0.5, 1), "uart0 has base address 0.5; use a whole number from 0 to 2^53 − 1"],
    [range(NaN, 1), "uart0 has base address NaN; use a whole number from 0 to 2^53 − 1"],
    [range(TOP, 1), "uart0 has base address 9007199254740992; use a whole number from 0 to 2^53 − 1"],
    [range(0x1000, 0), "uart0 at 0x1000 has size 0; use a whole number of bytes from 1 to 0x1f_ffff_ffff_f000"],
    [range(0x1000, 1.5), "uart0 at 0x1000 has size 1.5; use a whole number of bytes from 1 to 0x1f_ffff_ffff_f000"],
    [range(TOP - 1, 2), "uart0 at 0x1f_ffff_ffff_ffff has size 2; use a whole number of bytes from 1 to 0x1"],
  ])("%o is refused", (bad, message) => {
    expect(() => checkRange(bad, "uart0")).toThrow(message);
  });

  it("is written as base+size", () => {
    expect(formatRange(range(0x0900_0000, 0x1000))).toBe("0x900_0000+0x1000");
  });
});
