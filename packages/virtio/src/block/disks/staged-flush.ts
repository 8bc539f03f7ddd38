/**
 * A flush in stages, each of which ends where the file has to be synced before the next may begin: at once, or in the background.
 * One at a time; one in the background is finished by whoever cannot wait. A flush that failed is never made good (FlushGuard).
 */
import type { BlockFile } from "./block-file.ts";
import { FlushGuard } from "./flush-guard.ts";

interface Run {
  readonly stages: Generator<void, void, void>;
  done: boolean;
}

export class StagedFlush {
  private readonly file: BlockFile;
  private readonly stages: () => Generator<void, void, void>;
  private readonly guard: FlushGuard;
  /** At work in the background. */
  private run: Run | undefined;
  /** Behind which the next in the background waits. */
  private last: Promise<void> = Promise.resolve();

  /** @param stages yields wherever all that it and others wrote so far has to be on stable storage */
  constructor(file: BlockFile, stages: () => Generator<void, void, void>) {
    this.file = file;
    this.stages = stages;
    this.guard = new FlushGuard(file.path);
  }

  now(): void {
    if (this.run !== undefined) this.finish(this.run);
    this.finish(this.begin());
  }

  soon(): Promise<void> {
    const flushed = this.last.then(() => this.inBackground());
    this.last = flushed.catch(() => {}); // told to whoever asked; the guard tells the next one
    return flushed;
  }

  private begin(): Run {
    this.guard.check();
    const run = { stages: this.stages(), done: false };
    this.advance(run);
    return run;
  }

  private advance(run: Run): void {
    run.done = run.stages.next().done === true;
    if (run.done) this.ended(run);
  }

  private finish(run: Run): void {
    try {
      while (!run.done) {
        this.file.sync();
        this.advance(run);
      }
    } catch (error) {
      throw this.failed(run, error);
    }
  }

  private async inBackground(): Promise<void> {
    const run = (this.run = this.begin());
    try {
      while (!run.done) {
        await this.file.syncSoon();
        if (!run.done) this.advance(run); // somebody in a hurry may have finished it meanwhile
      }
    } catch (error) {
      throw this.failed(run, error);
    }
  }

  private failed(run: Run, error: unknown): Error {
    run.done = true;
    this.ended(run);
    return this.guard.failed(error);
  }

  private ended(run: Run): void {
    if (this.run === run) this.run = undefined;
  }
}
