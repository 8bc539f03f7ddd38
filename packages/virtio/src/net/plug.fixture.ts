/** The device's end of a cable, for the specs of networks: it takes what comes, and a test can wait for what it sees. */
import type { TraplineError } from "@trapline/core";
import type { NetworkBackend, NetworkPlug, NetworkPort } from "./network-backend.ts";

/** A test that waits longer has failed. */
const PATIENCE_MS = 5000;

export class TestPlug implements NetworkPlug {
  readonly name: string;
  readonly mac: number;
  readonly errors: TraplineError[] = [];
  changes = 0;
  /** The filter. */
  wants: (frame: Uint8Array) => boolean = () => true;
  port!: NetworkPort;
  private readonly waiters = new Set<() => void>();

  constructor(name: string, mac: number) {
    this.name = name;
    this.mac = mac;
  }

  async plugInto(backend: NetworkBackend): Promise<this> {
    this.port = await backend.connect(this);
    return this;
  }

  accepts(frame: Uint8Array): boolean {
    return this.wants(frame);
  }

  changed(): void {
    this.changes++;
    for (const look of this.waiters) look();
  }

  report(error: TraplineError): void {
    this.errors.push(error);
    for (const look of this.waiters) look();
  }

  /** Everything that waits, taken. */
  takeAll(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (let frame = this.port.take(); frame !== undefined; frame = this.port.take()) frames.push(frame);
    return frames;
  }

  /** Waits, without polling, until it holds after a change or a report. */
  until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!holds()) return;
        end();
        resolve();
      };
      const end = (): void => {
        clearTimeout(timer);
        this.waiters.delete(look);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`${this.name} waited in vain until ${what}`));
      }, PATIENCE_MS);
      this.waiters.add(look);
      look();
    });
  }

  /** The next `count` frames. */
  async receive(count: number): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    await this.until(`${count} frames came`, () => {
      frames.push(...this.takeAll());
      return frames.length >= count;
    });
    return frames;
  }
}

/** A frame to `to` from `from` with `text` in it. */
export function frameOf(to: number, from: number, text: string): Uint8Array {
  const frame = new Uint8Array(14 + text.length);
  for (let n = 0; n < 6; n++) {
    frame[n] = Math.floor(to / 2 ** (40 - 8 * n)) & 0xff;
    frame[6 + n] = Math.floor(from / 2 ** (40 - 8 * n)) & 0xff;
  }
  frame.set([0x88, 0xb5], 12); // IEEE 802: for local experiments
  frame.set(new TextEncoder().encode(text), 14);
  return frame;
}

/** What `frameOf` put into it. */
export function textOf(frame: Uint8Array): string {
  return new TextDecoder().decode(frame.subarray(14));
}
