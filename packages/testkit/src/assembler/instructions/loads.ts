/** Loads and stores of one register (Arm ARM C4.1, "Loads and Stores"): literal, unsigned and unscaled offset, index, pre and post. */
import { Problem } from "../assembly-error.ts";
import { type Encoding, form, type Form, type InstructionTable, inRange, refuseSame } from "../form.ts";
import { anyImm, baseOf, distanceIn, extensionOf, imm, literal, LSL, memory, plain, type Rt, target, word, Wt, Xt } from "../matchers.ts";
import type { MemoryOperand, ValueOperand } from "../operand.ts";

/** `size` in bits 31:30, `opc` in bits 23:22 of the register form, and the bytes accessed. */
interface Access {
  readonly opcode: number;
  readonly bytes: 1 | 2 | 4 | 8;
}

const UNSIGNED_OFFSET = 0x3900_0000;
const UNSCALED = 0x3800_0000;
const POST = 0x3800_0400;
const UNPRIVILEGED = 0x3800_0800;
const PRE = 0x3800_0c00;
const INDEXED = 0x3820_0800;

const access = (size: 0 | 1 | 2 | 3, opc: 0 | 1 | 2 | 3): Access => ({
  opcode: (size << 30) | (opc << 22),
  bytes: (1 << size) as Access["bytes"],
});

/** The immediate, unscaled where it does not fit otherwise, as assemblers do. */
function byOffset({ opcode, bytes }: Access, encoding: Encoding, rt: number, operand: MemoryOperand): number {
  const base = baseOf(operand);
  const { offset } = operand;
  let value = offset?.value.evaluate(encoding.scope) ?? 0n;
  if (offset?.lo12 === true) value &= 0xfffn;
  if (value >= 0n && value % BigInt(bytes) === 0n && value / BigInt(bytes) < 4096n) {
    return opcode | UNSIGNED_OFFSET | (Number(value / BigInt(bytes)) << 10) | (base << 5) | rt;
  }
  if (value >= -256n && value <= 255n) return opcode | UNSCALED | ((Number(value) & 0x1ff) << 12) | (base << 5) | rt;
  const scaled = bytes === 1 ? "0 to 4095" : `a multiple of ${bytes} from 0 to ${4095 * bytes}`;
  throw new Problem(offset!.place, `the offset ${value} of ${encoding.mnemonic} is out of range`, `use ${scaled}, or -256 to 255`);
}

function byIndex({ opcode, bytes }: Access, encoding: Encoding, rt: number, operand: MemoryOperand): number {
  const { index, modifier, place } = operand;
  if (index!.isSp) throw new Problem(index!.place, "the stack pointer is no index", "copy it to another register");
  const scale = Math.log2(bytes);
  const { option, amount } = modifier === undefined ? { option: LSL, amount: 0 } : extensionOf(modifier, encoding, 4);
  const isX = option === LSL || option === 7;
  if (option !== LSL && option !== 2 && option !== 6 && option !== 7)
    throw new Problem(modifier!.place, `${modifier!.text} is no extension of an index`, "use lsl, uxtw, sxtw or sxtx");
  if (index!.is64 !== isX)
    throw new Problem(
      index!.place,
      `${index!.text} is of the wrong size for this extension`,
      isX ? "lsl and sxtx take an X register" : "uxtw and sxtw take a W register",
    );
  if (amount !== undefined && amount !== 0 && amount !== scale)
    throw new Problem(place, `an index shifted by ${amount}`, `shift it by 0 or ${scale}`);
  // An amount of 0 that is written out sets S where nothing is scaled: bytes have no other way to say it.
  const s = amount !== undefined && modifier !== undefined && amount === scale ? 1 : 0;
  return opcode | INDEXED | (index!.n << 16) | ((option === LSL ? 3 : option) << 13) | (s << 12) | (baseOf(operand) << 5) | rt;
}

function signed9(encoding: Encoding, value: ValueOperand): number {
  return (Number(inRange(encoding, plain(value), -256, 255, "the offset")) & 0x1ff) << 12;
}

function pre({ opcode }: Access, encoding: Encoding, rt: number, operand: MemoryOperand): number {
  refuseTransferredBase(encoding, rt, operand);
  return opcode | PRE | signed9(encoding, operand.offset!) | (baseOf(operand) << 5) | rt;
}

/** Number 31 is two registers: it transfers zero and addresses by the stack pointer. */
function refuseTransferredBase(encoding: Encoding, rt: number, operand: MemoryOperand): void {
  if (rt !== 31) refuseSame(encoding, rt, baseOf(operand), "what is transferred and the base that is written back");
}

function anyMode(kind: Access, encoding: Encoding, rt: number, operand: MemoryOperand): number {
  if (operand.index !== undefined && !operand.writeback) return byIndex(kind, encoding, rt, operand);
  if (!operand.writeback) return byOffset(kind, encoding, rt, operand);
  if (operand.offset !== undefined) return pre(kind, encoding, rt, operand);
  throw new Problem(operand.place, `${operand.text} writes back nothing`, "write [Xn, #offset]! or [Xn], #offset");
}

/** `[Xn], #offset`. */
function post({ opcode }: Access, encoding: Encoding, rt: number, operand: MemoryOperand, offset: ValueOperand): number {
  if (operand.offset !== undefined || operand.index !== undefined || operand.writeback) {
    throw new Problem(operand.place, `${operand.text} with an offset behind it`, "write [Xn], #offset, or one of the two offsets alone");
  }
  refuseTransferredBase(encoding, rt, operand);
  return opcode | POST | signed9(encoding, offset) | (baseOf(operand) << 5) | rt;
}

function unscaledOnly(mode: number, { opcode }: Access, encoding: Encoding, rt: number, operand: MemoryOperand): number {
  if (operand.index !== undefined || operand.writeback)
    throw new Problem(operand.place, `${operand.text} is no operand of ${encoding.mnemonic}`, "write [Xn, #offset]");
  return opcode | mode | (operand.offset === undefined ? 0 : signed9(encoding, operand.offset)) | (baseOf(operand) << 5) | rt;
}

/** The forms of an instruction whose access depends on the size of its register. */
function forms(
  w: Access | undefined,
  x: Access | undefined,
  make: (register: typeof Wt, kind: Access) => readonly Form[],
): readonly Form[] {
  return [...(w === undefined ? [] : make(Wt, w)), ...(x === undefined ? [] : make(Xt, x))];
}

const general = (w: Access | undefined, x?: Access): readonly Form[] =>
  forms(w, x, (register, kind) => [
    form([register, memory], (e, rt, operand) => anyMode(kind, e, rt, operand)),
    form([register, memory, { ...anyImm, syntax: "#offset" }], (e, rt, operand, offset) => post(kind, e, rt, operand, offset)),
  ]);
const unscaled = (mode: number, w: Access | undefined, x?: Access): readonly Form[] =>
  forms(w, x, (register, kind) => [form([register, memory], (e, rt, operand) => unscaledOnly(mode, kind, e, rt, operand))]);

/** Literal loads: `opc` in bits 31:30. */
const byLiteral = (register: typeof Rt, opcode: number): readonly Form[] => [
  form([register, target(19, 4)], (_, rt, distance) => opcode | (((distance / 4) & 0x7_ffff) << 5) | rt),
  form([register, literal], (e, rt, operand) => {
    const distance = distanceIn(e.literalAddress! - e.scope.here, 19, 4, operand, e);
    return opcode | (((distance / 4) & 0x7_ffff) << 5) | rt;
  }),
];

const B = { ldr: access(0, 1), str: access(0, 0), ldrsW: access(0, 3), ldrsX: access(0, 2) };
const H = { ldr: access(1, 1), str: access(1, 0), ldrsW: access(1, 3), ldrsX: access(1, 2) };
const W = { ldr: access(2, 1), str: access(2, 0), ldrsX: access(2, 2) };
const X = { ldr: access(3, 1), str: access(3, 0), prfm: access(3, 2) };

// -------------------------------------------------------------------------------------------------------------- prefetches

const PREFETCH_TYPES = ["pld", "pli", "pst"];

/** `pldl1keep` and its like, or the number of the operation. */
function prefetchNamed(name: string): number | undefined {
  const [, type, level, policy] = /^(pl[di]|pst)l([123])(keep|strm)$/.exec(name) ?? [];
  return type === undefined ? undefined : (PREFETCH_TYPES.indexOf(type) << 3) | ((Number(level) - 1) << 1) | Number(policy === "strm");
}

const operation = word("operation", prefetchNamed);
const operationNumber = imm("the operation", 0, 31);

const prefetch = (kind: Access, make: (encoding: Encoding, op: number, operand: MemoryOperand) => number): readonly Form[] => [
  form([operation, memory], make),
  form([operationNumber, memory], make),
];

export const LOADS: InstructionTable = {
  ldr: [...general(W.ldr, X.ldr), ...byLiteral(Wt, 0x1800_0000), ...byLiteral(Xt, 0x5800_0000)],
  str: general(W.str, X.str),
  ldrb: general(B.ldr),
  strb: general(B.str),
  ldrh: general(H.ldr),
  strh: general(H.str),
  ldrsb: general(B.ldrsW, B.ldrsX),
  ldrsh: general(H.ldrsW, H.ldrsX),
  ldrsw: [...general(undefined, W.ldrsX), ...byLiteral(Xt, 0x9800_0000)],
  ldur: unscaled(UNSCALED, W.ldr, X.ldr),
  stur: unscaled(UNSCALED, W.str, X.str),
  ldurb: unscaled(UNSCALED, B.ldr),
  sturb: unscaled(UNSCALED, B.str),
  ldurh: unscaled(UNSCALED, H.ldr),
  sturh: unscaled(UNSCALED, H.str),
  ldursb: unscaled(UNSCALED, B.ldrsW, B.ldrsX),
  ldursh: unscaled(UNSCALED, H.ldrsW, H.ldrsX),
  ldursw: unscaled(UNSCALED, undefined, W.ldrsX),
  ldtr: unscaled(UNPRIVILEGED, W.ldr, X.ldr),
  sttr: unscaled(UNPRIVILEGED, W.str, X.str),
  ldtrb: unscaled(UNPRIVILEGED, B.ldr),
  sttrb: unscaled(UNPRIVILEGED, B.str),
  ldtrh: unscaled(UNPRIVILEGED, H.ldr),
  sttrh: unscaled(UNPRIVILEGED, H.str),
  ldtrsb: unscaled(UNPRIVILEGED, B.ldrsW, B.ldrsX),
  ldtrsh: unscaled(UNPRIVILEGED, H.ldrsW, H.ldrsX),
  ldtrsw: unscaled(UNPRIVILEGED, undefined, W.ldrsX),
  prfm: [
    ...prefetch(X.prfm, (e, op, operand) =>
      operand.index === undefined ? byOffset(X.prfm, e, op, operand) : byIndex(X.prfm, e, op, operand),
    ),
    form([operation, target(19, 4)], (_, op, distance) => 0xd800_0000 | (((distance / 4) & 0x7_ffff) << 5) | op),
    form([operationNumber, target(19, 4)], (_, op, distance) => 0xd800_0000 | (((distance / 4) & 0x7_ffff) << 5) | op),
  ],
  prfum: prefetch(X.prfm, (e, op, operand) => unscaledOnly(UNSCALED, X.prfm, e, op, operand)),
};
