/** Addresses as text, as numbers and as bytes of a frame. */
import { describe, expect, it } from "vitest";
import { BROADCAST, formatMac, isGroupAddress, macAt, macByte, macOfNames, parseMac } from "./ethernet.ts";

describe("a MAC address", () => {
  it.each([
    ["52:54:00:12:34:56", 0x5254_0012_3456],
    ["fe-ff-ff-ff-ff-fe", 0xfeff_ffff_fffe],
    ["00:00:00:00:00:01", 1],
  ])("%s is read, and written with colons", (text, mac) => {
    expect(parseMac(text)).toBe(mac);
    expect(formatMac(mac)).toBe(text.replaceAll("-", ":"));
    const bytes = Uint8Array.from({ length: 8 }, (_, n) => (n < 2 ? 0xee : macByte(mac, n - 2)));
    expect(macAt(bytes, 2)).toBe(mac);
  });

  it.each([
    ["", /is no MAC address/],
    ["52:54:00:12:34", /is no MAC address/],
    ["52:54:00:12:34:5", /is no MAC address/],
    ["52:54:00-12:34:56", /is no MAC address/],
    ["52:54:00:12:34:56:78", /is no MAC address/],
    ["52:54:00:12:34:5g", /is no MAC address/],
    ["00:00:00:00:00:00", /nobody's address/],
    ["01:00:5e:00:00:01", /address of a group/],
    ["ff:ff:ff:ff:ff:ff", /address of a group.*like 52:54:00:12:34:56/],
  ])("%j is refused", (text, why) => {
    expect(() => parseMac(text)).toThrow(why);
  });

  it("of a group has the lowest bit of its first byte set", () => {
    const macs = [BROADCAST, 0x0100_5e00_0001, 0x3333_0000_0001, 0x5254_0012_3456, 0xfeff_ffff_ffff];
    expect(macs.map(isGroupAddress)).toEqual([true, true, true, false, false]);
  });

  it("made from names is the same each time, another for other names, and locally administered", () => {
    const macs = ["a/net0", "b/net0", "a/net1"].map((names) => macOfNames(...(names.split("/") as [string, string])));
    for (const mac of macs) expect(formatMac(mac)).toMatch(/^52:54:00:/);
    expect(new Set(macs).size).toBe(3);
    expect(macOfNames("a", "net0")).toBe(macs[0]);
  });
});
