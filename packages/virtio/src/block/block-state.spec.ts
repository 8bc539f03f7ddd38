/** Save, restore and reset with requests in flight: nothing is done twice, nothing is lost, and what does not fit changes nothing. */
import { type PlainData, VirtualClock } from "@trapline/core";
import { describe, expect, it } from "vitest";
import type { Driver } from "../testing/driver.fixture.ts";
import { type BenchOptions, BlockBench, header, SteppedHostClock } from "./block-bench.fixture.ts";
import { BLK_S, BLK_T } from "./block-request.ts";
import { sectors, tagsOf } from "./disks/disk-bench.fixture.ts";
import { MemoryDisk } from "./disks/memory-disk.ts";

const { OK } = BLK_S;
const MIB = 1024 * 1024;

/** The same machine, saved and restored into new objects over the same disk. */
async function moved(bench: BlockBench): Promise<BlockBench> {
  const clock = new VirtualClock();
  clock.restore(bench.clock.save());
  const options: BenchOptions = { ...bench.options, disk: bench.disk, clock };
  const copy = new BlockBench({ ...options, driver: { ...bench.options.driver, start: false } });
  copy.driver = await bench.driver.moveTo(copy.device);
  return copy;
}

describe("a snapshot with requests in flight", () => {
  it("completes them at the same time as the machine that goes on", async () => {
    const bench = new BlockBench();
    bench.write(1, sectors(1, 7));
    bench.driver.queue(0).send({ out: [header(BLK_T.IN, 1)], in: [512, 1] });
    bench.wait(10_000);
    bench.driver.queue(0).send({ out: [header(BLK_T.OUT, 2), sectors(1, 8)], in: [1] });
    bench.wait(30_000);
    const copy = await moved(bench);
    const seen: Record<string, [number, number][]> = {};
    for (const [name, each] of Object.entries({ bench, copy })) {
      const times: [number, number][] = [];
      for (let ns = 0; ns < 100_000; ns += 8) {
        each.wait(8);
        for (const { status, written } of each.answers()) times.push([ns, 10 * written + status]);
      }
      seen[name] = times;
    }
    expect(seen["copy"]).toEqual(seen["bench"]);
    expect(seen["copy"]!.map(([, what]) => what)).toEqual([5130, 10]);
  });

  it("gives the read its data: it was in memory already", async () => {
    const bench = new BlockBench();
    bench.write(1, sectors(1, 7));
    bench.driver.queue(0).send({ out: [header(BLK_T.IN, 1)], in: [512, 1] });
    const copy = await moved(bench);
    bench.disk.write(512, [sectors(1, 9)]);
    copy.wait();
    expect(copy.answers().map(({ data }) => tagsOf(data.slice()))).toEqual([[7]]);
  });

  it("goes on with a transfer in the middle, and with queues that wait", async () => {
    const disk = new MemoryDisk({ sizeBytes: 16 * MIB });
    const bench = new BlockBench({ disk, queues: 2, driver: { ramBytes: 16 * MIB } });
    bench.driver.queue(0).send({ out: [header(BLK_T.OUT, 0), new Uint8Array(9 * MIB).fill(5)], in: [1] });
    bench.driver.queue(1).send({ out: [header(BLK_T.GET_ID, 0)], in: [20, 1] });
    expect(disk.usedBytes).toBe(4 * MIB);
    const copy = await moved(bench);
    copy.wait(2 ** 31);
    const last = new Uint8Array(4);
    disk.read(9 * MIB - 4, [last]);
    expect([disk.usedBytes, [...last], copy.answers(0).length, copy.answers(1).length]).toEqual([9 * MIB, [5, 5, 5, 5], 1, 1]);
  });

  it("does not forget to flush at the end of a request that is zeroed in parts", async () => {
    let flushes = 0;
    const disk = Object.assign(new MemoryDisk({ sizeBytes: MIB }), { flush: () => void flushes++ });
    const bench = new BlockBench({ disk, driver: { ramBytes: 8 * MIB } });
    bench.driver.queue(0).send({ out: [header(BLK_T.FLUSH, 0)], in: [5 * MIB, 1] });
    expect(flushes).toBe(0);
    const copy = await moved(bench);
    copy.wait();
    expect([flushes, copy.lengths()]).toEqual([1, [5 * MIB + 1]]);
  });

  it("waits for flushes in the background, and completes them afterwards", async () => {
    const clock = new SteppedHostClock();
    let end = (): void => {};
    const disk = Object.assign(new MemoryDisk({ sizeBytes: MIB }), {
      flushSoon: () => new Promise<void>((resolve) => void (end = resolve)),
    });
    const bench = new BlockBench({ disk, clock: clock as unknown as VirtualClock });
    bench.driver.queue(0).send({ out: [header(BLK_T.FLUSH, 0)], in: [1] });
    setImmediate(() => end());
    const copy = await moved(bench);
    copy.wait();
    expect(copy.answers()).toMatchObject([{ status: OK }]);
  });

  it("is whole nanoseconds, whatever the latency", async () => {
    const bench = new BlockBench({ latencyNs: 0.5 });
    bench.driver.queue(0).send({ out: [header(BLK_T.GET_ID, 0)], in: [20, 1] });
    const copy = await moved(bench);
    copy.wait(1);
    expect(copy.answers()).toHaveLength(1);
  });

  it("keeps the cache's mode", async () => {
    const bench = new BlockBench();
    bench.device.config.write(32, 1, 0);
    expect((await moved(bench)).device.config.read(32, 1)).toBe(0);
  });

  it("keeps a device without a driver as it is", () => {
    const [bench, copy] = [new BlockBench(), new BlockBench()];
    bench.driver.reset();
    copy.device.restore(bench.device.save(), undefined);
    expect(copy.device.save()).toEqual(bench.device.save());
  });
});

describe("a state that does not fit", () => {
  const full = (): BlockBench => {
    const bench = new BlockBench({ disk: new MemoryDisk({ sizeBytes: 8 * MIB }), driver: { ramBytes: 8 * MIB } });
    bench.driver.queue(0).send({ out: [header(BLK_T.GET_ID, 0)], in: [20, 1] });
    bench.driver.queue(0).send({ out: [header(BLK_T.OUT, 0), new Uint8Array(5 * MIB)], in: [1] });
    return bench;
  };
  type State = Record<string, PlainData>;
  const rows: readonly [what: string, spoil: (state: State) => PlainData, message: RegExp][] = [
    ["nothing", () => null, /its state in the saved state of disk0 should be a record/],
    ["a disk of another size", (state) => ({ ...state, capacityBytes: 512 }), /capacityBytes .* should be 8388608, as its disk is now/],
    ["a queue that is not there", (state) => ({ ...state, backlog: [1] }), /backlog/],
    ["a time that is none", (state) => ({ ...state, busyUntilNs: -1 }), /busyUntilNs/],
    ["a mode that is none", (state) => ({ ...state, writeback: 2 }), /writeback .* should be true or false/],
    ["a timer that is none", (state) => ({ ...state, dueTimer: 3 }), /should be a record/],
    [
      "a transfer beyond the disk",
      (state) => ({ ...state, job: { ...(state["job"] as State), transfer: { kind: "write", offset: 512, length: 8 * MIB } } }),
      /length/,
    ],
    [
      "a transfer of another kind",
      (state) => ({ ...state, job: { ...(state["job"] as State), transfer: { kind: "erase", offset: 0, length: 512 } } }),
      /kind .* should be read or write/,
    ],
    ["a job with nothing to do", (state) => ({ ...state, job: { ...(state["job"] as State), transfer: null } }), /transfer/],
    [
      "a chain twice",
      (state) => ({ ...state, batches: [...(state["batches"] as PlainData[]), ...(state["batches"] as PlainData[])] }),
      /chains with different heads/,
    ],
    [
      "a status that is none",
      (state) => ({ ...state, batches: [{ dueNs: 0, completions: [{ queue: 0, head: 0, status: 9 }] }] }),
      /status/,
    ],
  ];
  it.each(rows)("%s is refused, and nothing changes", (_what, spoil, message) => {
    const { device, driver } = full();
    const good = device.save() as State;
    expect(() => device.restore(spoil(good), driver.host)).toThrow(message);
    expect(device.save()).toEqual(good);
  });

  it("of chains that the queue does not know fails the device, and no more", () => {
    const state = full().device.save();
    const bench = new BlockBench({ disk: new MemoryDisk({ sizeBytes: 8 * MIB }) });
    bench.device.restore(state, bench.driver.host);
    bench.wait();
    expect([bench.answers(), bench.driver.failure]).toEqual([[], expect.stringMatching(/not in flight/)]);
  });
});

describe("a reset", () => {
  const check = (driver: Driver, bench: BlockBench): void => {
    driver.reset();
    bench.wait();
    driver.restart();
    bench.wait();
    expect(bench.answers()).toEqual([]);
    expect(bench.read(0)).toMatchObject({ status: OK });
  };

  it("ends requests in flight without a trace", () => {
    const bench = new BlockBench();
    bench.driver.queue(0).send({ out: [header(BLK_T.IN, 0)], in: [512, 1] });
    check(bench.driver, bench);
  });

  it("ends transfers in the middle, and what waits behind them", () => {
    const bench = new BlockBench({ disk: new MemoryDisk({ sizeBytes: 8 * MIB }), driver: { ramBytes: 16 * MIB } });
    for (let n = 0; n < 2; n++) bench.driver.queue(0).add({ out: [header(BLK_T.IN, 0)], in: [5 * MIB, 1] });
    bench.driver.queue(0).kick();
    check(bench.driver, bench);
  });
});
