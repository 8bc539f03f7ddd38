/**
 * The file of a copy-on-write overlay. Little-endian:
 *
 *     0       8   "TRAPCOW\n"
 *     8       4   version, 1
 *     12      4   log2 of the cluster size, 16
 *     16      8   bytes of the disk
 *     24      32  print of the base (base-print.ts)
 *     56      2   length of the base's name, which is only for messages
 *     58      …   the name, UTF-8
 *     4092    4   CRC-32 of bytes 0 … 4091
 *     4096    …   table: 4 bytes for each cluster of the disk, padded with zeros to a multiple of 4096
 *             …   clusters of 64 KiB, from the next multiple of 64 KiB on
 *
 * A table entry is 0 where the base shows through, 0xffff_ffff where all is zero, otherwise n: the cluster lies at n · 64 KiB
 * of the file. What no entry names is free; nothing else says so. Cold.
 */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { ConfigError } from "@trapline/core";
import { CLUSTER_BYTES, MAX_CLUSTERED_BYTES } from "./clusters.ts";

const MAGIC = "TRAPCOW\n";
const VERSION = 1;
const CLUSTER_BITS = 16;
const CRC_AT = 4092;
const NAME_AT = 58;
const MAX_NAME_BYTES = 1024;

export const HEADER_BYTES = 4096;
/** Read, kept and written at once. */
export const TABLE_PAGE_BYTES = 4096;
export const ENTRIES_PER_PAGE: number = TABLE_PAGE_BYTES / 4;
/** Table entries that name no cluster of the file. */
export const BASE_ENTRY = 0;
export const ZERO_ENTRY = 0xffff_ffff;

export interface OverlayHeader {
  readonly diskBytes: number;
  /** 32 bytes. */
  readonly basePrint: Uint8Array;
  readonly baseName: string;
}

/** How many clusters a disk has. */
export function clusterCount(diskBytes: number): number {
  return Math.ceil(diskBytes / CLUSTER_BYTES);
}

export function tablePages(diskBytes: number): number {
  return Math.ceil(clusterCount(diskBytes) / ENTRIES_PER_PAGE);
}

/** Where table page `index` lies in the file. */
export function tablePageAt(index: number): number {
  return HEADER_BYTES + index * TABLE_PAGE_BYTES;
}

/** The first cluster of the file that holds data. */
export function firstDataCluster(diskBytes: number): number {
  return Math.ceil(tablePageAt(tablePages(diskBytes)) / CLUSTER_BYTES);
}

export function encodeHeader({ diskBytes, basePrint, baseName }: OverlayHeader): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, "latin1");
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(CLUSTER_BITS, 12);
  header.writeBigUInt64LE(BigInt(diskBytes), 16);
  header.set(basePrint, 24);
  const name = Buffer.from(baseName).subarray(0, MAX_NAME_BYTES);
  header.writeUInt16LE(name.length, 56);
  header.set(name, NAME_AT);
  header.writeUInt32LE(crc32(header.subarray(0, CRC_AT)), CRC_AT);
  return header;
}

/** @throws ConfigError when it is no header that this version reads */
export function decodeHeader(path: string, bytes: Uint8Array): OverlayHeader {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (header.length < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    throw new ConfigError(`${path} is no overlay`, { subject: path, remedy: "name a file that does not exist yet, to begin one" });
  }
  if (header.readUInt32LE(CRC_AT) !== crc32(header.subarray(0, CRC_AT))) throw damaged(path, "the checksum of its header is wrong");
  const version = header.readUInt32LE(8);
  const bits = header.readUInt32LE(12);
  if (version !== VERSION || bits !== CLUSTER_BITS) {
    throw new ConfigError(`${path} is an overlay of version ${version} with clusters of 2^${bits} bytes`, {
      subject: path,
      value: version,
      limit: VERSION,
      remedy: "use the release that made it",
    });
  }
  const diskBytes = Number(header.readBigUInt64LE(16));
  if (!(diskBytes > 0 && diskBytes <= MAX_CLUSTERED_BYTES)) throw damaged(path, `its disk has ${diskBytes} bytes`);
  const baseName = header.toString("utf8", NAME_AT, NAME_AT + Math.min(header.readUInt16LE(56), MAX_NAME_BYTES));
  return { diskBytes, basePrint: Uint8Array.from(header.subarray(24, 56)), baseName };
}

export function damaged(path: string, how: string): ConfigError {
  return new ConfigError(`the overlay ${path} is damaged: ${how}`, {
    subject: path,
    remedy: "take it from a backup, or remove it and begin a new one",
  });
}
