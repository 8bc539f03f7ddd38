/**
 * A driver that asks anything, in any framing, in several queues, resets and is saved: the device's disk is a plain array of
 * bytes all the same, statuses are those that the specification gives, and every request comes back exactly once.
 */
import { VirtualClock } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Answer, BLOCK_DISK_BYTES, BlockBench, header, segments } from "./block-bench.fixture.ts";
import { MAX_DISCARD_SEGMENTS, MAX_ZEROES_SECTORS } from "./block-config.ts";
import { BLK_S, BLK_T } from "./block-request.ts";
import { MemoryDisk } from "./disks/memory-disk.ts";

const SECTORS = BLOCK_DISK_BYTES / 512;
const QUEUES = 2;

const SECTOR = fc.oneof(fc.nat(SECTORS - 1), fc.constantFrom(0, SECTORS - 1, SECTORS, 2 ** 54));
const COUNT = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 12 }) }, { weight: 1, arbitrary: fc.constantFrom(128, 256) });

/** Bytes of a request's data that make no sector: most have none. */
const ODD = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 600 }) });

const REQUEST = fc.record({
  queue: fc.nat(QUEUES - 1),
  type: fc.constantFrom(BLK_T.IN, BLK_T.IN, BLK_T.OUT, BLK_T.OUT, BLK_T.DISCARD, BLK_T.WRITE_ZEROES, BLK_T.FLUSH, BLK_T.GET_ID, 7),
  sector: SECTOR,
  count: COUNT,
  odd: ODD,
  flags: fc.constantFrom(0, 0, 0, 1, 2),
  cuts: fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 4 }),
  indirect: fc.boolean(),
});
type Request = typeof REQUEST extends fc.Arbitrary<infer T> ? T : never;

const STEP = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      what: fc.constant("ask" as const),
      requests: fc.array(REQUEST, { minLength: 1, maxLength: 4 }),
      waitNs: fc.constantFrom(0, 30_000, 1e6),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ what: "reset" as const }, { what: "move" as const }) },
);

/** The device's twin: an array, and what each request has to answer. */
class Model {
  readonly bytes: Uint8Array = new Uint8Array(BLOCK_DISK_BYTES);

  ask({ type, sector, count, odd, flags }: Request, data: Uint8Array): { readonly status: number; readonly data: Uint8Array | undefined } {
    const { OK, IOERR, UNSUPP } = BLK_S;
    const isInside = sector + count <= SECTORS;
    switch (type) {
      case BLK_T.IN:
        if (odd % 512 !== 0 || sector * 512 + count * 512 + odd > BLOCK_DISK_BYTES)
          return { status: IOERR, data: new Uint8Array(count * 512 + odd) };
        return { status: OK, data: this.bytes.slice(sector * 512, sector * 512 + count * 512 + odd) };
      case BLK_T.OUT:
        if (odd % 512 !== 0 || sector * 512 + data.length > BLOCK_DISK_BYTES) return { status: IOERR, data: new Uint8Array(0) };
        this.bytes.set(data, sector * 512);
        return { status: OK, data: new Uint8Array(0) };
      case BLK_T.DISCARD:
      case BLK_T.WRITE_ZEROES:
        if (flags === 2 || (flags === 1 && type === BLK_T.DISCARD)) return { status: UNSUPP, data: new Uint8Array(0) };
        if (!isInside || (type === BLK_T.WRITE_ZEROES && count > MAX_ZEROES_SECTORS)) return { status: IOERR, data: new Uint8Array(0) };
        if (type === BLK_T.WRITE_ZEROES) this.bytes.fill(0, sector * 512, (sector + count) * 512);
        else this.discard(sector * 512, count * 512);
        return { status: OK, data: new Uint8Array(0) };
      case BLK_T.FLUSH:
        return { status: OK, data: new Uint8Array(0) };
      case BLK_T.GET_ID:
        return { status: OK, data: Uint8Array.from({ length: 20 }, (_, n) => "disk0".charCodeAt(n) || 0) };
      default:
        return { status: UNSUPP, data: new Uint8Array(0) };
    }
  }

  /** A disk in memory empties whole clusters of 64 KiB. */
  private discard(offset: number, length: number): void {
    const CLUSTER = 0x1_0000;
    for (let at = Math.ceil(offset / CLUSTER) * CLUSTER; at + CLUSTER <= offset + length; at += CLUSTER)
      this.bytes.fill(0, at, at + CLUSTER);
  }
}

/** What a driver sends for it: header and data together, cut anywhere; then room for an answer, cut anywhere. */
function chainOf(
  request: Request,
  seed: number,
): { readonly out: Uint8Array[]; readonly in: number[]; readonly indirect: boolean; readonly data: Uint8Array } {
  const { type, sector, count, odd, flags, cuts, indirect } = request;
  const isRange = type === BLK_T.DISCARD || type === BLK_T.WRITE_ZEROES;
  const data = isRange
    ? segments([sector, count, flags])
    : type === BLK_T.OUT
      ? Uint8Array.from({ length: count * 512 + odd }, (_, n) => (n ^ (n >> 8)) + seed)
      : new Uint8Array(0);
  const room = type === BLK_T.IN ? count * 512 + odd : type === BLK_T.GET_ID ? 20 : 0;
  const out = Uint8Array.from([...header(type, isRange ? 0 : sector), ...data]);
  return {
    out: cutUp(out.length, cuts).map(([from, to]) => out.subarray(from, to)),
    in: cutUp(room + 1, cuts).map(([from, to]) => to - from),
    indirect,
    data,
  };
}

function cutUp(length: number, cuts: readonly number[]): [from: number, to: number][] {
  const parts: [number, number][] = [];
  let at = 0;
  for (const cut of [...cuts, length]) {
    if (at < length) parts.push([at, Math.min(at + cut, length)]);
    at += cut;
  }
  return parts;
}

function describeAnswer({ status, data }: { readonly status: number; readonly data: Uint8Array | undefined }): string {
  return `status ${status}, ${data?.length} bytes`;
}

/** The bench, and what its driver waits for. */
class Player {
  bench = new BlockBench({ disk: new MemoryDisk({ sizeBytes: BLOCK_DISK_BYTES }), queues: QUEUES, driver: { ramBytes: 0x80_0000 } });
  readonly model = new Model();
  readonly expected = new Map<string, { readonly status: number; readonly data: Uint8Array | undefined }>();

  ask(requests: readonly Request[], seed: number): void {
    const { driver } = this.bench;
    for (const request of requests) {
      const chain = chainOf(request, seed);
      const head = driver.queue(request.queue).send(chain); // one at a time: the model has an order, two queues have none
      this.expected.set(`${request.queue} ${head}`, this.model.ask(request, chain.data));
    }
  }

  /** Takes what came back and compares it. */
  collect(): void {
    for (let queue = 0; queue < QUEUES; queue++) {
      for (const { head, bytes } of this.bench.driver.queue(queue).used()) {
        const answer: Pick<Answer, "status" | "data"> = { status: bytes.at(-1)!, data: bytes.subarray(0, -1) };
        const wanted = this.expected.get(`${queue} ${head}`);
        if (wanted === undefined) throw new Error(`queue ${queue} gave ${head} back twice, or without being asked`);
        this.expected.delete(`${queue} ${head}`);
        if (wanted.status !== answer.status || Buffer.compare(wanted.data!, answer.data) !== 0)
          throw new Error(`queue ${queue}, ${head}: ${describeAnswer(answer)}, not ${describeAnswer(wanted)}`);
      }
    }
  }

  reset(): void {
    this.bench.driver.reset();
    this.bench.driver.restart();
    this.expected.clear();
  }

  /** Into new objects, over the same disk. */
  async move(): Promise<void> {
    const { bench } = this;
    const clock = new VirtualClock();
    clock.restore(bench.clock.save());
    const copy = new BlockBench({ ...bench.options, disk: bench.disk, clock, driver: { ...bench.options.driver, start: false } });
    copy.driver = await bench.driver.moveTo(copy.device);
    this.bench = copy;
  }

  finish(): void {
    this.bench.wait();
    this.collect();
    if (this.expected.size > 0) throw new Error(`${[...this.expected.keys()].join(", ")} never came back`);
    if (this.bench.driver.failure !== undefined) throw new Error(this.bench.driver.failure);
    const shown = new Uint8Array(BLOCK_DISK_BYTES);
    this.bench.disk.read(0, [shown]);
    if (Buffer.compare(shown, this.model.bytes) !== 0) throw new Error("the disk says something else");
  }
}

describe("any driver", () => {
  it("finds an array of sectors", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 20 }), async (steps) => {
        const player = new Player();
        for (const [n, step] of steps.entries()) {
          if (step.what === "ask") {
            player.ask(step.requests, n);
            player.bench.wait(step.waitNs);
            player.collect();
          } else if (step.what === "reset") {
            player.reset();
          } else {
            await player.move();
          }
        }
        player.finish();
      }),
      { numRuns: 40 },
    );
  });

  it("may also ask for anything at all, and the host goes on", () => {
    const junk = fc.record({
      out: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 3 }),
      in: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(junk, { maxLength: 12 }), (chains) => {
        const bench = new BlockBench();
        for (const chain of chains) {
          if (chain.out.length + chain.in.length === 0) continue;
          bench.driver.queue(0).send(chain);
          bench.wait();
          if (bench.driver.failure === undefined) continue;
          bench.driver.reset();
          bench.driver.restart();
        }
        if (bench.reports.length > 0) throw new Error(bench.reports[0]);
      }),
      { numRuns: 60 },
    );
  });

  it("may ask for as many ranges as there may be", () => {
    const rows = Array.from({ length: MAX_DISCARD_SEGMENTS }, (_, n) => [n * 4, 4] as const);
    expect(new BlockBench().ask(BLK_T.DISCARD, 0, [segments(...rows)])!.status).toBe(BLK_S.OK);
  });
});
