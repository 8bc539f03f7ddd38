/** Frames in the driver's buffers (virtio 1.2, 5.1.6.3, 5.1.6.4): headers, merging, and what there is no room for. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DriverChain } from "../testing/driver.fixture.ts";
import { NET_F } from "./net-features.ts";
import { concat, MAC, NetRig, PEER, type RigOptions, RX } from "./net-rig.fixture.ts";
import { frameOf } from "./plug.fixture.ts";

const HELLO = frameOf(MAC, PEER, "hello");
const long = (length: number): Uint8Array => Uint8Array.from({ length }, (_, n) => HELLO[n] ?? n);
const header = (buffers: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, buffers & 255, buffers >> 8);

describe("a frame (5.1.6.4)", () => {
  it.each<[what: string, options: RigOptions, head: Uint8Array]>([
    ["follows a header that is 0 but for num_buffers", {}, header(1)],
    ["likewise without MRG_RXBUF (5.1.6.4.1)", { without: NET_F.MRG_RXBUF }, header(1)],
    ["follows 10 bytes with a legacy driver (5.1.6.1)", { legacy: true, without: NET_F.MRG_RXBUF }, new Uint8Array(10)],
    ["follows 12 bytes with a legacy driver that merges", { legacy: true }, header(1)],
  ])("%s", async (_what, options, head) => {
    const rig = await NetRig.make(options);
    rig.offer(1526);
    rig.peer.port.send(HELLO);
    rig.settle();
    expect(rig.received()).toEqual([concat(head, HELLO)]);
    expect([rig.driver.interrupts[RX], rig.events]).toEqual([1, ["received 19"]]);
  });

  it("comes between two instructions, and the machine is woken for it", async () => {
    const rig = await NetRig.make();
    rig.offer(1526);
    rig.peer.port.send(HELLO);
    expect([rig.received(), rig.machine.wakes]).toEqual([[], 1]);
    expect(rig.machine.clock.nextDeadlineNs()).toBe(rig.machine.clock.nowNs());
    rig.settle();
    expect(rig.received().length).toBe(1);
  });

  it("that finds no buffer waits until the driver gives one", async () => {
    const rig = await NetRig.make();
    for (const text of ["1", "2"]) rig.peer.port.send(frameOf(MAC, PEER, text));
    rig.settle();
    expect(rig.events).toEqual([]);
    rig.offer(1526);
    expect(rig.received()).toEqual([concat(header(1), frameOf(MAC, PEER, "1"))]);
    rig.offer(1526);
    expect(rig.received()).toEqual([concat(header(1), frameOf(MAC, PEER, "2"))]);
  });

  it("waits with at most 255 others; what comes then is lost", async () => {
    const rig = await NetRig.make();
    for (let n = 0; n < 300; n++) rig.peer.port.send(frameOf(MAC, PEER, String(n)));
    let received: Uint8Array[] = [];
    for (let n = 0; n < 300; n++) {
      rig.offer(64);
      received = received.concat(rig.received());
    }
    expect(received.map((bytes) => new TextDecoder().decode(bytes.subarray(26)))).toEqual(Array.from({ length: 256 }, (_, n) => String(n)));
  });

  it("may lie in several descriptors of one buffer", async () => {
    const rig = await NetRig.make({ without: NET_F.MRG_RXBUF });
    rig.driver.queue(RX).send({ in: [5, 7, 3, 100] });
    rig.peer.port.send(HELLO);
    rig.settle();
    expect(rig.received()).toEqual([concat(header(1), HELLO)]);
  });
});

describe("mergeable buffers (5.1.6.4.1)", () => {
  it.each<[what: string, buffers: readonly number[], length: number, written: readonly number[]]>([
    ["fill all but the last", [40, 40, 40], 80, [40, 40, 12]],
    ["are as few as it takes", [40, 40, 40], 28, [40]],
    ["one byte more takes another", [40, 40, 40], 29, [40, 1]],
    ["may be of any lengths", [12, 100, 13, 50], 120, [12, 100, 13, 7]],
    ["carry frames of 64 KiB", [0x8000, 0x4000, 0x4000, 0x1000], 65_535, [0x8000, 0x4000, 0x4000, 11]],
  ])("%s", async (_what, buffers, length, written) => {
    const rig = await NetRig.make();
    rig.offer(...buffers);
    rig.peer.port.send(long(length));
    rig.settle();
    const used = rig.driver.queue(RX).used();
    expect(used.map((buffer) => buffer.written)).toEqual(written);
    expect(Buffer.from(concat(...used.map(({ bytes }) => bytes))).equals(concat(header(written.length), long(length)))).toBe(true);
  });

  it("that do not suffice stay with the driver, and the frame waits for more", async () => {
    const rig = await NetRig.make();
    rig.offer(40, 40);
    rig.peer.port.send(long(100));
    rig.settle();
    expect([rig.received(), rig.events]).toEqual([[], []]);
    rig.offer(20, 60);
    expect(rig.received().map(({ length }) => length)).toEqual([40, 40, 20, 12]);
  });

  it("that never suffice, though the queue is full of them, lose the frame and keep the next", async () => {
    const rig = await NetRig.make({ queueSize: 4 });
    rig.offer(40, 40, 40, 40);
    rig.peer.port.send(long(149));
    rig.peer.port.send(long(148));
    rig.settle();
    expect(rig.events).toEqual(["dropped 149: the driver's buffers are too small", "received 148"]);
    expect(rig.received().length).toBe(4);
  });

  it("put any frames together, whatever buffers there are", async () => {
    const frames = fc.array(fc.integer({ min: 14, max: 1500 }), { minLength: 1, maxLength: 6 });
    const buffers = fc.array(fc.integer({ min: 40, max: 2000 }), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(frames, buffers, async (lengths, sizes) => {
        const rig = await NetRig.make({ ramBytes: 0x10_0000 });
        const sent = lengths.map(long);
        for (const frame of sent) rig.peer.port.send(frame);
        rig.settle();
        const got: Uint8Array[] = [];
        for (let n = 0; got.length < sent.length; n++) {
          rig.offer(sizes[n % sizes.length]!); // one more, until they suffice for the next frame
          const used = rig.received();
          if (used.length === 0) continue;
          expect(used[0]![10]! | (used[0]![11]! << 8)).toBe(used.length);
          got.push(concat(...used).subarray(12));
        }
        expect(got).toEqual(sent);
      }),
      { numRuns: 20 },
    );
  });
});

describe("without MRG_RXBUF", () => {
  it("a frame that does not fit into the next buffer is lost, and the buffer serves the next frame", async () => {
    const rig = await NetRig.make({ without: NET_F.MRG_RXBUF });
    rig.offer(100, 2000);
    rig.peer.port.send(long(89));
    rig.peer.port.send(long(88));
    rig.settle();
    expect(rig.events).toEqual(["dropped 89: the driver's buffers are too small", "received 88"]);
    expect(rig.received()).toEqual([concat(header(1), long(88))]);
  });
});

describe("a buffer without room for a header fails the device", () => {
  it.each<[what: string, options: RigOptions, buffer: DriverChain, why: RegExp]>([
    ["of 11 bytes", {}, { in: [11] }, /a receive buffer of 11 bytes has no room for a header of 12/],
    ["of 9 bytes with a legacy driver", { legacy: true, without: NET_F.MRG_RXBUF }, { in: [9] }, /of 9 bytes/],
    ["with nothing to write to", {}, { out: [new Uint8Array(100)] }, /of 0 bytes/],
  ])("%s", async (_what, options, buffer, why) => {
    const rig = await NetRig.make(options);
    rig.driver.queue(RX).send(buffer);
    rig.peer.port.send(HELLO);
    rig.settle();
    expect(rig.driver.failure).toMatch(why);
    expect(rig.received()).toEqual([]);
  });

  it("also as the second of two", async () => {
    const rig = await NetRig.make();
    rig.offer(20, 11, 100);
    rig.peer.port.send(HELLO);
    rig.settle();
    expect(rig.driver.failure).toMatch(/of 11 bytes/);
  });
});

describe("what does not come at all", () => {
  it.each<[what: string, frame: Uint8Array, options: RigOptions, count: number]>([
    ["less than an Ethernet header", new Uint8Array(13), { without: NET_F.CTRL_RX }, 0],
    ["the shortest frame does", new Uint8Array(14), { without: NET_F.CTRL_RX }, 1],
    ["more than the MTU (5.1.4.1)", long(1515), { mtu: 1500 }, 0],
    ["the MTU does", long(1514), { mtu: 1500 }, 1],
    ["more than an MTU that was not negotiated does", long(1515), { mtu: 1500, without: NET_F.MTU }, 1],
  ])("%s", async (_what, frame, options, count) => {
    const rig = await NetRig.make(options);
    rig.offer(2000);
    rig.peer.port.send(frame);
    rig.settle();
    expect(rig.received().length).toBe(count);
  });

  it("what arrives before there is a driver", async () => {
    const rig = await NetRig.make({ start: false });
    rig.peer.port.send(HELLO);
    rig.device.start(rig.driver.host);
    rig.offer(2000);
    rig.settle();
    expect(rig.received()).toEqual([]);
  });
});
