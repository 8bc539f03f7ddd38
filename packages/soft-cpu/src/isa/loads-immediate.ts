/**
 * Loads and stores of one register at a base register plus an immediate (Arm ARM DDI 0487, C4.1.4 "Load/store register": unsigned
 * immediate, unscaled immediate, immediate post- and pre-indexed, unprivileged) and the prefetches among them. Hot.
 *
 * CONSTRAINED UNPREDICTABLE: a load with writeback where Rt is Rn (Unpredictable_WBOVERLAPLD) leaves the written-back address there,
 * of the permitted choices Constraint_UNKNOWN; a store with writeback where Rt is Rn (Unpredictable_WBOVERLAPST) stores the old value,
 * Constraint_NONE.
 */
import type { Builder } from "../ir/builder.ts";
import { apply, type I32Expr } from "../ir/expr.ts";
import { ACCESS_UNPRIVILEGED } from "../ir/stmt.ts";
import { signed } from "./encoding.ts";
import { type Form, form, xsp } from "./form.ts";
import { generalTransfers, rowOf, type Transfer, transfers } from "./loads-transfer.ts";
import { SP, UNALIGNED } from "./stack-pointer.ts";

/** Which transfers deserve a place in the interpreter's main loop, by addressing mode. */
const HOT_UNSIGNED: ReadonlySet<string> = new Set(["STRB", "LDRB", "STRH", "LDRH", "STR W", "LDR W", "LDRSW", "STR X", "LDR X"]);
const HOT_POST: ReadonlySet<string> = new Set(["STRB", "LDRB", "STR W", "LDR W", "STR X", "LDR X"]);
const HOT_PRE: ReadonlySet<string> = new Set(["STR X", "LDR X", "LDRB"]);

const NEVER: ReadonlySet<string> = new Set();

/** LDRB as LDURB, STR X as STUR X. */
const renamed = ({ mnemonic }: Transfer, letter: "U" | "T"): string => mnemonic.replace(/^(LD|ST)R/, `$1${letter}R`);

/** Writeback to SP. */
const writebackByImmediate = {
  when: (f: { readonly imm9: number; readonly Rn: number }): boolean => f.Rn === SP && (f.imm9 & UNALIGNED) !== 0,
  value: (c: Builder): I32Expr => apply("i32.add", c.w("n"), c.imm32()),
};

function unsignedOffset(transfer: Transfer): Form {
  const { mnemonic, size, V, opc, bytes, rt } = transfer;
  return form({
    ...rowOf(transfer, HOT_UNSIGNED),
    name: `${mnemonic} (immediate, unsigned offset)`,
    encoding: `${size} 111 ${V} 01 ${opc} imm12:12 Rn:5 Rt:5`,
    operands: (f) => ({ d: rt(f.Rt), n: xsp(f.Rn), imm: f.imm12 * bytes }),
    emit: (c) => transfer.emit(c, apply("i64.add", c.x("n"), c.imm64())),
  });
}

function unscaledOffset(transfer: Transfer): Form {
  const { size, V, opc, rt } = transfer;
  return form({
    ...rowOf(transfer, NEVER),
    name: renamed(transfer, "U"),
    encoding: `${size} 111 ${V} 00 ${opc} 0 imm9:9 00 Rn:5 Rt:5`,
    operands: (f) => ({ d: rt(f.Rt), n: xsp(f.Rn), imm: signed(f.imm9, 9) }),
    emit: (c) => transfer.emit(c, apply("i64.add", c.x("n"), c.imm64())),
  });
}

function postIndexed(transfer: Transfer): Form {
  const { mnemonic, size, V, opc, rt } = transfer;
  return form({
    ...rowOf(transfer, HOT_POST),
    stack: writebackByImmediate,
    name: `${mnemonic} (immediate, post-indexed)`,
    encoding: `${size} 111 ${V} 00 ${opc} 0 imm9:9 01 Rn:5 Rt:5`,
    operands: (f) => ({ d: rt(f.Rt), n: xsp(f.Rn), imm: signed(f.imm9, 9) }),
    emit: (c) => {
      const base = c.let(c.x("n"));
      transfer.emit(c, base);
      c.setX("n", apply("i64.add", base, c.imm64()));
    },
  });
}

function preIndexed(transfer: Transfer): Form {
  const { mnemonic, size, V, opc, rt } = transfer;
  return form({
    ...rowOf(transfer, HOT_PRE),
    stack: writebackByImmediate,
    name: `${mnemonic} (immediate, pre-indexed)`,
    encoding: `${size} 111 ${V} 00 ${opc} 0 imm9:9 11 Rn:5 Rt:5`,
    operands: (f) => ({ d: rt(f.Rt), n: xsp(f.Rn), imm: signed(f.imm9, 9) }),
    emit: (c) => {
      const va = c.let(apply("i64.add", c.x("n"), c.imm64()));
      transfer.emit(c, va);
      c.setX("n", va);
    },
  });
}

/** LDTR and STTR access as EL0 would; at EL0 that is nothing special. */
function unprivileged(transfer: Transfer): Form {
  const { size, opc, rt } = transfer;
  return form({
    name: renamed(transfer, "T"),
    encoding: `${size} 111 0 00 ${opc} 0 imm9:9 10 Rn:5 Rt:5`,
    operands: (f) => ({ d: rt(f.Rt), n: xsp(f.Rn), imm: signed(f.imm9, 9) }),
    emit: (c) => transfer.emit(c, apply("i64.add", c.x("n"), c.imm64()), ACCESS_UNPRIVILEGED),
  });
}

/** A hint that never faults: there is no cache to fill. */
const prefetches: readonly Form[] = [
  form({ name: "PRFM (immediate)", encoding: "11 111 0 01 10 imm12:12 Rn:5 prfop:5", emit: () => {} }),
  form({ name: "PRFUM", encoding: "11 111 0 00 10 0 imm9:9 00 Rn:5 prfop:5", emit: () => {} }),
];

export const loadsImmediate: readonly Form[] = [
  ...transfers.map(unsignedOffset),
  ...transfers.map(postIndexed),
  ...transfers.map(preIndexed),
  ...transfers.map(unscaledOffset),
  ...generalTransfers.map(unprivileged),
  ...prefetches,
];
