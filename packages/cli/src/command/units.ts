/** Numbers as they are typed on the command line. */
import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** `512M`, `2G`, `0x2000_0000`: as in machine files. @throws InvalidArgumentError */
export function parseSize(text: string): number {
  const [, digits = "", unit = ""] = /^([0-9]+)(?:([KMG])(?:iB)?)?$/.exec(text) ?? [];
  const value = digits === "" ? (/^0x[0-9a-fA-F_]+$/.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN) : Number(digits) * UNITS[unit]!;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It should be a size: 512M, 2G, or bytes.");
}

export const parseCount = (text: string): number => whole(text, 1);
export const parseSeed = (text: string): number => whole(text, 0);

/** @throws InvalidArgumentError */
export function parseSeconds(text: string): number {
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It should be a number of seconds.");
}

/** @throws InvalidArgumentError */
export function parseChoice<T extends string>(...choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`It should be one of: ${choices.join(", ")}.`);
  };
}

function whole(text: string, least: number): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new InvalidArgumentError(`It should be a whole number from ${least}.`);
}
