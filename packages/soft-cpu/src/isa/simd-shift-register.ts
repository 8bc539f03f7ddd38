/**
 * Shifts by register: SSHL, USHL and their rounding and saturating kin (Arm ARM DDI 0487, C7.2), for each lane by the signed
 * low byte of the other operand's lane; to the right when it is negative.
 *
 * WebAssembly shifts all lanes by one distance. So a lane goes through one stage per bit of the distance, and each stage
 * takes effect in the lanes that have that bit set. Not hot.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, type V128Expr } from "../ir/expr.ts";
import { roundingHalf } from "./simd-integer.ts";
import { type Lanes, ONES, type Sign, ZERO } from "./simd-lanes.ts";
import { extremeOf, setQC } from "./simd-saturation.ts";

interface RegisterShift {
  readonly sign: Sign;
  readonly rounding: boolean;
  /** To the left: the extreme value, and FPSR.QC, where bits are lost. */
  readonly saturating: boolean;
}

/** Operands are pinned; so is the result. Where it saturates, lanes that are no part of the operands hold zeros. */
export function shiftByRegister(c: Builder, lanes: Lanes, how: RegisterShift, v: V128Expr, by: V128Expr): V128Expr {
  const { sign, rounding, saturating } = how;
  const { bits } = lanes;
  const stages = Math.log2(bits);
  const bitselect = (yes: V128Expr, no: V128Expr, where: V128Expr): V128Expr => apply("v128.bitselect", yes, no, where);

  const amount = c.let(bits === 8 ? by : lanes.shr("s", lanes.shl(by, bits - 8), bits - 8));
  const right = c.let(lanes.shr("s", amount, bits - 1));
  const magnitude = lanes.abs(amount);
  // Rounding is done last, with the bit that falls out: the stages go one bit less far to the right.
  const distance = c.let(rounding ? lanes.add(magnitude, right) : magnitude);

  let shifted = v;
  let lost = ZERO;
  for (let stage = 0; stage < stages; stage++) {
    const here = c.let(lanes.shr("s", lanes.shl(distance, bits - 1 - stage), bits - 1));
    const left = c.let(lanes.shl(shifted, 1 << stage));
    if (saturating) {
      const losing = apply("v128.xor", lanes.shr(sign, left, 1 << stage), shifted);
      lost = c.let(apply("v128.or", lost, apply("v128.and", losing, here)));
    }
    const moved = bitselect(lanes.shr(sign, shifted, 1 << stage), left, right);
    shifted = c.let(bitselect(moved, shifted, here));
  }

  // The distance may be the lane's size or more, up to 128: nothing is left but, to the right, the sign.
  const beyond = c.let(lanes.ne(lanes.shr("u", distance, stages), ZERO));
  const remains = sign === "s" ? apply("v128.and", lanes.shr("s", v, bits - 1), right) : ZERO;
  let result = c.let(bitselect(remains, shifted, beyond));
  if (rounding) result = c.let(bitselect(roundingHalf(lanes, sign, result), result, right));
  if (!saturating) return result;

  const lostAny = lanes.ne(bitselect(v, lost, beyond), ZERO);
  const overflow = c.let(apply("v128.andnot", lostAny, right));
  setQC(c, overflow);
  return c.let(bitselect(sign === "s" ? extremeOf(lanes, v) : ONES, result, overflow));
}
