/** Compiled code of bitfield instructions: as short as their aliases promise, and still what the manual says. */
import { describe, expect, it } from "vitest";
import { decode } from "../isa/decoder.ts";
import { CompiledTarget } from "../jit/compiled-target.ts";
import { CodeWriter } from "../wasm/code-writer.ts";
import { I64, op, type OpName } from "../wasm/opcodes.ts";
import { Builder } from "./builder.ts";
import { APPLY, CONST, type Expr, LOCAL, REGISTER } from "./expr.ts";
import type { Stmt } from "./stmt.ts";

const names = new Map<number, OpName>(Object.entries(op).map(([name, code]) => [code, name as OpName]));

function compile(word: number): readonly Stmt[] {
  const target = new CompiledTarget(new CodeWriter(0));
  const { variant, operands } = decode(word >>> 0, 0);
  target.begin(operands, 0);
  const builder = new Builder(target);
  variant.form.emit(builder, variant.split);
  return builder.statements;
}

/** The value that goes into Rd, as text. */
function text(word: number): string {
  const show = (e: Expr): string => {
    if (e.kind === CONST) return String(e.type === I64 ? e.big : e.imm);
    if (e.kind === REGISTER) return `x${e.imm}`;
    if (e.kind !== APPLY) return `local${e.imm}`;
    return `(${[names.get(e.op), ...[e.a, e.b].filter((part) => part !== null).map(show)].join(" ")})`;
  };
  return compile(word).map((statement) => (statement.kind === "register" ? show(statement.value) : statement.kind)).join(" ");
}

/** sf opc 10011x N immr imms Rn Rd, of X1 into X0. */
const bitfield = (sf: number, opc: number, immr: number, imms: number): number => (sf << 31) | (opc << 29) | (0x26 << 23) | (sf << 22) | (immr << 16) | (imms << 10) | (1 << 5);
const extract = (sf: number, m: number, lsb: number): number => (sf << 31) | (0x27 << 23) | (sf << 22) | (m << 16) | (lsb << 10) | (1 << 5);
const [SBFM, BFM, UBFM] = [0, 1, 2];

describe("aliases of bitfield moves (DDI 0487, C6.2) in compiled code", () => {
  it.each([
    ["LSL X0, X1, #11", bitfield(1, UBFM, 53, 52), "(i64.shl x1 11)"],
    ["LSL W0, W1, #11", bitfield(0, UBFM, 21, 20), "(i64.extend_i32_u (i32.shl (i32.wrap_i64 x1) 11))"],
    ["LSR X0, X1, #17", bitfield(1, UBFM, 17, 63), "(i64.shr_u x1 17)"],
    ["LSR W0, W1, #17", bitfield(0, UBFM, 17, 31), "(i64.extend_i32_u (i32.shr_u (i32.wrap_i64 x1) 17))"],
    ["ASR X0, X1, #3", bitfield(1, SBFM, 3, 63), "(i64.shr_s x1 3)"],
    ["ASR W0, W1, #3", bitfield(0, SBFM, 3, 31), "(i64.extend_i32_u (i32.shr_s (i32.wrap_i64 x1) 3))"],
    ["UBFX X0, X1, #4, #8", bitfield(1, UBFM, 4, 11), "(i64.and (i64.shr_u x1 4) 255)"],
    ["UBFX X0, X1, #4, #32", bitfield(1, UBFM, 4, 35), "(i64.extend_i32_u (i32.wrap_i64 (i64.shr_u x1 4)))"],
    ["UXTB W0, W1", bitfield(0, UBFM, 0, 7), "(i64.and x1 255)"],
    ["SXTB X0, W1", bitfield(1, SBFM, 0, 7), "(i64.extend8_s x1)"],
    ["SXTH W0, W1", bitfield(0, SBFM, 0, 15), "(i64.extend_i32_u (i32.extend16_s (i32.wrap_i64 x1)))"],
    ["SXTW X0, W1", bitfield(1, SBFM, 0, 31), "(i64.extend32_s x1)"],
    ["ROR X0, X1, #23", extract(1, 1, 23), "(i64.rotr x1 23)"],
    ["ROR W0, W1, #23", extract(0, 1, 23), "(i64.extend_i32_u (i32.rotr (i32.wrap_i64 x1) 23))"],
    ["ROR X0, X1, #0", extract(1, 1, 0), "x1"],
    ["EXTR X0, X1, X2, #23", extract(1, 2, 23), "(i64.or (i64.shr_u x2 23) (i64.shl x1 41))"],
  ])("%s", (_, word, expected) => expect(text(word)).toBe(expected));
});

describe("every field of every bitfield move, against the pseudocode of DDI 0487, C6.2", () => {
  const registers = [0x8899_aabb_ccdd_eeffn, 0xf0e1_d2c3_b4a5_9687n, 0x0123_4567_89ab_cdefn];

  it.each([[0, 32n], [1, 64n]] as const)("sf %i", (sf, size) => {
    const wrong: string[] = [];
    const check = (word: number, expected: bigint): void => {
      const found = run(compile(word), registers);
      if (found !== expected) wrong.push(`${(word >>> 0).toString(16)}: ${found.toString(16)}, not ${expected.toString(16)}`);
    };
    const [d, n, m] = registers.map((value) => BigInt.asUintN(Number(size), value)) as [bigint, bigint, bigint];
    for (let r = 0; r < size; r++) {
      check(extract(sf, 2, r), BigInt.asUintN(Number(size), ((n << size) | m) >> BigInt(r)));
      check(extract(sf, 1, r), ror(n, BigInt(r), size));
      for (let s = 0; s < size; s++) {
        const { wmask, tmask } = masks(BigInt(r), BigInt(s), size);
        const bot = ror(n, BigInt(r), size) & wmask;
        const top = (n >> BigInt(s)) & 1n ? (1n << size) - 1n : 0n;
        check(bitfield(sf, UBFM, r, s), bot & tmask);
        check(bitfield(sf, SBFM, r, s), (top & ~tmask) | (bot & tmask));
        const kept = (d & ~wmask) | bot;
        check(bitfield(sf, BFM, r, s), (d & ~tmask) | (kept & tmask));
      }
    }
    expect(wrong).toEqual([]);
  });
});

const ror = (x: bigint, by: bigint, size: bigint): bigint => BigInt.asUintN(Number(size), (x >> by) | (x << (size - by)));

/** DecodeBitMasks with an element of the register's size: `wmask` has S + 1 ones rotated by R, `tmask` ones up to S − R. */
function masks(r: bigint, s: bigint, size: bigint): { wmask: bigint; tmask: bigint } {
  const ones = (count: bigint): bigint => (1n << count) - 1n;
  return { wmask: ror(ones(s + 1n), r, size), tmask: ones(((s - r) & (size - 1n)) + 1n) };
}

/** Carries statements out, in integers without a size; the value of X0 afterwards. */
function run(statements: readonly Stmt[], registers: readonly bigint[]): bigint {
  const locals = new Map<number, bigint>();
  const value = (e: Expr): bigint => {
    if (e.kind === REGISTER) return registers[e.imm]!;
    if (e.kind === LOCAL) return locals.get(e.imm)!;
    if (e.kind === CONST) return e.type === I64 ? BigInt.asUintN(64, e.big) : BigInt(e.imm >>> 0);
    const size = names.get(e.op)!.startsWith("i32") ? 32 : 64;
    const [a, b] = [value(e.a!), e.b === null ? 0n : value(e.b)];
    return BigInt.asUintN(size, operate(names.get(e.op)!.replace(/^i\d\d\./, ""), a, b, BigInt(size)));
  };
  let result = 0n;
  for (const statement of statements) {
    if (statement.kind === "let") locals.set(statement.local, value(statement.value));
    else if (statement.kind === "register" && statement.slot === 0) result = value(statement.value);
    else throw new TypeError(`a bitfield move has no ${statement.kind}`);
  }
  return result;
}

function operate(name: string, a: bigint, b: bigint, size: bigint): bigint {
  const by = b % size;
  switch (name) {
    case "and": return a & b;
    case "or": return a | b;
    case "xor": return a ^ b;
    case "shl": return a << by;
    case "shr_u": return a >> by;
    case "shr_s": return BigInt.asIntN(Number(size), a) >> by;
    case "rotr": return ror(a, by, size);
    case "extend8_s": return BigInt.asIntN(8, a);
    case "extend16_s": return BigInt.asIntN(16, a);
    case "extend32_s": return BigInt.asIntN(32, a);
    case "extend_i32_u":
    case "wrap_i64": return a;
    default: throw new TypeError(`${name} is not expected here`);
  }
}
