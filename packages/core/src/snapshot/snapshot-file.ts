/**
 * A saved machine as bytes: "TRAPLINE", a version, then gzip of (length, header, memory pages), whose checksum covers
 * everything. The header is JSON, so `zcat` and a text editor can read it.
 *
 * Reading checks before it believes: magic, version, checksum, shape. The header is at most MAX_HEADER_BYTES.
 */
import { messageOf, SnapshotError } from "../errors.ts";
import type { PlainData } from "../plain-data.ts";
import type { MachineShape } from "./machine-shape.ts";
import type { CapturedMemory, RegionPages } from "./memory-pages.ts";
import { fromJson, toJson } from "./plain-codec.ts";

/** Raise it whenever the layout below changes. */
export const SNAPSHOT_VERSION = 1;
/** Longest header, bytes. */
export const MAX_HEADER_BYTES = 0x1000_0000;

const MAGIC = new TextEncoder().encode("TRAPLINE");
const PROLOGUE = MAGIC.length + 4;

/** Everything that is saved. */
export interface Snapshot {
  readonly shape: MachineShape;
  readonly state: PlainData;
  readonly memory: CapturedMemory;
}

export async function encodeSnapshot({ shape, state, memory }: Snapshot): Promise<Uint8Array> {
  const header = new TextEncoder().encode(JSON.stringify(toJson({ shape, state, memory: memory.index } as unknown as PlainData)));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, header.length, true);
  const body = await through(new (streams().CompressionStream)("gzip"), [length, header, memory.bytes]);
  const file = new Uint8Array(PROLOGUE + body.length);
  file.set(MAGIC);
  new DataView(file.buffer).setUint32(MAGIC.length, SNAPSHOT_VERSION, true);
  file.set(body, PROLOGUE);
  return file;
}

/** @throws SnapshotError that says what is wrong with the bytes. */
export async function decodeSnapshot(file: Uint8Array): Promise<Snapshot> {
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
  const body = await unpack(file.subarray(PROLOGUE));
  const length = body.length < 4 ? -1 : new DataView(body.buffer, body.byteOffset).getUint32(0, true);
  if (length < 0 || length > MAX_HEADER_BYTES || 4 + length > body.length) throw damaged("its header is cut short");
  const header = readHeader(body.subarray(4, 4 + length));
  return { shape: header.shape, state: header.state, memory: { index: header.memory, bytes: body.subarray(4 + length) } };
}

interface Header {
  readonly shape: MachineShape;
  readonly state: PlainData;
  readonly memory: readonly RegionPages[];
}

function readHeader(bytes: Uint8Array): Header {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damaged(messageOf(cause));
  }
  const header = fromJson(json) as unknown as Partial<Header> | null;
  const valid = Array.isArray(header?.memory) && Array.isArray(header.shape?.plugins) && header.state !== undefined;
  if (!valid) throw damaged("its header lacks a part");
  return header as Header;
}

async function unpack(packed: Uint8Array): Promise<Uint8Array> {
  try {
    return await through(new (streams().DecompressionStream)("gzip"), [packed]);
  } catch (cause) {
    throw damaged(messageOf(cause));
  }
}

function damaged(why: string): SnapshotError {
  return new SnapshotError(`the snapshot is damaged: ${why}`, { subject: "snapshot", remedy: "take another" });
}

/** The part of the web's compression streams that is used; their types live in the DOM library. */
interface ByteTransform {
  readonly writable: { getWriter(): { write(chunk: Uint8Array): Promise<void>; close(): Promise<void> } };
  readonly readable: { getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }> } };
}

interface StreamGlobals {
  readonly CompressionStream: new (format: "gzip") => ByteTransform;
  readonly DecompressionStream: new (format: "gzip") => ByteTransform;
}

function streams(): StreamGlobals {
  return globalThis as unknown as StreamGlobals;
}

async function through(transform: ByteTransform, chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  const writer = transform.writable.getWriter();
  const writing = (async (): Promise<void> => {
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  })();
  writing.catch(() => {}); // the reader fails with the same error
  const parts: Uint8Array[] = [];
  const reader = transform.readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) parts.push(next.value!);
  await writing;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
