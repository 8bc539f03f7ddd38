/**
 * gzip, by threads of the host: several pieces at a time are quicker, and a running guest is hardly slowed. A checksum comes with the format.
 *
 * In Node by its zlib, at the quickest level: half the work of the default, for files a tenth longer. Elsewhere by the web's compression
 * streams, which have no level.
 */

export interface Gzip {
  readonly pack: (bytes: Uint8Array) => Promise<Uint8Array>;
  /** Rejects with whatever the host says of data that are no gzip, and with a RangeError for more than `limit` bytes. */
  readonly unpack: (bytes: Uint8Array, limit: number) => Promise<Uint8Array>;
}

type Done = (error: Error | null, bytes: Uint8Array) => void;

/** The part of Node's zlib that is used. */
interface NodeZlib {
  readonly gzip: (bytes: Uint8Array, options: { readonly level: number }, done: Done) => void;
  readonly gunzip: (bytes: Uint8Array, options: { readonly maxOutputLength: number }, done: Done) => void;
}

function byNode({ gzip, gunzip }: NodeZlib): Gzip {
  const promised = (work: (done: Done) => void): Promise<Uint8Array> =>
    new Promise((resolve, reject) => work((error, bytes) => (error === null ? resolve(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)) : reject(error))));
  return {
    pack: (bytes) => promised((done) => gzip(bytes, { level: 1 }, done)),
    // zlib does not admit a limit of 0.
    unpack: (bytes, limit) => promised((done) => gunzip(bytes, { maxOutputLength: Math.max(1, limit) }, done)),
  };
}

/** The part of the compression streams that is used; their types live in the DOM library. */
interface ByteTransform {
  readonly writable: { getWriter(): { write(chunk: Uint8Array): Promise<void>; close(): Promise<void> } };
  readonly readable: { getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array }>; cancel(reason: unknown): Promise<void> } };
}

interface StreamGlobals {
  readonly CompressionStream: new (format: "gzip") => ByteTransform;
  readonly DecompressionStream: new (format: "gzip") => ByteTransform;
}

const streams = globalThis as unknown as StreamGlobals;

export const WEB_GZIP: Gzip = {
  pack: (bytes) => through(new streams.CompressionStream("gzip"), bytes, Infinity),
  unpack: (bytes, limit) => through(new streams.DecompressionStream("gzip"), bytes, limit),
};

async function through(transform: ByteTransform, bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  const writer = transform.writable.getWriter();
  const writing = writer.write(bytes).then(() => writer.close());
  writing.catch(() => {}); // the reader fails with the same error
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = transform.readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value!.length;
    parts.push(next.value!);
    if (length <= limit) continue;
    const error = new RangeError(`it unpacks to more than ${limit} bytes`);
    await reader.cancel(error);
    throw error;
  }
  await writing;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Absent from browsers, and from Node before 20.16. */
interface NodeProcess {
  readonly process?: { getBuiltinModule?(name: "node:zlib"): unknown };
}

const zlib = (globalThis as NodeProcess).process?.getBuiltinModule?.("node:zlib") as NodeZlib | undefined;

export const GZIP: Gzip = zlib === undefined ? WEB_GZIP : byNode(zlib);
