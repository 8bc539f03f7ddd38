/** Logical operations, moves, shifts and bit fields (Arm ARM C4.1, "Data Processing"), with the aliases that assemblers know. */
import { Problem } from "../assembly-error.ts";
import { type Encoding, form, type Form, type InstructionTable, inRange } from "../form.ts";
import { asUnsigned, inverse, logicalImmediate, singleHalfword } from "../immediates.ts";
import { anyImm, bit, imm, lslHalfword, plain, Rd, RdSp, Rm, Rn, RnSp, shift, Wn, Xd } from "../matchers.ts";
import type { ValueOperand } from "../operand.ts";

const sf = (encoding: Encoding): number => encoding.sf! << 31;
const bits = (encoding: Encoding): 32 | 64 => (encoding.sf === 1 ? 64 : 32);

/** The value as the register holds it. @throws Problem when it does not fit */
function unsigned(encoding: Encoding, operand: ValueOperand): bigint {
  const found = plain(operand).evaluate(encoding.scope);
  const value = asUnsigned(found, bits(encoding));
  if (value !== undefined) return value;
  throw new Problem(operand.place, `immediate ${found} does not fit ${bits(encoding)} bits`, "use an X register, or a smaller value");
}

/** `opc` of AND, ORR, EOR, ANDS as bits 30:29; bit 21 inverts the second source. */
const AND = 0;
const ORR = 1 << 29;
const EOR = 2 << 29;
const ANDS = 3 << 29;
const INVERT = 1 << 21;

function logicalByImmediate(encoding: Encoding, op: number, rd: number, rn: number, operand: ValueOperand): number {
  const value = unsigned(encoding, operand);
  const inverted = (op & INVERT) !== 0 ? inverse(value, bits(encoding)) : value;
  const field = logicalImmediate(inverted, bits(encoding));
  if (field === undefined) {
    throw new Problem(operand.place, `${operand.text} is no bitmask: a run of ones, rotated and repeated`, "load it: ldr Rm, =value");
  }
  return sf(encoding) | 0x1200_0000 | (op & ~INVERT) | (field << 10) | (rn << 5) | rd;
}

const logicalByRegister = (encoding: Encoding, op: number, rd: number, rn: number, rm: number, by: number): number =>
  sf(encoding) | 0x0a00_0000 | op | by | (rm << 16) | (rn << 5) | rd;

function logicalForms(op: number): readonly Form[] {
  const byRegister = form([Rd, Rn, Rm, shift("ror")], (e, rd, rn, rm, by) => logicalByRegister(e, op, rd, rn, rm, by));
  if (op === (ANDS | INVERT)) return [byRegister];
  return [byRegister, form([op === ANDS ? Rd : RdSp, Rn, anyImm], (e, rd, rn, value) => logicalByImmediate(e, op, rd, rn, value))];
}

const MOVN = 0x1280_0000;
const MOVZ = 0x5280_0000;
const MOVK = 0x7280_0000;
const wide = (encoding: Encoding, opcode: number, rd: number, imm16: number, hw: number): number =>
  sf(encoding) | opcode | (hw << 21) | (imm16 << 5) | rd;

const wideForms = (opcode: number): readonly Form[] => [
  form([Rd, imm("immediate", 0, 0xffff), lslHalfword], (e, rd, value, hw) => wide(e, opcode, rd, value, hw ?? 0)),
];

/** By MOVZ, MOVN or ORR, whichever can, in this order. */
function moveImmediate(encoding: Encoding, rd: number, operand: ValueOperand): number {
  const value = unsigned(encoding, operand);
  const zeros = singleHalfword(value, bits(encoding));
  if (zeros !== undefined) return wide(encoding, MOVZ, rd, zeros.imm16, zeros.hw);
  const ones = singleHalfword(inverse(value, bits(encoding)), bits(encoding));
  if (ones !== undefined) return wide(encoding, MOVN, rd, ones.imm16, ones.hw);
  // Number 31 would be the stack pointer there.
  if (rd !== 31 && logicalImmediate(value, bits(encoding)) !== undefined) return logicalByImmediate(encoding, ORR, rd, 31, operand);
  throw new Problem(operand.place, `no single instruction moves ${operand.text}`, "load it (ldr Rd, =value), or make it of movz and movk");
}

/** SP is read and written by an addition, everything else moves by ORR. */
const moveForms: readonly Form[] = [
  form([Rd, Rm], (e, rd, rm) => logicalByRegister(e, ORR, rd, 31, rm, 0)),
  form([RdSp, RnSp], (e, rd, rn) => sf(e) | 0x1100_0000 | (rn << 5) | rd),
  form([Rd, anyImm], (e, rd, value) => moveImmediate(e, rd, value)),
  form([RdSp, anyImm], (e, rd, value) => logicalByImmediate(e, ORR, rd, 31, value)),
];

// ------------------------------------------------------------------------------------------------------------- bit fields

/** `opc` of SBFM, BFM, UBFM as bits 30:29. */
const SBFM = 0;
const BFM = 1 << 29;
const UBFM = 2 << 29;
const field = (encoding: Encoding, op: number, rd: number, rn: number, immr: number, imms: number): number =>
  sf(encoding) | 0x1300_0000 | op | (encoding.sf! << 22) | (immr << 16) | (imms << 10) | (rn << 5) | rd;

const fieldForms = (op: number): readonly Form[] => [
  form([Rd, Rn, bit("immr"), bit("imms")], (e, rd, rn, immr, imms) => field(e, op, rd, rn, immr, imms)),
];

/** A width that keeps the field inside the register. */
function widthOf(encoding: Encoding, lsb: number, operand: ValueOperand): number {
  return Number(inRange(encoding, plain(operand), 1, bits(encoding) - lsb, "the width"));
}

/** xBFX: taken from `lsb` on. */
const extractField = (op: number): readonly Form[] => [
  form([Rd, Rn, bit("lsb"), { ...anyImm, syntax: "#width" }], (e, rd, rn, lsb, width) =>
    field(e, op, rd, rn, lsb, lsb + widthOf(e, lsb, width) - 1),
  ),
];
/** xBFIZ: put at `lsb`. */
const insertField = (op: number): readonly Form[] => [
  form([Rd, Rn, bit("lsb"), { ...anyImm, syntax: "#width" }], (e, rd, rn, lsb, width) => {
    const w = widthOf(e, lsb, width);
    return field(e, op, rd, rn, (bits(e) - lsb) % bits(e), w - 1);
  }),
];

const signExtend = (imms: number): readonly Form[] => [form([Rd, wnOfAnySize], (e, rd, rn) => field(e, SBFM, rd, rn, 0, imms))];
const zeroExtend = (imms: number): readonly Form[] => [form([wd, Wn], (e, rd, rn) => field(e, UBFM, rd, rn, 0, imms))];
/** The source is a W register, whatever the destination's size. */
const wnOfAnySize = Wn;
const wd = {
  ...Rd,
  syntax: "Wd",
  take: (operand: Parameters<typeof Rd.take>[0], encoding: Encoding) => ((encoding.sf = 0), Rd.take(operand, encoding)),
};

const variableShift = (opcode: number): Form => form([Rd, Rn, Rm], (e, rd, rn, rm) => sf(e) | opcode | (rm << 16) | (rn << 5) | rd);
const [LSLV, LSRV, ASRV, RORV] = [0x1ac0_2000, 0x1ac0_2400, 0x1ac0_2800, 0x1ac0_2c00];
const extract = (encoding: Encoding, rd: number, rn: number, rm: number, lsb: number): number =>
  sf(encoding) | 0x1380_0000 | (encoding.sf! << 22) | (rm << 16) | (lsb << 10) | (rn << 5) | rd;

export const LOGICAL: InstructionTable = {
  and: logicalForms(AND),
  orr: logicalForms(ORR),
  eor: logicalForms(EOR),
  ands: logicalForms(ANDS),
  bic: logicalForms(AND | INVERT),
  orn: logicalForms(ORR | INVERT),
  eon: logicalForms(EOR | INVERT),
  bics: logicalForms(ANDS | INVERT),
  tst: [
    form([Rn, Rm, shift("ror")], (e, rn, rm, by) => logicalByRegister(e, ANDS, 31, rn, rm, by)),
    form([Rn, anyImm], (e, rn, value) => logicalByImmediate(e, ANDS, 31, rn, value)),
  ],
  mvn: [form([Rd, Rm, shift("ror")], (e, rd, rm, by) => logicalByRegister(e, ORR | INVERT, rd, 31, rm, by))],
  mov: moveForms,
  movn: wideForms(MOVN),
  movz: wideForms(MOVZ),
  movk: wideForms(MOVK),
  sbfm: fieldForms(SBFM),
  bfm: fieldForms(BFM),
  ubfm: fieldForms(UBFM),
  sbfx: extractField(SBFM),
  bfxil: extractField(BFM),
  ubfx: extractField(UBFM),
  sbfiz: insertField(SBFM),
  bfi: insertField(BFM),
  ubfiz: insertField(UBFM),
  sxtb: signExtend(7),
  sxth: signExtend(15),
  sxtw: [form([Xd, Wn], (_, rd, rn) => 0x9340_7c00 | (rn << 5) | rd)],
  uxtb: zeroExtend(7),
  uxth: zeroExtend(15),
  extr: [form([Rd, Rn, Rm, bit("lsb")], extract)],
  ror: [variableShift(RORV), form([Rd, Rn, bit("shift")], (e, rd, rn, by) => extract(e, rd, rn, rn, by))],
  lsl: [
    variableShift(LSLV),
    form([Rd, Rn, bit("shift")], (e, rd, rn, by) => field(e, UBFM, rd, rn, (bits(e) - by) % bits(e), bits(e) - 1 - by)),
  ],
  lsr: [variableShift(LSRV), form([Rd, Rn, bit("shift")], (e, rd, rn, by) => field(e, UBFM, rd, rn, by, bits(e) - 1))],
  asr: [variableShift(ASRV), form([Rd, Rn, bit("shift")], (e, rd, rn, by) => field(e, SBFM, rd, rn, by, bits(e) - 1))],
  lslv: [variableShift(LSLV)],
  lsrv: [variableShift(LSRV)],
  asrv: [variableShift(ASRV)],
  rorv: [variableShift(RORV)],
};
