/** Pairs, exclusives, acquire and release (Arm ARM C4.1, "Loads and Stores"). */
import { Problem } from "../assembly-error.ts";
import { type Encoding, form, type Form, type InstructionTable, inRange, refuseSame } from "../form.ts";
import { anyImm, baseOf, baseOnly, memory, plain, Rt, Rt2, Ws, Wt, Xt, Xt2 } from "../matchers.ts";
import type { MemoryOperand, ValueOperand } from "../operand.ts";

const POST = 0x2880_0000;
const OFFSET = 0x2900_0000;
const PRE = 0x2980_0000;
const NO_ALLOCATE = 0x2800_0000;
const LOAD = 1 << 22;

interface Pair {
  /** `opc` of W and X registers in bits 31:30. */
  readonly opc: readonly [w: number, x: number];
  readonly load: number;
  readonly bytes: readonly [w: 4 | 8, x: 4 | 8];
}

function pair(
  { opc, load, bytes }: Pair,
  encoding: Encoding,
  mode: number,
  rt: number,
  rt2: number,
  operand: MemoryOperand,
  offset: ValueOperand | undefined,
): number {
  const scale = bytes[encoding.sf as 0 | 1];
  if (load !== 0) refuseSame(encoding, rt, rt2, "both halves");
  const writesBack = mode === PRE || mode === POST;
  for (const each of writesBack ? [rt, rt2] : [])
    if (each !== 31) refuseSame(encoding, each, baseOf(operand), "what is transferred and the base that is written back");
  const value = offset === undefined ? 0n : inRange(encoding, plain(offset), -64 * scale, 63 * scale, "the offset", scale);
  return (
    (opc[encoding.sf as 0 | 1] << 30) |
    mode |
    load |
    ((Number(value / BigInt(scale)) & 0x7f) << 15) |
    (rt2 << 10) |
    (baseOf(operand) << 5) |
    rt
  );
}

/** Refuses an index, and write-back where the form has none. */
function onlyOffset(encoding: Encoding, operand: MemoryOperand): void {
  if (operand.index === undefined) return;
  throw new Problem(
    operand.place,
    `${operand.text} is no operand of ${encoding.mnemonic}`,
    "a pair takes [Xn, #offset], [Xn, #offset]! or [Xn], #offset",
  );
}

function pairForms(kind: Pair, isX: boolean): readonly Form[] {
  const [first, second] = isX ? [xt, Xt2] : [Rt, Rt2];
  return [
    form([first, second, memory], (e, rt, rt2, operand) => {
      onlyOffset(e, operand);
      if (operand.writeback && operand.offset === undefined)
        throw new Problem(operand.place, `${operand.text} writes back nothing`, "write [Xn, #offset]!");
      return pair(kind, e, operand.writeback ? PRE : OFFSET, rt, rt2, operand, operand.offset);
    }),
    form([first, second, memory, { ...anyImm, syntax: "#offset" }], (e, rt, rt2, operand, offset) => {
      onlyOffset(e, operand);
      if (operand.offset !== undefined || operand.writeback)
        throw new Problem(operand.place, `${operand.text} with an offset behind it`, "write [Xn], #offset");
      return pair(kind, e, POST, rt, rt2, operand, offset);
    }),
  ];
}

const noAllocate = (kind: Pair): readonly Form[] => [
  form([Rt, Rt2, memory], (e, rt, rt2, operand) => {
    onlyOffset(e, operand);
    if (operand.writeback) throw new Problem(operand.place, `${e.mnemonic} does not write back`, "write [Xn, #offset]");
    return pair(kind, e, NO_ALLOCATE, rt, rt2, operand, operand.offset);
  }),
];

/** An X register in a form that has no others: it sets the form's size. */
const xt = { ...Xt, take: (operand: Parameters<typeof Xt.take>[0], encoding: Encoding) => ((encoding.sf = 1), Xt.take(operand, encoding)) };

const STP: Pair = { opc: [0, 2], load: 0, bytes: [4, 8] };
const LDP: Pair = { opc: [0, 2], load: LOAD, bytes: [4, 8] };
const LDPSW: Pair = { opc: [1, 1], load: LOAD, bytes: [4, 4] };

// -------------------------------------------------------------------------------------------------------------- exclusives

/** `o2 L o1 … o0` of the load/store exclusive group; the register fields that are not used are ones. */
const NONE = (31 << 16) | (31 << 10);
const NO_RT2 = 31 << 10;
const BYTE = 0;
const HALF = 1 << 30;
/** Bit 30 of W and X registers. */
const sized = (encoding: Encoding): number => (2 | encoding.sf!) << 30;

const loadExclusive = (opcode: number): readonly Form[] => [form([Rt, baseOnly], (e, rt, rn) => sized(e) | opcode | NONE | (rn << 5) | rt)];
const loadSmall = (opcode: number): readonly Form[] => [form([Wt, baseOnly], (_, rt, rn) => opcode | NONE | (rn << 5) | rt)];
/** The status register in its place; it must be none of those that the store needs. */
function status(encoding: Encoding, rs: number, rn: number, ...transferred: readonly number[]): number {
  for (const rt of transferred) refuseSame(encoding, rs, rt, "the status and what is stored");
  if (rn !== 31) refuseSame(encoding, rs, rn, "the status and the base");
  return rs << 16;
}

const storeExclusive = (opcode: number): readonly Form[] => [
  form([Ws, Rt, baseOnly], (e, rs, rt, rn) => sized(e) | opcode | NO_RT2 | status(e, rs, rn, rt) | (rn << 5) | rt),
];
const storeSmall = (opcode: number): readonly Form[] => [
  form([Ws, Wt, baseOnly], (e, rs, rt, rn) => opcode | NO_RT2 | status(e, rs, rn, rt) | (rn << 5) | rt),
];
const loadExclusivePair = (opcode: number): readonly Form[] => [
  form([Rt, Rt2, baseOnly], (e, rt, rt2, rn) => {
    refuseSame(e, rt, rt2, "both halves");
    return sized(e) | opcode | (31 << 16) | (rt2 << 10) | (rn << 5) | rt;
  }),
];
const storeExclusivePair = (opcode: number): readonly Form[] => [
  form([Ws, Rt, Rt2, baseOnly], (e, rs, rt, rt2, rn) => sized(e) | opcode | status(e, rs, rn, rt, rt2) | (rt2 << 10) | (rn << 5) | rt),
];

const STXR = 0x0800_0000;
const LDXR = 0x0840_0000;
const ORDERED = 0x8000;
const PAIR = 0x20_0000;
const STLR = 0x0880_8000;
const LDAR = 0x08c0_8000;

export const PAIRS: InstructionTable = {
  stp: pairForms(STP, false),
  ldp: pairForms(LDP, false),
  ldpsw: pairForms(LDPSW, true),
  stnp: noAllocate(STP),
  ldnp: noAllocate(LDP),
  stxr: storeExclusive(STXR),
  stlxr: storeExclusive(STXR | ORDERED),
  ldxr: loadExclusive(LDXR),
  ldaxr: loadExclusive(LDXR | ORDERED),
  stxrb: storeSmall(BYTE | STXR),
  stlxrb: storeSmall(BYTE | STXR | ORDERED),
  ldxrb: loadSmall(BYTE | LDXR),
  ldaxrb: loadSmall(BYTE | LDXR | ORDERED),
  stxrh: storeSmall(HALF | STXR),
  stlxrh: storeSmall(HALF | STXR | ORDERED),
  ldxrh: loadSmall(HALF | LDXR),
  ldaxrh: loadSmall(HALF | LDXR | ORDERED),
  stxp: storeExclusivePair(STXR | PAIR),
  stlxp: storeExclusivePair(STXR | PAIR | ORDERED),
  ldxp: loadExclusivePair(LDXR | PAIR),
  ldaxp: loadExclusivePair(LDXR | PAIR | ORDERED),
  ldar: loadExclusive(LDAR),
  stlr: loadExclusive(STLR),
  ldarb: loadSmall(LDAR),
  stlrb: loadSmall(STLR),
  ldarh: loadSmall(HALF | LDAR),
  stlrh: loadSmall(HALF | STLR),
};
