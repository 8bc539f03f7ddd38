/**
 * A port whose network is at the other end of a byte stream (frame-decoder.ts): the link is up while there is a connection.
 *
 * Bounded on both sides. When 8192 frames or 8 MiB wait for the device, it stops reading, and the sender has to wait. Of what the device
 * sends, at most one frame waits in this process: while the other end does not read, `send` refuses. A stream that is no sequence of
 * frames is closed and reported.
 */
import { HostError, messageOf } from "@trapline/core";
import type { Duplex } from "node:stream";
import { encodeFrame, FrameDecoder } from "./frame-decoder.ts";
import { FrameQueue, type FrameQueueLimits } from "./frame-queue.ts";
import type { NetworkPlug, NetworkPort } from "./network-backend.ts";

/** Who looks after a port's connections. */
export interface StreamKeeper {
  /** A connection has ended by itself, and the device was told. */
  ended(): void;
  /** The plug was pulled: no more connections. */
  closed(): void;
}

/**
 * More than the receive window of one TCP connection may grow to in a Linux guest (6 MiB), because senders do not always wait: older
 * versions of passt (Debian 12 has one) drop what the socket does not take, and then send all of the window again.
 */
const QUEUE: FrameQueueLimits = { frames: 8192, bytes: 0x80_0000 };

export class StreamPort implements NetworkPort {
  /** Another connection may follow when this one ends, or comes for the first time. */
  expectsConnection = true;
  private readonly plug: NetworkPlug;
  /** For messages: the path of the socket. */
  private readonly peer: string;
  private readonly keeper: StreamKeeper;
  private readonly queue = new FrameQueue(QUEUE);
  private decoder = new FrameDecoder();
  private socket: Duplex | undefined;
  /** More frames may be in the chunk at hand: nothing is read before they are taken. */
  private paused = false;
  /** The device waits for room. */
  private refused = false;
  private closed = false;

  constructor(plug: NetworkPlug, peer: string, keeper: StreamKeeper) {
    this.plug = plug;
    this.peer = peer;
    this.keeper = keeper;
  }

  get linkUp(): boolean {
    return this.socket !== undefined;
  }

  get expectant(): boolean {
    return this.linkUp || this.expectsConnection;
  }

  get first(): Uint8Array | undefined {
    return this.queue.first;
  }

  /** The link comes up. False, and the socket is closed, when there is a connection already. */
  open(socket: Duplex): boolean {
    if (this.linkUp || this.closed) {
      socket.on("error", () => {}); // nobody's any more
      socket.destroy();
      return false;
    }
    this.socket = socket;
    this.decoder = new FrameDecoder();
    let failure: unknown;
    socket.on("data", (chunk: Uint8Array) => this.received(socket, chunk));
    socket.on("error", (error) => (failure ??= error));
    socket.on("close", () => this.ended(socket, failure));
    this.plug.changed();
    return true;
  }

  take(): Uint8Array | undefined {
    const frame = this.queue.shift();
    if (this.paused) this.readOn();
    return frame;
  }

  send(frame: Uint8Array): boolean {
    const { socket } = this;
    if (socket === undefined || socket.destroyed || !socket.writable) return true;
    if (socket.writableLength > 0) {
      this.refused = true;
      return false;
    }
    socket.write(encodeFrame(frame), () => {
      if (!this.refused || socket.writableLength > 0) return;
      this.refused = false;
      this.plug.changed();
    });
    return true;
  }

  waiting(): readonly Uint8Array[] {
    return this.queue.list();
  }

  refill(frames: readonly Uint8Array[]): void {
    this.queue.clear();
    for (const frame of frames) this.queue.push(frame);
    if (!this.paused) return;
    this.readOn();
    this.plug.changed();
  }

  close(): void {
    this.closed = true;
    this.expectsConnection = false;
    this.queue.clear();
    this.socket?.destroy();
    this.socket = undefined;
    this.keeper.closed();
  }

  private received(socket: Duplex, chunk: Uint8Array): void {
    if (socket !== this.socket) return;
    this.decoder.append(chunk);
    const before = this.queue.length;
    if (!this.decode()) {
      this.paused = true;
      socket.pause();
    }
    if (this.queue.length > before) this.plug.changed();
  }

  private readOn(): void {
    if (!this.queue.hasRoom || !this.decode()) return;
    this.paused = false;
    this.socket?.resume();
  }

  /** Queues what is whole of the chunk at hand. False when there was no room for all of it. */
  private decode(): boolean {
    while (this.queue.hasRoom) {
      const frame = this.decoder.next();
      if (frame === undefined) {
        if (this.decoder.fault !== undefined) this.refuse(this.decoder.fault);
        return true;
      }
      if (this.plug.accepts(frame)) this.queue.push(frame);
    }
    return false;
  }

  private refuse(fault: string): void {
    this.plug.report(
      new HostError(`${this.peer} sent ${this.plug.name} ${fault}: the connection is closed`, {
        subject: this.plug.name,
        other: this.peer,
        remedy: "the other end must write each frame behind its length, four bytes, big-endian (QEMU's -netdev stream, passt)",
      }),
    );
    this.socket?.destroy();
  }

  private ended(socket: Duplex, failure: unknown): void {
    if (socket !== this.socket) return;
    this.socket = undefined;
    this.paused = this.refused = false;
    if (failure !== undefined) {
      this.plug.report(
        new HostError(`the connection of ${this.plug.name} to ${this.peer} broke: ${messageOf(failure)}`, {
          subject: this.plug.name,
          other: this.peer,
          remedy: "see whether the other end still runs",
          cause: failure,
        }),
      );
    }
    this.plug.changed();
    this.keeper.ended();
  }
}
