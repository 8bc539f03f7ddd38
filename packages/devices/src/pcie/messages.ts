/** What MSI and MSI-X have in common: messages that are sent or wait, and why they wait. Cold but for `signal`. */
import type { MessageSource } from "./message-source.ts";

/** What a message depends on beside its own registers. */
export interface MessageGate {
  /** The function may write memory. */
  readonly busMaster: boolean;
  /** Software switched messages on or off: INTx follows. */
  messagesChanged(): void;
}

/** One of the two message capabilities of a function, as its slot uses it. */
export interface Messages {
  readonly enabled: boolean;
  isPending(n: number): boolean;
  /** Sends message `n`, or lets it wait. Only while enabled. */
  signal(n: number): void;
  cancel(n: number): void;
  /** Sends whatever waits and need not any more. */
  flush(): void;
  /** Where messages leave, by vector: known when the machine starts. */
  connect(sources: readonly MessageSource[]): void;
}

/** Bits numbered from 0, 32 to a word. */
export class BitSet {
  readonly words: Uint32Array;

  constructor(bits: number) {
    this.words = new Uint32Array(Math.ceil(bits / 32));
  }

  has(n: number): boolean {
    return ((this.words[n >>> 5]! >>> (n & 31)) & 1) === 1;
  }

  add(n: number): void {
    this.words[n >>> 5]! |= 1 << (n & 31);
  }

  delete(n: number): void {
    this.words[n >>> 5]! &= ~(1 << (n & 31));
  }
}
