/**
 * The candidates of one vCPU and one group, by priority and INTID: which one is best, in constant time.
 *
 * 32 levels (5 priority bits), each a sparse set of INTIDs made of words of 32:
 *
 *     levels      one bit per level that is not empty
 *     chunk       1024 INTIDs: a summary word, one bit per word, and 32 words with one bit per INTID
 *     near        the chunk of INTIDs 0 … 1023 of each level: nearly all that is no LPI
 *     far         of each level the way to its other chunks: one bit per word of the next, one bit per chunk that is not
 *                 empty, and where each of those is
 *
 * So insert, remove and best are a fixed number of loads however many INTIDs there are, and the lowest INTID of the best
 * level comes first for free. Far chunks come from a pool that all vCPUs share (chunk-pool.ts), so memory follows what is
 * pending, not vCPUs × INTIDs; `near` is 4 KiB a queue, and queues are made when first needed. Hot: no allocation but when
 * the pool grows; 20 INTID bits at most, the reach of one word of words.
 */
import * as candidates from "./candidate.ts";
import { NO_CANDIDATE } from "./candidate.ts";
import { CHUNK_WORDS, type ChunkPool } from "./chunk-pool.ts";

const { candidateOf, lowestBit } = candidates; // docs/adr/0023-interrupt-delivery.md
const LEVELS = 32;
const CHUNK_BITS = 10;
const WORDS = CHUNK_WORDS;

export class PendingQueue {
  declare private readonly group: number;
  private levels = 0;
  declare private readonly near: Int32Array;
  declare private readonly pool: ChunkPool;
  declare private readonly far: Int32Array;
  /** Words of `far` a level, and where in them the bits of the chunks and their places begin. */
  declare private readonly farWords: number;
  declare private readonly placesAt: number;

  /** @param intidLimit INTIDs are 0 … intidLimit − 1, at most 2^20 */
  constructor(pool: ChunkPool, group: number, intidLimit: number) {
    const chunks = Math.ceil(intidLimit / (1 << CHUNK_BITS));
    this.pool = pool;
    this.group = group;
    this.near = new Int32Array(LEVELS * WORDS);
    this.placesAt = 1 + Math.ceil(chunks / 32);
    this.farWords = chunks > 1 ? this.placesAt + chunks : 1; // with the near chunk alone a word that stays 0
    this.far = new Int32Array(LEVELS * this.farWords);
  }

  get empty(): boolean {
    return this.levels === 0;
  }

  /** Inserting what is there does nothing. */
  insert(level: number, intid: number): void {
    if (intid >>> CHUNK_BITS !== 0) return this.insertFar(level, intid);
    const { near } = this;
    const at = level * WORDS;
    const word = intid >>> 5;
    near[at + 1 + word]! |= 1 << (intid & 31);
    near[at]! |= 1 << word;
    this.levels |= 1 << level;
  }

  /** Removing what is not there does nothing. */
  remove(level: number, intid: number): void {
    if (intid >>> CHUNK_BITS !== 0) return this.removeFar(level, intid);
    const { near } = this;
    const at = level * WORDS;
    const word = intid >>> 5;
    const left = near[at + 1 + word]! & ~(1 << (intid & 31));
    near[at + 1 + word] = left;
    if (left === 0 && (near[at]! &= ~(1 << word)) === 0) this.nearEmptied(level);
  }

  best(): candidates.Candidate {
    if (this.levels === 0) return NO_CANDIDATE;
    const level = lowestBit(this.levels);
    const { near } = this;
    const at = level * WORDS;
    if (near[at] === 0) return this.bestFar(level);
    const word = lowestBit(near[at]!);
    return candidateOf(level, (word << 5) | lowestBit(near[at + 1 + word]!), this.group);
  }

  /** Removes the best and returns it; NO_CANDIDATE when there is none. */
  takeBest(): candidates.Candidate {
    if (this.levels === 0) return NO_CANDIDATE;
    const level = lowestBit(this.levels);
    const { near } = this;
    const at = level * WORDS;
    const summary = near[at]!;
    if (summary === 0) return this.takeFar(level);
    const word = lowestBit(summary);
    const bits = near[at + 1 + word]!;
    const left = bits & (bits - 1);
    near[at + 1 + word] = left;
    if (left === 0) {
      near[at] = summary & (summary - 1);
      if ((summary & (summary - 1)) === 0) this.nearEmptied(level);
    }
    return candidateOf(level, (word << 5) | lowestBit(bits), this.group);
  }

  has(level: number, intid: number): boolean {
    const chunk = intid >>> CHUNK_BITS;
    const bit = 1 << (intid & 31);
    const word = (intid >>> 5) & 31;
    if (chunk === 0) return (this.near[level * WORDS + 1 + word]! & bit) !== 0;
    const base = level * this.farWords;
    if ((this.far[base + 1 + (chunk >>> 5)]! & (1 << (chunk & 31))) === 0) return false;
    return (this.pool.words[this.far[base + this.placesAt + chunk]! + 1 + word]! & bit) !== 0;
  }

  /** Removes everything, giving the chunks back. Cold. */
  clear(): void {
    while (this.takeBest() !== NO_CANDIDATE);
  }

  private nearEmptied(level: number): void {
    if (this.far[level * this.farWords] === 0) this.levels &= ~(1 << level);
  }

  private insertFar(level: number, intid: number): void {
    const { far } = this;
    const base = level * this.farWords;
    const chunk = intid >>> CHUNK_BITS;
    const mask = base + 1 + (chunk >>> 5);
    const place = base + this.placesAt + chunk;
    if ((far[mask]! & (1 << (chunk & 31))) === 0) {
      far[place] = this.pool.take();
      far[mask]! |= 1 << (chunk & 31);
      far[base]! |= 1 << (chunk >>> 5);
      this.levels |= 1 << level;
    }
    const at = far[place]!;
    const { words } = this.pool;
    const word = (intid >>> 5) & 31;
    words[at]! |= 1 << word;
    words[at + 1 + word]! |= 1 << (intid & 31);
  }

  private removeFar(level: number, intid: number): void {
    const { far } = this;
    const base = level * this.farWords;
    const chunk = intid >>> CHUNK_BITS;
    if ((far[base + 1 + (chunk >>> 5)]! & (1 << (chunk & 31))) === 0) return;
    const at = far[base + this.placesAt + chunk]!;
    const { words } = this.pool;
    const word = (intid >>> 5) & 31;
    const left = words[at + 1 + word]! & ~(1 << (intid & 31));
    words[at + 1 + word] = left;
    if (left === 0 && (words[at]! &= ~(1 << word)) === 0) this.farEmptied(level, chunk, at);
  }

  private bestFar(level: number): candidates.Candidate {
    const { far } = this;
    const base = level * this.farWords;
    const top = lowestBit(far[base]!);
    const chunk = (top << 5) + lowestBit(far[base + 1 + top]!);
    const at = far[base + this.placesAt + chunk]!;
    const { words } = this.pool;
    const word = lowestBit(words[at]!);
    return candidateOf(level, (chunk << CHUNK_BITS) | (word << 5) | lowestBit(words[at + 1 + word]!), this.group);
  }

  private takeFar(level: number): candidates.Candidate {
    const { far } = this;
    const base = level * this.farWords;
    const top = lowestBit(far[base]!);
    const chunk = (top << 5) + lowestBit(far[base + 1 + top]!);
    const at = far[base + this.placesAt + chunk]!;
    const { words } = this.pool;
    const word = lowestBit(words[at]!);
    const bits = words[at + 1 + word]!;
    const left = bits & (bits - 1);
    words[at + 1 + word] = left;
    if (left === 0 && (words[at]! &= words[at]! - 1) === 0) this.farEmptied(level, chunk, at);
    return candidateOf(level, (chunk << CHUNK_BITS) | (word << 5) | lowestBit(bits), this.group);
  }

  /** A far chunk holds nothing any more. */
  private farEmptied(level: number, chunk: number, at: number): void {
    const { far } = this;
    const base = level * this.farWords;
    this.pool.give(at);
    const mask = base + 1 + (chunk >>> 5);
    far[mask]! &= ~(1 << (chunk & 31));
    if (far[mask] !== 0) return;
    far[base]! &= ~(1 << (chunk >>> 5));
    if (far[base] === 0 && this.near[level * WORDS] === 0) this.levels &= ~(1 << level);
  }
}
