/** Loads relative to the program counter (Arm ARM DDI 0487, C4.1.4 "Load register (literal)"). Not hot: constants come from MOVZ and MOVK. */
import { apply } from "../ir/expr.ts";
import { signed } from "./encoding.ts";
import { type Form, form } from "./form.ts";
import { generalTransfers, type Transfer, vectorTransfers } from "./loads-transfer.ts";

function literal(opc: "00" | "01" | "10", transfers: readonly Transfer[], mnemonic: string): Form {
  const transfer = transfers.find((t) => t.mnemonic === mnemonic)!;
  const { V, rt } = transfer;
  return form({
    ...(V === "1" ? { fp: true } : {}),
    name: `${mnemonic} (literal)`,
    encoding: `${opc} 011 ${V} 00 imm19:19 Rt:5`,
    operands: (f) => ({ d: rt(f.Rt), imm: signed(f.imm19, 19) * 4 }),
    emit: (c) => transfer.emit(c, apply("i64.add", c.pc(), c.imm64())),
  });
}

export const loadsLiteral: readonly Form[] = [
  literal("00", generalTransfers, "LDR W"),
  literal("01", generalTransfers, "LDR X"),
  literal("10", generalTransfers, "LDRSW"),
  literal("00", vectorTransfers, "LDR S"),
  literal("01", vectorTransfers, "LDR D"),
  literal("10", vectorTransfers, "LDR Q"),
  form({ name: "PRFM (literal)", encoding: "11 011 0 00 imm19:19 prfop:5", emit: () => {} }),
];
