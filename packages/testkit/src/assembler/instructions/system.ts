/** System registers, barriers, hints, caches, TLB, address translation (Arm ARM C4.1, "System instructions"; C5.3 to C5.5). */
import { Problem } from "../assembly-error.ts";
import { form, type Form, type InstructionTable, type Matcher, Mismatch } from "../form.ts";
import { imm, optional, word, Xt } from "../matchers.ts";
import { nearest } from "../nearest.ts";
import { SYSTEM_REGISTERS, systemRegister } from "../system-registers.ts";

const MSR = 0xd500_0000;
const MRS = 0xd520_0000;

/** A system register by its name, as bits 20:5. A name there is none of is told at once: nothing else stands in its place. */
const register: Matcher<number> = {
  syntax: "register",
  take(operand) {
    if (operand?.kind !== "value" || operand.hash || operand.value.word === undefined) throw new Mismatch();
    const encoding = systemRegister(operand.value.word);
    if (encoding !== undefined && encoding >> 14 !== 0) return encoding << 5;
    const near = nearest(operand.value.word, SYSTEM_REGISTERS.keys());
    const generic = "write it as S<op0>_<op1>_C<n>_C<m>_<op2>";
    throw new Problem(
      operand.place,
      `there is no system register ${operand.text}`,
      near === undefined ? generic : `did you mean ${near}? Otherwise ${generic}`,
    );
  },
};

/** MSR (immediate): op1 and op2 of each field, in their places. */
const FIELDS: Readonly<Record<string, number>> = {
  spsel: (0 << 16) | (5 << 5),
  daifset: (3 << 16) | (6 << 5),
  daifclr: (3 << 16) | (7 << 5),
};
const field = word("spsel|daifset|daifclr", (name) => FIELDS[name]);

// ---------------------------------------------------------------------------------------------------------- barriers, hints

const BARRIERS: Readonly<Record<string, number>> = {
  oshld: 1,
  oshst: 2,
  osh: 3,
  nshld: 5,
  nshst: 6,
  nsh: 7,
  ishld: 9,
  ishst: 10,
  ish: 11,
  ld: 13,
  st: 14,
  sy: 15,
};
const barrier = (opcode: number): readonly Form[] => [
  form([word("sy|ish|ishst|…", (name) => BARRIERS[name])], (_, option) => 0xd503_301f | (option << 8) | opcode),
  form([imm("the option", 0, 15)], (_, option) => 0xd503_301f | (option << 8) | opcode),
];
const orAll = (opcode: number, name: string): readonly Form[] => [
  form(
    [
      optional(
        word(name, (found) => (found === "sy" ? 15 : undefined)),
        15,
      ),
    ],
    (_, option) => 0xd503_301f | (option << 8) | opcode,
  ),
  form([imm("the option", 0, 15)], (_, option) => 0xd503_301f | (option << 8) | opcode),
];
const hint = (n: number): readonly Form[] => [form([], () => 0xd503_201f | (n << 5))];

// ------------------------------------------------------------------------------------------- SYS, by its parts or by name

const SYS = 0xd508_0000;
const SYSL = 0xd528_0000;

const control = word("Cn", (name) => {
  const n = /^c(\d{1,2})$/.exec(name)?.[1];
  return n !== undefined && Number(n) < 16 ? Number(n) : undefined;
});
const parts = (op1: number, crn: number, crm: number, op2: number): number => (op1 << 16) | (crn << 12) | (crm << 8) | (op2 << 5);
const op3 = (name: string): Matcher<number> => imm(name, 0, 7);

/** `op1 CRn CRm op2` of each operation; whether it takes a register. */
interface Operation {
  readonly code: number;
  readonly takesRegister: boolean;
}

function operations(crn: number, rows: string): ReadonlyMap<string, Operation> {
  return new Map(
    rows.split(";").map((row) => {
      const [op1, crm, op2, name] = row.trim().split(" ");
      const takesRegister = !/^(ialluis|iallu|vmalle1|vmalle1is|alle[12]|alle[12]is|vmalls12e1|vmalls12e1is)$/.test(name!);
      return [name!, { code: parts(Number(op1), crn, Number(crm), Number(op2)), takesRegister }];
    }),
  );
}

const INSTRUCTION_CACHE = operations(7, "0 1 0 ialluis; 0 5 0 iallu; 3 5 1 ivau");
const DATA_CACHE = operations(7, "3 4 1 zva; 0 6 1 ivac; 0 6 2 isw; 3 10 1 cvac; 0 10 2 csw; 3 11 1 cvau; 3 14 1 civac; 0 14 2 cisw");
const TRANSLATION = operations(7, "0 8 0 s1e1r; 0 8 1 s1e1w; 0 8 2 s1e0r; 0 8 3 s1e0w; 4 8 0 s1e2r; 4 8 1 s1e2w");
const TLB = operations(
  8,
  `0 3 0 vmalle1is; 0 3 1 vae1is; 0 3 2 aside1is; 0 3 3 vaae1is; 0 3 5 vale1is; 0 3 7 vaale1is; 0 7 0 vmalle1; 0 7 1 vae1; 0 7 2 aside1;
   0 7 3 vaae1; 0 7 5 vale1; 0 7 7 vaale1; 4 3 0 alle2is; 4 3 1 vae2is; 4 3 4 alle1is; 4 3 5 vale2is; 4 3 6 vmalls12e1is; 4 7 0 alle2;
   4 7 1 vae2; 4 7 4 alle1; 4 7 5 vale2; 4 7 6 vmalls12e1`,
);

function byName(table: ReadonlyMap<string, Operation>): readonly Form[] {
  const operation: Matcher<Operation> = {
    syntax: "operation",
    take(operand) {
      const name = operand?.kind === "value" && !operand.hash ? operand.value.word?.toLowerCase() : undefined;
      if (name === undefined) throw new Mismatch();
      const found = table.get(name);
      if (found !== undefined) return found;
      throw new Problem(operand!.place, `there is no operation ${operand!.text}`, `use one of ${[...table.keys()].join(", ")}`);
    },
  };
  return [
    form([operation, optional(Xt, -1)], (e, { code, takesRegister }, rt) => {
      if (takesRegister === rt >= 0) return SYS | code | (rt < 0 ? 31 : rt);
      throw new Problem(
        e.place,
        `this operation of ${e.mnemonic} takes ${takesRegister ? "an X register" : "no register"}`,
        takesRegister ? "name the register" : "leave it out",
      );
    }),
  ];
}

export const SYSTEM: InstructionTable = {
  mrs: [form([Xt, register], (_, rt, encoding) => MRS | encoding | rt)],
  msr: [
    form([field, imm("the bits", 0, 15)], (_, place, bits) => 0xd500_401f | place | (bits << 8)),
    form([register, Xt], (_, encoding, rt) => MSR | encoding | rt),
  ],
  hint: [form([imm("the hint", 0, 127)], (_, n) => 0xd503_201f | (n << 5))],
  nop: hint(0),
  yield: hint(1),
  wfe: hint(2),
  wfi: hint(3),
  sev: hint(4),
  sevl: hint(5),
  csdb: hint(20),
  dsb: barrier(0x80),
  dmb: barrier(0xa0),
  isb: orAll(0xc0, "sy"),
  clrex: [form([optional(imm("the option", 0, 15), 15)], (_, option) => 0xd503_305f | (option << 8))],
  sys: [
    form([op3("op1"), control, control, op3("op2"), optional(Xt, 31)], (_, op1, crn, crm, op2, rt) => SYS | parts(op1, crn, crm, op2) | rt),
  ],
  sysl: [form([Xt, op3("op1"), control, control, op3("op2")], (_, rt, op1, crn, crm, op2) => SYSL | parts(op1, crn, crm, op2) | rt)],
  ic: byName(INSTRUCTION_CACHE),
  dc: byName(DATA_CACHE),
  at: byName(TRANSLATION),
  tlbi: byName(TLB),
};
