/** What an instruction does, in order: the statements that its semantics leave and that generators turn into WebAssembly. */
import type { Expr, I32Expr, I64Expr } from "./expr.ts";

/** A store behind the address that a guest access resolved to. */
export interface PartStore {
  readonly op: number;
  readonly offset: number;
  readonly value: Expr;
}

export type Stmt =
  /** A local takes a value. */
  | { readonly kind: "let"; readonly local: number; readonly value: Expr }
  /** Memory that is the vCPU's own state. */
  | { readonly kind: "store"; readonly op: number; readonly address: I32Expr; readonly offset: number; readonly value: Expr }
  /** A general-purpose register, by slot (compiled code only; the interpreter stores). */
  | { readonly kind: "register"; readonly slot: number; readonly value: I64Expr }
  /** A flag (compiled code only). */
  | { readonly kind: "flag"; readonly which: number; readonly value: Expr }
  /** Resolves a guest address into a host address, for reading or for a store to come, or takes the exception; see `access`. */
  | { readonly kind: "read"; readonly va: number; readonly access: number; readonly host: number }
  /** Resolves a guest address for writing and stores there. */
  | { readonly kind: "write"; readonly va: number; readonly access: number; readonly stores: readonly PartStore[] }
  | { readonly kind: "if"; readonly condition: I32Expr; readonly yes: readonly Stmt[]; readonly no: readonly Stmt[] }
  /** Calls out to the host; the instruction may have moved the program counter when it returns. */
  | { readonly kind: "host"; readonly fn: number; readonly value: I64Expr | undefined; readonly word: I32Expr | undefined };

/**
 * How memory is accessed, in one number: bytes [7:0], then the bits below. The size of one element decides alignment and how
 * a device sees the access: LDP of two words is one access of 8 bytes in elements of 4.
 */
export const ACCESS_WRITE = 0x100;
/** As EL0 would, from EL1 (LDTR, STTR). */
export const ACCESS_UNPRIVILEGED = 0x200;
/** Must be aligned whatever SCTLR_EL1.A says: exclusives, acquire, release. */
export const ACCESS_ALIGNED = 0x400;
/** DC ZVA and cache maintenance by address: no data, only permission. */
export const ACCESS_MAINTENANCE = 0x800;
/** DC ZVA: never of Device memory, and an abort tells the address that was given. */
export const ACCESS_ZERO = 0x1_0000;
/** By compiled code, which can only go on if there is RAM: no exception is taken, no device is touched. */
export const ACCESS_PROBE = 0x8000;
export const ACCESS_ELEMENT_SHIFT = 12;

/** Bytes of one element of an access. */
export function elementOf(access: number): number {
  return 1 << ((access >> ACCESS_ELEMENT_SHIFT) & 7);
}

/** @param element bytes of one element, a power of two */
export function accessOf(bytes: number, element: number, bits = 0): number {
  return bytes | bits | (Math.log2(element) << ACCESS_ELEMENT_SHIFT);
}
