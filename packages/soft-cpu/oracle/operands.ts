// Draws operand values: integers of a width, floating-point numbers of a format, and vectors of either. Half of them are corners, the
// others random in ways that reach rounding, cancellation and saturation. A pairing goes through all pairs of the core corners, so that
// consecutive cases (and the lanes of one) meet the combinations that single draws would miss: MIN / -1, inf * 0, NaN + NaN.
import type { Prng } from "../src/testing/prng.fixture.ts";

/** Which operand of an instruction a value is for, and which pair of corners it belongs to. */
export interface Pairing {
  /** Counts pairs. When all have had their turn, and where there is no pairing, values are drawn. */
  readonly index: number;
  readonly operand: 0 | 1 | 2;
}

export type Format = 16 | 32 | 64;

const mask = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

/** Makes each width's list once: hundreds of values are drawn for a case. */
function remembered<Key>(make: (key: Key) => readonly bigint[]): (key: Key) => readonly bigint[] {
  const made = new Map<Key, readonly bigint[]>();
  return (key) => {
    let list = made.get(key);
    if (list === undefined) made.set(key, (list = make(key)));
    return list;
  };
}

// ---------------------------------------------------------------------------------------------------------------------- integers

/** 0, 1, -1, MIN, MAX: the corners whose pairs are gone through. */
const coreIntegers = remembered((bits: number): readonly bigint[] => {
  const min = 1n << BigInt(bits - 1);
  return [0n, 1n, mask(bits), min, min - 1n];
});

/** An integer of `bits` bits, unsigned. */
export function drawInteger(prng: Prng, bits: number, pairing?: Pairing): bigint {
  const core = coreIntegers(bits);
  if (pairing !== undefined && pairing.index < core.length ** 2) return core[cornerOf(pairing, core.length)]!;
  switch (prng.below(6)) {
    case 0:
    case 1:
      return prng.pick(core);
    case 2: // small, of either sign: shift amounts, counts, carries
      return (BigInt(prng.below(140)) - 70n) & mask(bits);
    case 3: // a run of ones
      return ((mask(1 + prng.below(bits)) << BigInt(prng.below(bits))) ^ (prng.oneIn(2) ? mask(bits) : 0n)) & mask(bits);
    default:
      return prng.doubleword() & mask(bits);
  }
}

/** Steps through the pairs by a prime, so that the first ones are spread over all; a third operand takes yet another corner. */
function cornerOf({ index, operand }: Pairing, count: number): number {
  const pair = (index * 89) % count ** 2;
  const [first, second] = [pair % count, Math.floor(pair / count)];
  return operand === 0 ? first : operand === 1 ? second : (first + 2 * second + index) % count;
}

// --------------------------------------------------------------------------------------------------------------- floating-point

interface Layout {
  readonly fraction: number;
  readonly exponent: number;
}

const LAYOUTS: Readonly<Record<Format, Layout>> = {
  16: { fraction: 10, exponent: 5 },
  32: { fraction: 23, exponent: 8 },
  64: { fraction: 52, exponent: 11 },
};

function assemble(format: Format, sign: number, exponent: number, fraction: bigint): bigint {
  const layout = LAYOUTS[format];
  return (BigInt(sign) << BigInt(format - 1)) | (BigInt(exponent) << BigInt(layout.fraction)) | (fraction & mask(layout.fraction));
}

const bias = (format: Format): number => 2 ** (LAYOUTS[format].exponent - 1) - 1;
const topExponent = (format: Format): number => 2 ** LAYOUTS[format].exponent - 1;

/** Zeros, one, the ends of the denormals and of the normals, infinities, quiet and signaling NaNs with payloads. */
const coreFloats = remembered((format: Format): readonly bigint[] => {
  const { fraction } = LAYOUTS[format];
  const top = topExponent(format);
  const quiet = 1n << BigInt(fraction - 1);
  return [
    assemble(format, 0, 0, 0n),
    assemble(format, 1, 0, 0n),
    assemble(format, 0, bias(format), 0n),
    assemble(format, 1, bias(format), 1n),
    assemble(format, 0, 0, 1n),
    assemble(format, 1, 0, mask(fraction)),
    assemble(format, 0, 1, 0n),
    assemble(format, 1, top - 1, mask(fraction)),
    assemble(format, 0, top, 0n),
    assemble(format, 1, top, 0n),
    assemble(format, 1, top, quiet | 0x15n),
    assemble(format, 0, top, 0x2an),
  ];
});

/** Random values per kind of draw: near one another in magnitude, near an integer's limit, halfway between two numbers, or any bits. */
export function drawFloat(prng: Prng, format: Format, pairing?: Pairing): bigint {
  const core = coreFloats(format);
  if (pairing !== undefined && pairing.index < core.length ** 2) return core[cornerOf(pairing, core.length)]!;
  const { fraction } = LAYOUTS[format];
  const sign = prng.below(2);
  const randomFraction = prng.doubleword() & mask(fraction);
  switch (prng.below(8)) {
    case 0:
      return prng.pick(core);
    case 1: // few significant bits: exact results and ties
      return assemble(format, sign, bias(format) - 4 + prng.below(9), BigInt(prng.below(16)) << BigInt(fraction - 4));
    case 2: // near the limits of 8- to 64-bit integers
      return assemble(
        format,
        sign,
        exponentNear(format, prng.pick([7, 8, 15, 16, 31, 32, 63, 64]) - 1),
        prng.pick([0n, 1n, mask(fraction), randomFraction]),
      );
    case 3: // small and huge: underflow, overflow, denormals
      return assemble(format, sign, prng.oneIn(2) ? prng.below(4) : topExponent(format) - 1 - prng.below(3), randomFraction);
    case 4: // a fraction of long runs: carries and halfway cases
      return assemble(
        format,
        sign,
        exponentNear(format, prng.below(2 * fraction) - fraction),
        mask(prng.below(fraction)) << BigInt(prng.below(fraction)),
      );
    case 5:
      return prng.doubleword() & mask(format);
    default:
      return assemble(format, sign, exponentNear(format, prng.below(12) - 6), randomFraction);
  }
}

const exponentNear = (format: Format, power: number): number => Math.max(0, Math.min(topExponent(format) - 1, bias(format) + power));

// ----------------------------------------------------------------------------------------------------------------------- vectors

/** 128 bits of elements, each of `bits`. */
export function drawVector(bits: number, element: (lane: number) => bigint): bigint {
  let vector = 0n;
  for (let lane = 128 / bits - 1; lane >= 0; lane--) vector = (vector << BigInt(bits)) | element(lane);
  return vector;
}
