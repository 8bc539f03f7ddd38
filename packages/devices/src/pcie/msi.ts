/**
 * MSI of one function, with a 64-bit address and, if wanted, a mask for each vector (PCI Local Bus 3.0, 6.8.1 and 6.8.3): up to 32
 * messages that differ in the low bits of their data. Software may give the function fewer than it has; then several share one.
 * Warm: `signal`, once per interrupt.
 */
import { type U64, u64 } from "@trapline/core";
import type { MessageSource } from "./message-source.ts";
import { BitSet, type MessageGate, type Messages } from "./messages.ts";

export class Msi implements Messages {
  readonly vectors: number;
  readonly maskable: boolean;
  enabled = false;
  /** log2 of the vectors that software allows. */
  multipleMessageEnable = 0;
  address = 0;
  upperAddress = 0;
  data = 0;
  mask = 0;
  readonly pending: BitSet = new BitSet(32);
  private readonly gate: MessageGate;
  private sources: readonly MessageSource[] = [];

  constructor(vectors: number, maskable: boolean, gate: MessageGate) {
    this.vectors = vectors;
    this.maskable = maskable;
    this.gate = gate;
  }

  connect(sources: readonly MessageSource[]): void {
    this.sources = sources;
  }

  reset(): void {
    this.enabled = false;
    this.multipleMessageEnable = 0;
    this.address = 0;
    this.upperAddress = 0;
    this.data = 0;
    this.mask = 0;
    this.pending.words[0] = 0;
  }

  /** Message Control: bit 0 and bits 6:4. */
  writeControl(enabled: boolean, multipleMessageEnable: number): void {
    const switched = enabled !== this.enabled;
    this.enabled = enabled;
    this.multipleMessageEnable = multipleMessageEnable;
    if (!enabled) this.pending.words[0] = 0;
    if (switched) this.gate.messagesChanged();
    this.flush();
  }

  writeMask(mask: number): void {
    this.mask = mask;
    this.flush();
  }

  isPending(n: number): boolean {
    return this.pending.has(this.shared(n));
  }

  signal(n: number): void {
    const message = this.shared(n);
    if (this.mayLeave(message)) this.sources[message]?.send(this.target, this.dataOf(message));
    else this.pending.add(message);
  }

  cancel(n: number): void {
    this.pending.delete(this.shared(n));
  }

  /** Routes follow what software wrote, and what need not wait any more leaves. */
  flush(): void {
    for (let message = 0; message < this.allowed; message++) {
      if (!this.mayLeave(message)) continue;
      this.sources[message]?.program(this.target, this.dataOf(message));
      if (!this.pending.has(message)) continue;
      this.pending.delete(message);
      this.signal(message);
    }
  }

  /** Vectors that software allows; asking for more than there are gives all. */
  private get allowed(): number {
    return Math.min(this.vectors, 1 << this.multipleMessageEnable);
  }

  private shared(n: number): number {
    return n % this.allowed;
  }

  private mayLeave(message: number): boolean {
    return this.enabled && ((this.mask >>> message) & 1) === 0 && this.gate.busMaster;
  }

  private get target(): U64 {
    return u64(this.upperAddress, this.address);
  }

  private dataOf(message: number): number {
    return (this.data & ~(this.allowed - 1)) | message;
  }
}
