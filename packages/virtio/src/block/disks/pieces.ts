/** Runs of bytes that lie in pieces: guest buffers as a driver cut them, handed on without copying. Hot. */

/** Hands out the bytes of `pieces` in order, as views. */
export class PieceCursor {
  private readonly pieces: readonly Uint8Array[];
  private index = 0;
  /** Bytes taken of the piece at `index`. */
  private taken = 0;

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
  }

  /** The next `length` bytes; fewer at the end. */
  take(length: number): Uint8Array[] {
    const views: Uint8Array[] = [];
    for (let left = length; left > 0;) {
      const piece = this.pieces[this.index];
      if (piece === undefined) break;
      const count = Math.min(left, piece.length - this.taken);
      if (count > 0) views.push(count === piece.length ? piece : piece.subarray(this.taken, this.taken + count));
      left -= count;
      this.taken += count;
      if (this.taken < piece.length) break;
      this.index++;
      this.taken = 0;
    }
    return views;
  }
}

export function totalBytes(pieces: readonly Uint8Array[]): number {
  let total = 0;
  for (const piece of pieces) total += piece.length;
  return total;
}

export function fillZero(pieces: readonly Uint8Array[]): void {
  for (const piece of pieces) piece.fill(0);
}

/** Copies `bytes`, which are as many, over the pieces. */
export function scatter(bytes: Uint8Array, into: readonly Uint8Array[]): void {
  let at = 0;
  for (const piece of into) {
    piece.set(bytes.subarray(at, at + piece.length));
    at += piece.length;
  }
}

/** Copies the pieces to `at` of `into`, one after the other. */
export function gather(pieces: readonly Uint8Array[], into: Uint8Array, at: number): void {
  let next = at;
  for (const piece of pieces) {
    into.set(piece, next);
    next += piece.length;
  }
}
