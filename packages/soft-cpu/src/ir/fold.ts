/**
 * What becomes simpler when operands are constants. Bitfield instructions are general: LSL, LSR, ASR, ROR, UXTW, SXTB are all moves of a
 * field, with masks and second shifts that do nothing in most of them. Engines do not see through a mask of 47 bits behind a shift by 17, so
 * it is done here, where fields and distances are known. Anything more is the engine's work. Hot while code is generated.
 */
import { I32, I64, op } from "../wasm/opcodes.ts";
import { APPLY, applied, CONST, const32, const64, type Expr, LOAD, LOCAL, REGISTER } from "./node.ts";

/** The same value with less work, or undefined. */
export function fold(opcode: number, a: Expr, b: Expr | null): Expr | undefined {
  if (b === null) return a.kind === CONST ? foldUnary(opcode, a) : a.kind === APPLY ? narrow(opcode, a) : undefined;
  if (b.kind !== CONST) {
    // MOV (register) is ORR with the zero register.
    const isZero = a.kind === CONST && (a.type === I64 ? a.big === 0n : a.type === I32 && a.imm === 0);
    if (isZero) return ZERO_IS_NEUTRAL.has(opcode) ? b : undefined;
    return opcode === op["i64.or"] || opcode === op["i32.or"] ? rotation(opcode, a, b) : undefined;
  }
  if (b.type === I64) {
    if (a.kind === CONST) return foldBinary64(opcode, a.big, b.big);
    if (b.big === 0n && KEEPS_ON_ZERO_64.has(opcode)) return a;
    if (b.big === 0n && opcode === op["i64.and"]) return b;
    if (b.big === -1n && opcode === op["i64.and"]) return a;
    return foldField(opcode, a, b.big);
  }
  if (b.type === I32) {
    if (a.kind === CONST && a.type === I32) return foldBinary32(opcode, a.imm, b.imm);
    if (b.imm === 0 && KEEPS_ON_ZERO_32.has(opcode)) return a;
    if (b.imm === -1 && opcode === op["i32.and"]) return a;
    if (opcode === op["i32.shl"] && isBy(a, op["i32.shl"])) return twoShifts(a, distance(a.b!, 32), distance(b, 32), 32);
  }
  return undefined;
}

/** `a` is `opcode` by a constant. */
const isBy = (a: Expr, opcode: number): boolean => a.kind === APPLY && a.op === opcode && a.b?.kind === CONST;
const wrap = (x: Expr): Expr => fold(op["i32.wrap_i64"], x, null) ?? applied(op["i32.wrap_i64"], x);
const extend = (x: Expr): Expr => applied(op["i64.extend_i32_u"], x);

/** The lower half of an i64, as an i64. */
const isExtendedWrap = (x: Expr): boolean => x.kind === APPLY && x.op === op["i64.extend_i32_u"] && x.a!.kind === APPLY && x.a!.op === op["i32.wrap_i64"];

/** A constant distance, when it is one that a shift of so many bits leaves as it is. */
function distance(shift: Expr, bits: number): number {
  const by = shift.type === I64 ? Number(shift.big) : shift.imm;
  return by >= 0 && by < bits ? by : -1;
}

/** No bit of an i64 from this one on is set. */
function bitsOf({ kind, op: opcode, a, b }: Expr): number {
  if (kind === LOAD) return LOADED_BITS.get(opcode) ?? 64;
  if (kind !== APPLY) return 64;
  if (opcode === op["i64.extend_i32_u"]) return isBy(a!, op["i32.shr_u"]) ? 32 - (a!.b!.imm & 31) : 32;
  if (opcode === op["i64.shr_u"] && b!.kind === CONST) return Math.max(0, bitsOf(a!) - Number(b!.big & 63n));
  return 64;
}

const LOADED_BITS: ReadonlyMap<number, number> = new Map([[op["i64.load8_u"], 8], [op["i64.load16_u"], 16], [op["i64.load32_u"], 32]]);

/** What moving up and down again so far is. */
const EXTENSIONS: ReadonlyMap<number, number> = new Map([[32, op["i64.extend32_s"]], [48, op["i64.extend16_s"]], [56, op["i64.extend8_s"]]]);

/** A mask of the lowest bits alone, or −1. */
function lowestBits(mask: bigint): number {
  if (mask <= 0n || (mask & (mask + 1n)) !== 0n) return -1;
  return mask <= 0xffff_ffffn ? 32 - Math.clz32(Number(mask)) : mask.toString(2).length;
}

function foldField(opcode: number, a: Expr, by: bigint): Expr | undefined {
  switch (opcode) {
    case op["i64.and"]: {
      const bits = lowestBits(by);
      if (bits >= bitsOf(a)) return a;
      if (bits === 32) return extend(wrap(a));
      return bits > 0 && bits < 32 && isExtendedWrap(a) ? applied(op["i64.and"], a.a!.a!, const64(by)) : undefined;
    }
    case op["i64.shl"]:
      return foldLeft(a, Number(by & 63n));
    case op["i64.shr_u"]:
      if (a.kind !== APPLY || a.op !== op["i64.extend_i32_u"] || by < 0n || by > 63n) return undefined;
      return by > 31n ? const64(0) : extend(applied(op["i32.shr_u"], a.a!, const32(Number(by))));
    case op["i64.shr_s"]: {
      const extension = EXTENSIONS.get(Number(by));
      return extension !== undefined && isBy(a, op["i64.shl"]) && a.b!.big === by ? applied(extension, a.a!) : undefined;
    }
    default:
      return undefined;
  }
}

function foldLeft(a: Expr, by: number): Expr | undefined {
  if (isBy(a, op["i64.shl"])) return twoShifts(a, distance(a.b!, 64), by, 64);
  if (!isBy(a, op["i64.and"])) return undefined;
  const bits = lowestBits(a.b!.big);
  if (bits >= 64 - by) return applied(op["i64.shl"], a.a!, const64(by)); // the rest would be shifted out anyway
  return bits === 32 - by ? extend(applied(op["i32.shl"], wrap(a.a!), const32(by))) : undefined;
}

function twoShifts(first: Expr, by: number, further: number, size: 32 | 64): Expr | undefined {
  if (by < 0 || further < 0) return undefined;
  const constant = size === 64 ? const64 : const32;
  return by + further >= size ? constant(0) : applied(first.op, first.a!, constant(by + further));
}

/** What need not be made in 64 bits when only 32 of them are looked at. */
function narrow(opcode: number, a: Expr): Expr | undefined {
  if (opcode !== op["i32.wrap_i64"]) return undefined;
  switch (a.op) {
    case op["i64.extend_i32_u"]:
    case op["i64.extend_i32_s"]:
      return a.a!;
    case op["i64.extend8_s"]:
      return applied(op["i32.extend8_s"], wrap(a.a!));
    case op["i64.extend16_s"]:
      return applied(op["i32.extend16_s"], wrap(a.a!));
    case op["i64.extend32_s"]:
      return wrap(a.a!);
    case op["i64.shr_s"]: {
      // ASR of 32 bits moves them to the upper half first.
      if (a.b!.kind !== CONST || !isBy(a.a!, op["i64.shl"])) return undefined;
      const [up, down] = [distance(a.a!.b!, 64) - 32, distance(a.b!, 64) - 32];
      if (up < 0 || down < 0) return undefined;
      const high = up === 0 ? wrap(a.a!.a!) : applied(op["i32.shl"], wrap(a.a!.a!), const32(up));
      return down === 0 ? high : applied(op["i32.shr_s"], high, const32(down));
    }
    default:
      return undefined;
  }
}

/** EXTR of a register and itself is ROR. */
function rotation(opcode: number, low: Expr, high: Expr): Expr | undefined {
  const [size, shiftLow, shiftHigh, rotate] = opcode === op["i64.or"]
    ? ([64, op["i64.shr_u"], op["i64.shl"], op["i64.rotr"]] as const)
    : ([32, op["i32.shr_u"], op["i32.shl"], op["i32.rotr"]] as const);
  if (!isBy(low, shiftLow) || !isBy(high, shiftHigh) || !isSame(low.a!, high.a!)) return undefined;
  const by = distance(low.b!, size);
  return by > 0 && by + distance(high.b!, size) === size ? applied(rotate, low.a!, low.b) : undefined;
}

/** The same register or local, as of the same place. */
function isSame(x: Expr, y: Expr): boolean {
  if (x.kind !== y.kind) return false;
  if (x.kind === REGISTER || x.kind === LOCAL) return x.imm === y.imm;
  return x.kind === APPLY && x.op === op["i32.wrap_i64"] && y.op === x.op && isSame(x.a!, y.a!);
}

const ZERO_IS_NEUTRAL: ReadonlySet<number> = new Set(
  (["i64.add", "i64.or", "i64.xor", "i32.add", "i32.or", "i32.xor"] as const).map((name) => op[name]),
);
const KEEPS_ON_ZERO_64: ReadonlySet<number> = new Set(
  (["i64.add", "i64.sub", "i64.or", "i64.xor", "i64.shl", "i64.shr_s", "i64.shr_u", "i64.rotr", "i64.rotl"] as const).map((name) => op[name]),
);
const KEEPS_ON_ZERO_32: ReadonlySet<number> = new Set(
  (["i32.add", "i32.sub", "i32.or", "i32.xor", "i32.shl", "i32.shr_s", "i32.shr_u", "i32.rotr", "i32.rotl"] as const).map((name) => op[name]),
);

function foldUnary(opcode: number, a: Expr): Expr | undefined {
  switch (opcode) {
    case op["i32.wrap_i64"]:
      return const32(Number(BigInt.asIntN(32, a.big)));
    case op["i64.extend_i32_u"]:
      return const64(a.imm >>> 0);
    case op["i64.extend_i32_s"]:
      return const64(a.imm);
    case op["i32.eqz"]:
      return const32(a.imm === 0 ? 1 : 0);
    case op["i64.eqz"]:
      return const32(a.big === 0n ? 1 : 0);
    default:
      return undefined;
  }
}

function foldBinary64(opcode: number, a: bigint, b: bigint): Expr | undefined {
  switch (opcode) {
    case op["i64.add"]:
      return const64(a + b);
    case op["i64.sub"]:
      return const64(a - b);
    case op["i64.and"]:
      return const64(a & b);
    case op["i64.or"]:
      return const64(a | b);
    case op["i64.xor"]:
      return const64(a ^ b);
    case op["i64.shl"]:
      return const64(a << (b & 63n));
    case op["i64.shr_u"]:
      return const64(BigInt.asUintN(64, a) >> (b & 63n));
    case op["i64.shr_s"]:
      return const64(a >> (b & 63n));
    default:
      return undefined;
  }
}

function foldBinary32(opcode: number, a: number, b: number): Expr | undefined {
  switch (opcode) {
    case op["i32.add"]:
      return const32(a + b);
    case op["i32.sub"]:
      return const32(a - b);
    case op["i32.and"]:
      return const32(a & b);
    case op["i32.or"]:
      return const32(a | b);
    case op["i32.xor"]:
      return const32(a ^ b);
    case op["i32.shl"]:
      return const32(a << (b & 31));
    case op["i32.shr_u"]:
      return const32(a >>> (b & 31));
    case op["i32.shr_s"]:
      return const32(a >> (b & 31));
    default:
      return undefined;
  }
}
