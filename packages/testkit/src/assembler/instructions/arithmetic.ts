/** Addition, subtraction, multiplication, division (Arm ARM C4.1, "Data Processing"), with the aliases that assemblers know. */
import { Problem } from "../assembly-error.ts";
import { type Encoding, form, type Form, type InstructionTable } from "../form.ts";
import {
  anyImm,
  anyRm,
  extension,
  extensionOf,
  LSL,
  lsl12,
  optional,
  Ra,
  Rd,
  RdSp,
  Rm,
  Rn,
  RnSp,
  shift,
  Wm,
  Wn,
  Xa,
  Xd,
  Xm,
  Xn,
} from "../matchers.ts";
import type { ModifierOperand, RegisterOperand, ValueOperand } from "../operand.ts";

const sf = (encoding: Encoding): number => encoding.sf! << 31;

/** `op` of ADD, ADDS, SUB, SUBS as bits 30:29. */
const ADD = 0;
const ADDS = 1;
const SUB = 2;
const SUBS = 3;

function addImmediate(
  encoding: Encoding,
  op: number,
  rd: number,
  rn: number,
  { value, lo12 }: ValueOperand,
  shiftBy: 0 | 12 | undefined,
): number {
  let found = value.evaluate(encoding.scope);
  let way = op;
  if (lo12) found &= 0xfffn;
  if (found < 0n && !lo12) [found, way] = [-found, op ^ 2]; // add of a negative number is sub, as assemblers have it
  const isHigh = shiftBy === undefined && found > 0xfffn && (found & 0xfffn) === 0n;
  const imm12 = isHigh ? found >> 12n : found;
  if (imm12 > 0xfffn) {
    const limit = "use 0 to 4095, or a multiple of 4096 up to 16773120";
    throw new Problem(value.place, `immediate ${found} of ${encoding.mnemonic} is out of range`, `${limit}; or load it: ldr Rm, =value`);
  }
  return sf(encoding) | (way << 29) | 0x1100_0000 | (Number(isHigh || shiftBy === 12) << 22) | (Number(imm12) << 10) | (rn << 5) | rd;
}

function addExtended(
  encoding: Encoding,
  op: number,
  rd: number,
  rn: number,
  rm: RegisterOperand,
  modifier: ModifierOperand | undefined,
): number {
  const extend = modifier === undefined ? { option: LSL, amount: 0 } : extensionOf(modifier, encoding, 4);
  const option = extend.option === LSL ? (encoding.sf === 1 ? 3 : 2) : extend.option;
  const wantsX = (option & 3) === 3;
  if (rm.is64 !== (wantsX && encoding.sf === 1)) {
    throw new Problem(
      rm.place,
      `${rm.text} is of the wrong size for this extension`,
      wantsX ? "uxtx and sxtx extend an X register" : "this extension takes a W register",
    );
  }
  return sf(encoding) | (op << 29) | 0x0b20_0000 | (rm.n << 16) | (option << 13) | ((extend.amount ?? 0) << 10) | (rn << 5) | rd;
}

const addShifted = (encoding: Encoding, op: number, rd: number, rn: number, rm: number, by: number): number =>
  sf(encoding) | (op << 29) | 0x0b00_0000 | by | (rm << 16) | (rn << 5) | rd;

const optionalExtension = optional(extension, undefined);

/** Rd, Rn, and a shifted register, an immediate or an extended register. What sets flags writes the zero register in the place of SP. */
function addForms(op: number): readonly Form[] {
  const target = (op & 1) === 1 ? Rd : RdSp;
  return [
    form([Rd, Rn, Rm, shift("asr")], (e, rd, rn, rm, by) => addShifted(e, op, rd, rn, rm, by)),
    form([target, RnSp, anyImm, lsl12], (e, rd, rn, value, by) => addImmediate(e, op, rd, rn, value, by)),
    form([target, RnSp, anyRm, optionalExtension], (e, rd, rn, rm, modifier) => addExtended(e, op, rd, rn, rm, modifier)),
  ];
}

/** As above, with the zero register for a destination: cmp and cmn. */
function compareForms(op: number): readonly Form[] {
  return [
    form([Rn, Rm, shift("asr")], (e, rn, rm, by) => addShifted(e, op, 31, rn, rm, by)),
    form([RnSp, anyImm, lsl12], (e, rn, value, by) => addImmediate(e, op, 31, rn, value, by)),
    form([RnSp, anyRm, optionalExtension], (e, rn, rm, modifier) => addExtended(e, op, 31, rn, rm, modifier)),
  ];
}

const negateForms = (op: number): readonly Form[] => [form([Rd, Rm, shift("asr")], (e, rd, rm, by) => addShifted(e, op, rd, 31, rm, by))];

const withCarry = (opcode: number): readonly Form[] => [
  form([Rd, Rn, Rm], (e, rd, rn, rm) => sf(e) | opcode | (rm << 16) | (rn << 5) | rd),
];
const negateWithCarry = (opcode: number): readonly Form[] => [form([Rd, Rm], (e, rd, rm) => sf(e) | opcode | (rm << 16) | (31 << 5) | rd)];
const twoSources = withCarry;

/** MADD and MSUB: `ra` 31 for the aliases without it. */
const multiply = (o0: number): readonly Form[] => [
  form([Rd, Rn, Rm, Ra], (e, rd, rn, rm, ra) => sf(e) | 0x1b00_0000 | o0 | (rm << 16) | (ra << 10) | (rn << 5) | rd),
];
const multiplyAlone = (o0: number): readonly Form[] => [
  form([Rd, Rn, Rm], (e, rd, rn, rm) => sf(e) | 0x1b00_0000 | o0 | (rm << 16) | (31 << 10) | (rn << 5) | rd),
];
const long = (opcode: number): readonly Form[] => [
  form([Xd, Wn, Wm, Xa], (_, rd, rn, rm, ra) => opcode | (rm << 16) | (ra << 10) | (rn << 5) | rd),
];
const longAlone = (opcode: number): readonly Form[] => [
  form([Xd, Wn, Wm], (_, rd, rn, rm) => opcode | (rm << 16) | (31 << 10) | (rn << 5) | rd),
];
const high = (opcode: number): readonly Form[] => [
  form([Xd, Xn, Xm], (_, rd, rn, rm) => opcode | (rm << 16) | (31 << 10) | (rn << 5) | rd),
];

const MSUB = 1 << 15;

export const ARITHMETIC: InstructionTable = {
  add: addForms(ADD),
  adds: addForms(ADDS),
  sub: addForms(SUB),
  subs: addForms(SUBS),
  cmp: compareForms(SUBS),
  cmn: compareForms(ADDS),
  neg: negateForms(SUB),
  negs: negateForms(SUBS),
  adc: withCarry(0x1a00_0000),
  adcs: withCarry(0x3a00_0000),
  sbc: withCarry(0x5a00_0000),
  sbcs: withCarry(0x7a00_0000),
  ngc: negateWithCarry(0x5a00_0000),
  ngcs: negateWithCarry(0x7a00_0000),
  udiv: twoSources(0x1ac0_0800),
  sdiv: twoSources(0x1ac0_0c00),
  madd: multiply(0),
  msub: multiply(MSUB),
  mul: multiplyAlone(0),
  mneg: multiplyAlone(MSUB),
  smaddl: long(0x9b20_0000),
  smsubl: long(0x9b20_8000),
  umaddl: long(0x9ba0_0000),
  umsubl: long(0x9ba0_8000),
  smull: longAlone(0x9b20_0000),
  smnegl: longAlone(0x9b20_8000),
  umull: longAlone(0x9ba0_0000),
  umnegl: longAlone(0x9ba0_8000),
  smulh: high(0x9b40_0000),
  umulh: high(0x9bc0_0000),
};
