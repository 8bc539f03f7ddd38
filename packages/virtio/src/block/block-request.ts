/**
 * What a driver asks of a block device: a chain read, checked and put into bytes (virtio 1.2, 5.2.6). How the chain is cut into
 * buffers does not matter (2.6.4): the header is the first 16 bytes to read, the status the last byte to write, the data the rest.
 *
 * Whatever may not be done is "refused", with the status that the specification gives. Pure. Hot.
 */
import type { VirtioChain } from "../queue/virtqueue.ts";
import {
  BLK_F,
  type BlockConfig,
  MAX_DISCARD_SECTORS,
  MAX_DISCARD_SEGMENTS,
  MAX_ZEROES_SECTORS,
  MAX_ZEROES_SEGMENTS,
} from "./block-config.ts";
import { SECTOR_BYTES } from "./disks/disk.ts";

/** Request types by name without VIRTIO_BLK_T_. */
export const BLK_T = { IN: 0, OUT: 1, FLUSH: 4, GET_ID: 8, DISCARD: 11, WRITE_ZEROES: 13 } as const;
/** Statuses by name without VIRTIO_BLK_S_. */
export const BLK_S = { OK: 0, IOERR: 1, UNSUPP: 2 } as const;

export const REQUEST_HEADER_BYTES = 16;
const SEGMENT_BYTES = 16;
const SEGMENT_F_UNMAP = 1;
/** Of the string that GET_ID gives. */
export const ID_BYTES = 20;

export interface TransferRequest {
  readonly kind: "read" | "write";
  /** Bytes from the start of the disk. */
  readonly offset: number;
  readonly length: number;
}

export interface DiskRange {
  readonly offset: number;
  readonly length: number;
  /** Write zeroes: may be deallocated. */
  readonly unmap: boolean;
}

export type BlockRequest =
  | TransferRequest
  | { readonly kind: "flush" | "id" }
  | { readonly kind: "discard" | "zero"; readonly ranges: readonly DiskRange[] }
  | { readonly kind: "refused"; readonly status: number };

const IOERR: BlockRequest = { kind: "refused", status: BLK_S.IOERR };
const UNSUPP: BlockRequest = { kind: "refused", status: BLK_S.UNSUPP };

/** Undefined for a chain in which no status could be answered: without a header, or without a byte to write. */
export function readRequest(chain: VirtioChain, config: BlockConfig): BlockRequest | undefined {
  if (chain.readableBytes < REQUEST_HEADER_BYTES || chain.writableBytes < 1) return undefined;
  const header = viewOf(chain.read(0, REQUEST_HEADER_BYTES));
  const offset = wide(header, 8) * SECTOR_BYTES;
  const isReadOnly = (config.features & BLK_F.RO) !== 0n;
  switch (header.getUint32(0, true)) {
    case BLK_T.IN:
      return transfer("read", offset, chain.writableBytes - 1, config);
    case BLK_T.OUT:
      return isReadOnly ? IOERR : transfer("write", offset, chain.readableBytes - REQUEST_HEADER_BYTES, config);
    case BLK_T.FLUSH:
      return { kind: "flush" };
    case BLK_T.GET_ID:
      return { kind: "id" };
    case BLK_T.DISCARD:
      if ((config.features & BLK_F.DISCARD) === 0n) return UNSUPP;
      return ranges("discard", chain, config, 0, MAX_DISCARD_SECTORS, MAX_DISCARD_SEGMENTS);
    case BLK_T.WRITE_ZEROES:
      if ((config.features & BLK_F.WRITE_ZEROES) === 0n) return UNSUPP;
      return ranges("zero", chain, config, SEGMENT_F_UNMAP, MAX_ZEROES_SECTORS, MAX_ZEROES_SEGMENTS);
    default:
      return UNSUPP;
  }
}

function transfer(kind: "read" | "write", offset: number, length: number, config: BlockConfig): BlockRequest {
  return length % SECTOR_BYTES === 0 && offset + length <= config.capacityBytes ? { kind, offset, length } : IOERR;
}

/** 5.2.6.2: a flag that is not known is not supported, in whichever segment; anything else wrong is an error. */
function ranges(
  kind: "discard" | "zero",
  chain: VirtioChain,
  config: BlockConfig,
  knownFlags: number,
  maxSectors: number,
  maxSegments: number,
): BlockRequest {
  const bytes = chain.readableBytes - REQUEST_HEADER_BYTES;
  const count = bytes / SEGMENT_BYTES;
  if (!Number.isInteger(count) || count < 1 || count > maxSegments) return IOERR;
  const segments = viewOf(chain.read(REQUEST_HEADER_BYTES, bytes));
  const found: DiskRange[] = [];
  let isInside = true;
  for (let at = 0; at < bytes; at += SEGMENT_BYTES) {
    const sectors = segments.getUint32(at + 8, true);
    const flags = segments.getUint32(at + 12, true);
    if ((flags & ~knownFlags) !== 0) return UNSUPP;
    const offset = wide(segments, at) * SECTOR_BYTES;
    const length = sectors * SECTOR_BYTES;
    isInside &&= sectors <= maxSectors && offset + length <= config.capacityBytes;
    found.push({ offset, length, unmap: (flags & SEGMENT_F_UNMAP) !== 0 });
  }
  return isInside ? { kind, ranges: found } : IOERR;
}

/** A 64-bit number. Beyond 2^53 it is inexact, and beyond every disk all the same. */
function wide(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
