/**
 * Flushes that run while the machine goes on, on host time: one at a time, each for all that was asked while the one before it
 * ran. So a guest that asks for many keeps one thread of the host busy, not all of them.
 */
import type { Job } from "./disk-worker.ts";

export interface FlushPorts {
  /** Flushes; never rejects. Gives the status for those that asked. */
  readonly flush: () => Promise<number>;
  /** They may be told: out of the machine's loop, which is woken. */
  readonly done: (jobs: readonly Job[], status: number) => void;
  /** Keeps an idle machine from ending. */
  readonly hold: () => () => void;
}

export class BackgroundFlusher {
  private readonly ports: FlushPorts;
  private waiting: Job[] = [];
  private running: Promise<void> | undefined;
  /** Of `forget`: what was asked before one is not answered after it. */
  private generation = 0;

  constructor(ports: FlushPorts) {
    this.ports = ports;
  }

  add(jobs: readonly Job[]): void {
    this.waiting.push(...jobs);
    this.running ??= this.run();
  }

  /** Nobody is told any more; a flush that runs goes on. */
  forget(): void {
    this.generation++;
    this.waiting = [];
  }

  /** Resolves when nothing runs and everybody has been told. */
  async idle(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    const release = this.ports.hold();
    while (this.waiting.length > 0) {
      const { generation, waiting } = this;
      this.waiting = [];
      const status = await this.ports.flush();
      if (generation === this.generation) this.ports.done(waiting, status);
    }
    this.running = undefined;
    release();
  }
}
