/** A hub with three ports: who gets what, in which order, and what is lost. */
import { describe, expect, it } from "vitest";
import { BROADCAST } from "./ethernet.ts";
import { MAX_HUB_PORTS, NetworkHub, networkHub } from "./network-hub.ts";
import { frameOf, TestPlug, textOf } from "./plug.fixture.ts";

const A = 0x5254_0000_000a;
const B = 0x5254_0000_000b;
const C = 0x5254_0000_000c;

async function threeOn(hub: NetworkHub): Promise<readonly [TestPlug, TestPlug, TestPlug]> {
  const [a, b, c] = [new TestPlug("one/net0", A), new TestPlug("two/net0", B), new TestPlug("three/net0", C)] as const;
  for (const plug of [a, b, c]) await plug.plugInto(hub);
  return [a, b, c];
}

describe("a hub", () => {
  it("gives each frame to every port but the one it came from, in the order of sending", async () => {
    const [a, b, c] = await threeOn(new NetworkHub());
    a.port.send(frameOf(BROADCAST, A, "first"));
    b.port.send(frameOf(A, B, "second"));
    a.port.send(frameOf(B, A, "third"));
    expect([a, b, c].map((plug) => plug.takeAll().map(textOf))).toEqual([["second"], ["first", "third"], ["first", "second", "third"]]);
  });

  it("tells a port of each frame, and keeps none that its filter refuses", async () => {
    const hub = new NetworkHub();
    const [a, b, c] = await threeOn(hub);
    c.wants = () => false;
    const before = [b.changes, c.changes];
    a.port.send(frameOf(B, A, "for b"));
    expect([b.changes, c.changes]).toEqual([before[0]! + 1, before[1]]);
    expect(hub.ports.map(({ waiting }) => waiting)).toEqual([0, 1, 0]);
  });

  it("loses the newest frame where too many wait, and says how many it lost", async () => {
    const hub = new NetworkHub("small", { frames: 2 });
    const [a, b] = await threeOn(hub);
    for (const text of ["1", "2", "3", "4"]) expect(a.port.send(frameOf(B, A, text))).toBe(true);
    expect(hub.ports).toEqual([
      { name: "one/net0", waiting: 0, lost: 0 },
      { name: "two/net0", waiting: 2, lost: 2 },
      { name: "three/net0", waiting: 2, lost: 2 },
    ]);
    expect(b.takeAll().map(textOf)).toEqual(["1", "2"]);
    a.port.send(frameOf(B, A, "5"));
    expect(b.takeAll().map(textOf)).toEqual(["5"]);
  });

  it("keeps at most so many bytes for a port", async () => {
    const hub = new NetworkHub("hub", { bytes: 0x2_0000 });
    const [a] = await threeOn(hub);
    for (let n = 0; n < 5; n++) a.port.send(new Uint8Array(0xffff));
    expect(hub.ports.map(({ waiting, lost }) => [waiting, lost])).toEqual([[0, 0], [2, 3], [2, 3]]);
  });

  it("expects frames while somebody else is plugged in, and says when that changes", async () => {
    const hub = new NetworkHub();
    const a = await new TestPlug("one/net0", A).plugInto(hub);
    expect([a.port.linkUp, a.port.expectant, a.changes]).toEqual([true, false, 0]);
    const b = await new TestPlug("two/net0", B).plugInto(hub);
    expect([a.port.expectant, b.port.expectant, a.changes]).toEqual([true, true, 1]);
    b.port.close();
    b.port.close();
    expect([a.port.expectant, a.changes]).toEqual([false, 2]);
    a.port.send(frameOf(B, A, "to nobody"));
    expect(b.port.take()).toBeUndefined();
  });

  it("gives what waits to a snapshot, and takes it back", async () => {
    const [a, b] = await threeOn(new NetworkHub());
    for (const text of ["1", "2", "3"]) a.port.send(frameOf(B, A, text));
    b.port.take();
    const saved = b.port.waiting();
    expect(saved.map(textOf)).toEqual(["2", "3"]);
    a.port.send(frameOf(B, A, "4"));
    b.port.refill(saved);
    expect([textOf(b.port.first!), b.takeAll().map(textOf)]).toEqual(["2", ["2", "3"]]);
  });

  it("refuses a second device with the same address, and more than its ports", async () => {
    const hub = new NetworkHub("lan");
    await new TestPlug("one/net0", A).plugInto(hub);
    expect(() => hub.connect(new TestPlug("two/net0", A))).toThrow(
      /two\/net0 and one\/net0 have the same address 52:54:00:00:00:0a on lan; give one of the two another mac/,
    );
    for (let n = 1; n < MAX_HUB_PORTS; n++) hub.connect(new TestPlug(`m${n}/net0`, A + n));
    expect(() => hub.connect(new TestPlug("last/net0", B + 1000))).toThrow(/last\/net0 finds no free port on lan; use a second hub/);
  });
});

describe("a hub by name", () => {
  it("is one and the same while something is plugged in, and a new one afterwards", async () => {
    const hub = networkHub("lan0");
    const a = await new TestPlug("one/net0", A).plugInto(hub);
    const b = await new TestPlug("two/net0", B).plugInto(networkHub("lan0"));
    expect(networkHub("lan0").ports.map(({ name }) => name)).toEqual(["one/net0", "two/net0"]);
    expect(networkHub("lan1").ports).toEqual([]);
    a.port.close();
    expect(networkHub("lan0")).toBe(hub);
    b.port.close();
    expect(networkHub("lan0")).not.toBe(hub);
  });

  it("joins what others made meanwhile", async () => {
    const early = networkHub("lan2");
    const a = await new TestPlug("one/net0", A).plugInto(networkHub("lan2"));
    const b = await new TestPlug("two/net0", B).plugInto(early);
    a.port.send(frameOf(B, A, "hello"));
    expect(b.takeAll().map(textOf)).toEqual(["hello"]);
    for (const plug of [a, b]) plug.port.close();
  });
});
