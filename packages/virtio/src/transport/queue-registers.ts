/** The registers of one queue, which are the same on every modern transport (virtio 1.2, 4.1.4.3 and 4.2.2), and the queue behind them. */
import type { PlainData } from "@trapline/core";
import { MAX_QUEUE_SIZE, type RingSetup } from "../queue/split-ring.ts";
import type { SavedQueue } from "../queue/saved-queue.ts";
import type { SplitVirtqueue } from "../queue/split-virtqueue.ts";
import { savedRecord, savedWord, savedWords } from "../saved-state.ts";

/** The parts of a ring in the order of their registers; each has a low and a high word. */
export const DESCRIPTOR_AREA = 0;
/** What the driver offers: the available ring. */
export const DRIVER_AREA = 2;
/** What the device gives back: the used ring. */
export const DEVICE_AREA = 4;

export interface SavedQueueRegisters {
  readonly size: number;
  readonly words: readonly number[];
  readonly queue: SavedQueue;
}

export class QueueRegisters {
  readonly queue: SplitVirtqueue;
  /** Entries as the driver wrote them, 16 bits. Whether a ring can have so many is found when it is made ready. */
  size: number;
  /** Low and high word of the descriptor area, driver area and device area. */
  readonly words: Uint32Array = new Uint32Array(6);

  constructor(queue: SplitVirtqueue) {
    this.queue = queue;
    this.size = queue.maxSize;
  }

  get maxSize(): number {
    return this.queue.maxSize;
  }

  /** A ready queue keeps what it has: drivers must not change it then. */
  writeSize(size: number): void {
    if (!this.queue.ready) this.size = size & 0xffff;
  }

  /** @param word one of the areas, plus 1 for its high word */
  writeWord(word: number, value: number): void {
    if (!this.queue.ready) this.words[word] = value;
  }

  /** QueueReady, queue_enable. */
  get ready(): boolean {
    return this.queue.ready;
  }

  /** A ring that cannot be used fails the device. `ring`: by default what the registers say. */
  makeReady(on: boolean, ring: RingSetup = this.ring()): void {
    if (on === this.queue.ready) return;
    if (on) this.queue.enable(ring);
    else this.queue.disable();
  }

  reset(): void {
    this.queue.disable();
    this.size = this.maxSize;
    this.words.fill(0);
  }

  save(): PlainData {
    return { size: this.size, words: [...this.words], queue: this.queue.save() };
  }

  /** @throws SnapshotError; changes nothing */
  check(state: PlainData): SavedQueueRegisters {
    const owner = `queue ${this.queue.index}`;
    const record = savedRecord(owner, state);
    const words = savedWords(owner, record, "words", this.words.length, 0xffff_ffff);
    return { size: savedWord(owner, record, "size", 2 * MAX_QUEUE_SIZE - 1), words, queue: this.queue.check(record["queue"] ?? null) };
  }

  /** Takes what `check` read. Returns the way back. */
  load({ size, words, queue }: SavedQueueRegisters): () => void {
    const before = { size: this.size, words: [...this.words] };
    const undoQueue = this.queue.load(queue);
    this.size = size;
    this.words.set(words);
    return () => {
      undoQueue();
      this.size = before.size;
      this.words.set(before.words);
    };
  }

  private ring(): RingSetup {
    return { size: this.size, descriptors: this.address(DESCRIPTOR_AREA), available: this.address(DRIVER_AREA), used: this.address(DEVICE_AREA) };
  }

  private address(area: number): number {
    return this.words[area + 1]! * 0x1_0000_0000 + this.words[area]!;
  }
}
