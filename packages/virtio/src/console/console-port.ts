/**
 * One port of a virtio console (virtio 1.2, 5.3): its two queues on the guest's side, a serial port on the other.
 *
 * Nothing is kept here but one chain: what the far end does not take stays in the guest's buffer until there is room (back-pressure), and
 * input stays with the far end until the guest has a buffer. One call moves at most OUTPUT_BYTES outward and INPUT_BYTES into each buffer, so
 * that a chain of all guest memory cannot hold the host: the rest goes on at a timer of the device.
 */
import { type PlainData, SERIAL_BREAK, type SerialPort, type TerminalSize } from "@trapline/core";
import type { VirtioHost } from "../device/virtio-device.ts";
import type { VirtioChain, Virtqueue } from "../queue/virtqueue.ts";
import { savedFlag, savedRecord, type SavedRecord, savedWord } from "../saved-state.ts";

/** Bytes that one call passes on to the far end, a chain counted as EMPTY_BYTES at least. */
export const OUTPUT_BYTES = 0x1_0000;
const EMPTY_BYTES = 64;
/** Bytes put into one buffer of the guest. */
export const INPUT_BYTES = 4096;
/** Longest chain there is (2.7.5.2). */
const MAX_CHAIN_BYTES = 0x1_0000_0000;

/** Control messages that the guest has still to get, a bit each, in the order in which they go. */
export const OWED = { ADD: 1, CONSOLE: 2, RESIZE: 4, NAME: 8, OPEN: 16 } as const;
const ALL_OWED = 31;

/** A far end with a state of its own, which is part of the machine. */
export interface StatefulPort extends SerialPort {
  reset(): void;
  save(): PlainData;
  /** @throws SnapshotError, with nothing changed */
  restore(state: PlainData): void;
}

/** A port as the device is built with it. */
export interface ConsolePortSetup {
  /** Counted from 0 without gaps. */
  readonly id: number;
  /** UTF-8; "" for none. */
  readonly name: string;
  readonly isConsole: boolean;
  readonly plug: SerialPort | StatefulPort;
}

export interface SavedPort {
  readonly owed: number;
  readonly isReady: boolean;
  readonly guestOpen: boolean;
  readonly isBlocked: boolean;
  readonly size: TerminalSize | undefined;
  readonly connected: boolean;
  readonly held: { readonly head: number; readonly at: number } | undefined;
  readonly plug: PlainData;
}

export class ConsolePort {
  readonly id: number;
  readonly name: string;
  readonly isConsole: boolean;
  readonly plug: SerialPort | StatefulPort;
  /** Bits of {@link OWED}. */
  owed = 0;
  /** The guest knows the port (PORT_READY). */
  isReady = false;
  /** A process of the guest, or its console driver, has it open. */
  guestOpen = false;
  /** The far end took less than all: it will call. */
  isBlocked = false;
  /** As the guest was told last. */
  size: TerminalSize | undefined;
  connected: boolean;
  private held: { readonly chain: VirtioChain; readonly at: number } | undefined;
  private readonly scratch: Uint8Array = new Uint8Array(INPUT_BYTES);

  constructor({ id, name, isConsole, plug }: ConsolePortSetup) {
    this.id = id;
    this.name = name;
    this.isConsole = isConsole;
    this.plug = plug;
    this.size = plug.size;
    this.connected = plug.connected ?? true;
  }

  /** 5.3.2: those of control lie between port 0's and port 1's. */
  get inputQueue(): number {
    return this.id === 0 ? 0 : 2 * this.id + 2;
  }
  get outputQueue(): number {
    return this.inputQueue + 1;
  }

  /** The driver went. */
  reset(): void {
    this.owed = 0;
    this.isReady = this.guestOpen = this.isBlocked = false;
    this.held = undefined;
    if (isStateful(this.plug)) this.plug.reset();
  }

  /** Input that waits goes into the guest's buffers. */
  receive(host: VirtioHost): void {
    if (!this.guestOpen) return;
    const queue = host.queue(this.inputQueue);
    while (this.plug.waiting) {
      const chain = queue.pop();
      if (chain === undefined) return;
      const bytes = this.take(Math.min(chain.writableBytes, INPUT_BYTES));
      if (bytes.length === 0 && chain.writableBytes > 0) return queue.unpop(chain);
      queue.push(chain, chain.write(0, bytes));
    }
  }

  /** The guest's buffers go out. False when there is more than one call passes on: call again, after a while. */
  transmit(host: VirtioHost): boolean {
    const queue = host.queue(this.outputQueue);
    let left = OUTPUT_BYTES;
    for (let next = this.nextOutput(queue); next !== undefined; next = this.nextOutput(queue)) {
      const { chain } = next;
      const at = this.connected ? this.pass(chain, next.at, left) : chain.readableBytes;
      left -= Math.max(EMPTY_BYTES, at - next.at);
      if (at < chain.readableBytes) {
        this.held = { chain, at };
        return this.isBlocked;
      }
      queue.push(chain, 0);
      if (left <= 0) return false;
    }
    return true;
  }

  /** One byte past all queues (5.3.4, emerg_wr). */
  emergency(byte: number): void {
    if (this.plug.write === undefined) this.plug.send(byte);
    else this.plug.write(Uint8Array.of(byte));
  }

  save(): PlainData {
    const { owed, isReady, guestOpen, isBlocked, size, connected, held } = this;
    return {
      ...{ owed, isReady, guestOpen, isBlocked, connected },
      size: size === undefined ? null : { columns: size.columns, rows: size.rows },
      held: held === undefined ? null : { head: held.chain.head, at: held.at },
      plug: this.savePlug(),
    };
  }

  savePlug(): PlainData {
    return isStateful(this.plug) ? this.plug.save() : null;
  }

  /** Does the far end want something else than the guest was told, or has it something for it? */
  get isOutOfDate(): boolean {
    const { plug, size, connected, isBlocked, guestOpen } = this;
    return isBlocked || (guestOpen && plug.waiting) || !isSameSize(plug.size, size) || (plug.connected ?? true) !== connected;
  }

  /** The far end's own state; null where it has none. @throws SnapshotError, with nothing changed */
  loadPlug(state: PlainData): void {
    if (isStateful(this.plug)) this.plug.restore(state);
  }

  /** Takes the rest of what `readSavedPort` read. */
  load({ owed, isReady, guestOpen, isBlocked, size, connected, held }: SavedPort, host: VirtioHost | undefined): void {
    const chain = held === undefined ? undefined : host?.queue(this.outputQueue).resume(held.head);
    this.held = chain === undefined ? undefined : { chain, at: held!.at };
    Object.assign(this, { owed, isReady, guestOpen, isBlocked, size, connected });
  }

  private take(length: number): Uint8Array {
    const { plug, scratch } = this;
    let used = 0;
    for (let taken = 0; taken < INPUT_BYTES && used < length && plug.waiting; taken++) {
      const value = plug.take();
      if (value !== SERIAL_BREAK) scratch[used++] = value; // a console knows no break
    }
    return scratch.subarray(0, used);
  }

  private nextOutput(queue: Virtqueue): { readonly chain: VirtioChain; readonly at: number } | undefined {
    const { held } = this;
    this.held = undefined;
    this.isBlocked = false;
    if (held !== undefined) return held;
    const chain = queue.pop();
    return chain === undefined ? undefined : { chain, at: 0 };
  }

  /** Passes on up to `length` bytes of a chain from `at` on. Returns where it stands then. */
  private pass(chain: VirtioChain, at: number, length: number): number {
    const { plug } = this;
    let now = at;
    for (const piece of chain.readable(at, length)) {
      if (plug.write === undefined) {
        for (const byte of piece) plug.send(byte);
        now += piece.length;
        continue;
      }
      const taken = plug.write(piece);
      now += taken;
      if (taken < piece.length) {
        this.isBlocked = true;
        break;
      }
    }
    return now;
  }
}

export function isSameSize(a: TerminalSize | undefined, b: TerminalSize | undefined): boolean {
  return a?.columns === b?.columns && a?.rows === b?.rows;
}

function isStateful(plug: SerialPort | StatefulPort): plug is StatefulPort {
  return "save" in plug;
}

/** @throws SnapshotError */
export function readSavedPort(owner: string, state: PlainData | undefined): SavedPort {
  const record = savedRecord(owner, state);
  return {
    owed: savedWord(owner, record, "owed", ALL_OWED),
    isReady: savedFlag(owner, record, "isReady"),
    guestOpen: savedFlag(owner, record, "guestOpen"),
    isBlocked: savedFlag(owner, record, "isBlocked"),
    connected: savedFlag(owner, record, "connected"),
    size: optional(owner, record, "size", (size) => ({ columns: savedWord(owner, size, "columns", 0xffff), rows: savedWord(owner, size, "rows", 0xffff) })),
    held: optional(owner, record, "held", (held) => ({ head: savedWord(owner, held, "head", 0xffff), at: savedWord(owner, held, "at", MAX_CHAIN_BYTES) })),
    plug: record["plug"] ?? null,
  };
}

function optional<T>(owner: string, record: SavedRecord, key: string, read: (inner: SavedRecord) => T): T | undefined {
  return record[key] === null ? undefined : read(savedRecord(owner, record[key]));
}
