/**
 * Requests that are done and wait for the time at which their driver learns of it. In the order in which they were done, a batch
 * at a time: the guest takes one interrupt for all of it, as it runs no instruction in between. Hot.
 */
import type { Clock, ClockTimer, SavedTimer } from "@trapline/core";
import type { VirtioHost } from "../device/virtio-device.ts";
import type { VirtioChain } from "../queue/virtqueue.ts";

export interface Completion {
  readonly queue: number;
  readonly chain: VirtioChain;
  readonly status: number;
}

export interface Batch {
  readonly dueNs: number;
  readonly completions: readonly Completion[];
}

export class Completions {
  host: VirtioHost | undefined;
  private readonly clock: Clock;
  private readonly timer: ClockTimer;
  private batches: Batch[] = [];

  constructor(name: string, clock: Clock) {
    this.clock = clock;
    this.timer = clock.timer(`${name} done`, () => this.expired());
  }

  /** Completes them at `dueNs`; at once when that is now and nobody was there before. */
  add(completions: readonly Completion[], dueNs: number): void {
    if (completions.length === 0) return;
    if (this.batches.length === 0 && dueNs <= this.clock.nowNs()) for (const completion of completions) this.give(completion);
    else this.addLater(completions, dueNs);
  }

  /** Completes them out of the machine's loop, even if their time has come: for callers outside of it. */
  addLater(completions: readonly Completion[], dueNs: number): void {
    this.batches.push({ dueNs: Math.max(dueNs, this.batches.at(-1)?.dueNs ?? 0), completions });
    if (this.batches.length === 1) this.timer.armAt(dueNs);
  }

  /** Forgets them all. */
  clear(): void {
    this.batches = [];
    this.timer.disarm();
  }

  /** In their order. */
  get waiting(): readonly Batch[] {
    return this.batches;
  }

  saveTimer(): SavedTimer | null {
    return this.timer.save();
  }

  restore(batches: readonly Batch[], timer: SavedTimer | null): void {
    this.batches = [...batches];
    this.timer.restore(timer);
  }

  private expired(): void {
    const nowNs = this.clock.nowNs();
    for (let batch = this.batches[0]; batch !== undefined && batch.dueNs <= nowNs; batch = this.batches[0]) {
      this.batches.shift();
      for (const completion of batch.completions) this.give(completion);
    }
    const next = this.batches[0];
    if (next !== undefined) this.timer.armAt(next.dueNs);
  }

  /** Status last: a driver may poll it. All before it has been written. */
  private give({ queue, chain, status }: Completion): void {
    chain.write(chain.writableBytes - 1, Uint8Array.of(status));
    this.host?.queue(queue).push(chain, chain.writableBytes);
  }
}
