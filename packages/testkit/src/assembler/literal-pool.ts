/**
 * The constants of `ldr Rt, =value`: kept once each, put down by `.ltorg` or at the end, words before doublewords, as GNU as
 * does it. Which entry a statement uses is settled in the first pass, its value in the second.
 */
import type { Expression } from "./expression.ts";

export interface Literal {
  readonly value: Expression;
  readonly bytes: 4 | 8;
  /** Known once the pool is laid out. */
  address: bigint;
}

export class LiteralPool {
  private readonly entries = new Map<string, Literal>();

  /** The entry for `value`. `constant` is its value where it is known already and is no address. */
  add(value: Expression, bytes: 4 | 8, constant: bigint | undefined): Literal {
    const key = `${bytes} ${constant ?? `=${value.text.replaceAll(/\s+/g, "")}`}`;
    const found = this.entries.get(key) ?? { value, bytes, address: 0n };
    this.entries.set(key, found);
    return found;
  }

  /** Lays the pool out from `at` on and empties it. The entries in the order of their addresses. */
  takeFrom(at: bigint): readonly Literal[] {
    const sorted = [...this.entries.values()].sort((a, b) => a.bytes - b.bytes);
    this.entries.clear();
    let address = at;
    for (const literal of sorted) {
      const size = BigInt(literal.bytes);
      literal.address = ((address + size - 1n) / size) * size;
      address = literal.address + size;
    }
    return sorted;
  }
}
