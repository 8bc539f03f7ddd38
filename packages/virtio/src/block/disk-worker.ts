/**
 * Does what requests ask, on the disk and in guest memory: data goes between the two without a copy of ours. A large request
 * is done in parts, so that no guest can keep the host busy for long. What the disk throws is the guest's I/O error and, once
 * for each sentence, the host's report. Hot.
 */
import { HostError, isTraplineError, messageOf, type TraplineError } from "@trapline/core";
import type { VirtioChain } from "../queue/virtqueue.ts";
import { BLK_S, type BlockRequest, ID_BYTES, REQUEST_HEADER_BYTES, type TransferRequest } from "./block-request.ts";
import type { Disk } from "./disks/disk.ts";
import { fillZero } from "./disks/pieces.ts";

/** A request at work. */
export interface Job {
  readonly queue: number;
  readonly chain: VirtioChain;
  readonly request: BlockRequest;
  /** It is completed only once everything written before is on stable storage. */
  readonly lasts: boolean;
  /** Bytes of its data that went to or came from the disk. */
  done: number;
  /** Bytes from the start of the writable part that have been written. */
  filled: number;
  /** The status, once the disk has nothing more to do with it. */
  verdict: number | undefined;
}

/** The status byte is all that it lacks. */
export function isDone({ chain, filled, verdict }: Job): boolean {
  return verdict !== undefined && filled === chain.writableBytes - 1;
}

/** Different sentences reported of one disk. */
const MAX_REPORTS = 16;

export class DiskWorker {
  private readonly disk: Disk;
  private readonly id: Uint8Array;
  private readonly report: (error: TraplineError) => void;
  private readonly reported = new Set<string>();

  /** @param serial at most 20 bytes of ASCII */
  constructor(disk: Disk, serial: string, report: (error: TraplineError) => void) {
    this.disk = disk;
    this.report = report;
    this.id = new Uint8Array(ID_BYTES);
    this.id.set(new TextEncoder().encode(serial).subarray(0, ID_BYTES));
  }

  /**
   * Goes on with `job`, for `budget` bytes if that is not the end. What a failed or odd request leaves unwritten is zeroed: a
   * driver may look at no more than the used length, which counts without a gap (2.7.8.2), and the status comes last.
   * Returns how many bytes it moved.
   */
  work(job: Job, budget: number): number {
    const moved = job.verdict === undefined ? this.perform(job, budget) : 0;
    return job.verdict === undefined ? moved : moved + this.fillUp(job, budget - moved);
  }

  private perform(job: Job, budget: number): number {
    const { request } = job;
    switch (request.kind) {
      case "read":
      case "write":
        return this.transfer(job, request, budget);
      case "discard":
        job.verdict = this.attempt(() => {
          for (const { offset, length } of request.ranges) this.disk.discard(offset, length);
        });
        return 0;
      case "zero":
        job.verdict = this.attempt(() => {
          for (const { offset, length, unmap } of request.ranges) this.disk.writeZeroes(offset, length, unmap);
        });
        return request.ranges.reduce((bytes, { length }) => bytes + length, 0);
      case "flush":
        job.verdict = BLK_S.OK; // so far: the device flushes once for all that it does at a time
        return 0;
      case "id":
        job.filled = job.chain.write(0, this.id.subarray(0, Math.min(ID_BYTES, job.chain.writableBytes - 1)));
        job.verdict = BLK_S.OK;
        return 0;
      case "refused":
        job.verdict = request.status;
        return 0;
    }
  }

  /** BLK_S.OK, or IOERR when `use` throws. */
  attempt(use: () => void): number {
    try {
      use();
      return BLK_S.OK;
    } catch (error) {
      return this.failed(error);
    }
  }

  /** The status for what the disk threw. */
  failed(cause: unknown): number {
    const error = isTraplineError(cause)
      ? cause
      : new HostError(`${this.disk.name} failed: ${messageOf(cause)}`, { subject: this.disk.name, remedy: "see the cause", cause });
    if (this.reported.size < MAX_REPORTS && !this.reported.has(error.message)) {
      this.reported.add(error.message);
      this.report(error);
    }
    return BLK_S.IOERR;
  }

  private transfer(job: Job, { kind, offset, length }: TransferRequest, budget: number): number {
    const { chain, done } = job;
    const count = Math.min(length - done, budget);
    const status = this.attempt(() => {
      if (kind === "write") this.disk.write(offset + done, chain.readable(REQUEST_HEADER_BYTES + done, count));
      else this.disk.read(offset + done, chain.writable(done, count));
    });
    if (kind === "read") chain.wrote(done, count); // of a failed one, too: some may have come
    if (status === BLK_S.OK) {
      job.done += count;
      if (kind === "read") job.filled = job.done;
    }
    if (status !== BLK_S.OK || job.done === length) job.verdict = status;
    return count;
  }

  private fillUp(job: Job, budget: number): number {
    const { chain, filled } = job;
    const count = Math.min(chain.writableBytes - 1 - filled, Math.max(0, budget));
    if (count === 0) return 0;
    fillZero(chain.writable(filled, count));
    chain.wrote(filled, count);
    job.filled += count;
    return count;
  }
}
