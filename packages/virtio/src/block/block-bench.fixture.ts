/** A block device with a driver, for specs: requests in, statuses and bytes out, on a clock that the spec moves. */
import { HostClock, VirtualClock } from "@trapline/core";
import { Driver, type DriverOptions } from "../testing/driver.fixture.ts";
import { type BlockDeviceOptions, VirtioBlock } from "./block-device.ts";
import { BLK_T } from "./block-request.ts";
import type { Disk } from "./disks/disk.ts";
import { MemoryDisk } from "./disks/memory-disk.ts";

/** Past the latency of anything that a spec asks for. */
export const LATER_NS = 1e9;

export interface BenchOptions extends Partial<BlockDeviceOptions> {
  readonly driver?: DriverOptions;
}

/** What came back of a request: undefined while it is under way. */
export interface Answer {
  readonly status: number;
  readonly data: Uint8Array;
  /** As the used ring says. */
  readonly written: number;
}

export const BLOCK_DISK_BYTES = 0x4_0000;

export class BlockBench {
  readonly clock: VirtualClock;
  readonly disk: Disk;
  readonly device: VirtioBlock;
  driver: Driver;
  readonly reports: string[] = [];
  readonly options: BenchOptions;

  constructor(options: BenchOptions = {}, driver?: Driver) {
    this.options = options;
    this.clock = (options.clock as VirtualClock | undefined) ?? new VirtualClock();
    this.disk = options.disk ?? new MemoryDisk({ sizeBytes: BLOCK_DISK_BYTES });
    this.device = new VirtioBlock({
      name: "disk0",
      ...options,
      disk: this.disk,
      clock: this.clock,
      report: (error) => void this.reports.push(error.message),
    });
    this.driver = driver ?? new Driver(this.device, options.driver);
  }

  /** One request, sent and waited for. `data` is what the driver sends; `room` what it has for data. */
  ask(type: number, sector: number, data: readonly Uint8Array[] = [], room: readonly number[] = []): Answer | undefined {
    this.driver.queue(0).send({ out: [header(type, sector), ...data], in: [...room, 1] });
    this.wait();
    return this.answers()[0];
  }

  read(sector: number, count = 1): Answer | undefined {
    return this.ask(BLK_T.IN, sector, [], [512 * count]);
  }

  write(sector: number, ...data: Uint8Array[]): Answer | undefined {
    return this.ask(BLK_T.OUT, sector, data);
  }

  wait(ns: number = LATER_NS): void {
    this.clock.elapse(ns);
  }

  /** The used lengths of what came back in all, for data too large to be looked at. */
  lengths(queue = 0): number[] {
    const { driver } = this;
    const { used, size } = driver.queue(queue).setup;
    return Array.from({ length: driver.word(used + 2, 2) }, (_, n) => driver.word(used + 8 + 8 * (n % size), 4));
  }

  /** All that came back since it was last asked. */
  answers(queue = 0): Answer[] {
    return this.driver
      .queue(queue)
      .used()
      .map(({ written, bytes }) => ({ status: bytes.at(-1) ?? -1, data: bytes.subarray(0, -1), written }));
  }
}

/** struct virtio_blk_req up to its data (5.2.6). */
export function header(type: number, sector: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return bytes;
}

/** struct virtio_blk_discard_write_zeroes (5.2.6), one for each [sector, count, flags]. */
export function segments(...rows: readonly (readonly [sector: number, count: number, flags?: number])[]): Uint8Array {
  const bytes = new Uint8Array(16 * rows.length);
  const view = new DataView(bytes.buffer);
  for (const [n, [sector, count, flags = 0]] of rows.entries()) {
    view.setBigUint64(16 * n, BigInt(sector), true);
    view.setUint32(16 * n + 8, count, true);
    view.setUint32(16 * n + 12, flags, true);
  }
  return bytes;
}

/** A host clock that stands still until it is moved. */
export class SteppedHostClock extends HostClock {
  private readonly time: { ms: number };

  constructor() {
    const time = { ms: 0 };
    super(() => time.ms);
    this.time = time;
  }

  /** As the machine's loop does it. */
  step(ms: number): void {
    this.time.ms += ms;
    this.poll();
  }
}
