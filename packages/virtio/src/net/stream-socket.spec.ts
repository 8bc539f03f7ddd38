/** Both ends of QEMU's `-netdev stream` on Unix sockets, against peers that are plain sockets: what is on the wire, and what breaks. */
import fc from "fast-check";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeFrame } from "./frame-decoder.ts";
import { frameOf, TestPlug, textOf } from "./plug.fixture.ts";
import { StreamClient, StreamServer } from "./stream-socket.ts";

const A = 0x5254_0000_000a;
const B = 0x5254_0000_000b;

let folder = "";
let file = "";
const open: { close?: () => unknown; destroy?: () => unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "net-"));
  file = path.join(folder, "s");
});
afterEach(() => {
  for (const thing of open.splice(0).reverse()) (thing.destroy ?? thing.close)?.call(thing);
  rmSync(folder, { recursive: true });
});

function keep<T extends (typeof open)[number]>(thing: T): T {
  open.push(thing);
  return thing;
}

/** A listener that is no code of ours; `accepted` is its next connection. */
async function listener(): Promise<{ readonly server: Server; readonly accepted: () => Promise<Socket> }> {
  const server = keep(createServer());
  server.listen(file);
  await once(server, "listening");
  const accepted = async (): Promise<Socket> => keep(((await once(server, "connection")) as [Socket])[0]);
  return { server, accepted };
}

async function caller(): Promise<Socket> {
  const socket = keep(createConnection({ path: file }));
  await once(socket, "connect");
  return socket;
}

async function plugged(backend: StreamClient | StreamServer, name = "one/net0", mac = A): Promise<TestPlug> {
  const plug = await new TestPlug(name, mac).plugInto(backend);
  keep(plug.port);
  return plug;
}

/** A client and the plain socket at its other end. */
async function connected(): Promise<{ readonly plug: TestPlug; readonly peer: Socket }> {
  const { accepted } = await listener();
  const [peer, plug] = await Promise.all([accepted(), plugged(new StreamClient(file))]);
  return { plug, peer };
}

/** The next `length` bytes. */
async function bytesFrom(socket: Socket, length: number): Promise<number[]> {
  const bytes: number[] = [];
  while (bytes.length < length) bytes.push(...((await once(socket, "data")) as [Uint8Array])[0]);
  return bytes;
}

describe("a connection", () => {
  it("carries four bytes of length, big-endian, and the frame", async () => {
    const { plug, peer } = await connected();
    plug.port.send(Uint8Array.of(1, 2, 3));
    plug.port.send(new Uint8Array(300).fill(9));
    expect(await bytesFrom(peer, 7 + 304)).toEqual([0, 0, 0, 3, 1, 2, 3, 0, 0, 1, 44, ...new Array<number>(300).fill(9)]);
  });

  it("joins two of our own, with the longest frames", async () => {
    const server = await plugged(new StreamServer(file));
    const client = await plugged(new StreamClient(file), "two/net0", B);
    await server.until("the link is up", () => server.port.linkUp);
    const long = Uint8Array.from({ length: 0xffff }, (_, n) => 7 * n);
    for (const frame of [frameOf(A, B, "hello"), long]) client.port.send(frame);
    expect((await server.receive(1)).map(textOf)).toEqual(["hello"]);
    server.port.send(frameOf(B, A, "welcome"));
    expect((await client.receive(1)).map(textOf)).toEqual(["welcome"]);
    expect((await server.receive(1)).map((frame) => Buffer.from(long).equals(frame))).toEqual([true]);
  });

  it("puts frames together from the pieces that arrive", async () => {
    const { plug, peer } = await connected();
    const bytes = encodeFrame(frameOf(A, B, "in pieces"));
    for (const byte of bytes) peer.write(Uint8Array.of(byte));
    expect((await plug.receive(1)).map(textOf)).toEqual(["in pieces"]);
  });

  it("lets no frame wait that the filter refuses", async () => {
    const { plug, peer } = await connected();
    plug.wants = (frame) => textOf(frame) !== "noise";
    for (const text of ["noise", "signal", "noise", "end"]) peer.write(encodeFrame(frameOf(A, B, text)));
    expect((await plug.receive(2)).map(textOf)).toEqual(["signal", "end"]);
  });

  it("gives back any frames in their order, in both directions", async () => {
    const { plug, peer } = await connected();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 14, maxLength: 2000 }), { minLength: 1, maxLength: 10 }), async (frames) => {
        peer.write(Buffer.concat(frames.map(encodeFrame)));
        expect(await plug.receive(frames.length)).toEqual(frames);
        for (const frame of frames) while (!plug.port.send(frame)) await plug.until("there is room", () => true);
        const wire = Buffer.concat(frames.map(encodeFrame));
        expect(Buffer.from(await bytesFrom(peer, wire.length)).equals(wire)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});

describe("a peer that does not keep up", () => {
  it("is not written to: what it has not read is refused, and the device is told when there is room", async () => {
    const { plug, peer } = await connected();
    peer.pause();
    const frame = frameOf(B, A, "x".repeat(60_000));
    let sent = 0;
    while (plug.port.send(frame)) sent++;
    expect(sent).toBeGreaterThan(0);
    expect(plug.port.send(frame)).toBe(false);
    const changes = plug.changes;
    let received = 0;
    peer.on("data", (chunk) => (received += chunk.length)).resume();
    await plug.until("there is room", () => plug.changes > changes);
    expect(plug.port.send(frame)).toBe(true);
    while (received < (sent + 1) * (frame.length + 4)) await once(peer, "data");
    expect(received).toBe((sent + 1) * (frame.length + 4));
  });

  it("is not read from: 8192 frames wait here, the rest with the sender", async () => {
    const { plug, peer } = await connected();
    const count = 10_000;
    const all = Buffer.concat(Array.from({ length: count }, (_, n) => encodeFrame(frameOf(A, B, String(n)))));
    const written = new Promise<void>((resolve) => void peer.write(all, () => resolve()));
    await plug.until("the queue is full", () => plug.port.waiting().length === 8192);
    const frames = await plug.receive(count);
    await written;
    expect(frames.map(textOf)).toEqual(Array.from({ length: count }, (_, n) => String(n)));
  });

  it("is read on when what waited is thrown away: a device was reset", async () => {
    const { plug, peer } = await connected();
    peer.write(Buffer.concat(Array.from({ length: 9000 }, (_, n) => encodeFrame(frameOf(A, B, String(n))))));
    await plug.until("the queue is full", () => plug.port.waiting().length === 8192);
    plug.port.refill([]);
    expect((await plug.receive(9000 - 8192)).map(textOf).at(-1)).toBe("8999");
  });

  it("is not read from: 8 MiB wait here", async () => {
    const { plug, peer } = await connected();
    const frame = encodeFrame(new Uint8Array(0xffff));
    for (let n = 0; n < 150; n++) peer.write(frame);
    await plug.until("the queue is full", () => plug.port.waiting().length === 128);
    expect((await plug.receive(150)).length).toBe(150);
  });
});

describe("a connection that ends", () => {
  it("takes the link down, with what has come still there", async () => {
    const { plug, peer } = await connected();
    expect([plug.port.linkUp, plug.port.expectant]).toEqual([true, true]);
    peer.end(encodeFrame(frameOf(A, B, "last words")));
    await plug.until("the link is down", () => !plug.port.linkUp);
    expect([plug.takeAll().map(textOf), plug.port.expectant, plug.errors]).toEqual([["last words"], false, []]);
    expect(plug.port.send(frameOf(B, A, "lost"))).toBe(true);
  });

  it("after a length that no frame has, by our own doing, with a report", async () => {
    const { plug, peer } = await connected();
    peer.write(Buffer.concat([encodeFrame(frameOf(A, B, "good")), Buffer.from("GET "), encodeFrame(frameOf(A, B, "never"))]));
    await once(peer, "close");
    await plug.until("the link is down", () => !plug.port.linkUp);
    expect(plug.takeAll().map(textOf)).toEqual(["good"]);
    expect(plug.errors.length).toBe(1);
    expect(plug.errors[0]!.message).toMatch(
      /s sent one\/net0 a frame of 1195725856 bytes, more than 65535: the connection is closed; the other end must write each frame behind/,
    );
  });

  it("is made again with reconnectMs, and the first may fail too: one report an outage", async () => {
    const plug = await plugged(new StreamClient(file, { reconnectMs: 1 }));
    expect([plug.port.linkUp, plug.port.expectant]).toEqual([false, true]);
    await plug.until("it was reported", () => plug.errors.length > 0);
    const { server, accepted } = await listener();
    const first = await accepted();
    await plug.until("the link is up", () => plug.port.linkUp);
    const again = accepted();
    first.destroy();
    const second = await again;
    await plug.until("the link is up", () => plug.port.linkUp);
    second.write(encodeFrame(frameOf(A, B, "again")));
    expect((await plug.receive(1)).map(textOf)).toEqual(["again"]);
    expect(plug.errors.length).toBe(1);
    expect(plug.errors[0]!.message).toMatch(/^one\/net0 cannot connect to .*ENOENT.*; start the other end first, or set reconnectMs$/);
    server.close();
    second.destroy();
    await plug.until("it was reported", () => plug.errors.length > 1);
  });

  it("fails the machine when nobody listens and it is not tried again", async () => {
    await expect(plugged(new StreamClient(file))).rejects.toThrow(/one\/net0 cannot connect to .*s: .*ENOENT/);
  });

  it("is closed by pulling the plug, and nothing is told any more", async () => {
    const { plug, peer } = await connected();
    const { changes } = plug;
    plug.port.close();
    peer.resume();
    await once(peer, "close");
    expect([plug.port.linkUp, plug.port.expectant, plug.changes, plug.errors]).toEqual([false, false, changes, []]);
  });
});

describe("a server", () => {
  it("has no link before somebody comes, one client at a time, and the next afterwards", async () => {
    const plug = await plugged(new StreamServer(file));
    expect([plug.port.linkUp, plug.port.expectant]).toEqual([false, true]);
    const first = await caller();
    await plug.until("the link is up", () => plug.port.linkUp);
    const second = await caller();
    second.resume();
    await once(second, "close");
    first.write(encodeFrame(frameOf(A, B, "first")));
    expect((await plug.receive(1)).map(textOf)).toEqual(["first"]);
    first.destroy();
    await plug.until("the link is down", () => !plug.port.linkUp);
    expect(plug.port.expectant).toBe(true);
    const third = await caller();
    third.write(encodeFrame(frameOf(A, B, "third")));
    expect((await plug.receive(1)).map(textOf)).toEqual(["third"]);
  });

  it("begins a new stream with each client: half a frame of the last one is forgotten", async () => {
    const plug = await plugged(new StreamServer(file));
    const first = await caller();
    first.end(encodeFrame(frameOf(A, B, "cut off")).subarray(0, 10));
    await plug.until("the link was up and is down", () => plug.changes >= 2 && !plug.port.linkUp);
    const second = await caller();
    second.write(encodeFrame(frameOf(A, B, "whole")));
    expect((await plug.receive(1)).map(textOf)).toEqual(["whole"]);
  });

  it("removes its socket when the plug is pulled", async () => {
    const plug = await plugged(new StreamServer(file));
    expect(existsSync(file)).toBe(true);
    plug.port.close();
    expect(existsSync(file)).toBe(false);
  });

  it("cannot listen where somebody does", async () => {
    await listener();
    await expect(plugged(new StreamServer(file))).rejects.toThrow(
      /one\/net0 cannot listen on .*EADDRINUSE.*; remove the file if nobody uses it any more/,
    );
  });
});
