// Forms of DDI 0487 C4.1.6 that are Advanced SIMD and compute floating-point numbers, each with its scalar form. Armv8.0 has single and
// double precision here, and half precision only in FCVTN and FCVTL.
import type { Fields, FormGroup, OracleForm } from "./oracle-form.ts";

const formatOf = (f: Fields): 32 | 64 => (f("sz") === 1 ? 64 : 32);
const hasTwoLanes = (f: Fields): boolean => f("sz") === 0 || f("Q") === 1; // no 1D arrangement

/** mnemonic, U, bit 23, opcode, whether there is a scalar form */
type Row = readonly [string, number, number, string, boolean];

function both(rows: readonly Row[], suffix: string, middle: (opcode: string) => string): OracleForm[] {
  return rows.flatMap(([name, u, a, opcode, hasScalar]): OracleForm[] => {
    const of = (what: string): string => `${name} (${suffix}${what})`;
    const vector: OracleForm = {
      name: of("vector"),
      encoding: `0 Q ${u} 01110 ${a} sz ${middle(opcode)} Vn:5 Vd:5`,
      where: hasTwoLanes,
      fp: formatOf,
    };
    const scalar: OracleForm = { name: of("scalar"), encoding: `01 ${u} 11110 ${a} sz ${middle(opcode)} Vn:5 Vd:5`, fp: formatOf };
    return hasScalar ? [vector, scalar] : [vector];
  });
}

const THREE_SAME: readonly Row[] = [
  ["FMAXNM", 0, 0, "11000", false],
  ["FMLA", 0, 0, "11001", false],
  ["FADD", 0, 0, "11010", false],
  ["FMULX", 0, 0, "11011", true],
  ["FCMEQ", 0, 0, "11100", true],
  ["FMAX", 0, 0, "11110", false],
  ["FRECPS", 0, 0, "11111", true],
  ["FMINNM", 0, 1, "11000", false],
  ["FMLS", 0, 1, "11001", false],
  ["FSUB", 0, 1, "11010", false],
  ["FMIN", 0, 1, "11110", false],
  ["FRSQRTS", 0, 1, "11111", true],
  ["FMAXNMP", 1, 0, "11000", false],
  ["FADDP", 1, 0, "11010", false],
  ["FMUL", 1, 0, "11011", false],
  ["FCMGE", 1, 0, "11100", true],
  ["FACGE", 1, 0, "11101", true],
  ["FMAXP", 1, 0, "11110", false],
  ["FDIV", 1, 0, "11111", false],
  ["FMINNMP", 1, 1, "11000", false],
  ["FABD", 1, 1, "11010", true],
  ["FCMGT", 1, 1, "11100", true],
  ["FACGT", 1, 1, "11101", true],
  ["FMINP", 1, 1, "11110", false],
];

const COMPARES_ZERO: readonly Row[] = [
  ["FCMGT", 0, 1, "01100", true],
  ["FCMEQ", 0, 1, "01101", true],
  ["FCMLT", 0, 1, "01110", true],
  ["FCMGE", 1, 1, "01100", true],
  ["FCMLE", 1, 1, "01101", true],
];

const TWO_MISCELLANEOUS: readonly Row[] = [
  ["FRINTN", 0, 0, "11000", false],
  ["FRINTM", 0, 0, "11001", false],
  ["FCVTNS", 0, 0, "11010", true],
  ["FCVTMS", 0, 0, "11011", true],
  ["FCVTAS", 0, 0, "11100", true],
  ["SCVTF", 0, 0, "11101", true],
  ["FABS", 0, 1, "01111", false],
  ["FRINTP", 0, 1, "11000", false],
  ["FRINTZ", 0, 1, "11001", false],
  ["FCVTPS", 0, 1, "11010", true],
  ["FCVTZS", 0, 1, "11011", true],
  ["FRECPE", 0, 1, "11101", true],
  ["FRINTA", 1, 0, "11000", false],
  ["FRINTX", 1, 0, "11001", false],
  ["FCVTNU", 1, 0, "11010", true],
  ["FCVTMU", 1, 0, "11011", true],
  ["FCVTAU", 1, 0, "11100", true],
  ["UCVTF", 1, 0, "11101", true],
  ["FNEG", 1, 1, "01111", false],
  ["FRINTI", 1, 1, "11001", false],
  ["FCVTPU", 1, 1, "11010", true],
  ["FCVTZU", 1, 1, "11011", true],
  ["FRSQRTE", 1, 1, "11101", true],
  ["FSQRT", 1, 1, "11111", false],
];

const narrowing: readonly OracleForm[] = [
  { name: "FCVTN", encoding: "0 Q 0 01110 0 sz 10000 10110 10 Vn:5 Vd:5", fp: (f) => (f("sz") === 1 ? 64 : 32) },
  { name: "FCVTL", encoding: "0 Q 0 01110 0 sz 10000 10111 10 Vn:5 Vd:5", fp: (f) => (f("sz") === 1 ? 32 : 16) },
  { name: "FCVTXN (vector)", encoding: "0 Q 1 01110 0 sz 10000 10110 10 Vn:5 Vd:5", where: (f) => f("sz") === 1, fp: () => 64 },
  { name: "FCVTXN (scalar)", encoding: "01 1 11110 0 sz 10000 10110 10 Vn:5 Vd:5", where: (f) => f("sz") === 1, fp: () => 64 },
];

const estimates: readonly OracleForm[] = [
  { name: "FRECPX", encoding: "01 0 11110 1 sz 10000 11111 10 Vn:5 Vd:5", fp: formatOf },
  { name: "URECPE", encoding: "0 Q 0 01110 1 sz 10000 11100 10 Vn:5 Vd:5", where: (f) => f("sz") === 0, lane: () => 32 },
  { name: "URSQRTE", encoding: "0 Q 1 01110 1 sz 10000 11100 10 Vn:5 Vd:5", where: (f) => f("sz") === 0, lane: () => 32 },
];

/** mnemonic, bit 23, opcode */
const PAIRWISE = [
  ["FMAXNM", 0, "01100"],
  ["FADD", 0, "01101"],
  ["FMAX", 0, "01111"],
  ["FMINNM", 1, "01100"],
  ["FMIN", 1, "01111"],
] as const;

const pairwise: readonly OracleForm[] = PAIRWISE.map(([name, a, opcode]) => ({
  name: `${name}P (scalar)`,
  encoding: `01 1 11110 ${a} sz 11000 ${opcode} 10 Vn:5 Vd:5`,
  fp: formatOf,
}));

const across: readonly OracleForm[] = PAIRWISE.filter(([name]) => name !== "FADD").map(([name, a, opcode]) => ({
  name: `${name}V`,
  encoding: `0 Q 1 01110 ${a} sz 11000 ${opcode} 10 Vn:5 Vd:5`,
  where: (f: Fields) => f("sz") === 0 && f("Q") === 1, // four singles or nothing
  fp: formatOf,
}));

/** mnemonic, U, opcode */
const BY_ELEMENT = [
  ["FMLA", 0, "0001"],
  ["FMLS", 0, "0101"],
  ["FMUL", 0, "1001"],
  ["FMULX", 1, "1001"],
] as const;

const byElement: readonly OracleForm[] = BY_ELEMENT.flatMap(([name, u, opcode]): OracleForm[] => {
  const tail = `1111 1 sz L Vm:5 ${opcode} H 0 Vn:5 Vd:5`;
  const hasIndex = (f: Fields): boolean => f("sz") === 0 || f("L") === 0; // a doubleword's index is H alone
  return [
    { name: `${name} (element, vector)`, encoding: `0 Q ${u} 0${tail}`, where: (f) => hasIndex(f) && hasTwoLanes(f), fp: formatOf },
    { name: `${name} (element, scalar)`, encoding: `01 ${u} 1${tail}`, where: hasIndex, fp: formatOf },
  ];
});

const FIXED = [
  ["SCVTF", 0, "11100"],
  ["UCVTF", 1, "11100"],
  ["FCVTZS", 0, "11111"],
  ["FCVTZU", 1, "11111"],
] as const;

const fixedPoint: readonly OracleForm[] = FIXED.flatMap(([name, u, opcode]): OracleForm[] => {
  const tail = `immh:4 immb:3 ${opcode} 1 Vn:5 Vd:5`;
  const isFormat = (f: Fields): boolean => f("immh") >= 4; // singles and doubles
  const fp = (f: Fields): 32 | 64 => (f("immh") >= 8 ? 64 : 32);
  return [
    {
      name: `${name} (fixed-point, vector)`,
      encoding: `0 Q ${u} 011110 ${tail}`,
      where: (f) => isFormat(f) && (f("immh") < 8 || f("Q") === 1),
      fp,
    },
    { name: `${name} (fixed-point, scalar)`, encoding: `01 ${u} 111110 ${tail}`, where: isFormat, fp },
  ];
});

export const simdFpGroups: readonly FormGroup[] = [
  { file: "simd-fp-three-same", forms: [...both(THREE_SAME, "", (opcode) => `1 Vm:5 ${opcode} 1`), ...byElement, ...pairwise, ...across] },
  {
    file: "simd-fp-two-register",
    forms: [
      ...both(COMPARES_ZERO, "zero, ", (opcode) => `10000 ${opcode} 10`),
      ...both(TWO_MISCELLANEOUS, "", (opcode) => `10000 ${opcode} 10`),
      ...narrowing,
      ...estimates,
      ...fixedPoint,
    ],
  },
];
