/** Additions, subtractions and the flags they set (Arm ARM, shared/functions/common/AddWithCarry), as several rows share them. */
import type { Builder } from "../ir/builder.ts";
import { apply, const32, const64, type Expr, type I32Expr, type I64Expr, ifElse } from "../ir/expr.ts";

type Value = I64Expr | I32Expr;

/** A 32-bit value as the 64-bit one whose sign and zeroness flags are kept as. */
const toFlag = (value: Value, wide: boolean): I64Expr => (wide ? (value as I64Expr) : apply("i64.extend_i32_s", value));

/** `d = a ± b` with all four flags. */
export function addWithFlags(c: Builder, wide: boolean, subtract: boolean, left: Value, right: Value): void {
  const result = compare(c, wide, subtract, left, right);
  c.setReg("d", wide, result);
}

/** The flags of `a ± b`, and the result. */
export function compare(c: Builder, wide: boolean, subtract: boolean, left: Value, right: Value): Value {
  const type = wide ? "i64" : "i32";
  const a = c.keep(left as Expr) as Value;
  const b = c.keep(right as Expr) as Value;
  const result = c.keep(apply(`${type}.${subtract ? "sub" : "add"}`, a, b) as Expr) as Value;
  const carry = subtract ? apply(`${type}.ge_u`, a, b) : apply(`${type}.lt_u`, result, a);
  // Overflow: the operands' signs differ (a subtraction) or agree (an addition), and the result's sign is not a's.
  const signs = apply(`${type}.xor`, a, b);
  const mayOverflow = subtract ? signs : apply(`${type}.xor`, signs, wide ? const64(-1n) : const32(-1));
  const overflow = apply(`${type}.and`, mayOverflow, apply(`${type}.xor`, a, result)) as Value;
  c.setFlags({
    n: toFlag(result, wide),
    z: toFlag(result, wide),
    c: carry,
    v: toFlag(overflow, wide),
    comparison: { kind: subtract ? "sub" : "add", wide, a, b, result },
  });
  return result;
}

/** ADC and SBC: `a + b + C`, b inverted beforehand for a subtraction; flags when asked for. */
export function addWithCarry(c: Builder, wide: boolean, left: Value, right: Value, setFlags: boolean): void {
  const type = wide ? "i64" : "i32";
  const a = c.let(left as Expr) as Value;
  const b = c.let(right as Expr) as Value;
  const carryIn = c.let(wide ? apply("i64.extend_i32_u", c.carry()) : c.carry()) as Value;
  const sum = c.let(apply(`${type}.add`, a, b) as Expr) as Value;
  const result = c.let(apply(`${type}.add`, sum, carryIn) as Expr) as Value;
  if (setFlags) {
    const overflow = apply(`${type}.and`, apply(`${type}.xor`, a, result), apply(`${type}.xor`, b, result)) as Value;
    c.setFlags({
      n: toFlag(result, wide),
      z: toFlag(result, wide),
      // At most one of the two additions carries.
      c: apply("i32.or", apply(`${type}.lt_u`, sum, a), apply(`${type}.lt_u`, result, sum)),
      v: toFlag(overflow, wide),
    });
  }
  c.setReg("d", wide, result);
}

/** `d = value` with N and Z; C and V are cleared. */
export function logicalFlags(c: Builder, wide: boolean, value: Expr): void {
  const result = c.keep(value) as Value;
  c.setFlags({
    n: toFlag(result, wide),
    z: toFlag(result, wide),
    c: const32(0),
    v: const64(0),
    comparison: { kind: "and", wide, a: result, b: result, result },
  });
  c.setReg("d", wide, result);
}

/** PSTATE.<N,Z,C,V> from bits 3:0 of a 32-bit value. */
export function setFlagsFromBits(c: Builder, nzcv: I32Expr): void {
  const bits = c.let(nzcv);
  const wide = apply("i64.extend_i32_u", bits);
  c.setFlags({
    n: apply("i64.shl", wide, const64(60)),
    z: apply("i64.xor", apply("i64.and", wide, const64(4)), const64(4)),
    c: apply("i32.and", apply("i32.shr_u", bits, const32(1)), const32(1)),
    v: apply("i64.shl", wide, const64(63)),
  });
}

/** PSTATE.<N,Z,C,V> as bits 31:28, the place where NZCV and SPSR have them. */
export function flagBits(c: Builder): I64Expr {
  const { target } = c;
  const n = apply("i64.shr_u", apply("i64.and", target.readFlag(34), const64(-(2n ** 63n))), const64(32));
  const z = ifElse(apply("i64.eqz", target.readFlag(35)), const64(1n << 30n), const64(0));
  const carry = apply("i64.shl", apply("i64.extend_i32_u", c.carry()), const64(29));
  const v = apply("i64.shl", apply("i64.shr_u", target.readFlag(36), const64(63)), const64(28));
  return apply("i64.or", apply("i64.or", n, z), apply("i64.or", carry, v));
}
