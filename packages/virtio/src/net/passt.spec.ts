/** passt(1) as a child: what it answers, and what is said when it is not there or does not start. */
import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, it, type TestContext } from "vitest";
import { BROADCAST, etherTypeAt, macAt } from "./ethernet.ts";
import { Passt, type PasstOptions } from "./passt.ts";
import { frameOf, TestPlug } from "./plug.fixture.ts";

const MAC = 0x5254_0012_3456;
const plugs: TestPlug[] = [];

afterEach(() => {
  for (const plug of plugs.splice(0)) plug.port?.close();
});

async function plugged(options: PasstOptions): Promise<TestPlug> {
  const plug = new TestPlug("one/net0", MAC);
  plugs.push(plug);
  return await plug.plugInto(new Passt(options));
}

/** Addresses are given, so that the host's own do not matter; a host without any network has no passt all the same. */
const ADDRESSES = ["--ipv4-only", "--address", "192.0.2.15", "--netmask", "255.255.255.0", "--gateway", "192.0.2.2", "--dns", "none"];

async function needsPasst(context: TestContext): Promise<TestPlug> {
  if (spawnSync("passt", ["--version"]).status !== 0) context.skip("passt is not installed (Debian: apt-get install passt)");
  const plug = await plugged({ args: ADDRESSES });
  const request = arpRequest([192, 0, 2, 2]);
  plug.port.send(request);
  await plug.until("it answers, or ends", () => plug.port.first !== undefined || plug.errors.length > 0 || !plug.port.linkUp);
  if (!plug.port.linkUp) context.skip(`passt does not run here: ${plug.errors[0]?.message ?? "it ended"}`);
  return plug;
}

/** RFC 826: who has `ip`? */
function arpRequest(ip: readonly number[]): Uint8Array {
  const frame = new Uint8Array(42);
  frame.set(frameOf(BROADCAST, MAC, ""));
  frame.set([8, 6, 0, 1, 8, 0, 6, 4, 0, 1], 12);
  frame.set(frame.subarray(6, 12), 22);
  frame.set([192, 0, 2, 15], 28);
  frame.set(ip, 38);
  return frame;
}

describe("passt", () => {
  it("answers for its gateway, and is gone with the plug", async (context) => {
    const plug = await needsPasst(context);
    const [answer] = plug.takeAll();
    expect([macAt(answer!, 0), etherTypeAt(answer!), [...answer!.subarray(28, 32)], answer![21]]).toEqual([MAC, 0x0806, [192, 0, 2, 2], 2]);
    expect(plug.errors).toEqual([]);
    plug.port.close();
    expect([plug.port.linkUp, plug.port.expectant]).toEqual([false, false]);
  });

  it("that is not installed fails the machine, and the error names the package", async () => {
    await expect(plugged({ program: "passt-that-nobody-has" })).rejects.toThrow(
      /one\/net0 cannot start passt-that-nobody-has: .*ENOENT; install it \(Debian and Fedora: the package passt\), or name the program/,
    );
  });

  it("that does not like its arguments takes the link down, and is quoted", async () => {
    const plug = await plugged({ program: process.execPath, args: ["--no-such-option"] });
    await plug.until("it was reported", () => plug.errors.length > 0);
    await plug.until("the link is down", () => !plug.port.linkUp);
    expect(plug.errors[0]!.message).toMatch(/of one\/net0 ended with status \d+: .*bad option/);
    expect(plug.port.expectant).toBe(false);
  });

  it("is started again with reconnectMs", async () => {
    const plug = await plugged({ program: process.execPath, args: ["--no-such-option"], reconnectMs: 1 });
    await plug.until("it has ended twice", () => plug.errors.length > 1);
    expect(plug.port.expectant).toBe(true);
  });
});
