/**
 * Advanced SIMD and scalar instructions of vectors with one element, integers (Arm ARM DDI 0487, C4.1 "Advanced SIMD vector x
 * indexed element" and its scalar counterpart). Not here: floating-point.
 *
 * The element's place in memory is operand m, so its index makes no handlers. Halfwords: index H:L:M of V0 … V15; words: H:L.
 */
import type { Builder } from "../ir/builder.ts";
import { type V128Expr } from "../ir/expr.ts";
import { type Form, form, vr } from "./form.ts";
import { HS, type Lanes, lanesOf } from "./simd-lanes.ts";
import { datasize, element, half, setDatasize, setElement, splatElement, upperHalf } from "./simd-registers.ts";
import { doubleProductHigh } from "./simd-saturation.ts";
import {
  doubleProduct, doubleProductAdded, doubleProductSubtracted, type LongCompute, product, productAdded, productSubtracted,
} from "./simd-three-different.ts";

interface ElementFields {
  readonly size: number;
  readonly L: number;
  readonly M: number;
  readonly Rm: number;
  readonly H: number;
}

/** Offset of the element. */
function elementAt({ size, L, M, Rm, H }: ElementFields): number {
  return size === 1 ? vr(Rm) + 2 * ((H << 2) | (L << 1) | M) : vr((M << 4) | Rm) + 4 * ((H << 1) | L);
}

/** The cast names the fields; which opcode stands there makes no difference to the types. */
const vectorEncoding = (U: 0 | 1, opcode: string) =>
  `0 Q ${U} 01111 size:2 L M Rm:4 ${opcode} H 0 Rn:5 Rd:5` as "0 Q 0 01111 size:2 L M Rm:4 0000 H 0 Rn:5 Rd:5";
const scalarEncoding = (opcode: string) =>
  `01 0 11111 size:2 L M Rm:4 ${opcode} H 0 Rn:5 Rd:5` as "01 0 11111 size:2 L M Rm:4 0000 H 0 Rn:5 Rd:5";

/** Operands are pinned. */
type Compute = (c: Builder, lanes: Lanes, a: V128Expr, b: V128Expr) => V128Expr;

/** Results of the operands' size. */
function same(name: string, U: 0 | 1, opcode: string, compute: Compute, saturates = false): Form {
  return form({
    name: `${name} (by element)`,
    encoding: vectorEncoding(U, opcode),
    split: ["size"],
    fp: true,
    when: (f) => HS(f.size),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: elementAt(f), imm: upperHalf(f.Q) }),
    emit: (c, { size }) => {
      const lanes = lanesOf(size);
      const a = c.let(saturates ? datasize(c, c.v("n")) : c.v("n"));
      setDatasize(c, compute(c, lanes, a, c.let(splatElement(c, "m", lanes))));
    },
  });
}

/** Results of twice the size. */
function long(name: string, U: 0 | 1, opcode: string, compute: LongCompute): Form {
  return form({
    name: `${name}, ${name}2 (by element)`,
    encoding: vectorEncoding(U, opcode),
    split: ["size"],
    fp: true,
    when: (f) => HS(f.size),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn) + 8 * f.Q, m: elementAt(f) }),
    emit: (c, { size }) => {
      const lanes = lanesOf(size);
      const [a, b] = [c.let(half(c, "n")), c.let(splatElement(c, "m", lanes))];
      c.setV("d", compute(c, lanes, a, b, () => c.let(c.v("d"))));
    },
  });
}

export const simdIndexed: readonly Form[] = [
  same("MLA", 1, "0000", (c, lanes, a, b) => lanes.add(c.v("d"), lanes.mul(a, b))),
  long("SMLAL", 0, "0010", productAdded("s")),
  long("UMLAL", 1, "0010", productAdded("u")),
  long("SQDMLAL", 0, "0011", doubleProductAdded),
  same("MLS", 1, "0100", (c, lanes, a, b) => lanes.sub(c.v("d"), lanes.mul(a, b))),
  long("SMLSL", 0, "0110", productSubtracted("s")),
  long("UMLSL", 1, "0110", productSubtracted("u")),
  long("SQDMLSL", 0, "0111", doubleProductSubtracted),
  same("MUL", 0, "1000", (_, lanes, a, b) => lanes.mul(a, b)),
  long("SMULL", 0, "1010", product("s")),
  long("UMULL", 1, "1010", product("u")),
  long("SQDMULL", 0, "1011", doubleProduct),
  same("SQDMULH", 0, "1100", (c, lanes, a, b) => doubleProductHigh(c, lanes, false, a, b), true),
  same("SQRDMULH", 0, "1101", (c, lanes, a, b) => doubleProductHigh(c, lanes, true, a, b), true),
];

function scalar(name: string, opcode: string, isLong: boolean, compute: LongCompute): Form {
  return form({
    name: `${name} (by element), scalar`,
    encoding: scalarEncoding(opcode),
    split: ["size"],
    fp: true,
    when: (f) => HS(f.size),
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: elementAt(f) }),
    emit: (c, { size }) => {
      const lanes = lanesOf(size);
      const into = isLong ? lanes.wide : lanes;
      const [a, b] = [c.let(element(c, "n", lanes)), c.let(element(c, "m", lanes))];
      setElement(c, into, compute(c, lanes, a, b, () => c.let(element(c, "d", into))));
    },
  });
}

export const simdScalarIndexed: readonly Form[] = [
  scalar("SQDMLAL", "0011", true, doubleProductAdded),
  scalar("SQDMLSL", "0111", true, doubleProductSubtracted),
  scalar("SQDMULL", "1011", true, doubleProduct),
  scalar("SQDMULH", "1100", false, (c, lanes, a, b) => doubleProductHigh(c, lanes, false, a, b)),
  scalar("SQRDMULH", "1101", false, (c, lanes, a, b) => doubleProductHigh(c, lanes, true, a, b)),
];
