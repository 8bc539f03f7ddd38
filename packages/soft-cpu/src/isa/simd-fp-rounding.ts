/** Lanes rounded to integral numbers by an instruction's own rounding mode. Not hot itself; what it makes is. */
import { FPRounding } from "../fp/fp-env.ts";
import type { Builder } from "../ir/builder.ts";
import { apply, type V128Expr } from "../ir/expr.ts";
import type { FpLanes } from "./simd-fp-lanes.ts";

/** @param v pinned */
export function roundedLanes(c: Builder, lanes: FpLanes, v: V128Expr, rounding: FPRounding): V128Expr {
  const { type } = lanes;
  switch (rounding) {
    case FPRounding.POSINF:
      return apply(`${type}.ceil`, v);
    case FPRounding.NEGINF:
      return apply(`${type}.floor`, v);
    case FPRounding.ZERO:
      return apply(`${type}.trunc`, v);
    case FPRounding.TIEAWAY: {
      const sign = c.let(apply("v128.and", v, lanes.signs));
      const whole = c.let(apply(`${type}.trunc`, v));
      const isNearerNext = apply(`${type}.ge`, lanes.abs(apply(`${type}.sub`, v, whole)), lanes.constant(0.5));
      const step = apply("v128.and", apply("v128.or", lanes.constant(1), sign), isNearerNext);
      // −0 + 0 is 0: a result of zero has the operand's sign.
      return apply("v128.or", apply(`${type}.add`, whole, step), sign);
    }
    default:
      return apply(`${type}.nearest`, v);
  }
}
