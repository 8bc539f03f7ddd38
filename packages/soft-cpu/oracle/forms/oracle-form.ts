// What a row of the oracle's own list of A64 instruction forms is. The list was typed from DDI 0487 C4 ("A64 Instruction Set Encoding"),
// apart from the soft CPU's decode table, so that each can show what the other lacks. Vector registers are called Vd, Vn, Vm, Va and Vt
// here where the manual says Rd ... in both cases; "sbo" and "sbz" are should-be-one and should-be-zero fields.

/** Reads a field of the word at hand. A name that the form does not have is a mistake in the row, and throws. */
export type Fields = (name: string) => number;

/** Which bytes a load, a store or a prefetch is about. */
export interface MemoryAccess {
  readonly bytes: (f: Fields) => number;
  /** Signed distance from the base to the first byte; none: 0, or that of `index`. */
  readonly offset?: (f: Fields) => number;
  /** The offset is Rm, extended by `option` and shifted left by log2(bytes) where S says so. */
  readonly index?: true;
  /** The base is the PC, the offset `imm19` words. */
  readonly literal?: true;
  /** Faults unless aligned to this many bytes, whatever SCTLR_EL1.A says. */
  readonly aligned?: (f: Fields) => number;
  /** No abort, wherever it points (PRFM). */
  readonly hint?: true;
}

/** One instruction form. */
export interface OracleForm {
  /** The mnemonic in capitals, then, where the manual has several pages for it, which. */
  readonly name: string;
  readonly encoding: string;
  /** False for values of the fields that are unallocated in Armv8.0, hence UNDEFINED. */
  readonly where?: (f: Fields) => boolean;
  /** True for values of the fields of which no case is made: the manual leaves the result open (CONSTRAINED UNPREDICTABLE). */
  readonly unpredictable?: (f: Fields) => boolean;
  readonly memory?: MemoryAccess;
  /** Bits of the floating-point numbers it reads: they are then drawn from the corners of that format, and FPCR is drawn as well. */
  readonly fp?: (f: Fields) => 16 | 32 | 64;
  /** Bits of the integer elements it reads from vector registers. */
  readonly lane?: (f: Fields) => number;
  /** Branches: the register that holds the target. */
  readonly target?: "Rn";
  /** A system register that the form may write; its value is cut to the bits of this mask. */
  readonly writeMask?: bigint;
}

/** Forms that are recorded into one file. */
export interface FormGroup {
  readonly file: string;
  readonly forms: readonly OracleForm[];
}
