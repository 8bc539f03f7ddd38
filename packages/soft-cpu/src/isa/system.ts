/**
 * Exception generation, hints, barriers, PSTATE and system registers (Arm ARM DDI 0487, C4.1 "Branches, Exception Generating
 * and System instructions"). Registers that are plain storage are loaded and stored in place; the rest goes to the host.
 *
 * Barriers and ISB do nothing: one thread runs all vCPUs, in program order, and nothing decoded ever outlives a change of its bytes.
 */
import { apply, const32, const64, constV128, type I32Expr, loadFrom } from "../ir/expr.ts";
import type { Builder } from "../ir/builder.ts";
import { ACCESS_ZERO } from "../ir/stmt.ts";
import { I64 } from "../wasm/opcodes.ts";
import { op } from "../wasm/opcodes.ts";
import {
  CURRENT_EL, DAIF, DEBUG_ARMED, EXCLUSIVE_ADDRESS, FPCR, FPSR, OTHERS_WAIT, PENDING_LINES, SP_SELECT, SYSREGS,
} from "../state/layout.ts";
import { storedRead, storedWrite } from "../sysregs/stored.ts";
import { SCTLR_EL1, SP_EL0 } from "../sysregs/slots.ts";
import { flagBits, setFlagsFromBits } from "./arithmetic.ts";
import { type Form, form, xr, xw } from "./form.ts";
import * as host from "./host-functions.ts";

const isEl0 = (c: Builder): I32Expr => apply("i32.eqz", c.state32(CURRENT_EL));

/** Exceptions and what else only the host can do: the word tells it the rest. */
function toHost(name: string, encoding: string, fn: number): Form {
  return form({ name, encoding, operands: (f) => ({ imm: (f as { readonly word: number }).word }), emit: (c) => c.host(fn, undefined, c.imm32()) });
}

const SCTLR_DZE = 1 << 14;

const nothing = (name: string, encoding: string): Form => form({ name, encoding, hot: true, emit: () => {} });

const encodingOf = (f: { readonly word: number }): number => (f.word >>> 5) & 0xffff;

/** MRS by the host. */
function readByHost(c: Builder): void {
  c.host(host.HOST_MRS);
  c.setX("d", c.hostResult());
}

/** DAIF takes a new value; an interrupt that it lets through is taken before the next instruction. */
function setDaif(c: Builder, value: I32Expr, otherwise: () => void): void {
  const daif = c.let(value);
  const open = apply("i32.and", c.state32(PENDING_LINES), apply("i32.xor", daif, const32(-1)));
  c.if(apply("i32.or", apply("i32.or", isEl0(c), c.state32(DEBUG_ARMED)), apply("i32.ne", open, const32(0))), otherwise, () => c.setState32(DAIF, daif));
}

export const system: readonly Form[] = [
  toHost("SVC", "11010100 000 imm16:16 000 01", host.HOST_SVC),
  toHost("HVC", "11010100 000 imm16:16 000 10", host.HOST_HVC),
  toHost("SMC", "11010100 000 imm16:16 000 11", host.HOST_SMC),
  toHost("BRK", "11010100 001 imm16:16 000 00", host.HOST_BRK),

  // ------------------------------------------------------------------------------------------------------------------- hints
  nothing("NOP", "11010101000000110010 0000 000 11111"),
  form({
    name: "YIELD",
    encoding: "11010101000000110010 0000 001 11111",
    hot: true,
    emit: (c) => c.if(c.state32(OTHERS_WAIT), () => c.host(host.HOST_YIELD)),
  }),
  toHost("WFE", "11010101000000110010 0000 010 11111", host.HOST_WFE),
  toHost("WFI", "11010101000000110010 0000 011 11111", host.HOST_WFI),
  toHost("SEV", "11010101000000110010 0000 100 11111", host.HOST_SEV),
  toHost("SEVL", "11010101000000110010 0000 101 11111", host.HOST_SEVL),
  // All other hints of Armv8.0 are NOPs, later features' among them (PACIASP, BTI, CSDB, …).
  nothing("HINT", "11010101000000110010 CRm:4 op2:3 11111"),

  // ---------------------------------------------------------------------------------------------------------------- barriers
  form({
    name: "CLREX",
    encoding: "11010101000000110011 CRm:4 010 11111",
    emit: (c) => c.setState64(EXCLUSIVE_ADDRESS, const64(-1n)),
  }),
  nothing("DSB", "11010101000000110011 CRm:4 100 11111"),
  nothing("DMB", "11010101000000110011 CRm:4 101 11111"),
  nothing("ISB", "11010101000000110011 CRm:4 110 11111"),

  // ------------------------------------------------------------------------------------------------------------------ PSTATE
  form({
    name: "MSR DAIFSet",
    encoding: "1101010100000 011 0100 imm:4 110 11111",
    hot: true,
    operands: (f) => ({ shift: f.imm << 6 }),
    emit: (c) => setDaif(c, apply("i32.or", c.state32(DAIF), c.shift32()), () => c.host(host.HOST_MSR_IMMEDIATE)),
  }),
  form({
    name: "MSR DAIFClr",
    encoding: "1101010100000 011 0100 imm:4 111 11111",
    hot: true,
    operands: (f) => ({ shift: 0x3c0 & ~(f.imm << 6) }),
    emit: (c) => setDaif(c, apply("i32.and", c.state32(DAIF), c.shift32()), () => c.host(host.HOST_MSR_IMMEDIATE)),
  }),
  toHost("MSR (immediate)", "1101010100000 op1:3 0100 CRm:4 op2:3 11111", host.HOST_MSR_IMMEDIATE),

  // -------------------------------------------------------------------------------------------- registers that live in PSTATE
  form({
    name: "MRS NZCV",
    encoding: "1101010100111 011 0100 0010 000 Rt:5",
    operands: (f) => ({ d: xw(f.Rt) }),
    emit: (c) => c.setX("d", flagBits(c)),
  }),
  form({
    name: "MSR NZCV",
    encoding: "1101010100011 011 0100 0010 000 Rt:5",
    operands: (f) => ({ n: xr(f.Rt) }),
    emit: (c) => setFlagsFromBits(c, apply("i32.shr_u", c.w("n"), const32(28))),
  }),
  form({
    name: "MRS DAIF",
    encoding: "1101010100111 011 0100 0010 001 Rt:5",
    hot: true,
    operands: (f) => ({ d: xw(f.Rt) }),
    emit: (c) => {
      c.if(isEl0(c), () => readByHost(c), () => c.setX("d", apply("i64.extend_i32_u", c.state32(DAIF))));
    },
  }),
  form({
    name: "MSR DAIF",
    encoding: "1101010100011 011 0100 0010 001 Rt:5",
    hot: true,
    operands: (f) => ({ n: xr(f.Rt) }),
    emit: (c) => setDaif(c, apply("i32.and", c.w("n"), const32(0x3c0)), () => c.host(host.HOST_MSR, c.x("n"))),
  }),
  form({
    name: "MRS CurrentEL",
    encoding: "1101010100111 000 0100 0010 010 Rt:5",
    operands: (f) => ({ d: xw(f.Rt) }),
    emit: (c) => {
      c.if(isEl0(c), () => readByHost(c), () => c.setX("d", const64(4)));
    },
  }),
  form({
    name: "MRS FPCR/FPSR",
    encoding: "1101010100111 011 0100 0100 00 status Rt:5",
    split: ["status"],
    fp: true,
    operands: (f) => ({ d: xw(f.Rt) }),
    emit: (c, { status }) => c.setX("d", apply("i64.extend_i32_u", c.state32(status === 1 ? FPSR : FPCR))),
  }),
  form({
    name: "MSR FPCR/FPSR",
    encoding: "1101010100011 011 0100 0100 00 status Rt:5",
    split: ["status"],
    fp: true,
    operands: (f) => ({ n: xr(f.Rt) }),
    // AHP, DN, FZ, RMode; QC and the cumulative flags. The rest is RES0: no trapped exceptions, no FEAT_FP16.
    emit: (c, { status }) =>
      c.setState32(status === 1 ? FPSR : FPCR, apply("i32.and", c.w("n"), const32(status === 1 ? 0x0800_009f : 0x07c0_0000))),
  }),
  form({
    name: "MRS SP_EL0",
    encoding: "1101010100111 000 0100 0001 000 Rt:5",
    hot: true,
    operands: (f) => ({ d: xw(f.Rt) }),
    // Only while SP is SP_EL1 is the other one in its slot; else, and at EL0, it is UNDEFINED.
    emit: (c) => {
      c.if(
        apply("i32.eqz", c.state32(SP_SELECT)),
        () => readByHost(c),
        () => c.setX("d", c.state64(SYSREGS + 8 * SP_EL0)),
      );
    },
  }),
  form({
    name: "MSR SP_EL0",
    encoding: "1101010100011 000 0100 0001 000 Rt:5",
    operands: (f) => ({ n: xr(f.Rt) }),
    emit: (c) => {
      c.if(
        apply("i32.eqz", c.state32(SP_SELECT)),
        () => c.host(host.HOST_MSR, c.x("n")),
        () => c.setState64(SYSREGS + 8 * SP_EL0, c.x("n")),
      );
    },
  }),

  // --------------------------------------------------------------------------------------------------------- system registers
  form({
    name: "MRS (storage, any level)",
    encoding: "110101010011 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5",
    hot: true,
    when: (f) => storedRead(encodingOf(f))?.el0 === true,
    operands: (f) => ({ d: xw(f.Rt), imm: storedRead(encodingOf(f))!.address }),
    emit: (c) => c.setX("d", loadFrom(I64, "i64.load", c.imm32(), 0)),
  }),
  form({
    name: "MRS (storage)",
    encoding: "110101010011 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5",
    hot: true,
    when: (f) => storedRead(encodingOf(f)) !== undefined,
    operands: (f) => ({ d: xw(f.Rt), imm: storedRead(encodingOf(f))!.address }),
    emit: (c) => {
      c.if(isEl0(c), () => readByHost(c), () => c.setX("d", loadFrom(I64, "i64.load", c.imm32(), 0)));
    },
  }),
  form({
    name: "MSR (storage)",
    encoding: "110101010001 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5",
    hot: true,
    when: (f) => storedWrite(encodingOf(f)) !== undefined,
    operands: (f) => ({ n: xr(f.Rt), imm: storedWrite(encodingOf(f))!.address }),
    emit: (c) => {
      c.if(
        isEl0(c),
        () => c.host(host.HOST_MSR, c.x("n")),
        () => void c.statements.push({ kind: "store", op: op["i64.store"], address: c.imm32(), offset: 0, value: c.x("n") }),
      );
    },
  }),
  form({
    name: "MRS",
    encoding: "110101010011 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5",
    operands: (f) => ({ d: xw(f.Rt), imm: f.word }),
    emit: (c) => {
      c.host(host.HOST_MRS, undefined, c.imm32());
      c.setX("d", c.hostResult());
    },
  }),
  form({
    name: "MSR (register)",
    encoding: "110101010001 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5",
    operands: (f) => ({ n: xr(f.Rt), imm: f.word }),
    emit: (c) => c.host(host.HOST_MSR, c.x("n"), c.imm32()),
  }),
  form({
    name: "DC ZVA",
    encoding: "1101010100001 011 0111 0100 001 Rt:5",
    operands: (f) => ({ n: xr(f.Rt) }),
    emit(c) {
      // EL0 may only where SCTLR_EL1.DZE says so.
      const forbidden = apply("i32.and", isEl0(c), apply("i32.eqz", apply("i32.and", c.state32(SYSREGS + 8 * SCTLR_EL1), const32(SCTLR_DZE))));
      c.if(forbidden, () => c.host(host.HOST_SYS, c.x("n")));
      const block = c.let(apply("i64.and", c.x("n"), const64(-64n)));
      const zeros = [0, 16, 32, 48].map((at) => ["v128.store", at, constV128(0n)] as const);
      c.write(block, 64, 1, zeros, ACCESS_ZERO);
    },
  }),
  form({
    name: "SYS",
    encoding: "1101010100001 op1:3 CRn:4 CRm:4 op2:3 Rt:5",
    operands: (f) => ({ n: xr(f.Rt), imm: f.word }),
    emit: (c) => c.host(host.HOST_SYS, c.x("n"), c.imm32()),
  }),

  form({
    name: "ERET",
    encoding: "1101011 0100 11111 000000 11111 00000",
    emit: (c) => c.host(host.HOST_ERET),
  }),
];

/** What no other row matches. */
export const undefinedInstruction: Form = form({
  name: "UNDEFINED",
  encoding: "anything:32",
  emit: (c) => c.host(host.HOST_UNDEFINED),
});
