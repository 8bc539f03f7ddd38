/** The device between its driver and its network: features, link, idle machines, reset, snapshots, and drivers that do anything. */
import type { PlainData } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VIRTIO_F_VERSION_1 } from "../testing/driver.fixture.ts";
import { macByte } from "./ethernet.ts";
import { BenchMachine, concat, CTRL, MAC, NetRig, PEER, RX, TX } from "./net-rig.fixture.ts";
import { VirtioNet } from "./net-device.ts";
import { NET_F } from "./net-features.ts";
import type { NetworkBackend, NetworkPlug, NetworkPort } from "./network-backend.ts";
import { NetworkHub } from "./network-hub.ts";
import { frameOf, TestPlug, textOf } from "./plug.fixture.ts";

const HELLO = frameOf(MAC, PEER, "hello");
const STATUS_AT = 6;

/** A network whose link the test moves. */
class Cable implements NetworkBackend, NetworkPort {
  linkUp = true;
  expectant = true;
  frames: Uint8Array[] = [];
  closed = 0;
  plug!: NetworkPlug;
  connect(plug: NetworkPlug): this {
    this.plug = plug;
    return this;
  }
  link(up: boolean, expectant: boolean = up): void {
    this.linkUp = up;
    this.expectant = expectant;
    this.plug.changed();
  }
  arrive(frame: Uint8Array): void {
    if (this.plug.accepts(frame)) this.frames.push(frame);
    this.plug.changed();
  }
  get first(): Uint8Array | undefined {
    return this.frames[0];
  }
  take(): Uint8Array | undefined {
    return this.frames.shift();
  }
  send(): boolean {
    return true;
  }
  waiting(): readonly Uint8Array[] {
    return [...this.frames];
  }
  refill(frames: readonly Uint8Array[]): void {
    this.frames = [...frames];
  }
  close(): void {
    this.closed++;
  }
}

async function cabled(options: Parameters<typeof NetRig.make>[0] = {}): Promise<{ readonly rig: NetRig; readonly cable: Cable }> {
  const cable = new Cable();
  return { rig: await NetRig.make({ ...options, network: cable }), cable };
}

describe("features (5.1.3)", () => {
  it("are what the device can do on a network of plain frames", async () => {
    const bits = (features: bigint): number[] => Array.from({ length: 64 }, (_, n) => n).filter((n) => (features >> BigInt(n)) & 1n);
    const { rig } = await cabled();
    expect(bits(rig.device.features)).toEqual([0, 5, 15, 16, 17, 18, 19, 20, 21, 23]);
    const { rig: withMtu } = await cabled({ mtu: 9000 });
    expect(bits(withMtu.device.features)).toEqual([0, 3, 5, 15, 16, 17, 18, 19, 20, 21, 23]);
    expect([rig.device.type, rig.device.queueSizes]).toEqual([1, [256, 256, 64]]);
  });

  it.each(["CTRL_RX", "CTRL_VLAN", "GUEST_ANNOUNCE", "CTRL_MAC_ADDR"] as const)("%s needs CTRL_VQ (5.1.3.1)", async (name) => {
    const { rig } = await cabled();
    expect(rig.device.refuseFeatures(NET_F[name])).toBe(`VIRTIO_NET_F_${name} needs VIRTIO_NET_F_CTRL_VQ`);
    expect(rig.device.refuseFeatures(NET_F[name] | NET_F.CTRL_VQ)).toBeUndefined();
    expect(rig.device.refuseFeatures(NET_F.CSUM | NET_F.MRG_RXBUF | NET_F.STATUS)).toBeUndefined();
  });
});

describe("the link (5.1.4, 5.1.6.5.4)", () => {
  it("goes down between two instructions, and the driver is told", async () => {
    const { rig, cable } = await cabled();
    expect(rig.device.config.read(STATUS_AT, 2)).toBe(1);
    cable.link(false);
    expect([rig.device.config.read(STATUS_AT, 2), rig.driver.configChanges]).toEqual([1, 0]);
    rig.settle();
    expect([rig.device.config.read(STATUS_AT, 2), rig.driver.configChanges, rig.events]).toEqual([0, 1, ["link down"]]);
  });

  it("that comes back asks the driver to announce itself, until it says it did", async () => {
    const { rig, cable } = await cabled();
    for (const up of [false, true]) {
      cable.link(up);
      rig.settle();
    }
    expect([rig.device.config.read(STATUS_AT, 2), rig.driver.configChanges]).toEqual([3, 2]);
    expect([rig.command(3, 0), rig.device.config.read(STATUS_AT, 2)]).toEqual([0, 1]);
  });

  it.each([
    ["no announcement without GUEST_ANNOUNCE", NET_F.GUEST_ANNOUNCE, 1, 2],
    ["no interrupt without STATUS", NET_F.STATUS, 1, 0],
  ])("%s", async (_what, without, status, changes) => {
    const { rig, cable } = await cabled({ without });
    for (const up of [false, true]) {
      cable.link(up);
      rig.settle();
    }
    expect([rig.device.config.read(STATUS_AT, 2), rig.driver.configChanges]).toEqual([status, changes]);
  });

  it("that moves before there is a driver interrupts nobody, and the driver reads it", async () => {
    const { rig, cable } = await cabled({ start: false });
    cable.link(false);
    rig.settle();
    rig.device.start(rig.driver.host);
    expect([rig.device.config.read(STATUS_AT, 2), rig.driver.configChanges]).toEqual([0, 0]);
  });

  it("is down where nothing is plugged in", () => {
    const device = new VirtioNet({ name: "net0", mac: MAC }, new BenchMachine());
    expect(device.config.read(STATUS_AT, 2)).toBe(0);
  });
});

describe("an idle machine (Vmm.hold, Vmm.wake)", () => {
  it("is held while there is a driver and something may come", async () => {
    const { rig, cable } = await cabled({ start: false });
    const holds = [rig.machine.holds];
    const after = (what: () => void): void => {
      what();
      rig.settle();
      holds.push(rig.machine.holds);
    };
    after(() => rig.device.start(rig.driver.host));
    after(() => cable.link(false));
    after(() => cable.link(false, true)); // down, but the other end may connect again
    after(() => rig.driver.reset());
    after(() => rig.driver.restart());
    after(() => rig.device.unplug());
    after(() => rig.device.unplug());
    expect([holds, cable.closed]).toEqual([[0, 1, 0, 1, 0, 1, 0, 0], 1]);
  });

  it("that is alone on its hub is not held", async () => {
    const hub = new NetworkHub();
    const rig = await NetRig.make({ network: hub });
    expect(rig.machine.holds).toBe(0);
    const peer = await new TestPlug("peer/net0", PEER).plugInto(hub);
    rig.settle();
    expect(rig.machine.holds).toBe(1);
    peer.port.close();
    rig.settle();
    expect(rig.machine.holds).toBe(0);
  });
});

describe("a reset (2.4.1)", () => {
  it("forgets what waited, and a later driver starts anew", async () => {
    const rig = await NetRig.make();
    rig.peer.port.send(HELLO);
    rig.driver.reset();
    expect(rig.machine.clock.nextDeadlineNs()).toBe(Infinity);
    rig.driver.restart();
    rig.offer(100);
    rig.settle();
    expect(rig.received()).toEqual([]);
    rig.peer.port.send(frameOf(MAC, PEER, "new"));
    rig.settle();
    expect(rig.received().map((packet) => textOf(packet.subarray(12)))).toEqual(["new"]);
  });

  it("after a failure brings the device back", async () => {
    const rig = await NetRig.make();
    rig.send(new Uint8Array(0), new Uint8Array(3));
    expect(rig.driver.failure).toBeDefined();
    rig.peer.port.send(HELLO);
    rig.settle();
    rig.driver.reset();
    rig.driver.restart();
    rig.send(frameOf(PEER, MAC, "back"));
    expect(rig.peer.takeAll().map(textOf)).toEqual(["back"]);
  });
});

describe("a snapshot", () => {
  it("holds the frames that wait, those that came a moment ago too, and the filter", async () => {
    const rig = await NetRig.make();
    rig.command(1, 1, ...Array.from({ length: 6 }, (_, n) => macByte(PEER + 1, n)));
    rig.command(2, 0, 7, 0);
    rig.command(0, 1, 1);
    for (const text of ["1", "2"]) rig.peer.port.send(frameOf(PEER + 1, PEER, text));
    rig.settle();
    rig.peer.port.send(frameOf(0x3333_0000_0001, PEER, "3"));
    const copy = await rig.moveTo(new NetworkHub());
    expect(copy.device.save()).toEqual(rig.device.save());
    copy.offer(100);
    expect(copy.received().map((packet) => textOf(packet.subarray(12)))).toEqual(["1"]);
    copy.offer(100, 100, 100);
    expect(copy.received().map((packet) => textOf(packet.subarray(12)))).toEqual(["2", "3"]);
  });

  it("of a machine that has just been sent a frame goes on with it by itself", async () => {
    const rig = await NetRig.make();
    rig.offer(100);
    rig.peer.port.send(HELLO);
    const copy = await rig.moveTo(new NetworkHub());
    expect(copy.received()).toEqual([]);
    copy.settle();
    expect(copy.received().length).toBe(1);
  });

  it("keeps the link as the driver saw it, until the machine runs on", async () => {
    const { rig } = await cabled();
    const down = new Cable();
    down.linkUp = false;
    const copy = await rig.moveTo(down);
    expect([copy.device.config.read(STATUS_AT, 2), copy.driver.configChanges]).toEqual([1, 0]);
    copy.settle();
    expect([copy.device.config.read(STATUS_AT, 2), copy.driver.configChanges]).toEqual([0, 1]);
  });

  it("keeps the machine from ending where frames may come", async () => {
    const { rig } = await cabled();
    expect((await rig.moveTo(new Cable())).machine.holds).toBe(1);
  });

  it("of another device, or a damaged one, is refused with nothing changed", async () => {
    const rig = await NetRig.make();
    rig.peer.port.send(HELLO);
    const good = rig.device.save() as Readonly<Record<string, PlainData>>;
    const filter = good["filter"] as Readonly<Record<string, PlainData>>;
    const spoilt: PlainData[] = [null, 7, []];
    for (const key of Object.keys(good)) spoilt.push({ ...good, [key]: -1 });
    for (const key of Object.keys(filter)) spoilt.push({ ...good, filter: { ...filter, [key]: -1 } });
    for (const frame of [new Uint8Array(13), new Uint8Array(65_536), "text"]) spoilt.push({ ...good, frames: [frame] });
    spoilt.push({ ...good, filter: { ...filter, vlans: new Uint8Array(3) } });
    spoilt.push({ ...good, filter: { ...filter, unicast: { macs: new Array<number>(65).fill(1), everything: false } } });
    for (const state of spoilt) {
      expect(() => rig.device.restore(state, rig.driver.host)).toThrow(/saved state of net0/);
      expect(rig.device.save()).toEqual(good);
    }
  });
});

describe("whatever its driver and its network do", () => {
  const step = fc.oneof(
    fc.record({ send: fc.uint8Array({ maxLength: 60 }), cut: fc.nat(60), writable: fc.nat(2) }),
    fc.record({ offer: fc.integer({ min: 1, max: 200 }), readable: fc.boolean() }),
    fc.record({ command: fc.uint8Array({ maxLength: 20 }), ack: fc.nat(1) }),
    fc.record({ arrive: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ link: fc.boolean() }),
    fc.record({ kick: fc.constantFrom(0, 1, 2, 7), reset: fc.nat(20) }),
  );

  it("nothing throws, and a device restored from a snapshot is the same", async () => {
    const anyFeatures = fc.bigInt({ min: 0n, max: (1n << 24n) - 1n });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), anyFeatures, fc.boolean(), async (steps, features, legacy) => {
        const { rig, cable } = await cabled({ ramBytes: 0x4_0000, mtu: 1500, legacy, features });
        const { driver } = rig;
        const give = (index: number, chain: Parameters<(typeof driver.queues)[number]["send"]>[0]): void => {
          driver.queue(index).used();
          driver.queue(index).send(chain);
        };
        for (const next of steps) {
          if ("send" in next) {
            const pieces = [next.send.slice(0, next.cut), next.send.slice(next.cut)].filter(({ length }) => length > 0);
            if (pieces.length > 0 || next.writable > 0) give(TX, { out: pieces, in: new Array<number>(next.writable).fill(5) });
          } else if ("offer" in next) give(RX, next.readable ? { out: [new Uint8Array(next.offer)] } : { in: [next.offer] });
          else if ("command" in next && next.command.length + next.ack > 0) {
            give(CTRL, { out: next.command.length > 0 ? [next.command] : [], in: new Array<number>(next.ack).fill(1) });
          } else if ("arrive" in next) cable.arrive(next.arrive);
          else if ("link" in next) cable.link(next.link);
          else if ("kick" in next && next.kick < 3) driver.queue(next.kick).kick();
          if ("reset" in next && next.reset === 0) {
            driver.reset();
            driver.restart();
          }
          rig.settle();
        }
        const copy = new VirtioNet({ name: "net0", mac: MAC, mtu: 1500 }, new BenchMachine());
        const network = new Cable();
        [network.linkUp, network.expectant] = [cable.linkUp, cable.expectant];
        await copy.plugInto(network);
        copy.restore(rig.device.save(), driver.host);
        expect(copy.save()).toEqual(rig.device.save());
      }),
      { numRuns: 60 },
    );
  });

  it("frames pass unharmed in both directions", async () => {
    const frames = fc.array(fc.uint8Array({ minLength: 14, maxLength: 1514 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(frames, frames, fc.boolean(), async (out, incoming, merged) => {
        const rig = await NetRig.make({ ramBytes: 0x10_0000, features: (merged ? NET_F.MRG_RXBUF : 0n) | VIRTIO_F_VERSION_1 });
        for (const frame of out) rig.send(frame);
        rig.offer(...incoming.map(() => 1526));
        for (const frame of incoming) rig.peer.port.send(frame);
        rig.settle();
        expect(rig.peer.takeAll()).toEqual(out);
        const header = new Uint8Array(12);
        header[10] = 1;
        expect(rig.received()).toEqual(incoming.map((frame) => concat(header, frame)));
      }),
      { numRuns: 30 },
    );
  });
});
