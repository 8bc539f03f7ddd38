/**
 * The configuration space of a block device (virtio 1.2, 5.2.4) and what it offers (5.2.3). All fields are fixed but
 * `writeback`, by which a driver chooses between a volatile cache and writes that last (5.2.6.2).
 *
 * Not offered: SIZE_MAX, as segments of any size are served in place; GEOMETRY; the legacy BARRIER and SCSI; SECURE_ERASE.
 */
import { hi32, lo32, type U64, type Width } from "@trapline/core";
import { readConfigBytes } from "../device/config-bytes.ts";
import type { VirtioConfigSpace } from "../device/virtio-device.ts";
import { type Disk, SECTOR_BYTES } from "./disks/disk.ts";

/** 5.2.3, by name without VIRTIO_BLK_F_. */
export const BLK_F: Readonly<
  Record<"SEG_MAX" | "RO" | "BLK_SIZE" | "FLUSH" | "TOPOLOGY" | "CONFIG_WCE" | "MQ" | "DISCARD" | "WRITE_ZEROES", bigint>
> = {
  SEG_MAX: 1n << 2n,
  RO: 1n << 5n,
  BLK_SIZE: 1n << 6n,
  FLUSH: 1n << 9n,
  TOPOLOGY: 1n << 10n,
  CONFIG_WCE: 1n << 11n,
  MQ: 1n << 12n,
  DISCARD: 1n << 13n,
  WRITE_ZEROES: 1n << 14n,
};

/** One discard request: 16 ranges of 256 MiB, 64 Ki clusters at most. */
export const MAX_DISCARD_SECTORS = 0x8_0000;
export const MAX_DISCARD_SEGMENTS = 16;
/** One write-zeroes request: 16 MiB, which some disks have to write. */
export const MAX_ZEROES_SECTORS = 0x8000;
export const MAX_ZEROES_SEGMENTS = 1;

const CONFIG_BYTES = 60;
const WRITEBACK_AT = 32;
/** File systems take larger "physical" blocks amiss. */
const MAX_PHYSICAL_BYTES = 4096;

export interface BlockConfigOptions {
  readonly disk: Disk;
  /** What the guest takes for the disk's sector: 512, 1024, 2048 or 4096. What is no whole one at the end of the disk is not shown. */
  readonly blockBytes: number;
  readonly queues: number;
  readonly queueSize: number;
  /** The cache's mode when a driver comes: true is a volatile cache. */
  readonly writeback: boolean;
}

export class BlockConfig implements VirtioConfigSpace {
  readonly size: number = CONFIG_BYTES;
  readonly features: bigint;
  /** Bytes that the guest sees of the disk. */
  readonly capacityBytes: number;
  /** False: a write is on stable storage when it is completed. */
  writeback: boolean;
  private readonly initialWriteback: boolean;
  private readonly bytes = new Uint8Array(CONFIG_BYTES);
  /** Negotiated; undefined until the driver is ready. */
  private accepted: bigint | undefined;

  constructor({ disk, blockBytes, queues, queueSize, writeback }: BlockConfigOptions) {
    this.features = featuresOf(disk, queues);
    this.capacityBytes = disk.sizeBytes - (disk.sizeBytes % blockBytes);
    this.writeback = this.initialWriteback = writeback;
    const view = new DataView(this.bytes.buffer);
    const physical = Math.max(blockBytes, Math.min(disk.grainBytes, MAX_PHYSICAL_BYTES));
    view.setBigUint64(0, BigInt(this.capacityBytes / SECTOR_BYTES), true);
    view.setUint32(12, Math.max(1, queueSize - 2), true); // seg_max: a request's header and status have a descriptor each
    view.setUint32(20, blockBytes, true);
    view.setUint8(24, Math.log2(physical / blockBytes)); // physical_block_exp
    view.setUint16(26, physical / blockBytes, true); // min_io_size
    view.setUint32(28, disk.grainBytes > physical ? disk.grainBytes / blockBytes : 0, true); // opt_io_size
    view.setUint16(34, queues, true);
    if ((this.features & BLK_F.DISCARD) !== 0n) {
      view.setUint32(36, MAX_DISCARD_SECTORS, true);
      view.setUint32(40, MAX_DISCARD_SEGMENTS, true);
      view.setUint32(44, disk.grainBytes / SECTOR_BYTES, true); // discard_sector_alignment
    }
    if ((this.features & BLK_F.WRITE_ZEROES) !== 0n) {
      view.setUint32(48, MAX_ZEROES_SECTORS, true);
      view.setUint32(52, MAX_ZEROES_SEGMENTS, true);
      view.setUint8(56, disk.discards ? 1 : 0); // write_zeroes_may_unmap
    }
  }

  read(offset: number, width: Width): U64 {
    this.bytes[WRITEBACK_AT] = this.writeback ? 1 : 0;
    return readConfigBytes(this.bytes, offset, width);
  }

  /** Only `writeback` can be written: by drivers that negotiated it, and by those before 1.0 at any time (5.2.5.3). */
  write(offset: number, width: Width, value: U64): void {
    const byte = WRITEBACK_AT - offset;
    if (byte < 0 || byte >= width || (this.accepted !== undefined && (this.accepted & BLK_F.CONFIG_WCE) === 0n)) return;
    const word = byte < 4 ? lo32(value) : hi32(value);
    this.writeback = ((word >>> (8 * (byte % 4))) & 0xff) !== 0;
  }

  /** The driver is ready. Who did not negotiate the mode has a volatile cache if it can flush, and none if it cannot (5.2.5.2, 5.2.6.2). */
  start(features: bigint, legacy: boolean): void {
    this.accepted = features;
    const canFlush = (features & BLK_F.FLUSH) !== 0n;
    if ((features & BLK_F.CONFIG_WCE) === 0n) this.writeback = canFlush;
    else if (!canFlush && !legacy) this.writeback = false;
  }

  reset(): void {
    this.accepted = undefined;
    this.writeback = this.initialWriteback;
  }

  /** @param features of the driver, where there is one */
  restore(writeback: boolean, features: bigint | undefined): void {
    this.accepted = features;
    this.writeback = writeback;
  }
}

function featuresOf(disk: Disk, queues: number): bigint {
  let features = BLK_F.SEG_MAX | BLK_F.BLK_SIZE | BLK_F.FLUSH | BLK_F.TOPOLOGY | BLK_F.CONFIG_WCE;
  if (disk.readOnly) features |= BLK_F.RO;
  else features |= BLK_F.WRITE_ZEROES | (disk.discards ? BLK_F.DISCARD : 0n);
  if (queues > 1) features |= BLK_F.MQ;
  return features;
}
