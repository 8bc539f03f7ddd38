/**
 * Advanced SIMD copy: DUP, INS, SMOV, UMOV, and the scalar DUP (Arm ARM DDI 0487, C4.1 "Advanced SIMD copy" and "Advanced SIMD
 * scalar copy").
 *
 * The lowest bit set in imm5 tells the element size, what is above it the index: so there is a row for each size. Elements
 * are moved in memory, where the index is just part of an operand's offset.
 */
import { apply } from "../ir/expr.ts";
import { type Form, form, vr, xr, xw } from "./form.ts";
import { lanesOf } from "./simd-lanes.ts";
import { elementBits, setDatasize, setElement, element, splatElement, upperHalf } from "./simd-registers.ts";

const IMM5 = ["index:4 1", "index:3 10", "index:2 100", "index 1000"] as const;
const STORES = ["i64.store8", "i64.store16", "i64.store32", "i64.store"] as const;
const SIGNED_LOADS = ["i64.load8_s", "i64.load16_s", "i64.load32_s"] as const;

/** Offset of an element. */
const at = (register: number, index: number, size: number): number => vr(register) + (index << size);

function copies(imm5: (typeof IMM5)[number], size: number): Form[] {
  const lanes = lanesOf(size);
  return [
    form({
      name: "DUP (element)",
      encoding: `0 Q 0 01110000 ${imm5} 0 0000 1 Rn:5 Rd:5` as const,
      fp: true,
      when: (f) => size < 3 || f.Q === 1,
      operands: (f) => ({ d: vr(f.Rd), n: at(f.Rn, f.index, size), imm: upperHalf(f.Q) }),
      emit: (c) => setDatasize(c, splatElement(c, "n", lanes)),
    }),
    form({
      name: "DUP (general)",
      encoding: `0 Q 0 01110000 ${imm5} 0 0001 1 Rn:5 Rd:5` as const,
      fp: true,
      when: (f) => size < 3 || f.Q === 1,
      operands: (f) => ({ d: vr(f.Rd), n: xr(f.Rn), imm: upperHalf(f.Q) }),
      emit: (c) => setDatasize(c, lanes.splat(size === 3 ? c.x("n") : c.w("n"))),
    }),
    form({
      name: "DUP (element), scalar",
      encoding: `01 0 11110000 ${imm5} 0 0000 1 Rn:5 Rd:5` as const,
      fp: true,
      operands: (f) => ({ d: vr(f.Rd), n: at(f.Rn, f.index, size) }),
      emit: (c) => setElement(c, lanes, element(c, "n", lanes)),
    }),
    form({
      name: "INS (general)",
      encoding: `0 1 0 01110000 ${imm5} 0 0011 1 Rn:5 Rd:5` as const,
      fp: true,
      operands: (f) => ({ d: at(f.Rd, f.index, size), n: xr(f.Rn) }),
      emit: (c) => c.setVPart(STORES[size]!, "d", 0, c.x("n")),
    }),
    form({
      name: "INS (element)",
      encoding: `0 1 1 01110000 ${imm5} 0 imm4:4 1 Rn:5 Rd:5` as const,
      fp: true,
      operands: (f) => ({ d: at(f.Rd, f.index, size), n: at(f.Rn, f.imm4 >> size, size) }),
      emit: (c) => c.setVPart(STORES[size]!, "d", 0, elementBits(c, "n", lanes)),
    }),
    form({
      name: "UMOV",
      encoding: `0 Q 0 01110000 ${imm5} 0 0111 1 Rn:5 Rd:5` as const,
      fp: true,
      when: (f) => f.Q === (size === 3 ? 1 : 0),
      operands: (f) => ({ d: xw(f.Rd), n: at(f.Rn, f.index, size) }),
      emit: (c) => c.setX("d", elementBits(c, "n", lanes)),
    }),
    ...(size === 3 ? [] : [signedMove(imm5, size)]),
  ];
}

function signedMove(imm5: (typeof IMM5)[number], size: number): Form {
  return form({
    name: "SMOV",
    encoding: `0 Q 0 01110000 ${imm5} 0 0101 1 Rn:5 Rd:5` as const,
    split: ["Q"],
    fp: true,
    when: (f) => size < 2 || f.Q === 1,
    operands: (f) => ({ d: xw(f.Rd), n: at(f.Rn, f.index, size) }),
    emit: (c, { Q }) => {
      const value = c.vPart(SIGNED_LOADS[size]!, "n");
      if (Q === 1) c.setX("d", value);
      else c.setW("d", apply("i32.wrap_i64", value));
    },
  });
}

export const simdCopy: readonly Form[] = IMM5.flatMap(copies);
