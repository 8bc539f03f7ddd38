/**
 * The frames in a byte stream as QEMU's `-netdev stream` and passt write it: the length of each as four bytes, big-endian, then the
 * frame, cut into chunks anywhere. It holds one chunk and one frame that has begun, MAX_FRAME_BYTES at most.
 *
 * A length beyond that cannot be a frame, and what follows cannot be told apart any more: `fault` says so, and nothing more comes. Hot.
 */
import { MAX_FRAME_BYTES } from "./ethernet.ts";

/** In front of each frame. */
export const LENGTH_BYTES = 4;

const NOTHING = new Uint8Array(0);

export class FrameDecoder {
  /** What is wrong with the stream. */
  fault: string | undefined;
  private chunk: Uint8Array = NOTHING;
  private at = 0;
  /** Of the frame that has begun: bytes of its length seen, the length, and the frame when the length is whole. */
  private lengthBytes = 0;
  private length = 0;
  private frame: Uint8Array | undefined;
  private filled = 0;

  /** The next piece of the stream; `next` has given everything of the one before. */
  append(chunk: Uint8Array): void {
    this.chunk = chunk;
    this.at = 0;
  }

  /** The next whole frame: a copy. Undefined when another chunk is needed. */
  next(): Uint8Array | undefined {
    while (this.fault === undefined && this.at < this.chunk.length) {
      if (this.frame === undefined) this.readLength();
      else this.fill(this.frame);
      if (this.frame === undefined || this.filled < this.frame.length) continue;
      const { frame } = this;
      this.frame = undefined;
      this.lengthBytes = this.length = this.filled = 0;
      return frame;
    }
    this.chunk = NOTHING;
    this.at = 0;
    return undefined;
  }

  private readLength(): void {
    this.length = this.length * 0x100 + this.chunk[this.at++]!;
    if (++this.lengthBytes < LENGTH_BYTES) return;
    if (this.length > MAX_FRAME_BYTES) this.fault = `a frame of ${this.length} bytes, more than ${MAX_FRAME_BYTES}`;
    else this.frame = new Uint8Array(this.length);
  }

  private fill(frame: Uint8Array): void {
    const count = Math.min(frame.length - this.filled, this.chunk.length - this.at);
    frame.set(this.chunk.subarray(this.at, this.at + count), this.filled);
    this.filled += count;
    this.at += count;
  }
}

/** A frame as the stream carries it, in one piece: some readers lose a length that comes alone. */
export function encodeFrame(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + frame.length);
  new DataView(bytes.buffer).setUint32(0, frame.length);
  bytes.set(frame, LENGTH_BYTES);
  return bytes;
}
