/**
 * A saved machine as bytes, little-endian:
 *
 *     "TRAPLINE", version u32, length u32, header       gzip of JSON: what the machine is, its state, which pages of memory follow
 *     length u32, piece; …                              gzip of 4 MiB each, the last one shorter: the pages
 *
 * Every part has gzip's checksum. Reading checks before it believes: magic, version, lengths, checksums, shape; and nothing unpacks to
 * more than the header says, a header to no more than MAX_HEADER_BYTES.
 */
import { messageOf, SnapshotError } from "../errors.ts";
import { MAX_MEMORY_BYTES } from "../memory/guest-memory.ts";
import type { PlainData } from "../plain-data.ts";
import { GZIP } from "./gzip.ts";
import type { MachineShape } from "./machine-shape.ts";
import { type CapturedMemory, indexedBytes, type RegionPages } from "./memory-pages.ts";
import { fromJson, toJson } from "./plain-codec.ts";

/** Raise it whenever the layout changes. */
export const SNAPSHOT_VERSION = 2;
/** Longest header, bytes. */
export const MAX_HEADER_BYTES = 0x1000_0000;

const MAGIC = new TextEncoder().encode("TRAPLINE");
const PROLOGUE = MAGIC.length + 4;
const PIECE = 0x40_0000;
/** Pieces worked on at a time: the host's threads are busy, and memory is bounded. */
const AT_A_TIME = 4;

/** Everything that is saved. */
export interface Snapshot {
  readonly shape: MachineShape;
  readonly state: PlainData;
  readonly memory: CapturedMemory;
}

interface Header {
  readonly shape: MachineShape;
  readonly state: PlainData;
  readonly memory: readonly RegionPages[];
  /** Bytes of all pages. */
  readonly bytes: number;
}

export async function encodeSnapshot({ shape, state, memory: { index, bytes } }: Snapshot): Promise<Uint8Array> {
  const header: Header = { shape, state, memory: index, bytes: bytes.length };
  const text = new TextEncoder().encode(JSON.stringify(toJson(header as unknown as PlainData)));
  const pieces = Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, n) => bytes.subarray(n * PIECE, (n + 1) * PIECE));
  const packed = [await GZIP.pack(text), ...(await inTurn(pieces, GZIP.pack))];
  const file = new Uint8Array(PROLOGUE + packed.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  view.setUint32(MAGIC.length, SNAPSHOT_VERSION, true);
  let at = PROLOGUE;
  for (const part of packed) {
    view.setUint32(at, part.length, true);
    file.set(part, at + 4);
    at += 4 + part.length;
  }
  return file;
}

/** @throws SnapshotError that says what is wrong with the bytes. */
export async function decodeSnapshot(file: Uint8Array): Promise<Snapshot> {
  const [packed, ...pieces] = partsOf(file);
  const { shape, state, memory: index, bytes: length } = await readHeader(packed!);
  if (pieces.length !== Math.ceil(length / PIECE)) throw damaged("pieces of memory are missing");
  const unpacked = await inTurn(pieces, (piece, n) => unpack(piece, Math.min(PIECE, length - n * PIECE)));
  const bytes = new Uint8Array(length);
  for (const [n, piece] of unpacked.entries()) {
    if (piece.length !== Math.min(PIECE, length - n * PIECE)) throw damaged("a piece of memory is too short");
    bytes.set(piece, n * PIECE);
  }
  return { shape, state, memory: { index, bytes } };
}

/** What machine a snapshot is of, without its memory. @throws SnapshotError */
export async function snapshotShape(file: Uint8Array): Promise<MachineShape> {
  return (await readHeader(partsOf(file)[0]!)).shape;
}

/** Header and pieces, still packed; at least one. */
function partsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < PROLOGUE || MAGIC.some((byte, at) => file[at] !== byte)) {
    throw new SnapshotError("these bytes are no saved machine", { remedy: "give a file that Machine.save wrote" });
  }
  const version = view.getUint32(MAGIC.length, true);
  if (version !== SNAPSHOT_VERSION) {
    throw new SnapshotError(`the snapshot has format ${version}, this Trapline reads format ${SNAPSHOT_VERSION}`, {
      subject: "snapshot",
      value: version,
      limit: SNAPSHOT_VERSION,
      remedy: "restore it with the version that saved it",
    });
  }
  const parts: Uint8Array[] = [];
  let at = PROLOGUE;
  do {
    const end = at + 4 <= file.length ? at + 4 + view.getUint32(at, true) : Infinity;
    if (end > file.length) throw damaged("it is cut short");
    parts.push(file.subarray(at + 4, end));
    at = end;
  } while (at < file.length);
  return parts;
}

async function readHeader(packed: Uint8Array): Promise<Header> {
  const text = await unpack(packed, MAX_HEADER_BYTES);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch (cause) {
    throw damaged(messageOf(cause));
  }
  const header = fromJson(json) as unknown as Partial<Header> | null;
  const pages = Array.isArray(header?.memory) && header.memory.every((part: Partial<RegionPages> | null) => Array.isArray(part?.runs) && Array.isArray(part.fills));
  const runs = pages && header!.memory!.every(({ runs: some, fills }) => [...some, ...fills].every((run) => Array.isArray(run)));
  const length = header?.bytes;
  const counted = Number.isSafeInteger(length) && length! >= 0 && length! <= MAX_MEMORY_BYTES;
  if (!runs || !Array.isArray(header?.shape?.plugins) || header.state === undefined || !counted) throw damaged("its header lacks a part");
  if (!(length! <= indexedBytes(header.memory!))) throw damaged("its header names fewer pages than it has bytes");
  return header as Header;
}

async function unpack(packed: Uint8Array, limit: number): Promise<Uint8Array> {
  try {
    return await GZIP.unpack(packed, limit);
  } catch (cause) {
    throw damaged(messageOf(cause));
  }
}

/** `use` for each item, a few at a time; the answers in the items' order. */
async function inTurn<T, R>(items: readonly T[], use: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let at = 0; at < items.length; at += AT_A_TIME) {
    answers.push(...(await Promise.all(items.slice(at, at + AT_A_TIME).map((item, n) => use(item, at + n)))));
  }
  return answers;
}

function damaged(why: string): SnapshotError {
  return new SnapshotError(`the snapshot is damaged: ${why}`, { subject: "snapshot", remedy: "take another" });
}
