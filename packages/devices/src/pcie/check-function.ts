/** What a function says of itself, checked when it is plugged: a mistake there is the plugin author's. Cold. */
import { ConfigError, hex, type PciBar, type PciFunction, type PciIds, type PciMsix } from "@trapline/core";
import { BAR_COUNT } from "./base-addresses.ts";
import { msixPendingSize, msixTableSize } from "./msix.registers.ts";

const ID_BITS: Readonly<Record<keyof PciIds, number>> = { vendor: 16, device: 16, classCode: 24, revision: 8, subsystemVendor: 16, subsystem: 16 };
const MAX_VECTORS = 2048;

/** @throws ConfigError naming the function, the value and the limit */
export function checkFunction(given: PciFunction): void {
  const { name, ids, bars, msix, msi, interruptPin } = given;
  for (const [id, bits] of Object.entries(ID_BITS) as [keyof PciIds, number][]) {
    checkWhole(`${name}.ids.${id}`, ids[id] ?? 0, 0, 2 ** bits - 1);
  }
  checkBars(name, bars);
  if (msix !== undefined) checkMsix(name, bars, msix);
  if (msi !== undefined && ![1, 2, 4, 8, 16, 32].includes(msi.vectors)) throw refuse(`${name}.msi.vectors`, msi.vectors, "1, 2, 4, 8, 16 or 32");
  if (interruptPin !== undefined) checkWhole(`${name}.interruptPin`, interruptPin, 1, 4);
}

/** Where the structures of MSI-X are in their BAR. */
export function msixPlaces(bar: PciBar, { tableOffset = 0, pendingOffset = bar.size / 2 }: PciMsix): { readonly table: number; readonly pending: number } {
  return { table: tableOffset, pending: pendingOffset };
}

function checkBars(owner: string, bars: readonly PciBar[]): void {
  const taken = new Set<number>();
  for (const { index, space, bits = 32, size } of bars) {
    const name = `${owner} BAR${index}`;
    checkWhole(`${name} index`, index, 0, BAR_COUNT - (bits === 64 ? 2 : 1));
    for (const each of bits === 64 ? [index, index + 1] : [index]) {
      if (taken.has(each)) throw refuse(name, index, "an index that no other BAR takes; one of 64 bits takes two");
      taken.add(each);
    }
    const [least, most] = space === "io" ? [4, 256] : [16, bits === 64 ? 2 ** 48 : 2 ** 31];
    if (space === "io" && bits === 64) throw refuse(name, bits, "32 bits, because I/O has no others");
    if (!Number.isSafeInteger(size) || !Number.isInteger(Math.log2(size)) || size < least || size > most) {
      throw refuse(`${name} size`, size, `a power of two from ${hex(least)} to ${hex(most)}`);
    }
  }
}

function checkMsix(owner: string, bars: readonly PciBar[], msix: PciMsix): void {
  const name = `${owner}.msix`;
  checkWhole(`${name}.vectors`, msix.vectors, 1, MAX_VECTORS);
  const bar = bars.find(({ index, space }) => index === msix.bar && space === "memory");
  if (bar === undefined) throw refuse(`${name}.bar`, msix.bar, "the index of one of its memory BARs");
  const { table, pending } = msixPlaces(bar, msix);
  const [tableSize, pendingSize] = [msixTableSize(msix.vectors), msixPendingSize(msix.vectors)];
  for (const [what, offset, size] of [["tableOffset", table, tableSize], ["pendingOffset", pending, pendingSize]] as const) {
    if (offset % 8 !== 0 || offset < 0 || offset + size > bar.size) {
      throw refuse(`${name}.${what}`, offset, `a multiple of 8 that leaves ${size} bytes in the ${bar.size} bytes of BAR${bar.index}`);
    }
  }
  if (table < pending + pendingSize && pending < table + tableSize) throw refuse(`${name}.pendingOffset`, pending, "bytes that the table does not take");
}

function checkWhole(subject: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) throw refuse(subject, value, `a whole number from ${least} to ${hex(most)}`);
}

function refuse(subject: string, value: number, limit: string): ConfigError {
  return new ConfigError(`${subject} is ${value}`, { subject, value, limit, remedy: `use ${limit}` });
}
