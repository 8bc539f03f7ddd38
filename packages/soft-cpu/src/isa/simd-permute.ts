/**
 * Advanced SIMD permutations: EXT, TBL, TBX, UZP, TRN, ZIP (Arm ARM DDI 0487, C4.1 "Advanced SIMD extract", "table lookup" and
 * "permute").
 */
import { apply, loadFrom, shuffle, type V128Expr } from "../ir/expr.ts";
import { REGISTERS } from "../state/layout.ts";
import { V128 } from "../wasm/opcodes.ts";
import { type Form, form, vr } from "./form.ts";
import { indices, lanesOf, ZERO } from "./simd-lanes.ts";
import { setVq } from "./simd-registers.ts";

interface Permutation {
  readonly name: string;
  readonly opcode: string;
  /** From which of the lanes of the first operand and, behind them, the second, `count` of each, a lane of the result comes. */
  readonly from: (lane: number, count: number) => number;
}

const PERMUTATIONS: readonly Permutation[] = [
  { name: "UZP1", opcode: "001", from: (lane) => 2 * lane },
  { name: "TRN1", opcode: "010", from: (lane, count) => (lane & 1) * count + (lane & ~1) },
  { name: "ZIP1", opcode: "011", from: (lane, count) => (lane & 1) * count + (lane >> 1) },
  { name: "UZP2", opcode: "101", from: (lane) => 2 * lane + 1 },
  { name: "TRN2", opcode: "110", from: (lane, count) => (lane & 1) * count + (lane | 1) },
  { name: "ZIP2", opcode: "111", from: (lane, count) => (lane & 1) * count + (count >> 1) + (lane >> 1) },
];

/**
 * `from` gives for each byte of the result a byte of both operands, `width` bytes each, one behind the other. The second
 * stands at 16 in a shuffle; what is above the width is cleared later.
 */
const order = (width: number, from: (byte: number) => number): number[] =>
  indices((byte) => {
    if (byte >= width) return byte;
    const source = from(byte);
    return source < width ? source : 16 + source - width;
  });

const permutations = PERMUTATIONS.map(({ name, opcode, from }) =>
  form({
    name,
    encoding: `0 Q 001110 size:2 0 Rm:5 0 ${opcode} 10 Rn:5 Rd:5` as "0 Q 001110 size:2 0 Rm:5 0 001 10 Rn:5 Rd:5",
    split: ["Q", "size"],
    fp: true,
    when: (f) => f.size < 3 || f.Q === 1,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) }),
    emit: (c, { Q, size }) => {
      const { bytes } = lanesOf(size);
      const width = 8 << Q;
      const lanes = order(width, (byte) => from(Math.floor(byte / bytes), width / bytes) * bytes + (byte % bytes));
      setVq(c, Q, shuffle(c.v("n"), c.v("m"), lanes));
    },
  }),
);

/** Table lookups: an index past the table gives 0 or, in TBX, leaves the destination's byte. */
const tableLookups = form({
  name: "TBL, TBX",
  encoding: "0 Q 001110 00 0 Rm:5 0 len:2 op 00 Rn:5 Rd:5",
  split: ["Q", "len", "op"],
  fp: true,
  // Up to four registers, of which V0 follows V31.
  operands: (f) => {
    const table = (i: number): number => vr((f.Rn + i) % 32);
    return { d: vr(f.Rd), n: table(0), m: vr(f.Rm), a: table(1), shift: table(2), imm: table(3) };
  },
  emit: (c, { Q, len, op }) => {
    const index = c.let(c.v("m"));
    const table = [c.v("n"), c.v("a"), ...[c.shift32(), c.imm32()].map((at) => loadFrom(V128, "v128.load", at, REGISTERS))];
    // Each register answers for its own sixteen indices with a byte and for all others with 0.
    const bytes = lanesOf(0);
    const lookups = table.slice(0, len + 1).map((register, i) => {
      const own = i === 0 ? index : bytes.sub(index, bytes.constant(BigInt(16 * i)));
      return apply("i8x16.swizzle", register, own);
    });
    const found = lookups.reduce<V128Expr>((all, one) => (all === ZERO ? one : apply("v128.or", all, one)), ZERO);
    if (op === 0) return setVq(c, Q, found);
    const isInside = bytes.gt("u", bytes.constant(BigInt(16 * (len + 1))), index);
    return setVq(c, Q, apply("v128.bitselect", found, c.v("d"), isInside));
  },
});

export const simdPermute: readonly Form[] = [
  ...permutations,
  tableLookups,
  form({
    name: "EXT",
    encoding: "0 Q 101110 00 0 Rm:5 0 imm4:4 0 Rn:5 Rd:5",
    split: ["Q", "imm4"],
    fp: true,
    when: (f) => f.Q === 1 || f.imm4 < 8,
    operands: (f) => ({ d: vr(f.Rd), n: vr(f.Rn), m: vr(f.Rm) }),
    emit: (c, { Q, imm4 }) => setVq(c, Q, shuffle(c.v("n"), c.v("m"), order(8 << Q, (byte) => byte + imm4))),
  }),
];
