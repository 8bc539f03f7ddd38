/**
 * A virtio block device (virtio 1.2, 5.2) on any disk: IN, OUT, FLUSH, GET_ID, DISCARD and WRITE_ZEROES, in one queue or more.
 *
 * The host's reads and writes are done when the driver notifies; it learns of them at that time plus a modelled latency, so
 * the same guest sees the same times on every host, and nothing of a file is ever under way when a machine is saved. Only
 * flushes may take long: on host time they run in the background (docs/adr/0033-block-devices.md).
 *
 * A notification does at most MAX_REQUESTS requests and MAX_BYTES of data; what is left follows from the machine's loop. Hot.
 */
import type { Clock, ClockTimer, PlainData, TraplineError } from "@trapline/core";
import type { VirtioDevice, VirtioHost } from "../device/virtio-device.ts";
import { BackgroundFlusher } from "./background-flusher.ts";
import { BlockConfig } from "./block-config.ts";
import { BLK_S, type BlockRequest, readRequest } from "./block-request.ts";
import { readBlock, saveBlock } from "./block-state.ts";
import { type Completion, Completions } from "./completions.ts";
import { DiskWorker, isDone, type Job } from "./disk-worker.ts";
import type { Disk } from "./disks/disk.ts";
import { resumeBatches, resumeJob, saveBatches, saveJob } from "./job-state.ts";

/** Done at a time. */
const MAX_REQUESTS = 64;
const MAX_BYTES = 0x40_0000;
/** On virtual time: what a request takes, and what its data adds, 2 GB/s. A middling solid-state disk. */
const DEFAULT_LATENCY_NS = 50_000;
const NS_PER_KIB = 512;

/** What a block device is made of. */
export interface BlockDeviceOptions<D extends Disk = Disk> {
  readonly name: string;
  /** Stays the caller's: it is not closed. */
  readonly disk: D;
  readonly clock: Clock;
  /** Up to 20 characters of ASCII, for GET_ID. Default: the name. */
  readonly serial?: string;
  /** Default 1. */
  readonly queues?: number;
  /** Entries of each queue, a power of two. Default 256. */
  readonly queueSize?: number;
  /** What the guest takes for a sector: 512, 1024, 2048 or 4096. Default 512. */
  readonly blockBytes?: number;
  /** From notification to completion, nanoseconds, rounded up. Default 50 µs on virtual time, 0 on host time. */
  readonly latencyNs?: number;
  /** False: writes are on stable storage when completed, unless the driver chooses otherwise. Default true. */
  readonly writeback?: boolean;
  /** Told what is wrong with the disk. */
  readonly report?: (error: TraplineError) => void;
  /** Keep an idle machine from ending while a flush runs, and wake it afterwards: those of `Vmm`. */
  readonly hold?: () => () => void;
  readonly wake?: () => void;
}

/** The block device (virtio 1.2, 5.2) on a disk, whatever the transport. */
export class VirtioBlock<D extends Disk = Disk> implements VirtioDevice {
  readonly name: string;
  readonly disk: D;
  readonly type = 2;
  readonly features: bigint;
  readonly queueSizes: readonly number[];
  readonly config: BlockConfig;

  private readonly clock: Clock;
  private readonly latencyNs: number;
  private readonly nsPerKib: number;
  private readonly wake: () => void;
  private readonly worker: DiskWorker;
  private readonly completions: Completions;
  private readonly more: ClockTimer;
  /** Where flushes do not wait for each other and the machine not for them: on host time. */
  private readonly flusher: BackgroundFlusher | undefined;
  private host: VirtioHost | undefined;
  /** Queues that may have something, in the order in which they are served. */
  private readonly backlog = new Set<number>();
  /** A transfer too large for one go. */
  private job: Job | undefined;
  /** When the disk has moved all data so far: transfers follow each other. */
  private busyUntilNs = 0;

  constructor(options: BlockDeviceOptions<D>) {
    const { name, disk, clock, serial = name, queues = 1, queueSize = 256, blockBytes = 512, writeback = true } = options;
    this.name = name;
    this.disk = disk;
    this.clock = clock;
    this.latencyNs = Math.ceil(options.latencyNs ?? (clock.kind === "virtual" ? DEFAULT_LATENCY_NS : 0));
    this.nsPerKib = clock.kind === "virtual" ? NS_PER_KIB : 0;
    this.queueSizes = Array.from({ length: queues }, () => queueSize);
    this.config = new BlockConfig({ disk, blockBytes, queues, queueSize, writeback });
    this.features = this.config.features;
    this.worker = new DiskWorker(disk, serial, options.report ?? ((): void => {}));
    this.completions = new Completions(name, clock);
    this.more = clock.timer(`${name} more`, () => this.serve());
    const hold = options.hold ?? ((): (() => void) => () => {});
    this.flusher =
      clock.kind === "virtual"
        ? undefined
        : new BackgroundFlusher({ hold, flush: () => this.flushSoon(), done: (jobs, status) => this.flushed(jobs, status) });
    this.wake = options.wake ?? ((): void => {});
  }

  start(host: VirtioHost): void {
    this.host = this.completions.host = host;
    this.config.start(host.features, host.legacy);
  }

  notify(index: number): void {
    this.backlog.add(index);
    if (this.more.deadlineNs === Infinity) this.serve();
  }

  reset(): void {
    this.host = this.completions.host = undefined;
    this.backlog.clear();
    this.job = undefined;
    this.flusher?.forget();
    this.busyUntilNs = 0;
    this.completions.clear();
    this.more.disarm();
    this.config.reset();
  }

  async quiesce(): Promise<void> {
    await this.flusher?.idle();
  }

  /** After `quiesce`: a flush that runs is not saved. */
  save(): PlainData {
    const { job } = this;
    return saveBlock(this.config.capacityBytes, {
      writeback: this.config.writeback,
      busyUntilNs: this.busyUntilNs,
      backlog: [...this.backlog],
      job: job === undefined ? undefined : saveJob(job),
      batches: saveBatches(this.completions.waiting),
      dueTimer: this.completions.saveTimer(),
      moreTimer: this.more.save(),
    });
  }

  restore(state: PlainData, host: VirtioHost | undefined): void {
    const saved = readBlock({ name: this.name, capacityBytes: this.config.capacityBytes, queueSizes: this.queueSizes }, state);
    this.reset();
    this.config.restore(saved.writeback, host?.features);
    this.busyUntilNs = saved.busyUntilNs;
    this.host = this.completions.host = host;
    for (const index of saved.backlog) this.backlog.add(index);
    this.job = saved.job === undefined ? undefined : resumeJob(saved.job, host);
    this.completions.restore(resumeBatches(saved.batches, host), saved.dueTimer);
    this.more.restore(saved.moreTimer);
  }

  /** Does what there is to do, up to the bounds. */
  private serve(): void {
    if (this.host === undefined) return;
    const done: Job[] = [];
    let bytes = 0;
    for (let requests = 0; requests < MAX_REQUESTS && bytes < MAX_BYTES; requests++) {
      const job = this.job ?? this.next(this.host);
      if (job === undefined) break;
      bytes += this.worker.work(job, MAX_BYTES - bytes);
      const finished = isDone(job);
      this.job = finished ? undefined : job;
      if (finished) done.push(job);
    }
    this.busyUntilNs = Math.max(this.clock.nowNs(), this.busyUntilNs) + Math.ceil((bytes * this.nsPerKib) / 1024);
    this.complete(done);
    if (this.job !== undefined || this.backlog.size > 0) this.more.armAt(this.busyUntilNs + 1); // not in this turn of the loop
  }

  /** The next request, the queues taking turns. */
  private next(host: VirtioHost): Job | undefined {
    for (const queue of this.backlog) {
      this.backlog.delete(queue);
      const chain = host.queue(queue).pop();
      if (chain === undefined) continue;
      this.backlog.add(queue);
      const request = readRequest(chain, this.config);
      if (request !== undefined) return { queue, chain, request, lasts: this.mustLast(request), done: 0, filled: 0, verdict: undefined };
      const { readableBytes, writableBytes } = chain;
      host.fail(`${this.name}: ${readableBytes} bytes to read and ${writableBytes} to write have no place for a header and a status`);
      this.backlog.clear();
    }
    return undefined;
  }

  /** Makes last what has to, and tells the driver when it is time. */
  private complete(done: readonly Job[]): void {
    const dueNs = this.busyUntilNs + this.latencyNs;
    const lasting = done.filter((job) => job.lasts && job.verdict === BLK_S.OK);
    if (lasting.length > 0 && this.flusher !== undefined) {
      this.flusher.add(lasting);
      this.completions.add(done.filter((job) => !lasting.includes(job)).map(completionOf), dueNs);
      return;
    }
    if (lasting.length > 0)
      giveVerdict(
        lasting,
        this.worker.attempt(() => this.disk.flush()),
      );
    this.completions.add(done.map(completionOf), dueNs);
  }

  /** Flushes; and what is written without a volatile cache (5.2.6.2, "stable"). */
  private mustLast({ kind }: BlockRequest): boolean {
    return kind === "flush" || (!this.config.writeback && (kind === "write" || kind === "zero"));
  }

  private async flushSoon(): Promise<number> {
    try {
      if (this.disk.flushSoon === undefined) this.disk.flush();
      else await this.disk.flushSoon();
      return BLK_S.OK;
    } catch (error) {
      return this.worker.failed(error);
    }
  }

  private flushed(jobs: readonly Job[], status: number): void {
    giveVerdict(jobs, status);
    this.completions.addLater(jobs.map(completionOf), this.clock.nowNs() + this.latencyNs);
    this.wake();
  }
}

function giveVerdict(jobs: readonly Job[], status: number): void {
  for (const job of jobs) job.verdict = status;
}

function completionOf({ queue, chain, verdict = BLK_S.IOERR }: Job): Completion {
  return { queue, chain, status: verdict };
}
