/**
 * MSI-X of one function (PCI Local Bus 3.0, 6.8.2 and 6.8.3.5; PCI Express Base, 6.1.4 and 7.7.2): a table of messages that can
 * each be masked, pending bits for those that wait, and a mask over all of them. A message that was held back leaves when the
 * last reason goes: its own mask, the function's, or Bus Master Enable. However often it was signalled meanwhile, it leaves once.
 *
 * Warm: `signal`, once per interrupt. At most 2048 vectors, 20 bytes each.
 */
import { type U64, u64 } from "@trapline/core";
import type { MessageSource } from "./message-source.ts";
import { BitSet, type MessageGate, type Messages } from "./messages.ts";

/** Words of a table entry. */
export const MSIX_ENTRY = { ADDRESS: 0, UPPER_ADDRESS: 1, DATA: 2, CONTROL: 3 } as const;
export const MSIX_ENTRY_WORDS = 4;
const MASK_BIT = 1;

export class Msix implements Messages {
  readonly vectors: number;
  /** Message Control, as software last wrote it. */
  enabled = false;
  functionMask = false;
  readonly table: Uint32Array;
  readonly pending: BitSet;
  private readonly gate: MessageGate;
  private sources: readonly MessageSource[] = [];

  constructor(vectors: number, gate: MessageGate) {
    this.vectors = vectors;
    this.gate = gate;
    this.table = new Uint32Array(MSIX_ENTRY_WORDS * vectors);
    this.pending = new BitSet(vectors);
    this.clearTable();
  }

  connect(sources: readonly MessageSource[]): void {
    this.sources = sources;
  }

  reset(): void {
    this.enabled = false;
    this.functionMask = false;
    this.pending.words.fill(0);
    this.clearTable();
  }

  /** Message Control: bits 15 and 14. */
  writeControl(enabled: boolean, functionMask: boolean): void {
    const switched = enabled !== this.enabled;
    this.enabled = enabled;
    this.functionMask = functionMask;
    if (!enabled) this.pending.words.fill(0);
    if (switched) this.gate.messagesChanged();
    this.settleAll();
  }

  /** One word of the table. */
  writeEntry(word: number, value: number): void {
    this.table[word] = value;
    this.settle(Math.floor(word / MSIX_ENTRY_WORDS));
  }

  isPending(n: number): boolean {
    return this.pending.has(n);
  }

  signal(n: number): void {
    if (this.mayLeave(n)) this.sources[n]?.send(this.address(n), this.data(n));
    else this.pending.add(n);
  }

  cancel(n: number): void {
    this.pending.delete(n);
  }

  flush(): void {
    this.settleAll();
  }

  private settleAll(): void {
    if (!this.enabled || this.functionMask) return;
    for (let n = 0; n < this.vectors; n++) this.settle(n);
  }

  /** Its message changed, or one reason to wait went. */
  private settle(n: number): void {
    if (!this.mayLeave(n)) return;
    this.sources[n]?.program(this.address(n), this.data(n));
    if (!this.pending.has(n)) return;
    this.pending.delete(n);
    this.signal(n);
  }

  private mayLeave(n: number): boolean {
    return this.enabled && !this.functionMask && (this.table[MSIX_ENTRY_WORDS * n + MSIX_ENTRY.CONTROL]! & MASK_BIT) === 0 && this.gate.busMaster;
  }

  private address(n: number): U64 {
    return u64(this.table[MSIX_ENTRY_WORDS * n + MSIX_ENTRY.UPPER_ADDRESS]!, this.table[MSIX_ENTRY_WORDS * n]!);
  }

  private data(n: number): number {
    return this.table[MSIX_ENTRY_WORDS * n + MSIX_ENTRY.DATA]!;
  }

  private clearTable(): void {
    this.table.fill(0);
    for (let n = 0; n < this.vectors; n++) this.table[MSIX_ENTRY_WORDS * n + MSIX_ENTRY.CONTROL] = MASK_BIT;
  }
}
