/**
 * Chunks of words, recycled: what the queues of all vCPUs share (pending-queue.ts). Grows by doubling; never holds more chunks
 * than there are filed interrupts, rounded up. Hot: take, give.
 */

/** Words of a chunk: a summary and 32 words. */
export const CHUNK_WORDS = 33;
const WORDS = CHUNK_WORDS;

export class ChunkPool {
  declare words: Int32Array;
  /** First words of the free chunks, as a stack: of `chunks` chunks the first `freeCount` entries. */
  declare private free: Int32Array;
  declare private freeCount: number;

  constructor(chunks = 64) {
    this.words = new Int32Array(chunks * WORDS);
    this.free = Int32Array.from({ length: chunks }, (_, n) => (chunks - 1 - n) * WORDS);
    this.freeCount = chunks;
  }

  /** A chunk of zeroes, as the index of its summary word. */
  take(): number {
    if (this.freeCount === 0) this.grow();
    return this.free[--this.freeCount]!;
  }

  /** Gives back a chunk that is all zeroes again. */
  give(at: number): void {
    this.free[this.freeCount++] = at;
  }

  private grow(): void {
    const had = this.free.length;
    const words = new Int32Array(2 * had * WORDS);
    words.set(this.words);
    this.words = words;
    this.free = new Int32Array(2 * had);
    for (let n = 0; n < had; n++) this.free[n] = (2 * had - 1 - n) * WORDS;
    this.freeCount = had;
  }
}
