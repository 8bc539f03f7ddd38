/** The driver's end of one split virtqueue: descriptors, chains, and what came back (virtio 1.2, 2.7.13, 2.7.14). */
import type { PlainData } from "@trapline/core";
import * as ring from "../queue/split-ring.ts";
import type { SplitVirtqueue } from "../queue/split-virtqueue.ts";
import type { DriverRam } from "./driver-ram.fixture.ts";

/** A chain as the driver sees it: bytes for the device to read, then lengths for it to fill. */
export interface DriverChain {
  readonly out?: readonly Uint8Array[];
  readonly in?: readonly number[];
  /** In an indirect table. */
  readonly indirect?: boolean;
}

/** What came back. */
export interface UsedChain {
  readonly head: number;
  /** As the device said. */
  readonly written: number;
  /** What stands in the writable buffers, one after the other, cut to `written`. */
  readonly bytes: Uint8Array;
}

/** The driver's end of one queue. */
export class DriverQueue {
  readonly queue: SplitVirtqueue;
  readonly setup: ring.RingSetup;
  private readonly ram: DriverRam;
  private readonly notifyDevice: () => void;
  private readonly free: number[];
  private nextAvailable = 0;
  private nextUsed = 0;
  private readonly chains = new Map<number, { readonly descriptors: readonly number[]; readonly buffers: readonly (readonly [address: number, length: number])[] }>();

  /** @param notifyDevice the kick */
  constructor(ram: DriverRam, queue: SplitVirtqueue, size: number, notifyDevice: () => void) {
    this.ram = ram;
    this.queue = queue;
    this.notifyDevice = notifyDevice;
    this.setup = {
      size,
      descriptors: ram.allocate(16 * size),
      available: ram.allocate(6 + 2 * size, 2),
      used: ram.allocate(6 + 8 * size, 4),
    };
    this.free = Array.from({ length: size }, (_, n) => n);
  }

  /** Makes a chain available without telling the device. Returns its head. */
  add(chain: DriverChain): number {
    const { ram, setup } = this;
    const parts: (readonly [address: number, length: number, flags: number])[] = [];
    for (const bytes of chain.out ?? []) {
      const address = ram.allocate(bytes.length, 1);
      ram.poke(address, bytes);
      parts.push([address, bytes.length, 0]);
    }
    for (const length of chain.in ?? []) parts.push([ram.allocate(length, 1), length, ring.DESC_F_WRITE]);
    const buffers = parts.filter(([, , flags]) => flags !== 0).map(([address, length]) => [address, length] as const);
    let table = setup.descriptors;
    let descriptors: readonly number[];
    let slots: readonly number[];
    if (chain.indirect === true) {
      table = ram.allocate(16 * parts.length);
      slots = parts.map((_, n) => n);
      descriptors = this.take(1);
      this.describe(setup.descriptors, descriptors[0]!, table, 16 * parts.length, ring.DESC_F_INDIRECT, 0);
    } else {
      slots = descriptors = this.take(parts.length);
    }
    for (const [n, [address, length, flags]] of parts.entries()) {
      const next = slots[n + 1];
      this.describe(table, slots[n]!, address, length, next === undefined ? flags : flags | ring.DESC_F_NEXT, next ?? 0);
    }
    const head = descriptors[0]!;
    this.chains.set(head, { descriptors, buffers });
    this.publish(head);
    return head;
  }

  /** `add`, then tells the device. */
  send(chain: DriverChain): number {
    const head = this.add(chain);
    this.kick();
    return head;
  }

  kick(): void {
    this.notifyDevice();
  }

  /** Writes one descriptor, of the table at `table`. */
  describe(table: number, slot: number, address: number, length: number, flags: number, next: number): void {
    const at = table + 16 * slot;
    this.ram.pokeWord(at, 8, address);
    this.ram.pokeWord(at + 8, 4, length);
    this.ram.pokeWord(at + 12, 2, flags);
    this.ram.pokeWord(at + 14, 2, next);
  }

  /** Puts a head, whatever it is, into the available ring. */
  publish(head: number): void {
    const { available, size } = this.setup;
    this.ram.pokeWord(available + 4 + 2 * (this.nextAvailable % size), 2, head);
    this.nextAvailable = (this.nextAvailable + 1) & 0xffff;
    this.ram.pokeWord(available + 2, 2, this.nextAvailable);
  }

  /** VIRTQ_AVAIL_F_NO_INTERRUPT. */
  set noInterrupt(on: boolean) {
    this.ram.pokeWord(this.setup.available, 2, on ? ring.AVAIL_F_NO_INTERRUPT : 0);
  }

  /** `used_event`: the entry to be told of, with EVENT_IDX. */
  set usedEvent(entry: number) {
    this.ram.pokeWord(this.setup.available + 4 + 2 * this.setup.size, 2, entry);
  }

  /** `avail_event`: the entry that the device wants to be told of, with EVENT_IDX. */
  get availEvent(): number {
    return this.ram.word(this.setup.used + 4 + 8 * this.setup.size, 2);
  }

  /** Chains that came back since it was last asked; their descriptors are free again. */
  used(): readonly UsedChain[] {
    const { ram, setup } = this;
    const back: UsedChain[] = [];
    for (; this.nextUsed !== ram.word(setup.used + 2, 2); this.nextUsed = (this.nextUsed + 1) & 0xffff) {
      const element = setup.used + 4 + 8 * (this.nextUsed % setup.size);
      const head = ram.word(element, 4);
      const written = ram.word(element + 4, 4);
      const chain = this.chains.get(head);
      if (chain === undefined) throw new Error(`the device gave back ${head}, which was not in flight`);
      this.chains.delete(head);
      this.free.push(...chain.descriptors);
      const bytes = chain.buffers.flatMap(([address, length]) => [...ram.memory.window(address, length)!]);
      back.push({ head, written, bytes: Uint8Array.from(bytes.slice(0, written)) });
    }
    return back;
  }

  /** Everything that is written is zero again, and every descriptor free. */
  clear(): void {
    const { size, available, used } = this.setup;
    this.ram.poke(available, new Uint8Array(6 + 2 * size));
    this.ram.poke(used, new Uint8Array(6 + 8 * size));
    this.nextAvailable = this.nextUsed = 0;
    this.chains.clear();
    this.free.splice(0, this.free.length, ...Array.from({ length: size }, (_, n) => n));
    this.queue.enable(this.setup);
  }

  /** As after `entry` chains have come and gone: 16-bit indices wrap soon when it is near 2^16. Only on an idle queue. */
  startAt(entry: number): void {
    this.nextAvailable = this.nextUsed = entry;
    this.ram.pokeWord(this.setup.available + 2, 2, entry);
    this.ram.pokeWord(this.setup.used + 2, 2, entry);
    const saved = this.queue.save() as Record<string, PlainData>;
    this.queue.load(this.queue.check({ ...saved, nextAvailable: entry, nextUsed: entry }));
  }

  /** Goes on where another left, with the device's half from a snapshot. */
  takeOver(other: DriverQueue, saved: PlainData): void {
    this.nextAvailable = other.nextAvailable;
    this.nextUsed = other.nextUsed;
    this.free.splice(0, this.free.length, ...other.free);
    this.chains.clear();
    for (const [head, chain] of other.chains) this.chains.set(head, chain);
    this.queue.load(this.queue.check(saved));
  }

  private take(count: number): readonly number[] {
    if (count === 0 || this.free.length < count) throw new RangeError(`the test driver has no ${count} free descriptors`);
    return this.free.splice(0, count);
  }
}
