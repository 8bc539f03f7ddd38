/** The configuration space (virtio 1.2, 5.1.4): fields, widths, and who may write what. */
import { describe, expect, it } from "vitest";
import { formatMac, parseMac } from "./ethernet.ts";
import { NetConfig } from "./net-config.ts";

function config(mtu = 1500): NetConfig {
  const made = new NetConfig(parseMac("52:54:00:12:34:56"), mtu);
  made.linkUp = true;
  return made;
}

describe("the configuration", () => {
  it.each([
    ["mac, byte by byte", 1, [0, 1, 2, 3, 4, 5], [0x52, 0x54, 0, 0x12, 0x34, 0x56]],
    ["mac in larger pieces", 2, [0, 2, 4], [0x5452, 0x1200, 0x5634]],
    ["status: link up", 2, [6], [1]],
    ["max_virtqueue_pairs", 2, [8], [1]],
    ["mtu", 2, [10], [1500]],
    ["32 bits", 4, [0, 4, 8], [0x1200_5452, 0x0001_5634, 0x05dc_0001]],
    ["nothing behind its end", 4, [12, 100], [0, 0]],
    ["half behind its end", 4, [10], [1500]],
  ] as const)("%s", (_what, width, offsets, values) => {
    expect(offsets.map((offset) => config().read(offset, width))).toEqual(values);
  });

  it("is read 64 bits at a time, too", () => {
    expect([config().read(0, 8), config().read(8, 8)]).toEqual([0x0001_5634_1200_5452, 0x05dc_0001]);
  });

  it("shows announcements in bit 1 of the status, and an MTU of 0 where none is told", () => {
    const made = config(0);
    made.announce = true;
    expect([made.read(6, 2), made.read(10, 2)]).toEqual([3, 0]);
    made.linkUp = false;
    expect(made.read(6, 1)).toBe(2);
  });

  it("is read-only (5.1.4.2)", () => {
    const made = config();
    for (const offset of [0, 4, 6, 8, 10, 12]) made.write(offset, 4, 0xffff_ffff);
    expect([formatMac(made.mac), made.read(4, 4), made.read(8, 4)]).toEqual(["52:54:00:12:34:56", 0x0001_5634, 0x05dc_0001]);
  });

  it("has an address that drivers from before 1.0 write, and nothing else (5.1.4.3)", () => {
    const made = config();
    made.macWritable = true;
    for (const [n, byte] of [0x02, 0x11, 0x22, 0x33, 0x44, 0x55].entries()) made.write(n, 1, byte);
    expect(formatMac(made.mac)).toBe("02:11:22:33:44:55");
    made.write(0, 8, 0xffff_ccbb_aa99_8802n);
    expect([formatMac(made.mac), made.read(6, 2)]).toEqual(["02:88:99:aa:bb:cc", 1]);
    made.write(4, 4, 0x1122_3344);
    made.write(6, 2, 0);
    expect([formatMac(made.mac), made.read(6, 2)]).toEqual(["02:88:99:aa:44:33", 1]);
  });
});
