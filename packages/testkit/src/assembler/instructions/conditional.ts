/** Conditional selections and comparisons, bit counting, CRC32 (Arm ARM C4.1, "Data Processing -- Register"). */
import { Problem } from "../assembly-error.ts";
import { type Encoding, form, type Form, type InstructionTable } from "../form.ts";
import { condition, imm, Rd, Rm, Rn, Wd, Wm, Wn, Xd, Xm, Xn } from "../matchers.ts";

const sf = (encoding: Encoding): number => encoding.sf! << 31;

/** `op` in bit 30, `op2` in bits 11:10. */
const CSEL = 0x1a80_0000;
const CSINC = 0x1a80_0400;
const CSINV = 0x5a80_0000;
const CSNEG = 0x5a80_0400;
const select = (encoding: Encoding, op: number, rd: number, rn: number, rm: number, cond: number): number =>
  sf(encoding) | op | (rm << 16) | (cond << 12) | (rn << 5) | rd;
const selectForms = (op: number): readonly Form[] => [
  form([Rd, Rn, Rm, condition], (e, rd, rn, rm, cond) => select(e, op, rd, rn, rm, cond)),
];

/** Aliases name the condition under which something happens, the instruction the one under which it does not. */
function inverted(encoding: Encoding, cond: number): number {
  if (cond < 14) return cond ^ 1;
  throw new Problem(encoding.place, `${encoding.mnemonic} with a condition that is always true`, "use a condition that can be false");
}

const ifForms = (op: number): readonly Form[] => [
  form([Rd, Rn, condition], (e, rd, rn, cond) => select(e, op, rd, rn, rn, inverted(e, cond))),
];
const setForms = (op: number): readonly Form[] => [form([Rd, condition], (e, rd, cond) => select(e, op, rd, 31, 31, inverted(e, cond)))];

const compareForms = (op: number): readonly Form[] => [
  form([Rn, Rm, imm("the flags", 0, 15), condition], (e, rn, rm, nzcv, cond) => sf(e) | op | (rm << 16) | (cond << 12) | (rn << 5) | nzcv),
  form(
    [Rn, imm("immediate", 0, 31), imm("the flags", 0, 15), condition],
    (e, rn, value, nzcv, cond) => sf(e) | op | 0x800 | (value << 16) | (cond << 12) | (rn << 5) | nzcv,
  ),
];

const oneSource = (opcode: number): readonly Form[] => [form([Rd, Rn], (e, rd, rn) => sf(e) | opcode | (rn << 5) | rd)];
const crc = (opcode: number): readonly Form[] => [form([Wd, Wn, Wm], (_, rd, rn, rm) => opcode | (rm << 16) | (rn << 5) | rd)];
const crcOf64 = (opcode: number): readonly Form[] => [form([Wd, Wn, Xm], (_, rd, rn, rm) => opcode | (rm << 16) | (rn << 5) | rd)];

export const CONDITIONAL: InstructionTable = {
  csel: selectForms(CSEL),
  csinc: selectForms(CSINC),
  csinv: selectForms(CSINV),
  csneg: selectForms(CSNEG),
  cinc: ifForms(CSINC),
  cinv: ifForms(CSINV),
  cneg: ifForms(CSNEG),
  cset: setForms(CSINC),
  csetm: setForms(CSINV),
  ccmn: compareForms(0x3a40_0000),
  ccmp: compareForms(0x7a40_0000),
  rbit: oneSource(0x5ac0_0000),
  rev16: oneSource(0x5ac0_0400),
  // REV reverses the whole register: its opcode says how large that is.
  rev: [form([Rd, Rn], (e, rd, rn) => sf(e) | (e.sf === 1 ? 0x5ac0_0c00 : 0x5ac0_0800) | (rn << 5) | rd)],
  rev32: [form([Xd, Xn], (_, rd, rn) => 0xdac0_0800 | (rn << 5) | rd)],
  clz: oneSource(0x5ac0_1000),
  cls: oneSource(0x5ac0_1400),
  crc32b: crc(0x1ac0_4000),
  crc32h: crc(0x1ac0_4400),
  crc32w: crc(0x1ac0_4800),
  crc32x: crcOf64(0x9ac0_4c00),
  crc32cb: crc(0x1ac0_5000),
  crc32ch: crc(0x1ac0_5400),
  crc32cw: crc(0x1ac0_5800),
  crc32cx: crcOf64(0x9ac0_5c00),
};
