/** Interrupts as they are typed: the guest's number, or its kind and number: 33, 0x21, spi1, ppi11, sgi3, lpi5. */
import { eppi, espi, lpi, messageOf, ppi, sgi, spi } from "@trapline/core";
import { InvalidArgumentError } from "commander";

const KINDS: Readonly<Record<string, (n: number) => number>> = { sgi, ppi, spi, eppi, espi, lpi };

/** @throws InvalidArgumentError */
export function parseIntid(text: string): number {
  const [, kind, digits] = /^(sgi|ppi|spi|eppi|espi|lpi)(\d+)$/i.exec(text) ?? [];
  if (kind !== undefined) {
    try {
      return KINDS[kind.toLowerCase()]!(Number(digits));
    } catch (error) {
      throw new InvalidArgumentError(`${messageOf(error)}.`);
    }
  }
  const value = /^(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isInteger(value) && value < 2 ** 24) return value;
  throw new InvalidArgumentError("It should be an INTID, or spi1, ppi11, sgi3, lpi5.");
}
