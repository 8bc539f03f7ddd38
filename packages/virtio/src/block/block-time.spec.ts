/** When a request is done: latency and bandwidth on virtual time, at once on host time, and how much one notification does. */
import { describe, expect, it } from "vitest";
import { BlockBench, header, SteppedHostClock } from "./block-bench.fixture.ts";
import { BLK_F } from "./block-config.ts";
import { BLK_S, BLK_T } from "./block-request.ts";
import type { Disk } from "./disks/disk.ts";
import { sectors, tagsOf } from "./disks/disk-bench.fixture.ts";
import { MemoryDisk } from "./disks/memory-disk.ts";
import { VIRTIO_F_VERSION_1 } from "../testing/driver.fixture.ts";

const { OK, IOERR } = BLK_S;
const MIB = 1024 * 1024;

/** A disk that counts, and whose flushes end when they are told to. */
class SlowDisk extends MemoryDisk {
  readonly ends: ((failure?: Error) => void)[] = [];
  flushes = 0;
  moved = 0;

  constructor(sizeBytes = 64 * MIB) {
    super({ sizeBytes });
  }

  override read(offset: number, into: readonly Uint8Array[]): void {
    this.moved += into.reduce((sum, piece) => sum + piece.length, 0);
    super.read(offset, into);
  }

  override flush(): void {
    this.flushes++;
  }

  flushSoon(): Promise<void> {
    this.flushes++;
    return new Promise((resolve, reject) => this.ends.push((failure) => (failure === undefined ? resolve() : reject(failure))));
  }
}

describe("on virtual time", () => {
  it("a request is done 50 µs after its notification, and 2 GB a second later for its data", () => {
    const bench = new BlockBench();
    bench.driver.queue(0).send({ out: [header(BLK_T.IN, 0)], in: [4096, 1] });
    bench.wait(52_047);
    expect([bench.answers(), bench.driver.interrupts]).toEqual([[], [0]]);
    bench.wait(1);
    expect([bench.answers().length, bench.driver.interrupts]).toEqual([1, [1]]);
  });

  it("latencies overlap, and data follows data", () => {
    const bench = new BlockBench({ latencyNs: 1000 });
    const done: number[] = [];
    for (let n = 0; n < 3; n++) bench.driver.queue(0).send({ out: [header(BLK_T.IN, 0)], in: [2048, 1] });
    for (let ns = 1; ns < 5000; ns++) {
      bench.wait(1);
      for (const _ of bench.answers()) done.push(ns);
    }
    expect(done).toEqual([2024, 3048, 4072]);
  });

  it("what one notification brought is done at a time, with one interrupt for a driver that wants one", () => {
    const bench = new BlockBench({ driver: { eventIdx: true } });
    for (let n = 0; n < 10; n++) bench.driver.queue(0).add({ out: [header(BLK_T.IN, n)], in: [512, 1], indirect: true });
    bench.driver.queue(0).kick();
    bench.wait();
    expect([bench.answers().length, bench.driver.interrupts]).toEqual([10, [1]]);
  });

  it("the data has been moved when the notification returns: nothing of a file is under way", () => {
    const disk = new MemoryDisk({ sizeBytes: MIB });
    const bench = new BlockBench({ disk });
    bench.driver.queue(0).send({ out: [header(BLK_T.OUT, 0), sectors(1, 7)], in: [1] });
    const there = new Uint8Array(512);
    disk.read(0, [there]);
    expect([tagsOf(there), bench.answers()]).toEqual([[7], []]);
  });

  it("a flush is one of the host's for all that a notification brings, and done before it returns", () => {
    const disk = new SlowDisk();
    const bench = new BlockBench({ disk });
    for (let n = 0; n < 5; n++) bench.driver.queue(0).add({ out: [header(BLK_T.FLUSH, 0)], in: [1] });
    bench.driver.queue(0).kick();
    expect([disk.flushes, disk.ends.length]).toEqual([1, 0]);
    bench.wait();
    expect(bench.answers().map(({ status }) => status)).toEqual([OK, OK, OK, OK, OK]);
  });
});

describe("on host time", () => {
  it("a request is done when the notification returns", () => {
    const bench = new BlockBench({ clock: new SteppedHostClock() });
    bench.driver.queue(0).send({ out: [header(BLK_T.IN, 0)], in: [512, 1] });
    expect([bench.answers().length, bench.driver.interrupts]).toEqual([1, [1]]);
  });

  it("a flush runs in the background, keeps the machine awake, and others do not wait for it", async () => {
    const disk = new SlowDisk();
    const clock = new SteppedHostClock();
    const calls: string[] = [];
    const bench = new BlockBench({
      disk,
      clock,
      hold: () => (calls.push("hold"), () => void calls.push("release")),
      wake: () => void calls.push("wake"),
    });
    const [flush, read] = [
      bench.driver.queue(0).add({ out: [header(BLK_T.FLUSH, 0)], in: [1] }),
      bench.driver.queue(0).add({ out: [header(BLK_T.IN, 0)], in: [512, 1] }),
    ];
    bench.driver.queue(0).kick();
    expect(
      bench.driver
        .queue(0)
        .used()
        .map(({ head }) => head),
    ).toEqual([read]);
    expect(calls).toEqual(["hold"]);
    disk.ends[0]!();
    await bench.device.quiesce();
    expect(calls).toEqual(["hold", "wake", "release"]);
    expect(bench.answers()).toEqual([]); // only the machine's loop interrupts
    clock.step(0);
    expect(
      bench.driver
        .queue(0)
        .used()
        .map(({ head }) => head),
    ).toEqual([flush]);
  });

  it("flushes that come while one runs share the next", async () => {
    const disk = new SlowDisk();
    const clock = new SteppedHostClock();
    const bench = new BlockBench({ disk, clock });
    const flush = (): unknown => bench.driver.queue(0).send({ out: [header(BLK_T.FLUSH, 0)], in: [1] });
    for (let n = 0; n < 10; n++) flush();
    expect(disk.ends.length).toBe(1);
    disk.ends[0]!();
    await new Promise(setImmediate);
    clock.step(1);
    expect([bench.answers().length, disk.ends.length]).toEqual([1, 2]);
    disk.ends[1]!(new Error("EIO"));
    await bench.device.quiesce();
    clock.step(1);
    expect([bench.answers().map(({ status }) => status), bench.reports.length]).toEqual([Array(9).fill(IOERR), 1]);
  });

  it("a flush that was asked for before a reset ends without a trace", async () => {
    const disk = new SlowDisk();
    const clock = new SteppedHostClock();
    const bench = new BlockBench({ disk, clock });
    bench.driver.queue(0).send({ out: [header(BLK_T.FLUSH, 0)], in: [1] });
    bench.driver.reset();
    bench.driver.restart();
    disk.ends[0]!();
    await bench.device.quiesce();
    clock.step(1);
    expect([bench.answers(), bench.driver.failure]).toEqual([[], undefined]);
  });
});

describe("writes without a volatile cache (5.2.6.2)", () => {
  it.each([
    ["neither CONFIG_WCE nor FLUSH", 0n, undefined],
    ["writeback 0", BLK_F.CONFIG_WCE | BLK_F.FLUSH, 0],
  ])("are flushed before they are done: %s", (_what, features, writeback) => {
    const disk = new SlowDisk();
    const bench = new BlockBench({ disk, driver: { features: features | VIRTIO_F_VERSION_1 } });
    if (writeback !== undefined) bench.device.config.write(32, 1, writeback);
    bench.read(0);
    expect(disk.flushes).toBe(0);
    bench.write(0, sectors(1, 1));
    expect(disk.flushes).toBe(1);
  });

  it("are not, where the driver flushes by itself", () => {
    const disk = new SlowDisk();
    new BlockBench({ disk }).write(0, sectors(1, 1));
    expect(disk.flushes).toBe(0);
  });

  it("fail when the flush does", () => {
    const disk: Disk = Object.assign(new MemoryDisk({ sizeBytes: MIB }), {
      flush: () => {
        throw new Error("EIO");
      },
    });
    expect(new BlockBench({ disk, driver: { features: VIRTIO_F_VERSION_1 } }).write(0, sectors(1, 1))!.status).toBe(IOERR);
  });
});

describe("one notification", () => {
  it("does 64 requests, and the rest follow from the machine's loop", () => {
    const disk = new SlowDisk();
    const clock = new SteppedHostClock();
    const bench = new BlockBench({ disk, clock, driver: { queueSize: 256 } });
    for (let n = 0; n < 200; n++) bench.driver.queue(0).add({ out: [header(BLK_T.IN, 0)], in: [512, 1], indirect: true });
    bench.driver.queue(0).kick();
    const done = [disk.moved / 512];
    while (clock.nextDeadlineNs() < Infinity) {
      clock.step(1);
      done.push(disk.moved / 512);
    }
    expect([done, bench.answers().length]).toEqual([[64, 128, 192, 200], 200]);
  });

  it("moves 4 MiB, of a single request, too", () => {
    const disk = new SlowDisk();
    const clock = new SteppedHostClock();
    const bench = new BlockBench({ disk, clock, driver: { ramBytes: 16 * MIB } });
    disk.write(10 * MIB - 512, [sectors(1, 5)]);
    bench.driver.queue(0).send({ out: [header(BLK_T.IN, 0)], in: [10 * MIB, 1] });
    const done = [disk.moved / MIB];
    while (clock.nextDeadlineNs() < Infinity) {
      clock.step(1);
      done.push(disk.moved / MIB);
    }
    expect([done, bench.lengths()]).toEqual([[4, 8, 10], [10 * MIB + 1]]);
    const last = bench.driver.overwrites.findLast(({ length }) => length === 2 * MIB)!;
    expect(tagsOf(bench.driver.memory.copyOut(last.address + last.length - 512, 512)!)).toEqual([5]);
  });

  it("zeroes no more than 4 MiB of a request that is refused", () => {
    const clock = new SteppedHostClock();
    const bench = new BlockBench({ clock, driver: { ramBytes: 16 * MIB } });
    bench.driver.queue(0).send({ out: [header(BLK_T.IN, 2 ** 40)], in: [5 * MIB, 1] });
    expect(bench.driver.interrupts).toEqual([0]);
    clock.step(1);
    expect(bench.driver.interrupts).toEqual([1]);
  });

  it("serves its queues in turns when there is more", () => {
    const clock = new SteppedHostClock();
    const bench = new BlockBench({ clock, queues: 2 });
    for (let n = 0; n < 40; n++)
      for (const queue of bench.driver.queues) queue.add({ out: [header(BLK_T.GET_ID, 0)], in: [20, 1], indirect: true });
    bench.device.notify(0);
    expect([bench.answers(0).length, bench.answers(1).length]).toEqual([40, 0]);
    for (let n = 0; n < 64; n++) bench.driver.queue(0).add({ out: [header(BLK_T.GET_ID, 0)], in: [20, 1], indirect: true });
    bench.device.notify(0);
    bench.device.notify(1);
    clock.step(1);
    expect([bench.answers(0).length, bench.answers(1).length]).toEqual([64, 40]);
  });
});
