/** Both ways to gzip read each other's output, and neither unpacks more than it is asked for. */
import { describe, expect, it } from "vitest";
import { GZIP, WEB_GZIP } from "./gzip.ts";

const bytes = new Uint8Array(100_000).map((_, n) => n >> 5);

describe.each([
  ["Node's zlib", GZIP],
  ["the web's streams", WEB_GZIP],
])("%s", (_name, way) => {
  it.each([
    ["Node", GZIP],
    ["the web", WEB_GZIP],
  ])("unpacks what %s packed", async (_other, other) => {
    const packed = await other.pack(bytes);
    expect(packed.length).toBeLessThan(bytes.length / 10);
    expect(Buffer.compare(await way.unpack(packed, bytes.length), bytes)).toBe(0);
  });

  it("unpacks nothing from nothing", async () => {
    expect(await way.unpack(await way.pack(new Uint8Array(0)), 0)).toHaveLength(0);
  });

  it("refuses what is longer than allowed, damaged or cut short", async () => {
    const packed = await way.pack(bytes);
    await expect(way.unpack(packed, bytes.length - 1)).rejects.toThrow(/larger|more than/);
    await expect(way.unpack(packed.subarray(0, -4), bytes.length)).rejects.toBeInstanceOf(Error);
    await expect(way.unpack(packed.with(packed.length >> 1, packed[packed.length >> 1]! ^ 1), bytes.length)).rejects.toBeInstanceOf(Error);
  });
});

it("in Node it is zlib that does it", () => {
  expect(GZIP).not.toBe(WEB_GZIP);
});
