/** Branches, exceptions and their return, addresses (Arm ARM C4.1, "Branches, Exception Generating and System instructions"). */
import { type Encoding, form, type Form, type InstructionTable, inRange } from "../form.ts";
import { anyImm, CONDITIONS, distanceIn, imm, optional, plain, Rt, target, Xd, Xn } from "../matchers.ts";

const words = (distance: number, bits: number): number => (distance / 4) & ((1 << bits) - 1);

const branch = (opcode: number): readonly Form[] => [form([target(26, 4)], (_, distance) => opcode | words(distance, 26))];
const compareAndBranch = (opcode: number): readonly Form[] => [
  form([Rt, target(19, 4)], (e, rt, distance) => (e.sf! << 31) | opcode | (words(distance, 19) << 5) | rt),
];
const testAndBranch = (opcode: number): readonly Form[] => [
  form([Rt, { ...anyImm, syntax: "#bit" }, target(14, 4)], (e, rt, bit, distance) => {
    const n = Number(inRange(e, plain(bit), 0, e.sf === 1 ? 63 : 31, "the bit"));
    return ((n >> 5) << 31) | opcode | ((n & 31) << 19) | (words(distance, 14) << 5) | rt;
  }),
];
const toRegister = (opcode: number): readonly Form[] => [form([Xn], (_, rn) => opcode | (rn << 5))];
const exception = (opcode: number): readonly Form[] => [form([imm("immediate", 0, 0xffff)], (_, value) => opcode | (value << 5))];
const alone = (opcode: number): readonly Form[] => [form([], () => opcode)];

/** The low two bits of the distance and the others stand apart. */
function address(encoding: Encoding, opcode: number, rd: number, distance: number): number {
  return opcode | ((distance & 3) << 29) | (((distance >> 2) & 0x7_ffff) << 5) | rd;
}

const conditional = Object.fromEntries(
  Object.entries(CONDITIONS).flatMap(([name, cond]) => {
    const forms = [form([target(19, 4)], (_, distance) => 0x5400_0000 | (words(distance, 19) << 5) | cond)];
    return [
      [`b.${name}`, forms],
      [`b${name}`, forms],
    ];
  }),
);

export const BRANCHES: InstructionTable = {
  ...conditional,
  b: branch(0x1400_0000),
  bl: branch(0x9400_0000),
  cbz: compareAndBranch(0x3400_0000),
  cbnz: compareAndBranch(0x3500_0000),
  tbz: testAndBranch(0x3600_0000),
  tbnz: testAndBranch(0x3700_0000),
  br: toRegister(0xd61f_0000),
  blr: toRegister(0xd63f_0000),
  ret: [form([optional(Xn, 30)], (_, rn) => 0xd65f_0000 | (rn << 5))],
  eret: alone(0xd69f_03e0),
  drps: alone(0xd6bf_03e0),
  svc: exception(0xd400_0001),
  hvc: exception(0xd400_0002),
  smc: exception(0xd400_0003),
  brk: exception(0xd420_0000),
  hlt: exception(0xd440_0000),
  udf: [form([imm("immediate", 0, 0xffff)], (_, value) => value)],
  adr: [form([Xd, target(21, 1)], (e, rd, distance) => address(e, 0x1000_0000, rd, distance))],
  adrp: [
    form([Xd, { ...anyImm, syntax: "label" }], (e, rd, label) => {
      const pages = (plain(label).evaluate(e.scope) >> 12n) - (e.scope.here >> 12n);
      return address(e, 0x9000_0000, rd, distanceIn(pages, 21, 1, label, e));
    }),
  ],
};
