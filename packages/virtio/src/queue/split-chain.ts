/**
 * One chain of a split virtqueue, checked when it was popped: every piece lies in guest memory, readable ones before writable
 * ones (virtio 1.2, 2.7.4.2). It keeps what the descriptors said then: a driver that changes them later changes nothing here.
 *
 * Three numbers a piece, no objects. Hot.
 */
import type { PlainData } from "@trapline/core";
import type { DmaView } from "./dma-view.ts";
import type { VirtioChain } from "./virtqueue.ts";

/** Below this, copying byte by byte is cheaper than making a view. */
const SHORT_COPY = 32;

export class SplitChain implements VirtioChain {
  readonly head: number;
  readonly readableBytes: number;
  readonly writableBytes: number;
  /** Address, offset in the WebAssembly.Memory and length of each piece, readable ones first. */
  private readonly pieces: readonly number[];
  /** Where the writable ones begin in `pieces`. */
  private readonly firstWritable: number;
  private readonly dma: DmaView;

  /** @param firstWritable index into `pieces`; their end when none is writable */
  constructor(head: number, pieces: readonly number[], firstWritable: number, dma: DmaView) {
    this.head = head;
    this.pieces = pieces;
    this.firstWritable = firstWritable;
    this.dma = dma;
    this.readableBytes = total(pieces, 0, firstWritable);
    this.writableBytes = total(pieces, firstWritable, pieces.length);
  }

  /** How many buffers it has. */
  get pieceCount(): number {
    return this.pieces.length / 3;
  }

  /** As plain data, for saved-queue.ts: addresses and lengths in turn, and how many of the pieces are readable. */
  save(): PlainData {
    return { head: this.head, readable: this.firstWritable / 3, pieces: this.pieces.filter((_value, n) => n % 3 !== 1) };
  }

  read(offset: number, length: number): Uint8Array {
    const copy = new Uint8Array(within(this.readableBytes, offset, length));
    this.eachPiece(0, this.firstWritable, offset, copy.length, (_address, at, count, done) => {
      if (count <= SHORT_COPY) for (let n = 0; n < count; n++) copy[done + n] = this.dma.bytes[at + n]!;
      else copy.set(this.dma.bytes.subarray(at, at + count), done);
    });
    return copy;
  }

  write(offset: number, bytes: Uint8Array): number {
    const length = within(this.writableBytes, offset, bytes.length);
    this.eachPiece(this.firstWritable, this.pieces.length, offset, length, (address, at, count, done) => {
      if (count <= SHORT_COPY) for (let n = 0; n < count; n++) this.dma.bytes[at + n] = bytes[done + n]!;
      else this.dma.bytes.set(bytes.subarray(done, done + count), at);
      this.dma.memory.overwritten(address, count);
    });
    return length;
  }

  readable(offset: number = 0, length: number = Infinity): readonly Uint8Array[] {
    return this.views(0, this.firstWritable, offset, within(this.readableBytes, offset, length));
  }

  writable(offset: number = 0, length: number = Infinity): readonly Uint8Array[] {
    return this.views(this.firstWritable, this.pieces.length, offset, within(this.writableBytes, offset, length));
  }

  wrote(offset: number, length: number): void {
    this.eachPiece(this.firstWritable, this.pieces.length, offset, within(this.writableBytes, offset, length), (address, _at, count) =>
      this.dma.memory.overwritten(address, count),
    );
  }

  private views(from: number, to: number, offset: number, length: number): readonly Uint8Array[] {
    const views: Uint8Array[] = [];
    this.eachPiece(from, to, offset, length, (_address, at, count) => void views.push(this.dma.bytes.subarray(at, at + count)));
    return views;
  }

  /** Visits `length` bytes from `offset` on of the pieces `from` … `to`; `done` bytes came before. */
  private eachPiece(from: number, to: number, offset: number, length: number, visit: (address: number, at: number, count: number, done: number) => void): void {
    let skip = offset;
    let done = 0;
    for (let piece = from; piece < to && done < length; piece += 3) {
      const size = this.pieces[piece + 2]!;
      if (skip >= size) {
        skip -= size;
        continue;
      }
      const count = Math.min(size - skip, length - done);
      visit(this.pieces[piece]! + skip, this.pieces[piece + 1]! + skip, count, done);
      done += count;
      skip = 0;
    }
  }
}

/** How many of `length` bytes from `offset` on there are in `size`. */
function within(size: number, offset: number, length: number): number {
  return Math.max(0, Math.min(length, size - offset));
}

function total(pieces: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let piece = from; piece < to; piece += 3) sum += pieces[piece + 2]!;
  return sum;
}
