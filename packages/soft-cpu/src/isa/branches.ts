/** Branches (Arm ARM DDI 0487, C4.1 "Branches, Exception Generating and System instructions"). */
import { apply, const32, const64 } from "../ir/expr.ts";
import { signed } from "./encoding.ts";
import { type Form, form, xr } from "./form.ts";

export const branches: readonly Form[] = [
  form({
    name: "B",
    encoding: "0 00101 imm26:26",
    flow: { kind: "jump" },
    operands: (f) => ({ imm: signed(f.imm26, 26) * 4 }),
  }),
  form({
    name: "BL",
    encoding: "1 00101 imm26:26",
    flow: { kind: "jump", link: true },
    operands: (f) => ({ imm: signed(f.imm26, 26) * 4 }),
  }),
  form({
    name: "CBZ/CBNZ",
    encoding: "sf 011010 op imm19:19 Rt:5",
    split: ["sf", "op"],
    flow: { kind: "conditional" },
    operands: (f) => ({ n: xr(f.Rt), imm: signed(f.imm19, 19) * 4 }),
    condition: (c, { sf, op }) => {
      if (sf === 1) return op === 1 ? apply("i64.ne", c.x("n"), const64(0)) : apply("i64.eqz", c.x("n"));
      return op === 1 ? apply("i32.ne", c.w("n"), const32(0)) : apply("i32.eqz", c.w("n"));
    },
  }),
  form({
    name: "TBZ/TBNZ",
    encoding: "b5 011011 op b40:5 imm14:14 Rt:5",
    split: ["op"],
    flow: { kind: "conditional" },
    operands: (f) => ({ n: xr(f.Rt), imm: signed(f.imm14, 14) * 4, shift: (f.b5 << 5) | f.b40 }),
    condition: (c, { op }) => {
      const bit = apply("i32.and", apply("i32.wrap_i64", apply("i64.shr_u", c.x("n"), c.shift64())), const32(1));
      return op === 1 ? bit : apply("i32.eqz", bit);
    },
  }),
  form({
    name: "B.cond (always)",
    encoding: "0101010 0 imm19:19 0 111 any",
    flow: { kind: "jump" },
    operands: (f) => ({ imm: signed(f.imm19, 19) * 4 }),
  }),
  form({
    name: "B.cond",
    encoding: "0101010 0 imm19:19 0 cond:4",
    split: ["cond"],
    flow: { kind: "conditional" },
    operands: (f) => ({ imm: signed(f.imm19, 19) * 4 }),
    condition: (c, { cond }) => c.condition(cond),
  }),
  form({
    name: "BR",
    encoding: "1101011 0000 11111 000000 Rn:5 00000",
    flow: { kind: "indirect" },
    operands: (f) => ({ n: xr(f.Rn) }),
    target: (c) => c.x("n"),
  }),
  form({
    name: "BLR",
    encoding: "1101011 0001 11111 000000 Rn:5 00000",
    flow: { kind: "indirect", link: true },
    operands: (f) => ({ n: xr(f.Rn) }),
    target: (c) => c.x("n"),
  }),
  form({
    name: "RET",
    encoding: "1101011 0010 11111 000000 Rn:5 00000",
    flow: { kind: "indirect", isReturn: true },
    operands: (f) => ({ n: xr(f.Rn) }),
    target: (c) => c.x("n"),
  }),
];
