/**
 * Loads and stores of one register at a base register plus an offset register, extended and shifted (Arm ARM DDI 0487, C4.1.4
 * "Load/store register (register offset)"), and the prefetch among them. Hot.
 *
 * option<1> must be set: the other extends are unallocated. LSL and SXTX are the same to 64-bit registers.
 */
import { apply, type I64Expr, select } from "../ir/expr.ts";
import type { Builder } from "../ir/builder.ts";
import { type Form, form, xr, xsp } from "./form.ts";
import { rowOf, type Transfer, transfers } from "./loads-transfer.ts";

const HOT: ReadonlySet<string> = new Set(["STRB", "LDRB", "STR W", "LDR W", "STR X", "LDR X"]);

const address = (c: Builder, offset: I64Expr): I64Expr => apply("i64.add", c.x("n"), apply("i64.shl", offset, c.shift64()));

function offsetX(transfer: Transfer): Form {
  const { mnemonic, size, V, opc, bytes, rt } = transfer;
  return form({
    ...rowOf(transfer, HOT),
    name: `${mnemonic} (register, LSL/SXTX)`,
    encoding: `${size} 111 ${V} 00 ${opc} 1 Rm:5 sx 11 S 10 Rn:5 Rt:5`,
    operands: (f) => ({ d: rt(f.Rt), n: xsp(f.Rn), m: xr(f.Rm), shift: f.S * Math.log2(bytes) }),
    emit: (c) => transfer.emit(c, address(c, c.x("m"))),
  });
}

/** One row for both extends, `imm` tells which: in the interpreter the choice costs less than twice as many handlers would. */
function offsetW(transfer: Transfer): Form {
  const { mnemonic, size, V, opc, bytes, rt } = transfer;
  return form({
    ...rowOf(transfer, HOT),
    name: `${mnemonic} (register, UXTW/SXTW)`,
    encoding: `${size} 111 ${V} 00 ${opc} 1 Rm:5 sx 10 S 10 Rn:5 Rt:5`,
    operands: (f) => ({ d: rt(f.Rt), n: xsp(f.Rn), m: xr(f.Rm), shift: f.S * Math.log2(bytes), imm: f.sx }),
    emit: (c) => {
      const extended = select(c.imm32(), apply("i64.extend_i32_s", c.w("m")), apply("i64.extend_i32_u", c.w("m")));
      transfer.emit(c, address(c, extended));
    },
  });
}

export const loadsRegister: readonly Form[] = [
  ...transfers.map(offsetX),
  ...transfers.map(offsetW),
  form({ name: "PRFM (register)", encoding: "11 111 0 00 10 1 Rm:5 sx 1 x S 10 Rn:5 prfop:5", emit: () => {} }),
];
