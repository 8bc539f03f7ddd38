/**
 * Advanced SIMD and scalar shifts by an immediate, integers (Arm ARM DDI 0487, C4.1 "Advanced SIMD shift by immediate" and its
 * scalar counterpart). Not here: conversions to and from fixed-point.
 *
 * The leading one of immh tells the element size, what is below it the distance: so there is a row for each size. To the left
 * a distance is 0 … esize − 1; to the right it is 1 … esize, and records hold one less.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, type I32Expr, type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { roundingShiftRight, shiftRight } from "./simd-integer.ts";
import { BHS, BHSD, D, type Lanes, lanesOf, ONES, type Sign, type Sizes } from "./simd-lanes.ts";
import { datasize, element, half, setDatasize, setElement, setNarrowed, upperHalf } from "./simd-registers.ts";
import { clampToNarrow, shlSaturated } from "./simd-saturation.ts";

const IMMH = ["0001 immb:3", "001 immb:4", "01 immb:5", "1 immb:6"] as const;
type Immediate = (typeof IMMH)[number];

/** The operand is pinned; `d` is the destination's old value, `by` the distance or, to the right, one less. */
type Compute = (c: Builder, lanes: Lanes, v: V128Expr, by: I32Expr, d: V128Expr) => V128Expr;

interface Row {
  readonly name: string;
  readonly U: 0 | 1;
  readonly opcode: string;
  readonly direction: "left" | "right";
  /** Element sizes of the scalar form; vectors have all. */
  readonly scalarSizes: Sizes;
  readonly compute: Compute;
  /** Sets FPSR.QC: must not see lanes that do not count. */
  readonly saturates: boolean;
}

const right = (name: string, U: 0 | 1, opcode: string, compute: Compute): Row => {
  return { name, U, opcode, direction: "right", scalarSizes: D, compute, saturates: false };
};
const left = (name: string, U: 0 | 1, opcode: string, compute: Compute): Row => {
  return { name, U, opcode, direction: "left", scalarSizes: D, compute, saturates: false };
};
const saturating = (name: string, U: 0 | 1, opcode: string, from: Sign, to: Sign): Row => {
  const compute: Compute = (c, lanes, v, by) => shlSaturated(c, lanes, from, to, v, by);
  return { name, U, opcode, direction: "left", scalarSizes: BHSD, compute, saturates: true };
};

const plain = (sign: Sign): Compute => (_, lanes, v, by) => shiftRight(lanes, sign, v, by);
const rounding = (sign: Sign): Compute => (c, lanes, v, by) => roundingShiftRight(c, lanes, sign, v, by);
const added = (compute: Compute): Compute => (c, lanes, v, by, d) => lanes.add(d, compute(c, lanes, v, by, d));

const ROWS: readonly Row[] = [
  right("SSHR", 0, "00000", plain("s")),
  right("USHR", 1, "00000", plain("u")),
  right("SSRA", 0, "00010", added(plain("s"))),
  right("USRA", 1, "00010", added(plain("u"))),
  right("SRSHR", 0, "00100", rounding("s")),
  right("URSHR", 1, "00100", rounding("u")),
  right("SRSRA", 0, "00110", added(rounding("s"))),
  right("URSRA", 1, "00110", added(rounding("u"))),
  // What is shifted in stays as it was in the destination.
  right("SRI", 1, "01000", (_, lanes, v, by, d) => {
    return apply("v128.bitselect", shiftRight(lanes, "u", v, by), d, shiftRight(lanes, "u", ONES, by));
  }),
  left("SHL", 0, "01010", (_, lanes, v, by) => lanes.shl(v, by)),
  left("SLI", 1, "01010", (_, lanes, v, by, d) => apply("v128.bitselect", lanes.shl(v, by), d, lanes.shl(ONES, by))),
  saturating("SQSHLU", 1, "01100", "s", "u"),
  saturating("SQSHL (immediate)", 0, "01110", "s", "s"),
  saturating("UQSHL (immediate)", 1, "01110", "u", "u"),
];

/** The casts name the fields; which opcode stands there, and how wide immb is, makes no difference to the types. */
const vectorEncoding = (U: 0 | 1, opcode: string, immediate: Immediate) =>
  `0 Q ${U} 011110 ${immediate} ${opcode} 1 Rn:5 Rd:5` as "0 Q 0 011110 1 immb:6 00000 1 Rn:5 Rd:5";
const scalarEncoding = (U: 0 | 1, opcode: string, immediate: Immediate) =>
  `01 ${U} 111110 ${immediate} ${opcode} 1 Rn:5 Rd:5` as "01 0 111110 1 immb:6 00000 1 Rn:5 Rd:5";

/** The number in a record for a shift to the right: one less than its distance, esize − immb. */
const lessOne = ({ bits }: Lanes, immb: number): number => bits - immb - 1;
const operandBy = (row: Row, lanes: Lanes, immb: number): number => (row.direction === "left" ? immb : lessOne(lanes, immb));

function vector(row: Row, immediate: Immediate, size: number): Form {
  const lanes = lanesOf(size);
  return form({
    name: row.name,
    encoding: vectorEncoding(row.U, row.opcode, immediate),
    fp: true,
    when: (f) => size < 3 || f.Q === 1,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), imm: upperHalf(f.Q), shift: operandBy(row, lanes, f.immb) }),
    emit: (c) => {
      const v = c.let(row.saturates ? datasize(c, c.v("n")) : c.v("n"));
      setDatasize(c, row.compute(c, lanes, v, c.let(c.shift32()), c.v("d")));
    },
  });
}

function scalar(row: Row, immediate: Immediate, size: number): Form {
  const lanes = lanesOf(size);
  return form({
    name: `${row.name}, scalar`,
    encoding: scalarEncoding(row.U, row.opcode, immediate),
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), shift: operandBy(row, lanes, f.immb) }),
    emit: (c) => setElement(c, lanes, row.compute(c, lanes, c.let(element(c, "n", lanes)), c.let(c.shift32()), c.v("d"))),
  });
}

// ---------------------------------------------------------------------------------------------------- to half the size

interface Narrowing {
  readonly name: string;
  readonly U: 0 | 1;
  readonly opcode: string;
  readonly rounds: boolean;
  /** How values that do not fit are brought into range; the others lose their upper bits. */
  readonly saturates?: { readonly from: Sign; readonly to: Sign };
}

const NARROWINGS: readonly Narrowing[] = [
  { name: "SHRN", U: 0, opcode: "10000", rounds: false },
  { name: "SQSHRUN", U: 1, opcode: "10000", rounds: false, saturates: { from: "s", to: "u" } },
  { name: "RSHRN", U: 0, opcode: "10001", rounds: true },
  { name: "SQRSHRUN", U: 1, opcode: "10001", rounds: true, saturates: { from: "s", to: "u" } },
  { name: "SQSHRN", U: 0, opcode: "10010", rounds: false, saturates: { from: "s", to: "s" } },
  { name: "UQSHRN", U: 1, opcode: "10010", rounds: false, saturates: { from: "u", to: "u" } },
  { name: "SQRSHRN", U: 0, opcode: "10011", rounds: true, saturates: { from: "s", to: "s" } },
  { name: "UQRSHRN", U: 1, opcode: "10011", rounds: true, saturates: { from: "u", to: "u" } },
];

/** Wide lanes, shifted and in range. */
function narrowed(c: Builder, lanes: Lanes, { rounds, saturates }: Narrowing, v: V128Expr): V128Expr {
  const sign = saturates?.from ?? "u";
  const by = c.let(c.shift32());
  const shifted = rounds ? roundingShiftRight(c, lanes.wide, sign, v, by) : shiftRight(lanes.wide, sign, v, by);
  return saturates === undefined ? shifted : clampToNarrow(c, lanes, sign, saturates.to, c.let(shifted));
}

function narrowing(row: Narrowing, immediate: Immediate, size: number): Form {
  const lanes = lanesOf(size);
  return form({
    name: `${row.name}, ${row.name}2`,
    encoding: vectorEncoding(row.U, row.opcode, immediate),
    split: ["Q"],
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), shift: lessOne(lanes, f.immb) }),
    emit: (c, { Q }) => setNarrowed(c, Q, lanes.packLow(narrowed(c, lanes, row, c.let(c.v("n"))))),
  });
}

function scalarNarrowing(row: Narrowing, immediate: Immediate, size: number): Form {
  const lanes = lanesOf(size);
  return form({
    name: `${row.name}, scalar`,
    encoding: scalarEncoding(row.U, row.opcode, immediate),
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), shift: lessOne(lanes, f.immb) }),
    emit: (c) => setElement(c, lanes, narrowed(c, lanes, row, c.let(element(c, "n", lanes.wide)))),
  });
}

// -------------------------------------------------------------------------------------------------- to twice the size

function long(name: string, U: 0 | 1, sign: Sign, immediate: Immediate, size: number): Form {
  const lanes = lanesOf(size);
  return form({
    name,
    encoding: vectorEncoding(U, "10100", immediate),
    fp: true,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) + 8 * f.Q, shift: f.immb }),
    emit: (c) => c.setV("d", lanes.wide.shl(lanes.widenLow(sign, half(c, "n")), c.shift32())),
  });
}

/** A row for each of the sizes. */
const each = (sizes: Sizes, make: (immediate: Immediate, size: number) => Form): Form[] =>
  IMMH.flatMap((immediate, size) => (sizes(size) ? [make(immediate, size)] : []));

export const simdShiftImmediate: readonly Form[] = [
  ...ROWS.flatMap((row) => each(BHSD, (immediate, size) => vector(row, immediate, size))),
  ...NARROWINGS.flatMap((row) => each(BHS, (immediate, size) => narrowing(row, immediate, size))),
  ...each(BHS, (immediate, size) => long("SSHLL, SSHLL2", 0, "s", immediate, size)),
  ...each(BHS, (immediate, size) => long("USHLL, USHLL2", 1, "u", immediate, size)),
];

export const simdScalarShiftImmediate: readonly Form[] = [
  ...ROWS.flatMap((row) => each(row.scalarSizes, (immediate, size) => scalar(row, immediate, size))),
  ...NARROWINGS.filter(({ saturates }) => saturates !== undefined).flatMap((row) =>
    each(BHS, (immediate, size) => scalarNarrowing(row, immediate, size)),
  ),
];
