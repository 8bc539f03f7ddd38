// Where the live oracle is not the reference: what it executes and our CPU must not, and what it gets wrong. The manual (DDI 0487) stands.
// Each row says why. Found by sweep.ts and by reading the manual where the soft CPU and the oracle disagreed; seen with QEMU 7.2.
import { type Encoding, parseEncoding } from "../src/isa/encoding.ts";
import { CODE_BASE, type Outcome } from "../src/testing/cpu-under-test.fixture.ts";

interface Divergence {
  readonly encoding: string;
  readonly reason: string;
}

/** Words that a Cortex-A57 of QEMU executes, and that are UNDEFINED for us: we do not advertise the cryptographic extension. */
const NOT_ADVERTISED: readonly Divergence[] = [
  { encoding: "01001110 00 10100 opcode:5 10 Rn:5 Rd:5", reason: "AESE, AESD, AESMC, AESIMC: ID_AA64ISAR0_EL1.AES is 0" },
  { encoding: "0 Q 0 01110 11 1 Rm:5 1110 00 Rn:5 Rd:5", reason: "PMULL of doublewords: ID_AA64ISAR0_EL1.AES is 0" },
  { encoding: "01011110 00 0 Rm:5 0 opcode:3 00 Rn:5 Rd:5", reason: "SHA1C to SHA256SU1: ID_AA64ISAR0_EL1.SHA1 and SHA2 are 0" },
  { encoding: "01011110 00 10100 opcode:5 10 Rn:5 Rd:5", reason: "SHA1H, SHA1SU1, SHA256SU0: ID_AA64ISAR0_EL1.SHA1 and SHA2 are 0" },
];

const notAdvertised: readonly Encoding[] = NOT_ADVERTISED.map(({ encoding }) => parseEncoding(encoding));

/** True for words that are UNDEFINED for us though the oracle may execute them. */
export const isNotAdvertised = (word: number): boolean => notAdvertised.some(({ mask, value }) => (word & mask) >>> 0 === value);

/** What the oracle says of the instruction at the PC where it stopped, and what it should have said. */
interface Correction extends Divergence {
  readonly correct: (word: number, outcome: Outcome) => Outcome;
}

const CORRECTIONS: readonly Correction[] = [
  {
    encoding: "1101010100 0 01 011 0111 0100 001 Rt:5",
    reason: "DC ZVA: user-mode QEMU reports the first byte of the block, but FAR holds what the register said (D13.2, FAR_EL1)",
    correct: (word, outcome) => {
      if (outcome.stop !== "data-abort") return outcome;
      return { ...outcome, address: outcome.state.x[word & 31] ?? 0n };
    },
  },
];

const corrections = CORRECTIONS.map((correction) => ({ ...correction, bits: parseEncoding(correction.encoding) }));

/** The outcome as the manual has it. */
export function corrected(words: readonly number[], outcome: Outcome): Outcome {
  const word = words[Number(outcome.pc - CODE_BASE) / 4];
  if (outcome.stop === "landed" || word === undefined) return outcome;
  return corrections.find(({ bits }) => (word & bits.mask) >>> 0 === bits.value)?.correct(word, outcome) ?? outcome;
}
