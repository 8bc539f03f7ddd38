/** The committed guests are those of the manifest, byte for byte, and those that the rows ask for. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { guestImage, guestImages } from "./guest-image.ts";

const manifest = JSON.parse(readFileSync(new URL("../../guests/manifest.json", import.meta.url), "utf8")) as {
  readonly guests: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
};

describe("the guests", () => {
  it.each(manifest.guests)("$name has the bytes of the manifest", ({ name, bytes, sha256 }) => {
    const image = readFileSync(guestImage(name).path);
    expect([image.length, createHash("sha256").update(image).digest("hex")]).toEqual([bytes, sha256]);
  });

  it("have counts and checksums exactly where work is counted", () => {
    for (const { name, instructions, checksum } of guestImages()) {
      const counted = name.startsWith("cpu/");
      expect([name, instructions !== undefined && instructions > 5e8, /^[0-9a-f]{16}$/.test(checksum ?? "")]).toEqual([name, counted, counted]);
    }
  });

  it("compute what arithmetic says: fib(37)", () => {
    expect(BigInt(`0x${guestImage("cpu/fib").checksum}`)).toBe(24_157_817n);
  });

  it("are named when one is asked for that does not exist", () => {
    expect(() => guestImage("cpu/fpu")).toThrow(/there is no guest cpu\/fpu; the guests are cpu\/alu, .*guest\/timer-latency/);
  });
});
