/** Commands of the control queue and what they let through (virtio 1.2, 5.1.6.5). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VIRTIO_F_VERSION_1 } from "../testing/driver.fixture.ts";
import { BROADCAST, formatMac, macByte } from "./ethernet.ts";
import { NET_F } from "./net-features.ts";
import { CTRL, MAC, NetRig, PEER, type RigOptions } from "./net-rig.fixture.ts";
import { frameOf, textOf } from "./plug.fixture.ts";

const [OK, ERR] = [0, 1];
/** Classes and commands by name. */
const RX = { PROMISC: [0, 0], ALLMULTI: [0, 1], ALLUNI: [0, 2], NOMULTI: [0, 3], NOUNI: [0, 4], NOBCAST: [0, 5] } as const;
const MAC_TABLE_SET = [1, 0] as const;
const MAC_ADDR_SET = [1, 1] as const;
const VLAN_ADD = [2, 0] as const;
const VLAN_DEL = [2, 1] as const;
const ANNOUNCE_ACK = [3, 0] as const;

const OTHER = 0x5254_0000_0077;
const GROUP = 0x3333_0000_0001;
const GROUP2 = 0x0100_5e00_0001;

const bytes = (mac: number): number[] => Array.from({ length: 6 }, (_, n) => macByte(mac, n));
const le32 = (value: number): number[] => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
const table = (...macs: readonly number[]): number[] => [...le32(macs.length), ...macs.flatMap(bytes)];
const setTable = (unicast: readonly number[], multicast: readonly number[]): number[] => [
  ...MAC_TABLE_SET,
  ...table(...unicast),
  ...table(...multicast),
];
const many = (count: number, mac: number): number[] => new Array<number>(count).fill(mac);

const EVERYTHING = "own other group group2 all";
/** Which of the destinations get through. */
async function passing(rig: NetRig): Promise<string> {
  const to = { own: MAC, other: OTHER, group: GROUP, group2: GROUP2, all: BROADCAST };
  for (const [text, mac] of Object.entries(to)) rig.peer.port.send(frameOf(mac, PEER, text));
  rig.offer(100, 100, 100, 100, 100);
  rig.settle();
  return rig.received().map((packet) => textOf(packet.subarray(12))).join(" ");
}

describe("receive modes (5.1.6.5.1) and the address table (5.1.6.5.2)", () => {
  it.each<[what: string, commands: readonly (readonly number[])[], passing: string]>([
    ["at first: the device's own address, and broadcast", [], "own all"],
    ["promiscuous: everything", [[...RX.PROMISC, 1]], EVERYTHING],
    ["promiscuous, then not", [[...RX.PROMISC, 1], [...RX.PROMISC, 0]], "own all"],
    ["promiscuous goes before what suppresses", [[...RX.NOUNI, 1], [...RX.NOMULTI, 1], [...RX.NOBCAST, 1], [...RX.PROMISC, 1]], EVERYTHING],
    ["all multicast", [[...RX.ALLMULTI, 1]], "own group group2 all"],
    ["all unicast", [[...RX.ALLUNI, 1]], "own other all"],
    ["no multicast, whatever ALLMULTI says; broadcast is none", [[...RX.ALLMULTI, 1], [...RX.NOMULTI, 1]], "own all"],
    ["no unicast, whatever ALLUNI says", [[...RX.ALLUNI, 1], [...RX.NOUNI, 1]], "all"],
    ["no broadcast, whatever ALLMULTI says", [[...RX.ALLMULTI, 1], [...RX.NOBCAST, 1]], "own group group2"],
    ["a table", [setTable([OTHER], [GROUP])], "own other group all"],
    ["another table in its place", [setTable([OTHER], [GROUP]), setTable([], [GROUP2])], "own group2 all"],
    ["an empty table", [setTable([], [])], "own all"],
    ["a table under NOMULTI and NOUNI", [setTable([OTHER], [GROUP]), [...RX.NOMULTI, 1], [...RX.NOUNI, 1]], "all"],
    ["more unicast addresses than are kept: all unicast", [setTable(many(65, PEER), [])], "own other all"],
    ["more multicast addresses than are kept: all multicast", [setTable([], many(65, GROUP))], "own group group2 all"],
    ["64 are kept", [setTable([...many(63, PEER), OTHER], many(64, GROUP))], "own other group all"],
    ["another own address", [[...MAC_ADDR_SET, ...bytes(OTHER)]], "other all"],
  ])("%s", async (_what, commands, expected) => {
    const rig = await NetRig.make();
    expect(commands.map((command) => rig.command(...command))).toEqual(commands.map(() => OK));
    expect(await passing(rig)).toBe(expected);
  });

  it("are not there for a driver without CTRL_RX: it sees everything", async () => {
    const rig = await NetRig.make({ without: NET_F.CTRL_RX | NET_F.CTRL_RX_EXTRA });
    expect(await passing(rig)).toBe(EVERYTHING);
  });

  it("are forgotten by a reset", async () => {
    const rig = await NetRig.make();
    rig.command(...RX.PROMISC, 1);
    rig.command(...MAC_ADDR_SET, ...bytes(OTHER));
    rig.command(...MAC_TABLE_SET, ...table(PEER), ...table(GROUP));
    rig.driver.reset();
    rig.driver.restart();
    expect(await passing(rig)).toBe("own all");
    expect(formatMac(rig.device.config.mac)).toBe(formatMac(MAC));
  });

  it("a new address stands in the configuration before the command is used", async () => {
    const rig = await NetRig.make();
    rig.command(...MAC_ADDR_SET, ...bytes(OTHER));
    expect([rig.device.config.read(0, 4), rig.device.config.read(4, 2)]).toEqual([0x0000_5452, 0x7700]);
  });
});

describe("VLAN filtering (5.1.6.5.3)", () => {
  const tagged = (vlan: number, priority = 0): Uint8Array =>
    Uint8Array.from([...bytes(MAC), ...bytes(PEER), 0x81, 0, (priority << 5) | (vlan >> 8), vlan & 255, 8, 0, 1, 2, 3]);

  async function passingVlans(options: RigOptions, ...commands: readonly (readonly number[])[]): Promise<number[]> {
    const rig = await NetRig.make(options);
    for (const command of commands) expect(rig.command(...command)).toBe(OK);
    for (const vlan of [0, 5, 4095]) rig.peer.port.send(tagged(vlan, 7));
    rig.offer(100, 100, 100);
    rig.settle();
    return rig.received().map((packet) => ((packet[26]! << 8) | packet[27]!) & 0xfff);
  }

  it.each<[what: string, commands: readonly (readonly number[])[], passing: readonly number[]]>([
    ["starts with an empty table", [], []],
    ["added", [[...VLAN_ADD, 5, 0], [...VLAN_ADD, 0xff, 0x0f]], [5, 4095]],
    ["added twice and deleted", [[...VLAN_ADD, 5, 0], [...VLAN_ADD, 5, 0], [...VLAN_DEL, 5, 0]], []],
    ["deleted without having been added", [[...VLAN_DEL, 5, 0], [...VLAN_ADD, 0, 0]], [0]],
    ["is off in promiscuous mode", [[...RX.PROMISC, 1]], [0, 5, 4095]],
  ])("%s", async (_what, commands, expected) => {
    expect(await passingVlans({}, ...commands)).toEqual(expected);
  });

  it("is off for a driver that did not negotiate it", async () => {
    expect(await passingVlans({ without: NET_F.CTRL_VLAN })).toEqual([0, 5, 4095]);
  });
});

describe("a command that is refused changes nothing (VIRTIO_NET_ERR)", () => {
  const without = (feature: bigint): RigOptions => ({ without: feature });
  it.each<[what: string, command: readonly number[], options?: RigOptions]>([
    ["no command at all", []],
    ["half a head", [0]],
    ["an unknown class", [9, 0, 0]],
    ["MQ, which is not offered", [4, 0, 1, 0]],
    ["an unknown receive mode", [0, 6, 1]],
    ["a mode without its byte", [...RX.PROMISC]],
    ["a mode with two", [...RX.PROMISC, 1, 1]],
    ["PROMISC without CTRL_RX", [...RX.PROMISC, 1], without(NET_F.CTRL_RX)],
    ["ALLUNI without CTRL_RX_EXTRA", [...RX.ALLUNI, 1], without(NET_F.CTRL_RX_EXTRA)],
    ["an unknown command about addresses", [1, 2, ...bytes(OTHER)]],
    ["an address of five bytes", [...MAC_ADDR_SET, ...bytes(OTHER).slice(1)]],
    ["an address of seven", [...MAC_ADDR_SET, ...bytes(OTHER), 0]],
    ["MAC_ADDR_SET without CTRL_MAC_ADDR", [...MAC_ADDR_SET, ...bytes(OTHER)], without(NET_F.CTRL_MAC_ADDR)],
    ["a table without CTRL_RX", [...MAC_TABLE_SET, ...table(OTHER), ...table()], without(NET_F.CTRL_RX)],
    ["a table without its second half", [...MAC_TABLE_SET, ...table(OTHER)]],
    ["a table without a count", [...MAC_TABLE_SET, 0, 0]],
    ["a count beyond the data", [...MAC_TABLE_SET, ...le32(2), ...bytes(OTHER), ...table()]],
    ["a count that overflows", [...MAC_TABLE_SET, ...le32(0xffff_ffff), ...bytes(OTHER), ...table()]],
    ["a second count beyond the data", [...MAC_TABLE_SET, ...table(OTHER), ...le32(1), 0]],
    ["data behind the tables", [...MAC_TABLE_SET, ...table(OTHER), ...table(GROUP), 0]],
    ["VLAN 4096", [...VLAN_ADD, 0, 16]],
    ["a VLAN of one byte", [...VLAN_ADD, 5]],
    ["an unknown command about VLANs", [2, 2, 5, 0]],
    ["VLAN_ADD without CTRL_VLAN", [...VLAN_ADD, 5, 0], without(NET_F.CTRL_VLAN)],
    ["ANNOUNCE_ACK with data", [...ANNOUNCE_ACK, 0]],
    ["an unknown announcement", [3, 1]],
    ["ANNOUNCE_ACK without GUEST_ANNOUNCE", [...ANNOUNCE_ACK], without(NET_F.GUEST_ANNOUNCE)],
  ])("%s", async (_what, command, options) => {
    const rig = await NetRig.make(options);
    const before = rig.device.save();
    const queue = rig.driver.queue(CTRL);
    queue.send(command.length === 0 ? { in: [1] } : { out: [Uint8Array.from(command)], in: [1] });
    expect(queue.used().map((used) => [...used.bytes])).toEqual([[ERR]]);
    expect([rig.device.save(), rig.driver.failure]).toEqual([before, undefined]);
  });
});

describe("the control queue (5.1.6.5)", () => {
  it("takes commands cut anywhere, and writes nothing but the ack", async () => {
    const rig = await NetRig.make();
    const command = Uint8Array.from([...MAC_TABLE_SET, ...table(OTHER), ...table(GROUP)]);
    const out = Array.from(command, (_, n) => command.slice(n, n + 1));
    rig.driver.queue(CTRL).send({ out, in: [3, 2], indirect: true });
    expect(rig.driver.queue(CTRL).used().map(({ written, bytes: ack }) => [written, ...ack])).toEqual([[1, OK]]);
    expect(await passing(rig)).toBe("own other group all");
  });

  it("fails the device for a command without room for its ack", async () => {
    const rig = await NetRig.make();
    rig.driver.queue(CTRL).send({ out: [Uint8Array.of(...RX.PROMISC, 1)] });
    expect(rig.driver.failure).toMatch(/a command has no room for its ack/);
  });

  it("ends for a driver that has its ack written over the available index", async () => {
    const rig = await NetRig.make();
    const queue = rig.driver.queue(CTRL);
    const command = rig.driver.allocate(3);
    rig.driver.poke(command, Uint8Array.of(...RX.PROMISC, 1));
    queue.describe(queue.setup.descriptors, 0, command, 3, 1, 1);
    queue.describe(queue.setup.descriptors, 1, queue.setup.available + 2, 1, 2, 0);
    queue.publish(0);
    queue.kick();
    expect(rig.driver.failure).toMatch(/its available index is 0, 65535 entries ahead/);
  });

  it("does not exist for a driver that did not negotiate it", async () => {
    const rig = await NetRig.make({ features: VIRTIO_F_VERSION_1 });
    rig.driver.queue(CTRL).send({ out: [Uint8Array.of(...RX.PROMISC, 1)], in: [1] });
    expect(rig.driver.queue(CTRL).used()).toEqual([]);
  });

  it("bears any bytes", async () => {
    const rig = await NetRig.make({ ramBytes: 0x20_0000 });
    const command = fc.tuple(fc.nat(5), fc.nat(6), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(command, ([family, kind, data]) => {
        expect([OK, ERR]).toContain(rig.command(family, kind, ...data));
      }),
      { numRuns: 300 },
    );
  });
});
