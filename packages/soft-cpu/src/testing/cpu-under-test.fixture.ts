// What the golden vectors and the random checks ask of a CPU: execute some words from a given state and say where that ended. The soft
// CPU's interpreter and JIT stand behind this interface, and so does the live oracle. The address map is the oracle's (oracle/oracle.s):
// one data page and one page of code, everything around them unmapped; EL0, little-endian, no alignment checking of ordinary accesses
// (SCTLR_EL1.A = 0), DC ZVA allowed, the local exclusive monitor open at the start. Not hot.

/** What an EL0 program sees of a PE. */
export interface CpuState {
  /** X0 to X30. */
  readonly x: BigUint64Array;
  sp: bigint;
  /** N, Z, C, V as bits 3 to 0. */
  nzcv: number;
  /** V0 to V31, each as its low and its high doubleword: V2 is `v[4]` and `v[5]`. */
  readonly v: BigUint64Array;
  fpcr: number;
  fpsr: number;
  /** TPIDR_EL0. */
  tpidr: bigint;
}

/**
 * How execution ended.
 * - `landed`: at a BRK, or an instruction fetch from where no code is mapped, or from a misaligned PC. `pc` is there.
 * - `undefined`: the instruction at `pc` is UNDEFINED at EL0.
 * - `data-abort`: the instruction at `pc` accessed `address`, where nothing is mapped.
 * - `alignment`: the instruction at `pc` needs alignment, and `address` has none.
 */
export type Stop = "landed" | "undefined" | "data-abort" | "alignment";

/** State at the first exception, seen from its handler. */
export interface Outcome {
  readonly stop: Stop;
  readonly pc: bigint;
  /** The first byte that faulted; only with `data-abort` and `alignment`. */
  readonly address?: bigint;
  readonly state: CpuState;
  /** The data window afterwards. */
  readonly data: Uint8Array;
}

/** An implementation of AArch64 EL0. Each run is independent of those before it. */
export interface CpuUnderTest {
  /**
   * Executes 1 to {@link MAX_WORDS} words that stand at {@link CODE_BASE}; BRK #0 fills the rest of the code page.
   * Neither `pre` nor `data` is changed.
   */
  run(words: readonly number[], pre: CpuState, data: Uint8Array): Outcome;
}

/** First byte of the data window, a page of its own; the pages before and after it are unmapped. Not executable. */
export const DATA_BASE = 0x1000_0000n;
export const DATA_SIZE = 4096;
/** The page of code: readable, filled with BRK #0. Nothing else is mapped. */
export const CODE_PAGE = 0x1001_0000n;
export const CODE_PAGE_SIZE = 4096;
/** Where the words stand; the rest of the page has room for branches in both directions. */
export const CODE_BASE = 0x1001_0800n;
export const MAX_WORDS = 64;
/** BRK #0. */
export const BRK_WORD = 0xd420_0000;

/** A copy that shares nothing with the original. */
export function copyState(state: CpuState): CpuState {
  return { ...state, x: state.x.slice(), v: state.v.slice() };
}
