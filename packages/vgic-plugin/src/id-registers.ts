/** The identification registers at the end of every GIC frame, FFD0 … FFFC or FD0 … FFC (Arm IHI 0048 and IHI 0069). */
import type { RegisterSpec } from "@trapline/core";

const NAMES = ["PIDR4", "PIDR5", "PIDR6", "PIDR7", "PIDR0", "PIDR1", "PIDR2", "PIDR3", "CIDR0", "CIDR1", "CIDR2", "CIDR3"] as const;

/** GICv2 values, PIDR4 first: part 0x490, architecture 2. */
export const ID_VALUES_V2: readonly number[] = [0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1];

/** GICv3 values. @param pidr0 tells the frames apart: 0x92 distributor, 0x93 redistributor, 0x94 ITS */
export function idValuesV3(pidr0: number): readonly number[] {
  return [0x44, 0, 0, 0, pidr0, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1];
}

/** @param offset of PIDR4, the first */
export function idRegisters<D>(prefix: string, offset: number, values: readonly number[]): readonly RegisterSpec<D>[] {
  return NAMES.map((name, n) => ({ name: `${prefix}_${name}`, offset: offset + 4 * n, access: "RO", reset: values[n]! }));
}
