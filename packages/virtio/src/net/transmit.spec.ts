/** Packets of the transmit queue (virtio 1.2, 5.1.6.2): what goes over the wire, and what does not. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VIRTIO_F_VERSION_1 } from "../testing/driver.fixture.ts";
import { ETHERNET_HEADER_BYTES } from "./ethernet.ts";
import { NET_F } from "./net-features.ts";
import { concat, MAC, NetRig, PEER, type RigOptions, TX } from "./net-rig.fixture.ts";
import type { NetworkPlug, NetworkPort } from "./network-backend.ts";
import { NO_NETWORK } from "./network-backend.ts";
import { frameOf, textOf } from "./plug.fixture.ts";

const HELLO = frameOf(PEER, MAC, "hello");
/** struct virtio_net_hdr: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset, num_buffers. */
const header = (flags: number, gsoType = 0, csumStart = 0, csumOffset = 0): Uint8Array =>
  Uint8Array.of(flags, gsoType, 0, 0, 0, 0, csumStart & 255, csumStart >> 8, csumOffset & 255, csumOffset >> 8, 0, 0);

describe("a packet (5.1.6.2)", () => {
  it.each<[what: string, options: RigOptions, headerBytes: number]>([
    ["of a modern driver follows a header of 12 bytes", {}, 12],
    ["likewise without MRG_RXBUF", { without: NET_F.MRG_RXBUF }, 12],
    ["of a legacy driver follows 10 bytes (5.1.6.1)", { legacy: true, without: NET_F.MRG_RXBUF }, 10],
    ["of a legacy driver with MRG_RXBUF follows 12 bytes", { legacy: true }, 12],
  ])("%s", async (_what, options, headerBytes) => {
    const rig = await NetRig.make(options);
    rig.send(HELLO, new Uint8Array(headerBytes));
    expect(rig.peer.takeAll()).toEqual([HELLO]);
    expect(rig.driver.queue(TX).used()).toEqual([{ head: 0, written: 0, bytes: new Uint8Array() }]);
    expect(rig.driver.interrupts[TX]).toBe(1);
    expect(rig.events).toEqual(["sent 19"]);
  });

  it("may be cut into buffers anywhere, the header too (2.7.4.1)", async () => {
    const rig = await NetRig.make();
    const packet = concat(new Uint8Array(12), HELLO);
    const places = fc.uniqueArray(fc.integer({ min: 1, max: packet.length - 1 }), { maxLength: 10 });
    fc.assert(
      fc.property(places, fc.boolean(), (cuts, indirect) => {
        const ends = [...cuts.toSorted((a, b) => a - b), packet.length];
        rig.driver.queue(TX).send({ out: ends.map((end, n) => packet.slice(ends[n - 1] ?? 0, end)), indirect });
        expect(rig.driver.queue(TX).used().length).toBe(1);
        expect(rig.peer.takeAll()).toEqual([HELLO]);
      }),
      { numRuns: 60 },
    );
  });

  it("goes out before the notification returns, all that wait in their order", async () => {
    const rig = await NetRig.make();
    for (const text of ["1", "2", "3"]) rig.driver.queue(TX).add({ out: [new Uint8Array(12), frameOf(PEER, MAC, text)] });
    expect(rig.peer.takeAll()).toEqual([]);
    rig.driver.queue(TX).kick();
    expect(rig.peer.takeAll().map(textOf)).toEqual(["1", "2", "3"]);
    expect(rig.driver.queue(TX).used().length).toBe(3);
  });

  it("has no business with a buffer to write to, and nothing is written there", async () => {
    const rig = await NetRig.make();
    rig.driver.queue(TX).send({ out: [new Uint8Array(12), HELLO], in: [4] });
    expect(rig.driver.queue(TX).used()).toEqual([{ head: 0, written: 0, bytes: new Uint8Array() }]);
    expect(rig.peer.takeAll()).toEqual([HELLO]);
  });
});

describe("a packet that is dropped is given back like one that was sent", () => {
  const tagged = Uint8Array.from([...HELLO.subarray(0, 12), 0x81, 0, 0, 5, ...HELLO.subarray(12)]);
  const sized = (length: number, like: Uint8Array = HELLO): Uint8Array => Uint8Array.from({ length }, (_, n) => like[n] ?? 0);

  it.each<[what: string, frame: Uint8Array, head: Uint8Array, options: RigOptions, event: string]>([
    ["empty", new Uint8Array(0), header(0), {}, "dropped 0: it is shorter than a header"],
    ["a byte short of an Ethernet header", sized(ETHERNET_HEADER_BYTES - 1), header(0), {}, "dropped 13: it is shorter than a header"],
    ["the shortest", sized(ETHERNET_HEADER_BYTES), header(0), {}, "sent 14"],
    ["the longest", sized(65_535), header(0), {}, "sent 65535"],
    ["longer than 64 KiB", sized(65_536), header(0), {}, "dropped 65536: it is longer than any frame"],
    ["of the MTU (5.1.4.1)", sized(1514), header(0), { mtu: 1500 }, "sent 1514"],
    ["longer than the MTU", sized(1515), header(0), { mtu: 1500 }, "dropped 1515: it is longer than the MTU"],
    ["of the MTU, with a tag", sized(1518, tagged), header(0), { mtu: 1500 }, "sent 1518"],
    ["longer than an MTU that was not negotiated", sized(9000), header(0), { mtu: 1500, without: NET_F.MTU }, "sent 9000"],
    ["TCPV4 segmentation, not negotiated", HELLO, header(1, 1, 14, 4), {}, "dropped 19: segmentation was not negotiated"],
    ["UDP fragmentation", HELLO, header(1, 3), {}, "dropped 19: segmentation was not negotiated"],
    ["an unknown segmentation", HELLO, header(0, 0x7f), {}, "dropped 19: segmentation was not negotiated"],
    ["GSO_ECN alone", HELLO, header(0, 0x80), {}, "dropped 19: segmentation was not negotiated"],
    ["a checksum at the very end", HELLO, header(1, 0, 14, 3), {}, "sent 19"],
    ["a checksum half outside", HELLO, header(1, 0, 14, 4), {}, "dropped 19: the checksum lies outside the frame"],
    ["a checksum that starts outside", HELLO, header(1, 0, 0xffff, 0), {}, "dropped 19: the checksum lies outside the frame"],
    ["a checksum whose offset lies outside", HELLO, header(1, 0, 0, 0xffff), {}, "dropped 19: the checksum lies outside the frame"],
    ["unknown flags, which are ignored (5.1.6.2.2)", HELLO, header(0xfe, 0, 0xffff, 0xffff), {}, "sent 19"],
    ["NEEDS_CSUM without CSUM, likewise", HELLO, header(1, 0, 0xffff, 0xffff), { without: NET_F.CSUM }, "sent 19"],
  ])("%s", async (_what, frame, head, options, event) => {
    const rig = await NetRig.make({ ramBytes: 0x10_0000, ...options });
    rig.send(frame, head);
    expect([rig.events, rig.driver.failure]).toEqual([[event], undefined]);
    expect(rig.driver.queue(TX).used()).toEqual([{ head: 0, written: 0, bytes: new Uint8Array() }]);
    expect(rig.peer.takeAll().length).toBe(event.startsWith("sent") ? 1 : 0);
  });

  it("while the link is down", async () => {
    const rig = await NetRig.make({ network: { connect: () => NO_NETWORK } });
    rig.send(HELLO);
    expect([rig.events, rig.driver.queue(TX).used().length]).toEqual([["dropped 19: the link is down"], 1]);
  });
});

describe("a packet without a header fails the device (2.1.2)", () => {
  it.each([
    ["11 bytes of a modern driver", {}, 11, /a packet of 11 bytes has no header of 12/],
    ["9 bytes of a legacy one", { legacy: true, without: NET_F.MRG_RXBUF }, 9, /a packet of 9 bytes has no header of 10/],
  ])("%s", async (_what, options: RigOptions, length, why) => {
    const rig = await NetRig.make(options);
    rig.driver.queue(TX).add({ out: [new Uint8Array(length)] });
    rig.send(HELLO);
    expect(rig.driver.failure).toMatch(why);
    expect(rig.peer.takeAll()).toEqual([]);
  });

  it("nothing to read at all", async () => {
    const rig = await NetRig.make();
    rig.driver.queue(TX).send({ in: [64] });
    expect(rig.driver.failure).toMatch(/a packet of 0 bytes/);
  });
});

describe("checksums (5.1.6.2, RFC 1071)", () => {
  /** The plain sum, as the RFC tells it. */
  function checksumOf(bytes: Uint8Array): number {
    let sum = 0;
    for (let n = 0; n < bytes.length; n += 2) {
      sum += bytes[n]! * 256 + (bytes[n + 1] ?? 0);
      if (sum > 0xffff) sum -= 0xffff;
    }
    return 0xffff - sum;
  }

  it("are completed: an UDP datagram over IPv4, with the sum of its pseudo header in place", async () => {
    const rig = await NetRig.make();
    // 10.0.2.15:68 → 10.0.2.2:67, "abc"; pseudo header: addresses, protocol 17, length 11
    const ip = [0x45, 0, 0, 31, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 2, 15, 10, 0, 2, 2];
    const udp = [0, 68, 0, 67, 0, 11, 0, 0, 97, 98, 99];
    const pseudo = [10, 0, 2, 15, 10, 0, 2, 2, 0, 17, 0, 11];
    const sum = 0xffff - checksumOf(Uint8Array.from(pseudo));
    const frame = Uint8Array.from([...HELLO.subarray(0, 12), 8, 0, ...ip, ...udp]);
    frame.set([sum >> 8, sum & 255], 40);
    rig.send(frame, header(1, 0, 34, 6));
    const [sent] = rig.peer.takeAll();
    expect((sent![40]! << 8) | sent![41]!).toBe(checksumOf(Uint8Array.from([...pseudo, ...udp])));
    expect([...sent!.subarray(42)]).toEqual([97, 98, 99]);
  });

  it("of 0 are written as 0xffff, for 0 means none (RFC 768)", async () => {
    const rig = await NetRig.make();
    const frame = frameOf(PEER, MAC, "\0\0\0\0");
    frame.set([0xff, 0xff], 16);
    rig.send(frame, header(1, 0, 14, 0));
    expect([...rig.peer.takeAll()[0]!.subarray(14)]).toEqual([0xff, 0xff, 0xff, 0xff]);
  });

  it("of any bytes, from anywhere, with whatever stands in the field", async () => {
    const rig = await NetRig.make({ ramBytes: 0x100_0000 });
    const places = fc.uint8Array({ minLength: 16, maxLength: 1500 }).chain((frame) =>
      fc
        .integer({ min: 0, max: frame.length - 2 })
        .chain((start) => fc.integer({ min: 0, max: frame.length - 2 - start }).map((offset) => ({ frame, start, offset }))),
    );
    fc.assert(
      fc.property(places, ({ frame, start, offset }) => {
        rig.send(frame, header(1, 0, start, offset));
        rig.driver.queue(TX).used();
        const [sent] = rig.peer.takeAll();
        const at = start + offset;
        expect((sent![at]! << 8) | sent![at + 1]!).toBe(checksumOf(frame.slice(start)) || 0xffff);
        expect([sent!.slice(0, at), sent!.slice(at + 2)]).toEqual([frame.slice(0, at), frame.slice(at + 2)]);
      }),
      { numRuns: 100 },
    );
  });
});

describe("a network that has no room", () => {
  /** Takes `room` frames, then refuses. */
  class Narrow implements NetworkPort {
    readonly linkUp = true;
    readonly expectant = true;
    readonly first = undefined;
    room = 0;
    readonly sent: string[] = [];
    plug!: NetworkPlug;
    connect(plug: NetworkPlug): this {
      this.plug = plug;
      return this;
    }
    send(frame: Uint8Array): boolean {
      if (this.room === 0) return false;
      this.room--;
      this.sent.push(textOf(frame));
      return true;
    }
    take(): undefined {}
    waiting(): [] {
      return [];
    }
    refill(): void {}
    close(): void {}
  }

  it("keeps packets in the driver's queue, in their order, until it has some", async () => {
    const network = new Narrow();
    const rig = await NetRig.make({ network });
    network.room = 1;
    for (const text of ["1", "2", "3"]) rig.send(frameOf(PEER, MAC, text));
    expect([network.sent, rig.driver.queue(TX).used().length]).toEqual([["1"], 1]);
    network.room = 5;
    network.plug.changed();
    expect(network.sent).toEqual(["1"]);
    rig.settle();
    expect([network.sent, rig.driver.queue(TX).used().length, rig.machine.wakes]).toEqual([["1", "2", "3"], 2, 1]);
  });

  it("is asked again after a restore, and forgotten by a reset", async () => {
    const network = new Narrow();
    const rig = await NetRig.make({ network });
    rig.send(frameOf(PEER, MAC, "late"));
    const next = new Narrow();
    next.room = 1;
    const copy = await rig.moveTo(next);
    expect(next.sent).toEqual([]);
    copy.settle();
    expect([next.sent, copy.driver.queue(TX).used().length]).toEqual([["late"], 1]);
    rig.driver.reset();
    network.room = 1;
    network.plug.changed();
    rig.settle();
    expect(network.sent).toEqual([]);
  });
});

it("needs no features: a driver that accepts none but VERSION_1 sends and receives", async () => {
  const rig = await NetRig.make({ features: VIRTIO_F_VERSION_1 });
  rig.send(HELLO);
  expect(rig.peer.takeAll()).toEqual([HELLO]);
});
