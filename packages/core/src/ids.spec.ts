/** Number spaces of their own, checked at the edge. INTID ranges: Arm IHI 0069H, 2.2 "INTIDs". */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTraplineError } from "./errors.ts";
import { describeIntid, eppi, espi, gpa, gsi, hex, intid, lpi, pin, ppi, sgi, spi, vcpuId } from "./ids.ts";

describe("an id", () => {
  //   kind                       its last value             its name in messages
  const KINDS = [
    [gpa, /*     */ 2 ** 53 - 1, /*   */ "guest-physical address"],
    [gsi, /*     */ 2 ** 32 - 1, /*   */ "GSI"],
    [pin, /*     */ 2 ** 32 - 1, /*   */ "pin"],
    [intid, /*   */ 2 ** 24 - 1, /*   */ "INTID"],
    [vcpuId, /*  */ 2 ** 16 - 1, /*   */ "vCPU id"],
    [sgi, /*     */ 15, /*            */ "SGI"],
    [ppi, /*     */ 15, /*            */ "PPI"],
    [spi, /*     */ 987, /*           */ "SPI"],
    [eppi, /*    */ 63, /*            */ "extended PPI"],
    [espi, /*    */ 1023, /*          */ "extended SPI"],
    [lpi, /*     */ 2 ** 24 - 1 - 8192, "LPI"],
  ] as const;

  it.each(KINDS)("%o takes 0 to %d and nothing else", (make, last, name) => {
    expect(() => [make(0), make(last)]).not.toThrow();
    for (const bad of [-1, last + 1, 0.5, NaN, Infinity, "1" as never]) {
      const error = attempt(() => make(bad));
      expect(isTraplineError(error, "config")).toBe(true);
      expect((error as Error).message).toBe(`${name} ${bad} is out of range; use a whole number from 0 to ${hex(last)}`);
    }
  });

  //   made by          INTID   called
  it.each([
    [sgi(0), /*     */ 0, /*   */ "SGI 0"],
    [sgi(15), /*    */ 15, /*  */ "SGI 15"],
    [ppi(0), /*     */ 16, /*  */ "PPI 0"],
    [ppi(15), /*    */ 31, /*  */ "PPI 15"],
    [spi(0), /*     */ 32, /*  */ "SPI 0"],
    [spi(987), /*   */ 1019, /**/ "SPI 987"],
    [intid(1020), /**/ 1020, /**/ "special 1020"],
    [intid(1023), /**/ 1023, /**/ "special 1023"],
    [intid(1024), /**/ 1024, /**/ "reserved 1024"],
    [eppi(0), /*    */ 1056, /**/ "EPPI 0"],
    [eppi(63), /*   */ 1119, /**/ "EPPI 63"],
    [intid(1120), /**/ 1120, /**/ "reserved 1120"],
    [espi(0), /*    */ 4096, /**/ "ESPI 0"],
    [espi(1023), /* */ 5119, /**/ "ESPI 1023"],
    [intid(5120), /**/ 5120, /**/ "reserved 5120"],
    [lpi(0), /*     */ 8192, /**/ "LPI 0"],
    [lpi(2 ** 24 - 1 - 8192), 2 ** 24 - 1, "LPI 16769023"],
  ])("INTID %d is %d, %s", (made, number, text) => {
    expect([made, describeIntid(made)]).toEqual([number, text]);
  });
});

describe("hex", () => {
  it.each([
    [0, 0, "0x0"],
    [0xabc, 0, "0xabc"],
    [0x1234, 0, "0x1234"],
    [0x1_2345, 0, "0x1_2345"],
    [0x0900_0000, 8, "0x0900_0000"],
    [2 ** 53 - 1, 0, "0x1f_ffff_ffff_ffff"],
    [2n ** 64n - 1n, 0, "0xffff_ffff_ffff_ffff"],
  ])("of %d with %d digits is %s", (value, digits, text) => {
    expect(hex(value, digits)).toBe(text);
  });

  it("can be read back", () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(16), (value, digits) => BigInt(hex(value, digits).replaceAll("_", "")) === value));
  });
});

function attempt(use: () => unknown): unknown {
  try {
    return use();
  } catch (error) {
    return error;
  }
}
