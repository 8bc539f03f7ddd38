// Where the live oracle is not the reference: what it executes and our CPU must not, and what it gets wrong. The manual stands. Each row
// says why. Found by sweep.ts and by reading the manual where the soft CPU and the oracle disagreed; seen with QEMU 7.2.
import { type Encoding, parseEncoding } from "../src/isa/encoding.ts";

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
