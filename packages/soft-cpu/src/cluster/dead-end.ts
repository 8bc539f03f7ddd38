/**
 * In words: the first instruction of a vector raises the very exception that led there, over and over. With everything masked
 * nothing ends that but a reset; hardware would spin. What led there first is gone, but this is what the author of a guest
 * needs: a vector table that is not there, or code where there is none.
 */
import { hex } from "@trapline/core";
import type { Disassembler } from "../disassembler/disassembler.ts";

const EC_UNKNOWN = 0x00;

/** @param word of the instruction, for what is UNDEFINED */
export function deadEndMessage(esr: number, pc: bigint, word: number, disassembler: Disassembler | undefined): string {
  const at = `at ${hex(pc)}, the vector of that very exception`;
  if (esr >>> 26 !== EC_UNKNOWN) return `exception with ESR_EL1 ${hex(esr, 8)} ${at}`;
  const text = disassembler === undefined ? "" : ` (${disassembler.disassemble(word, pc)})`;
  return `undefined instruction ${hex(word, 8)}${text} ${at}`;
}
