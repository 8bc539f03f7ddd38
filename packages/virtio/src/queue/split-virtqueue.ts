/**
 * The device's side of a split virtqueue (virtio 1.2, 2.7), with indirect descriptors, EVENT_IDX and the legacy layout.
 *
 * Every index, flag and address is the guest's: a broken ring ends in `owner.fail`, and then the queue gives and takes nothing
 * more. A pop looks at no more descriptors than the queue has entries. Of chains in flight it remembers at most MAX_PIECES
 * buffers, 24 bytes each. Not modelled: packed rings. Hot: `pop` and `push`.
 */
import { type GuestMemory, InvariantError, type PlainData } from "@trapline/core";
import { DmaView } from "./dma-view.ts";
import { readSavedQueue, type SavedQueue } from "./saved-queue.ts";
import type { SplitChain } from "./split-chain.ts";
import * as ring from "./split-ring.ts";
import type { Virtqueue } from "./virtqueue.ts";
import { walkChain } from "./walk-chain.ts";

/** Buffers of all chains in flight in one queue. Far beyond what a driver does: a full queue of 1024 chains of 1024 buffers. */
export const MAX_PIECES = 0x10_0000;

/** What a queue needs of the device's transport. */
export interface QueueOwner {
  /** The device waits for a reset: its queues give and take nothing. */
  readonly failed: boolean;
  fail(reason: string): void;
  /** The driver wants to know of buffers used in queue `index`. */
  interrupt(index: number): void;
}

export class SplitVirtqueue implements Virtqueue {
  readonly index: number;
  readonly maxSize: number;
  /** VIRTIO_F_RING_INDIRECT_DESC and VIRTIO_F_RING_EVENT_IDX are negotiated. */
  indirect = false;
  eventIdx = false;

  private readonly memory: GuestMemory;
  private readonly owner: QueueOwner;
  private readonly dma: DmaView;
  private readonly view: DataView;
  private setup: ring.RingSetup | undefined;
  /** Where the parts begin in the WebAssembly.Memory. */
  private descriptorsAt = 0;
  private availableAt = 0;
  private usedAt = 0;
  /** Free-running 16-bit counters: the next entry to take, the next to fill. */
  private nextAvailable = 0;
  private nextUsed = 0;
  /** `avail_event` as last written; −1 when unknown. */
  private shownEvent = -1;
  /** By head. */
  private inFlight = new Map<number, SplitChain>();
  private piecesInFlight = 0;
  /** Heads that were in flight when the device was saved and that it has not asked for yet. */
  private awaited = new Set<number>();

  /** @param maxSize entries, a power of two from 1 to 32768 */
  constructor(index: number, maxSize: number, memory: GuestMemory, owner: QueueOwner) {
    this.index = index;
    this.maxSize = maxSize;
    this.memory = memory;
    this.owner = owner;
    this.dma = new DmaView(memory);
    this.view = this.dma.view;
  }

  get size(): number {
    return this.setup?.size ?? 0;
  }

  get ready(): boolean {
    return this.setup !== undefined;
  }

  /** The driver made it ready: a ring that cannot be used fails the device. Both rings begin at entry 0. */
  enable(setup: ring.RingSetup): void {
    this.disable();
    const fault = ring.ringFault(this.memory, setup, this.maxSize);
    if (fault === undefined) this.place(setup);
    else this.refuse(fault);
  }

  /** Not ready any more; chains in flight are forgotten, and a `push` of one does nothing. */
  disable(): void {
    this.setup = undefined;
    this.nextAvailable = this.nextUsed = 0;
    this.shownEvent = -1;
    this.inFlight = new Map();
    this.awaited = new Set();
    this.piecesInFlight = 0;
  }

  pop(): SplitChain | undefined {
    const { setup, view } = this;
    if (setup === undefined || this.owner.failed) return undefined;
    const produced = view.getUint16(this.availableAt + 2, true);
    const waiting = (produced - this.nextAvailable) & 0xffff;
    if (waiting > setup.size) return this.refuse(`its available index is ${produced}, ${waiting} entries ahead of the device, and it has ${setup.size}`);
    if (this.eventIdx && produced !== this.shownEvent) this.showEvent(setup, produced);
    if (waiting === 0) return undefined;
    const head = view.getUint16(this.availableAt + ring.RING_HEADER_BYTES + 2 * (this.nextAvailable & (setup.size - 1)), true);
    if (this.inFlight.has(head)) return this.refuse(`descriptor ${head} was made available again while in flight`);
    const chain = walkChain(this.dma, this.descriptorsAt, setup.size, head, this.indirect);
    if (typeof chain === "string") return this.refuse(chain);
    if (this.piecesInFlight + chain.pieceCount > MAX_PIECES) return this.refuse(`more than ${MAX_PIECES} buffers are in flight`);
    this.piecesInFlight += chain.pieceCount;
    this.inFlight.set(head, chain);
    this.nextAvailable = (this.nextAvailable + 1) & 0xffff;
    return chain;
  }

  unpop(chain: SplitChain): void {
    if (this.retire(chain)) this.nextAvailable = (this.nextAvailable - 1) & 0xffff;
  }

  push(chain: SplitChain, written: number): void {
    if (!(written >= 0 && written <= chain.writableBytes)) {
      throw new InvariantError(`a device gave back ${written} bytes of a chain with ${chain.writableBytes} writable ones`, {
        subject: `queue ${this.index}`,
        value: written,
        limit: chain.writableBytes,
        remedy: "push with what was written",
      });
    }
    const { setup, view } = this;
    if (setup === undefined || this.owner.failed || !this.retire(chain)) return;
    const slot = ring.RING_HEADER_BYTES + ring.USED_ELEMENT_BYTES * (this.nextUsed & (setup.size - 1));
    view.setUint32(this.usedAt + slot, chain.head, true);
    view.setUint32(this.usedAt + slot + 4, written, true);
    this.memory.overwritten(setup.used + slot, ring.USED_ELEMENT_BYTES);
    const before = this.nextUsed;
    this.nextUsed = (before + 1) & 0xffff;
    view.setUint16(this.usedAt + 2, this.nextUsed, true); // after the element: 2.7.8
    this.memory.overwritten(setup.used + 2, 2);
    if (this.wantsInterrupt(setup, before)) this.owner.interrupt(this.index);
  }

  resume(head: number): SplitChain | undefined {
    if (this.setup === undefined || this.owner.failed) return undefined;
    const chain = this.inFlight.get(head);
    return chain !== undefined && this.awaited.delete(head) ? chain : this.refuse(`descriptor ${head} was not in flight when the device was saved`);
  }

  save(): PlainData {
    const { setup, nextAvailable, nextUsed, shownEvent } = this;
    const inFlight = [...this.inFlight.values()].toSorted((a, b) => a.head - b.head);
    return { ring: setup === undefined ? null : { ...setup }, nextAvailable, nextUsed, shownEvent, inFlight: inFlight.map((chain) => chain.save()) };
  }

  /** Checks a saved state, for `load`. Reads no guest memory. @throws SnapshotError when it is none of this queue; nothing changes either way. */
  check(state: PlainData): SavedQueue {
    return readSavedQueue(this.dma, `queue ${this.index}`, this.maxSize, state);
  }

  /** Takes what `check` read. Returns the way back, for as long as nothing else happens to the queue. */
  load({ setup, nextAvailable, nextUsed, shownEvent, inFlight }: SavedQueue): () => void {
    const before = { setup: this.setup, inFlight: this.inFlight, awaited: this.awaited, piecesInFlight: this.piecesInFlight };
    const counters = { nextAvailable: this.nextAvailable, nextUsed: this.nextUsed, shownEvent: this.shownEvent };
    this.disable();
    if (setup !== undefined) this.place(setup);
    Object.assign(this, { nextAvailable, nextUsed, shownEvent });
    for (const chain of inFlight) {
      this.inFlight.set(chain.head, chain);
      this.awaited.add(chain.head);
      this.piecesInFlight += chain.pieceCount;
    }
    return () => {
      if (before.setup !== undefined) this.place(before.setup);
      Object.assign(this, before, counters);
    };
  }

  private place(setup: ring.RingSetup): void {
    this.setup = setup;
    this.descriptorsAt = this.memory.wasmOffset(setup.descriptors);
    this.availableAt = this.memory.wasmOffset(setup.available);
    this.usedAt = this.memory.wasmOffset(setup.used);
  }

  /** Ends a chain's flight. False for one that is not in flight: from before a reset, or given back already. */
  private retire(chain: SplitChain): boolean {
    if (this.inFlight.get(chain.head) !== chain) return false;
    this.inFlight.delete(chain.head);
    this.piecesInFlight -= chain.pieceCount;
    return true;
  }

  /** 2.7.10: notify the device of the entry after those it has seen. */
  private showEvent(setup: ring.RingSetup, produced: number): void {
    const at = ring.RING_HEADER_BYTES + ring.USED_ELEMENT_BYTES * setup.size;
    this.view.setUint16(this.usedAt + at, produced, true);
    this.memory.overwritten(setup.used + at, 2);
    this.shownEvent = produced;
  }

  /** 2.7.7: with EVENT_IDX the driver names the entry to be told of, without it a flag. */
  private wantsInterrupt(setup: ring.RingSetup, filled: number): boolean {
    if (this.eventIdx) return this.view.getUint16(this.availableAt + ring.RING_HEADER_BYTES + 2 * setup.size, true) === filled;
    return (this.view.getUint16(this.availableAt, true) & ring.AVAIL_F_NO_INTERRUPT) === 0;
  }

  private refuse(reason: string): undefined {
    this.owner.fail(`queue ${this.index}: ${reason}`);
    return undefined;
  }
}
