// Forms of DDI 0487 C4.1.6 that are Advanced SIMD and compute integers, polynomials or nothing at all: three same, three different,
// two-register miscellaneous, across lanes, pairwise, copy, permute, extract, table, shift by immediate, by element, modified immediate;
// each with its scalar form. PMULL of doublewords belongs to the cryptographic extension and is unallocated here.
import type { Fields, FormGroup, OracleForm } from "./oracle-form.ts";

const laneOfSize = (f: Fields): number => 8 << f("size");
const bits = (value: number, width: number): string => value.toString(2).padStart(width, "0");

/** What `size` may be: `any` but a doubleword needs Q, and so on. */
type Sizes = "any" | "bhs" | "hs" | "b" | "bh";
const ALLOWED: Readonly<Record<Sizes, (f: Fields) => boolean>> = {
  any: (f) => f("size") !== 3 || f("Q") === 1,
  bhs: (f) => f("size") !== 3,
  hs: (f) => f("size") === 1 || f("size") === 2,
  bh: (f) => f("size") < 2,
  b: (f) => f("size") === 0,
};

/** mnemonic of U = 0, mnemonic of U = 1, opcode, sizes of U = 0, sizes of U = 1 */
type SignedRow = readonly [string | undefined, string | undefined, number, Sizes, Sizes?];

const perSign = (rows: readonly SignedRow[], make: (name: string, u: number, opcode: number, sizes: Sizes) => OracleForm): OracleForm[] =>
  rows.flatMap(([signedName, unsignedName, opcode, sizes, unsignedSizes]) => [
    ...(signedName === undefined ? [] : [make(signedName, 0, opcode, sizes)]),
    ...(unsignedName === undefined ? [] : [make(unsignedName, 1, opcode, unsignedSizes ?? sizes)]),
  ]);

// -------------------------------------------------------------------------------------------------------------------- three same

const THREE_SAME: readonly SignedRow[] = [
  ["SHADD", "UHADD", 0b00000, "bhs"],
  ["SQADD", "UQADD", 0b00001, "any"],
  ["SRHADD", "URHADD", 0b00010, "bhs"],
  ["SHSUB", "UHSUB", 0b00100, "bhs"],
  ["SQSUB", "UQSUB", 0b00101, "any"],
  ["CMGT", "CMHI", 0b00110, "any"],
  ["CMGE", "CMHS", 0b00111, "any"],
  ["SSHL", "USHL", 0b01000, "any"],
  ["SQSHL", "UQSHL", 0b01001, "any"],
  ["SRSHL", "URSHL", 0b01010, "any"],
  ["SQRSHL", "UQRSHL", 0b01011, "any"],
  ["SMAX", "UMAX", 0b01100, "bhs"],
  ["SMIN", "UMIN", 0b01101, "bhs"],
  ["SABD", "UABD", 0b01110, "bhs"],
  ["SABA", "UABA", 0b01111, "bhs"],
  ["ADD", "SUB", 0b10000, "any"],
  ["CMTST", "CMEQ", 0b10001, "any"],
  ["MLA", "MLS", 0b10010, "bhs"],
  ["MUL", "PMUL", 0b10011, "bhs", "b"],
  ["SMAXP", "UMAXP", 0b10100, "bhs"],
  ["SMINP", "UMINP", 0b10101, "bhs"],
  ["SQDMULH", "SQRDMULH", 0b10110, "hs"],
  ["ADDP", undefined, 0b10111, "any"],
];

const LOGICAL = [
  ["AND", "BIC", "ORR", "ORN"],
  ["EOR", "BSL", "BIT", "BIF"],
] as const;

/** Rows of {@link THREE_SAME} with a scalar form: of doublewords only, of any size, of halfwords and words. */
const SCALAR_SAME_D = new Set(["CMGT", "CMHI", "CMGE", "CMHS", "SSHL", "USHL", "SRSHL", "URSHL", "ADD", "SUB", "CMTST", "CMEQ"]);
const SCALAR_SAME_ANY = new Set(["SQADD", "UQADD", "SQSUB", "UQSUB", "SQSHL", "UQSHL", "SQRSHL", "UQRSHL"]);
const SCALAR_SAME_HS = new Set(["SQDMULH", "SQRDMULH"]);

function scalarSizes(name: string, only64: ReadonlySet<string>, any: ReadonlySet<string>, hs?: ReadonlySet<string>) {
  if (only64.has(name)) return (f: Fields): boolean => f("size") === 3;
  if (any.has(name)) return (): boolean => true;
  return hs?.has(name) === true ? ALLOWED.hs : undefined;
}

const threeSame: readonly OracleForm[] = [
  ...perSign(THREE_SAME, (name, u, opcode, sizes) => ({
    name: `${name} (vector)`,
    encoding: `0 Q ${u} 01110 size:2 1 Vm:5 ${bits(opcode, 5)} 1 Vn:5 Vd:5`,
    where: ALLOWED[sizes],
    lane: laneOfSize,
  })),
  ...LOGICAL.flatMap((names, u) =>
    names.map((name, size): OracleForm => ({
      name: `${name} (vector)`,
      encoding: `0 Q ${u} 01110 ${bits(size, 2)} 1 Vm:5 00011 1 Vn:5 Vd:5`,
    })),
  ),
  ...perSign(THREE_SAME, (name, u, opcode) => ({
    name: `${name} (scalar)`,
    encoding: `01 ${u} 11110 size:2 1 Vm:5 ${bits(opcode, 5)} 1 Vn:5 Vd:5`,
    where: scalarSizes(name, SCALAR_SAME_D, SCALAR_SAME_ANY, SCALAR_SAME_HS) ?? (() => false),
    lane: laneOfSize,
  })).filter(({ name }) => scalarSizes(name.split(" ")[0]!, SCALAR_SAME_D, SCALAR_SAME_ANY, SCALAR_SAME_HS) !== undefined),
];

// --------------------------------------------------------------------------------------------------------------- three different

const THREE_DIFFERENT: readonly SignedRow[] = [
  ["SADDL", "UADDL", 0b0000, "bhs"],
  ["SADDW", "UADDW", 0b0001, "bhs"],
  ["SSUBL", "USUBL", 0b0010, "bhs"],
  ["SSUBW", "USUBW", 0b0011, "bhs"],
  ["ADDHN", "RADDHN", 0b0100, "bhs"],
  ["SABAL", "UABAL", 0b0101, "bhs"],
  ["SUBHN", "RSUBHN", 0b0110, "bhs"],
  ["SABDL", "UABDL", 0b0111, "bhs"],
  ["SMLAL", "UMLAL", 0b1000, "bhs"],
  ["SQDMLAL", undefined, 0b1001, "hs"],
  ["SMLSL", "UMLSL", 0b1010, "bhs"],
  ["SQDMLSL", undefined, 0b1011, "hs"],
  ["SMULL", "UMULL", 0b1100, "bhs"],
  ["SQDMULL", undefined, 0b1101, "hs"],
  ["PMULL", undefined, 0b1110, "b"],
];

const threeDifferent: readonly OracleForm[] = [
  ...perSign(THREE_DIFFERENT, (name, u, opcode, sizes) => ({
    name: `${name} (vector)`,
    encoding: `0 Q ${u} 01110 size:2 1 Vm:5 ${bits(opcode, 4)} 00 Vn:5 Vd:5`,
    where: ALLOWED[sizes],
    lane: laneOfSize,
  })),
  ...["SQDMLAL", "SQDMLSL", "SQDMULL"].map((name, i): OracleForm => ({
    name: `${name} (scalar)`,
    encoding: `01 0 11110 size:2 1 Vm:5 1${bits(i, 2)}1 00 Vn:5 Vd:5`,
    where: ALLOWED.hs,
    lane: laneOfSize,
  })),
];

// ---------------------------------------------------------------------------------------------- two-register miscellaneous, lanes

const TWO_MISCELLANEOUS: readonly SignedRow[] = [
  ["REV64", "REV32", 0b00000, "bhs", "bh"],
  ["REV16", undefined, 0b00001, "b"],
  ["SADDLP", "UADDLP", 0b00010, "bhs"],
  ["SUQADD", "USQADD", 0b00011, "any"],
  ["CLS", "CLZ", 0b00100, "bhs"],
  ["CNT", undefined, 0b00101, "b"],
  ["SADALP", "UADALP", 0b00110, "bhs"],
  ["SQABS", "SQNEG", 0b00111, "any"],
  ["CMGT", "CMGE", 0b01000, "any"],
  ["CMEQ", "CMLE", 0b01001, "any"],
  ["CMLT", undefined, 0b01010, "any"],
  ["ABS", "NEG", 0b01011, "any"],
  ["XTN", "SQXTUN", 0b10010, "bhs"],
  [undefined, "SHLL", 0b10011, "bhs"],
  ["SQXTN", "UQXTN", 0b10100, "bhs"],
];

const SCALAR_MISCELLANEOUS_D = new Set(["CMGT", "CMGE", "CMEQ", "CMLE", "CMLT", "ABS", "NEG"]);
const SCALAR_MISCELLANEOUS_ANY = new Set(["SUQADD", "USQADD", "SQABS", "SQNEG"]);
const SCALAR_MISCELLANEOUS_NARROW = new Set(["SQXTUN", "SQXTN", "UQXTN"]);
const COMPARES_ZERO = /^CM(GT|GE|EQ|LE|LT)$/;
const NARROWS = /XTU?N$/;
const zeroed = (name: string): string => (COMPARES_ZERO.test(name) ? `${name} (zero, ` : `${name} (`);
const miscellaneousLane = (name: string): ((f: Fields) => number) => (NARROWS.test(name) ? (f) => 16 << f("size") : laneOfSize);

const twoMiscellaneous: readonly OracleForm[] = [
  ...perSign(TWO_MISCELLANEOUS, (name, u, opcode, sizes) => ({
    name: `${zeroed(name)}vector)`,
    encoding: `0 Q ${u} 01110 size:2 10000 ${bits(opcode, 5)} 10 Vn:5 Vd:5`,
    where: ALLOWED[sizes],
    lane: miscellaneousLane(name),
  })),
  ...["NOT", "RBIT"].map((name, size): OracleForm => ({
    name: `${name} (vector)`,
    encoding: `0 Q 1 01110 0${size} 10000 00101 10 Vn:5 Vd:5`,
  })),
  ...perSign(TWO_MISCELLANEOUS, (name, u, opcode) => ({
    name: `${zeroed(name)}scalar)`,
    encoding: `01 ${u} 11110 size:2 10000 ${bits(opcode, 5)} 10 Vn:5 Vd:5`,
    where: SCALAR_MISCELLANEOUS_NARROW.has(name)
      ? ALLOWED.bhs
      : (scalarSizes(name, SCALAR_MISCELLANEOUS_D, SCALAR_MISCELLANEOUS_ANY) ?? (() => false)),
    lane: miscellaneousLane(name),
  })).filter(({ name }) =>
    [SCALAR_MISCELLANEOUS_D, SCALAR_MISCELLANEOUS_ANY, SCALAR_MISCELLANEOUS_NARROW].some((set) => set.has(name.split(" ")[0]!)),
  ),
];

const ACROSS: readonly SignedRow[] = [
  ["SADDLV", "UADDLV", 0b00011, "bhs"],
  ["SMAXV", "UMAXV", 0b01010, "bhs"],
  ["SMINV", "UMINV", 0b11010, "bhs"],
  ["ADDV", undefined, 0b11011, "bhs"],
];

const across: readonly OracleForm[] = [
  ...perSign(ACROSS, (name, u, opcode) => ({
    name,
    encoding: `0 Q ${u} 01110 size:2 11000 ${bits(opcode, 5)} 10 Vn:5 Vd:5`,
    where: (f) => f("size") < 2 || (f("size") === 2 && f("Q") === 1),
    lane: laneOfSize,
  })),
  { name: "ADDP (scalar)", encoding: "01 0 11110 size:2 11000 11011 10 Vn:5 Vd:5", where: (f) => f("size") === 3, lane: () => 64 },
];

// ------------------------------------------------------------------------------------------------------ copy, permute, extract, table

/** imm5's lowest set bit is the element size; none, or a doubleword of a 64-bit vector, does not exist. */
const elementBytes = (f: Fields): number => f("imm5") & -f("imm5");
const duplicates = (f: Fields): boolean => (f("imm5") & 15) !== 0 && (elementBytes(f) < 8 || f("Q") === 1);

const copies: readonly OracleForm[] = [
  { name: "DUP (element)", encoding: "0 Q 0 01110000 imm5:5 0 0000 1 Vn:5 Vd:5", where: duplicates },
  { name: "DUP (element, scalar)", encoding: "01 0 11110000 imm5:5 0 0000 1 Vn:5 Vd:5", where: (f) => (f("imm5") & 15) !== 0 },
  { name: "DUP (general)", encoding: "0 Q 0 01110000 imm5:5 0 0001 1 Rn:5 Vd:5", where: duplicates },
  {
    name: "SMOV",
    encoding: "0 Q 0 01110000 imm5:5 0 0101 1 Vn:5 Rd:5",
    where: (f) => (f("imm5") & 3) !== 0 || ((f("imm5") & 7) === 4 && f("Q") === 1), // to a wider register only
  },
  {
    name: "UMOV",
    encoding: "0 Q 0 01110000 imm5:5 0 0111 1 Vn:5 Rd:5",
    where: (f) => (f("Q") === 0 ? (f("imm5") & 7) !== 0 : (f("imm5") & 15) === 8), // one encoding for each register size
  },
  { name: "INS (general)", encoding: "0 1 0 01110000 imm5:5 0 0011 1 Rn:5 Vd:5", where: (f) => (f("imm5") & 15) !== 0 },
  { name: "INS (element)", encoding: "0 1 1 01110000 imm5:5 0 imm4:4 1 Vn:5 Vd:5", where: (f) => (f("imm5") & 15) !== 0 },
];

const PERMUTATIONS = [
  ["UZP1", "001"],
  ["TRN1", "010"],
  ["ZIP1", "011"],
  ["UZP2", "101"],
  ["TRN2", "110"],
  ["ZIP2", "111"],
] as const;

const permutations: readonly OracleForm[] = [
  ...PERMUTATIONS.map(([name, opcode]): OracleForm => ({
    name,
    encoding: `0 Q 0 01110 size:2 0 Vm:5 0 ${opcode} 10 Vn:5 Vd:5`,
    where: ALLOWED.any,
  })),
  { name: "EXT", encoding: "0 Q 1 01110 00 0 Vm:5 0 imm4:4 0 Vn:5 Vd:5", where: (f) => f("Q") === 1 || f("imm4") < 8 },
  { name: "TBL", encoding: "0 Q 0 01110 00 0 Vm:5 0 len:2 0 00 Vn:5 Vd:5", lane: () => 8 },
  { name: "TBX", encoding: "0 Q 0 01110 00 0 Vm:5 0 len:2 1 00 Vn:5 Vd:5", lane: () => 8 },
];

// ------------------------------------------------------------------------------------------------------------ shift by immediate

/** `vector`: immh<3> needs Q; `narrow`: immh<3> must be 0. The element is the highest set bit of immh, which is not 0. */
const vectorShift = (f: Fields): boolean => f("immh") !== 0 && (f("immh") < 8 || f("Q") === 1);
const narrowShift = (f: Fields): boolean => f("immh") !== 0 && f("immh") < 8;
const shiftLane = (f: Fields): number => 8 << (31 - Math.clz32(f("immh") | 1));

type ShiftKind = "vector" | "narrow";
type ScalarShift = "d" | "any" | "narrow" | "none";

/** mnemonics of U = 0 and 1, opcode, kind, what the scalar form allows */
const SHIFTS: readonly (readonly [string | undefined, string | undefined, number, ShiftKind, ScalarShift])[] = [
  ["SSHR", "USHR", 0b00000, "vector", "d"],
  ["SSRA", "USRA", 0b00010, "vector", "d"],
  ["SRSHR", "URSHR", 0b00100, "vector", "d"],
  ["SRSRA", "URSRA", 0b00110, "vector", "d"],
  [undefined, "SRI", 0b01000, "vector", "d"],
  ["SHL", "SLI", 0b01010, "vector", "d"],
  [undefined, "SQSHLU", 0b01100, "vector", "any"],
  ["SQSHL", "UQSHL", 0b01110, "vector", "any"],
  ["SHRN", undefined, 0b10000, "narrow", "none"],
  ["RSHRN", undefined, 0b10001, "narrow", "none"],
  [undefined, "SQSHRUN", 0b10000, "narrow", "narrow"],
  [undefined, "SQRSHRUN", 0b10001, "narrow", "narrow"],
  ["SQSHRN", "UQSHRN", 0b10010, "narrow", "narrow"],
  ["SQRSHRN", "UQRSHRN", 0b10011, "narrow", "narrow"],
  ["SSHLL", "USHLL", 0b10100, "narrow", "none"],
];

const SCALAR_SHIFT = {
  d: (f: Fields): boolean => f("immh") >= 8,
  any: (f: Fields): boolean => f("immh") !== 0,
  narrow: narrowShift,
} as const;

const shifts: readonly OracleForm[] = SHIFTS.flatMap(([signedName, unsignedName, opcode, kind, scalar]) =>
  [signedName, unsignedName].flatMap((name, u): OracleForm[] => {
    if (name === undefined) return [];
    const lane = /SHRU?N$/.test(name) ? (f: Fields): number => 2 * shiftLane(f) : shiftLane;
    const tail = `immh:4 immb:3 ${bits(opcode, 5)} 1 Vn:5 Vd:5`;
    const vector: OracleForm = {
      name: `${name} (immediate, vector)`,
      encoding: `0 Q ${u} 011110 ${tail}`,
      where: kind === "vector" ? vectorShift : narrowShift,
      lane,
    };
    if (scalar === "none") return [vector];
    return [vector, { name: `${name} (immediate, scalar)`, encoding: `01 ${u} 111110 ${tail}`, where: SCALAR_SHIFT[scalar], lane }];
  }),
);

// ------------------------------------------------------------------------------------------------- by element, modified immediate

/** mnemonic, U, opcode, whether there is a scalar form */
const BY_ELEMENT = [
  ["MLA", 1, 0b0000, false],
  ["MLS", 1, 0b0100, false],
  ["MUL", 0, 0b1000, false],
  ["SMLAL", 0, 0b0010, false],
  ["UMLAL", 1, 0b0010, false],
  ["SQDMLAL", 0, 0b0011, true],
  ["SMLSL", 0, 0b0110, false],
  ["UMLSL", 1, 0b0110, false],
  ["SQDMLSL", 0, 0b0111, true],
  ["SMULL", 0, 0b1010, false],
  ["UMULL", 1, 0b1010, false],
  ["SQDMULL", 0, 0b1011, true],
  ["SQDMULH", 0, 0b1100, true],
  ["SQRDMULH", 0, 0b1101, true],
] as const;

const byElement: readonly OracleForm[] = BY_ELEMENT.flatMap(([name, u, opcode, hasScalar]) => {
  const tail = `1111 size:2 L M Vm:4 ${bits(opcode, 4)} H 0 Vn:5 Vd:5`;
  const vector: OracleForm = { name: `${name} (element, vector)`, encoding: `0 Q ${u} 0${tail}`, where: ALLOWED.hs, lane: laneOfSize };
  return hasScalar ? [vector, { ...vector, name: `${name} (element, scalar)`, encoding: `01 ${u} 1${tail}` }] : [vector];
});

/** mnemonic, op, cmode */
const MODIFIED_IMMEDIATES = [
  ["MOVI (32-bit)", "0", "0 shift:2 0"],
  ["ORR (immediate, 32-bit)", "0", "0 shift:2 1"],
  ["MOVI (16-bit)", "0", "10 shift 0"],
  ["ORR (immediate, 16-bit)", "0", "10 shift 1"],
  ["MOVI (shifting ones)", "0", "110 shift"],
  ["MOVI (8-bit)", "0", "1110"],
  ["FMOV (vector, immediate, single)", "0", "1111"],
  ["MVNI (32-bit)", "1", "0 shift:2 0"],
  ["BIC (immediate, 32-bit)", "1", "0 shift:2 1"],
  ["MVNI (16-bit)", "1", "10 shift 0"],
  ["BIC (immediate, 16-bit)", "1", "10 shift 1"],
  ["MVNI (shifting ones)", "1", "110 shift"],
  ["MOVI (64-bit)", "1", "1110"],
  ["FMOV (vector, immediate, double)", "1", "1111"],
] as const;

const modifiedImmediates: readonly OracleForm[] = MODIFIED_IMMEDIATES.map(([name, op, cmode]) => ({
  name,
  encoding: `0 Q ${op} 0111100000 abc:3 ${cmode} 01 defgh:5 Vd:5`,
  ...(name.endsWith("double)") && { where: (f: Fields) => f("Q") === 1 }),
}));

export const simdIntegerGroups: readonly FormGroup[] = [
  { file: "simd-three-same", forms: threeSame },
  { file: "simd-three-different", forms: [...threeDifferent, ...byElement] },
  { file: "simd-two-register", forms: [...twoMiscellaneous, ...across] },
  { file: "simd-copy-and-permute", forms: [...copies, ...permutations, ...modifiedImmediates] },
  { file: "simd-shift", forms: shifts },
];
