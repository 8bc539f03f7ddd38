/**
 * The candidates of one vCPU and one group, by priority and INTID: which one is best, in constant time.
 *
 * 32 levels (5 priority bits), each a sparse set of INTIDs made of words of 32:
 *
 *     levels          one bit per level that is not empty
 *     tops[level]     one bit per word of `masks` that is not zero
 *     masks[level]    one bit per chunk of 1024 INTIDs that is not empty
 *     chunk           a summary word, one bit per word, and 32 words with one bit per INTID
 *
 * So insert, remove and best are a fixed number of loads however many INTIDs there are, and the lowest INTID of the best
 * level comes first for free. Chunks come from a pool that all vCPUs share, so memory follows what is pending, not
 * vCPUs × INTIDs; only the chunk of INTIDs 0 … 1023 is kept once it was used, because taking and giving it back for every
 * SPI would cost a quarter of the whole. Hot: no allocation but when the pool grows; 20 INTID bits at most, the reach of
 * one `tops` word.
 */

/** Nothing: greater than every packed candidate. */
export const NO_CANDIDATE = 0x7fff_ffff;
/**
 * A candidate in one number: level (priority >> 3) in bits 25:21, INTID in bits 20:1, group in bit 0. The smaller is the
 * better: more urgent first, then the lower INTID.
 */
export type Candidate = number;

export function candidateOf(level: number, intid: number, group: number): Candidate {
  return (level << 21) | (intid << 1) | group;
}
export function levelOf(candidate: Candidate): number {
  return candidate >>> 21;
}
/** 0x00 … 0xF8 */
export function priorityOf(candidate: Candidate): number {
  return (candidate >>> 21) << 3;
}
export function intidOf(candidate: Candidate): number {
  return (candidate >>> 1) & 0xf_ffff;
}
export function groupOf(candidate: Candidate): number {
  return candidate & 1;
}

/** Most INTID bits the structure can hold. */
export const MAX_INTID_BITS = 20;
const LEVELS = 32;
const CHUNK_BITS = 10;
/** Words of a chunk: the summary and 32 words. */
const CHUNK_WORDS = 33;

/** Index of the lowest set bit; `word` must not be zero. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Chunks of 1024 INTIDs, recycled. Grows by doubling; never holds more chunks than there are filed interrupts. */
export class ChunkPool {
  words: Uint32Array;
  /** Next free chunk of each free chunk, −1 ends the list. */
  private next: Int32Array;
  private free: number;

  constructor(chunks = 64) {
    this.words = new Uint32Array(chunks * CHUNK_WORDS);
    this.next = Int32Array.from({ length: chunks }, (_, n) => (n + 1 < chunks ? n + 1 : -1));
    this.free = 0;
  }

  /** A chunk of zeroes, as the index of its summary word. */
  take(): number {
    if (this.free < 0) this.grow();
    const chunk = this.free;
    this.free = this.next[chunk]!;
    return chunk * CHUNK_WORDS;
  }

  /** Gives back a chunk that is all zeroes again. */
  give(at: number): void {
    const chunk = at / CHUNK_WORDS;
    this.next[chunk] = this.free;
    this.free = chunk;
  }

  private grow(): void {
    const had = this.next.length;
    const words = new Uint32Array(2 * had * CHUNK_WORDS);
    words.set(this.words);
    const next = new Int32Array(2 * had);
    for (let n = had; n < 2 * had; n++) next[n] = n + 1 < 2 * had ? n + 1 : -1;
    this.words = words;
    this.next = next;
    this.free = had;
  }
}

export class PendingQueue {
  private readonly pool: ChunkPool;
  private readonly group: number;
  private readonly chunks: number;
  private readonly maskWords: number;
  private levels = 0;
  private readonly tops = new Uint32Array(LEVELS);
  private readonly masks: Uint32Array;
  /** Index in the pool of each chunk that is not empty, or was kept; −1 for the others. */
  private readonly chunkAt: Int32Array;

  /** @param intidLimit INTIDs are 0 … intidLimit − 1, at most 2^20 */
  constructor(pool: ChunkPool, group: number, intidLimit: number) {
    this.pool = pool;
    this.group = group;
    this.chunks = Math.ceil(intidLimit / (1 << CHUNK_BITS));
    this.maskWords = Math.ceil(this.chunks / 32);
    this.masks = new Uint32Array(LEVELS * this.maskWords);
    this.chunkAt = new Int32Array(LEVELS * this.chunks).fill(-1);
  }

  get empty(): boolean {
    return this.levels === 0;
  }

  /** Inserting what is there does nothing. */
  insert(level: number, intid: number): void {
    const chunk = intid >>> CHUNK_BITS;
    const mask = level * this.maskWords + (chunk >>> 5);
    const place = level * this.chunks + chunk;
    if ((this.masks[mask]! & (1 << (chunk & 31))) === 0) {
      if (this.chunkAt[place] === -1) this.chunkAt[place] = this.pool.take();
      this.masks[mask]! |= 1 << (chunk & 31);
      this.tops[level]! |= 1 << (chunk >>> 5);
      this.levels |= 1 << level;
    }
    const at = this.chunkAt[place]!;
    const words = this.pool.words;
    const word = (intid >>> 5) & 31;
    words[at]! |= 1 << word;
    words[at + 1 + word]! |= 1 << (intid & 31);
  }

  /** Removing what is not there does nothing. */
  remove(level: number, intid: number): void {
    const chunk = intid >>> CHUNK_BITS;
    const mask = level * this.maskWords + (chunk >>> 5);
    if ((this.masks[mask]! & (1 << (chunk & 31))) === 0) return;
    const place = level * this.chunks + chunk;
    const at = this.chunkAt[place]!;
    const words = this.pool.words;
    const word = (intid >>> 5) & 31;
    if ((words[at + 1 + word]! &= ~(1 << (intid & 31))) !== 0) return;
    if ((words[at]! &= ~(1 << word)) !== 0) return;
    if (chunk !== 0) {
      this.pool.give(at);
      this.chunkAt[place] = -1;
    }
    if ((this.masks[mask]! &= ~(1 << (chunk & 31))) !== 0) return;
    if ((this.tops[level]! &= ~(1 << (chunk >>> 5))) !== 0) return;
    this.levels &= ~(1 << level);
  }

  best(): Candidate {
    if (this.levels === 0) return NO_CANDIDATE;
    const level = lowestBit(this.levels);
    const top = lowestBit(this.tops[level]!);
    const chunk = (top << 5) + lowestBit(this.masks[level * this.maskWords + top]!);
    const at = this.chunkAt[level * this.chunks + chunk]!;
    const words = this.pool.words;
    const word = lowestBit(words[at]!);
    return candidateOf(level, (chunk << CHUNK_BITS) | (word << 5) | lowestBit(words[at + 1 + word]!), this.group);
  }

  /** Removes the best and returns it; NO_CANDIDATE when there is none. */
  takeBest(): Candidate {
    const best = this.best();
    if (best !== NO_CANDIDATE) this.remove(levelOf(best), intidOf(best));
    return best;
  }

  has(level: number, intid: number): boolean {
    const chunk = intid >>> CHUNK_BITS;
    if ((this.masks[level * this.maskWords + (chunk >>> 5)]! & (1 << (chunk & 31))) === 0) return false;
    const at = this.chunkAt[level * this.chunks + chunk]!;
    return (this.pool.words[at + 1 + ((intid >>> 5) & 31)]! & (1 << (intid & 31))) !== 0;
  }

  /** Removes everything, giving the chunks back. Cold. */
  clear(): void {
    while (this.takeBest() !== NO_CANDIDATE);
  }
}
