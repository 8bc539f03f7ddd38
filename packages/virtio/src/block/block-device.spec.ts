/** The block device by the sections of virtio 1.2, 5.2: what it offers, what requests do, and what is answered to bad ones. */
import { describe, expect, it } from "vitest";
import { VIRTIO_F_VERSION_1 } from "../testing/driver.fixture.ts";
import { BLOCK_DISK_BYTES, BlockBench, header, segments } from "./block-bench.fixture.ts";
import { BLK_F, MAX_DISCARD_SECTORS, MAX_ZEROES_SECTORS } from "./block-config.ts";
import { BLK_S, BLK_T } from "./block-request.ts";
import type { Disk } from "./disks/disk.ts";
import { sectors, tagsOf } from "./disks/disk-bench.fixture.ts";
import { MemoryDisk } from "./disks/memory-disk.ts";

const { OK, IOERR, UNSUPP } = BLK_S;
const LAST = BLOCK_DISK_BYTES / 512 - 1;

/** A disk as files are: it does not discard. */
function thick(options: { readonly readOnly?: boolean } = {}): Disk {
  const disk = new MemoryDisk({ sizeBytes: BLOCK_DISK_BYTES, ...options });
  return Object.assign(disk, { discards: false, grainBytes: 4096 });
}

describe("features (5.2.3)", () => {
  const ALWAYS = BLK_F.SEG_MAX | BLK_F.BLK_SIZE | BLK_F.FLUSH | BLK_F.TOPOLOGY | BLK_F.CONFIG_WCE;
  it.each([
    ["a disk that discards", {}, ALWAYS | BLK_F.WRITE_ZEROES | BLK_F.DISCARD],
    ["one that does not", { disk: thick() }, ALWAYS | BLK_F.WRITE_ZEROES],
    ["one that is read-only", { disk: thick({ readOnly: true }) }, ALWAYS | BLK_F.RO],
    ["several queues", { queues: 4 }, ALWAYS | BLK_F.WRITE_ZEROES | BLK_F.DISCARD | BLK_F.MQ],
  ])("of %s", (_what, options, features) => {
    const { device } = new BlockBench(options);
    expect([device.type, device.features]).toEqual([2, features]);
  });

  it("have a queue each that a driver may use (5.2.2)", () => {
    expect(new BlockBench({ queues: 3, queueSize: 128 }).device.queueSizes).toEqual([128, 128, 128]);
  });
});

describe("configuration (5.2.4)", () => {
  const rows = [
    // offset width value   field
    [0, 8, 512, "capacity, sectors of 512 bytes"],
    [8, 4, 0, "size_max, not offered"],
    [12, 4, 254, "seg_max: two descriptors of the queue are header and status"],
    [16, 4, 0, "geometry, not offered"],
    [20, 4, 512, "blk_size"],
    [24, 1, 3, "physical_block_exp: 4096"],
    [25, 1, 0, "alignment_offset"],
    [26, 2, 8, "min_io_size, blocks"],
    [28, 4, 0, "opt_io_size"],
    [32, 1, 1, "writeback"],
    [33, 1, 0, "unused0"],
    [34, 2, 2, "num_queues"],
    [36, 4, 0, "max_discard_sectors, not offered"],
    [40, 4, 0, "max_discard_seg"],
    [44, 4, 0, "discard_sector_alignment"],
    [48, 4, MAX_ZEROES_SECTORS, "max_write_zeroes_sectors"],
    [52, 4, 1, "max_write_zeroes_seg"],
    [56, 1, 0, "write_zeroes_may_unmap: not on a disk that does not discard"],
    [57, 2, 0, "unused1"],
    [58, 8, 0, "beyond its end"],
    [4096, 4, 0, "far beyond its end"],
  ] as const;
  const { device } = new BlockBench({ disk: thick(), queues: 2 });
  it.each(rows)("%i, %i bytes: %i  %s", (offset, width, value) => expect(device.config.read(offset, width)).toBe(value));

  it("tells what a disk of clusters can discard", () => {
    const { config } = new BlockBench({ disk: new MemoryDisk({ base: new MemoryDisk({ sizeBytes: BLOCK_DISK_BYTES }) }) }).device;
    expect([config.read(28, 4), config.read(36, 4), config.read(40, 4), config.read(44, 4), config.read(56, 1)]).toEqual([
      128,
      MAX_DISCARD_SECTORS,
      16,
      128,
      1,
    ]);
  });

  it("counts in the blocks that were asked for, and shows only whole ones", () => {
    const { config } = new BlockBench({ disk: new MemoryDisk({ sizeBytes: 4096 * 3 + 512 }), blockBytes: 4096 }).device;
    expect([config.read(0, 8), config.read(20, 4), config.read(24, 1), config.read(26, 2)]).toEqual([24, 4096, 0, 1]);
  });
});

describe("the cache's mode (5.2.5, 5.2.6.2)", () => {
  const { FLUSH, CONFIG_WCE } = BLK_F;
  it.each([
    // negotiated        writeback the device lasts
    [CONFIG_WCE | FLUSH, true, true],
    [CONFIG_WCE | FLUSH, false, false],
    [CONFIG_WCE, true, false], // MUST be initialized to 0
    [FLUSH, false, true], // SHOULD assume presence of a writeback cache
    [0n, true, false], // MAY deduce the presence of a writethrough cache
  ])("negotiated %s, begun as %s: %s", (features, writeback, mode) => {
    const { device } = new BlockBench({ writeback, driver: { features: features | VIRTIO_F_VERSION_1 } });
    expect(device.config.read(32, 1)).toBe(mode ? 1 : 0);
  });

  it("of a driver from before 1.0 is not changed by what it negotiates, if it can set it (5.2.5.3)", () => {
    const { device } = new BlockBench({ driver: { features: CONFIG_WCE } });
    expect(device.config.read(32, 1)).toBe(1);
  });

  it.each([
    [32, 1, 0, 0],
    [32, 4, 0xff00, 0],
    [28, 8, 0, 0],
    [28, 8, 0x1_0000_0000, 1],
    [33, 1, 0, 1],
    [31, 1, 0, 1],
    [24, 8, 0, 1],
  ] as const)("is what a write to %i of %i bytes with 0x%x makes it: %i", (offset, width, value, mode) => {
    const { device } = new BlockBench();
    device.config.write(offset, width, value);
    expect([device.config.read(32, 1), device.config.read(0, 8)]).toEqual([mode, 512]);
  });

  it("cannot be set without CONFIG_WCE, and is as it was after a reset", () => {
    const { device } = new BlockBench({ driver: { features: FLUSH | VIRTIO_F_VERSION_1 } });
    device.config.write(32, 1, 0);
    expect(device.config.read(32, 1)).toBe(1);
    device.reset();
    device.config.write(32, 1, 0);
    expect(device.config.read(32, 1)).toBe(0);
    device.reset();
    expect(device.config.read(32, 1)).toBe(1);
  });
});

describe("a request (5.2.6)", () => {
  it("IN gives the data, and OUT takes it", () => {
    const bench = new BlockBench();
    expect(bench.write(3, sectors(2, 7))).toEqual({ status: OK, data: new Uint8Array(0), written: 1 });
    const answer = bench.read(2, 4)!;
    expect([answer.status, tagsOf(answer.data), answer.written]).toEqual([OK, [0, 7, 7, 0], 4 * 512 + 1]);
  });

  it("tells the CPU what changed under it", () => {
    const bench = new BlockBench();
    bench.driver.overwrites.length = 0;
    bench.ask(BLK_T.IN, 0, [], [1024]);
    expect(bench.driver.overwrites.slice(0, 2).map(({ length }) => length)).toEqual([1024, 1]); // data, status; then the ring
  });

  it("GET_ID gives 20 bytes, padded with zeros", () => {
    const text = (serial: string): string => String.fromCharCode(...new BlockBench({ serial }).ask(BLK_T.GET_ID, 0, [], [20])!.data);
    expect([text("root"), text("12345678901234567890")]).toEqual(["root".padEnd(20, "\0"), "12345678901234567890"]);
  });

  it("FLUSH has no data", () => {
    expect(new BlockBench().ask(BLK_T.FLUSH, 0)).toEqual({ status: OK, data: new Uint8Array(0), written: 1 });
  });

  it("DISCARD and WRITE_ZEROES take ranges", () => {
    const bench = new BlockBench();
    bench.write(0, sectors(512, 9));
    expect(bench.ask(BLK_T.DISCARD, 0, [segments([0, 128], [256, 128])])!.status).toBe(OK);
    expect(bench.ask(BLK_T.WRITE_ZEROES, 0, [segments([130, 2, 1])])!.status).toBe(OK);
    const shown = tagsOf(bench.read(0, 512)!.data);
    expect([shown[127], shown[128], shown[130], shown[131], shown[132], shown[256], shown[384]]).toEqual([0, 9, 0, 0, 9, 0, 9]);
  });

  it("of no data is done", () => {
    const bench = new BlockBench();
    expect([bench.ask(BLK_T.IN, 0)!.status, bench.ask(BLK_T.OUT, LAST + 1)!.status]).toEqual([OK, OK]);
  });

  it("works on a read-only disk if it only reads", () => {
    const bench = new BlockBench({ disk: thick({ readOnly: true }) });
    expect([bench.read(0)!.status, bench.ask(BLK_T.FLUSH, 0)!.status, bench.write(0, sectors(1, 1))!.status]).toEqual([OK, OK, IOERR]);
  });
});

describe("framing (2.6.4): where buffers end means nothing", () => {
  const request = [...header(BLK_T.OUT, 1), ...sectors(1, 5)];
  const cuts = [
    ["header, data and status apart", [16, 512]],
    ["header and data in one", [528]],
    ["a header in pieces", [1, 7, 8, 512]],
    ["data that begins in the header's buffer", [20, 500, 8]],
    ["a byte each at first", [...Array<number>(20).fill(1), 508]],
  ] as const;
  it.each(cuts)("%s", (_what, lengths) => {
    const bench = new BlockBench();
    let at = 0;
    const out = lengths.map((length) => Uint8Array.from(request.slice(at, (at += length))));
    bench.driver.queue(0).send({ out, in: [1] });
    bench.wait();
    expect([bench.answers()[0]!.status, tagsOf(bench.read(1)!.data)]).toEqual([OK, [5]]);
  });

  it.each([[[513]], [[1, 512]], [[511, 1, 1]], [[256, 257]]])("data and status in buffers of %j", (room) => {
    const bench = new BlockBench();
    bench.write(4, sectors(1, 6));
    bench.driver.queue(0).send({ out: [header(BLK_T.IN, 4)], in: room });
    bench.wait();
    const [answer] = bench.answers();
    expect([answer!.status, tagsOf(answer!.data.slice()), answer!.written]).toEqual([OK, [6], 513]);
  });

  it("in an indirect table, from a driver before 1.0, too", () => {
    const bench = new BlockBench({ driver: { features: 0n } });
    bench.driver.queue(0).send({ out: [header(BLK_T.IN, 0)], in: [512, 1], indirect: true });
    bench.wait();
    expect(bench.answers()[0]).toMatchObject({ status: OK, written: 513 });
  });
});

describe("what is refused (5.2.6.2)", () => {
  const zeros = new Uint8Array(512);
  const rows: readonly [
    what: string,
    type: number,
    sector: number,
    data: readonly Uint8Array[],
    room: readonly number[],
    status: number,
  ][] = [
    ["a read beyond the end", BLK_T.IN, LAST, [], [1024], IOERR],
    ["a read far beyond the end", BLK_T.IN, 2 ** 55, [], [512], IOERR],
    ["a read of no whole sectors", BLK_T.IN, 0, [], [500], IOERR],
    ["a write beyond the end", BLK_T.OUT, LAST + 1, [zeros], [], IOERR],
    ["a write whose end wraps", BLK_T.OUT, 2 ** 53 - 1, [zeros], [], IOERR],
    ["a write of no whole sectors", BLK_T.OUT, 0, [zeros.subarray(1)], [], IOERR],
    ["discard with a flag", BLK_T.DISCARD, 0, [segments([0, 8, 1])], [], UNSUPP],
    ["discard with an unknown flag in the second range", BLK_T.DISCARD, 0, [segments([0, 8], [8, 8, 0x8000_0000])], [], UNSUPP],
    ["an unknown flag counts before a range outside", BLK_T.DISCARD, 0, [segments([LAST, 8], [8, 8, 2])], [], UNSUPP],
    ["discard beyond the end", BLK_T.DISCARD, 0, [segments([0, 8], [LAST, 2])], [], IOERR],
    ["discard of too many ranges", BLK_T.DISCARD, 0, [segments(...Array.from({ length: 17 }, () => [0, 8] as const))], [], IOERR],
    ["discard of half a range", BLK_T.DISCARD, 0, [segments([0, 8]).subarray(8)], [], IOERR],
    ["discard of nothing", BLK_T.DISCARD, 0, [], [], IOERR],
    ["write zeroes with an unknown flag", BLK_T.WRITE_ZEROES, 0, [segments([0, 8, 2])], [], UNSUPP],
    ["write zeroes beyond the end", BLK_T.WRITE_ZEROES, 0, [segments([LAST, 2, 1])], [], IOERR],
    ["write zeroes of two ranges", BLK_T.WRITE_ZEROES, 0, [segments([0, 1], [1, 1])], [], IOERR],
    ["a legacy SCSI command", 2, 0, [], [], UNSUPP],
    ["secure erase", 14, 0, [segments([0, 8])], [], UNSUPP],
    ["lifetime", 10, 0, [], [6], UNSUPP],
    ["a zone report", 16, 0, [], [512], UNSUPP],
    ["a type that nobody knows", 0xffff_fff5, 0, [], [], UNSUPP],
  ];
  it.each(rows)("%s", (_what, type, sector, data, room, status) => {
    const bench = new BlockBench();
    bench.write(0, sectors(512, 9));
    const size = room.reduce((sum, length) => sum + length, 0);
    expect(bench.ask(type, sector, data, room)).toEqual({ status, data: new Uint8Array(size), written: size + 1 }); // no leak of what lay there
    expect(tagsOf(bench.read(0, 512)!.data)).toEqual(Array(512).fill(9));
    expect([bench.driver.failure, bench.reports]).toEqual([undefined, []]);
  });

  it.each([
    ["discard where the disk does not", thick(), BLK_T.DISCARD],
    ["discard on a read-only disk", new MemoryDisk({ sizeBytes: 512, readOnly: true }), BLK_T.DISCARD],
    ["write zeroes on a read-only disk", thick({ readOnly: true }), BLK_T.WRITE_ZEROES],
  ])("%s is not supported", (_what, disk, type) => {
    expect(new BlockBench({ disk }).ask(type, 0, [segments([0, 1])])!.status).toBe(UNSUPP);
  });

  it.each([
    ["no status", { out: [header(BLK_T.FLUSH, 0)] }],
    ["no whole header", { out: [header(BLK_T.IN, 0).subarray(1)], in: [513] }],
    ["nothing to read", { in: [513] }],
  ])("a request with %s breaks the rules: the device needs a reset (2.1.2)", (_what, chain) => {
    const bench = new BlockBench();
    bench.driver.queue(0).send(chain);
    expect(bench.driver.failure).toMatch(/^disk0: \d+ bytes to read and \d+ to write have no place for a header and a status$/);
    bench.wait();
    expect(bench.answers()).toEqual([]);
  });
});

describe("a disk with trouble", () => {
  /** A disk whose `method` throws `error`. */
  const broken = (method: "read" | "write" | "flush" | "discard" | "writeZeroes", error: Error): Disk =>
    Object.assign(new MemoryDisk({ sizeBytes: BLOCK_DISK_BYTES }), {
      [method]: () => {
        throw error;
      },
    });

  it.each([
    ["read", BLK_T.IN, [], [512]],
    ["write", BLK_T.OUT, [sectors(1, 1)], []],
    ["flush", BLK_T.FLUSH, [], []],
    ["discard", BLK_T.DISCARD, [segments([0, 8])], []],
    ["writeZeroes", BLK_T.WRITE_ZEROES, [segments([0, 8])], []],
  ] as const)("gives its guest an I/O error when it cannot %s, and tells the host once", (method, type, data, room) => {
    const bench = new BlockBench({ disk: broken(method, new Error("the dog ate it")) });
    for (let n = 0; n < 3; n++) expect(bench.ask(type, 0, data, room)!.status).toBe(IOERR);
    expect(bench.reports).toEqual(["a disk of 262144 bytes of memory failed: the dog ate it; see the cause"]);
  });

  it("cannot make the host's log grow", () => {
    let n = 0;
    const disk = Object.assign(new MemoryDisk({ sizeBytes: BLOCK_DISK_BYTES }), {
      read: () => {
        throw new Error(`trouble ${n++}`);
      },
    });
    const bench = new BlockBench({ disk });
    for (let request = 0; request < 100; request++) bench.read(0);
    expect([n, bench.reports.length]).toEqual([100, 16]);
  });
});
