/**
 * How generated code calls the floating-point helpers (helpers.ts). A place is a register's, or an element's, byte offset in the
 * register file. Parameters are words, put together of these parts:
 *
 * - lanes: `d | shape << 16`, `n`, `m | addend << 16`: places; what of V[d] the result does not fill is cleared.
 * - conversions: `mode` says how to round, whether the integer is unsigned, and how many of its bits are fraction.
 */

/** Shape: how many lanes, 1, 2 or 4, and how operands lie. */
export const SHAPE_LANES = 7;
/** `m` is one element for all lanes. */
export const SHAPE_BY_ELEMENT = 8;
/** Lane i is made of elements 2i and 2i + 1 of `n` and `m` in a row. */
export const SHAPE_PAIRWISE = 16;
/** The rest of V[d] is left alone: it is the other half (FCVTN2). */
export const SHAPE_KEEP = 32;
export const SHAPE_SHIFT = 16;

/** Mode: FPRounding in bits 2:0, of conversions to integers. Those from integers go by FPCR. */
export const MODE_ROUNDING = 7;
export const MODE_UNSIGNED = 8;
export const MODE_FBITS_SHIFT = 4;

/** Between the formats: from, to; XN is rounded to odd (FCVTXN). */
export const WIDTH_CHANGES = ["HtoS", "HtoD", "StoD", "StoH", "DtoH", "DtoS", "DtoSXN"] as const;
export type WidthChange = (typeof WIDTH_CHANGES)[number];

/** Of four lanes of single precision. */
export const REDUCTIONS = ["max", "min", "maxnm", "minnm"] as const;
export type Reduction = (typeof REDUCTIONS)[number];

/**
 * FCMP's answers, in bit 0 and the rest, which are the operands of a SUBS that makes the flags (isa/fp-compare.ts): the rest less
 * bit 0.
 */
export const COMPARED_LESS = 1;
export const COMPARED_EQUAL = 0;
export const COMPARED_GREATER = 2;
export const COMPARED_UNORDERED: number = -(2 ** 31) | 1;
