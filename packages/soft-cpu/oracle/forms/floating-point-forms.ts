// Forms of DDI 0487 C4.1.6 that are scalar floating-point: conversions, data processing, comparisons, selections, immediates. Armv8.0
// has half precision in FCVT only.
import type { Fields, FormGroup, OracleForm } from "./oracle-form.ts";

const FORMATS = [32, 64, undefined, 16] as const; // by ftype
const formatOf = (f: Fields): 16 | 32 | 64 => FORMATS[f("ftype")] ?? 32;
const isSingleOrDouble = (f: Fields): boolean => f("ftype") < 2;
const fourBits = (value: number): string => value.toString(2).padStart(4, "0");

// ------------------------------------------------------------------------------------------------------- to and from integers

const ROUNDINGS = ["N", "P", "M", "Z"] as const; // by rmode

const toInteger = (name: string, rmode: string, opcode: string): OracleForm => ({
  name: `${name} (scalar, integer)`,
  encoding: `sf 0 0 11110 ftype:2 1 ${rmode} ${opcode} 000000 Vn:5 Rd:5`,
  where: isSingleOrDouble,
  fp: formatOf,
});

const fixedFits = (f: Fields): boolean => isSingleOrDouble(f) && (f("sf") === 1 || f("scale") >= 32);

/** FMOV between register files: size of the general register, ftype, rmode. */
const MOVES = [
  ["32-bit", 0, "00", "00"],
  ["64-bit", 1, "01", "00"],
  ["top half", 1, "10", "01"],
] as const;

const conversions: readonly OracleForm[] = [
  ...ROUNDINGS.flatMap((letter, rmode) =>
    ["S", "U"].map((sign, u) => toInteger(`FCVT${letter}${sign}`, rmode.toString(2).padStart(2, "0"), `00${u}`)),
  ),
  toInteger("FCVTAS", "00", "100"),
  toInteger("FCVTAU", "00", "101"),
  ...["SCVTF", "UCVTF"].flatMap((name, u): OracleForm[] => [
    {
      name: `${name} (scalar, integer)`,
      encoding: `sf 0 0 11110 ftype:2 1 00 01${u} 000000 Rn:5 Vd:5`,
      where: isSingleOrDouble,
      fp: formatOf,
    },
    {
      name: `${name} (scalar, fixed-point)`,
      encoding: `sf 0 0 11110 ftype:2 0 00 01${u} scale:6 Rn:5 Vd:5`,
      where: fixedFits,
      fp: formatOf,
    },
  ]),
  ...["FCVTZS", "FCVTZU"].map(
    (name, u): OracleForm => ({
      name: `${name} (scalar, fixed-point)`,
      encoding: `sf 0 0 11110 ftype:2 0 11 00${u} scale:6 Vn:5 Rd:5`,
      where: fixedFits,
      fp: formatOf,
    }),
  ),
  ...MOVES.flatMap(([what, sf, ftype, rmode]): OracleForm[] => [
    { name: `FMOV (to general, ${what})`, encoding: `${sf} 0 0 11110 ${ftype} 1 ${rmode} 110 000000 Vn:5 Rd:5` },
    { name: `FMOV (from general, ${what})`, encoding: `${sf} 0 0 11110 ${ftype} 1 ${rmode} 111 000000 Rn:5 Vd:5` },
  ]),
];

// ------------------------------------------------------------------------------------------------------------- data processing

const oneSource = (name: string, opcode: string): OracleForm => ({
  name: `${name} (scalar)`,
  encoding: `0 0 0 11110 ftype:2 1 ${opcode} 10000 Vn:5 Vd:5`,
  where: isSingleOrDouble,
  fp: formatOf,
});

/** FCVT: from, to, ftype, opc. */
const PRECISIONS = [
  ["S", "D", "00", "01"],
  ["S", "H", "00", "11"],
  ["D", "S", "01", "00"],
  ["D", "H", "01", "11"],
  ["H", "S", "11", "00"],
  ["H", "D", "11", "01"],
] as const;
const BITS = { H: 16, S: 32, D: 64 } as const;

const ONE_SOURCE = [
  ["FMOV", "000000"],
  ["FABS", "000001"],
  ["FNEG", "000010"],
  ["FSQRT", "000011"],
  ["FRINTN", "001000"],
  ["FRINTP", "001001"],
  ["FRINTM", "001010"],
  ["FRINTZ", "001011"],
  ["FRINTA", "001100"],
  ["FRINTX", "001110"],
  ["FRINTI", "001111"],
] as const;

const TWO_SOURCE = ["FMUL", "FDIV", "FADD", "FSUB", "FMAX", "FMIN", "FMAXNM", "FMINNM", "FNMUL"] as const;

const dataProcessing: readonly OracleForm[] = [
  ...ONE_SOURCE.map(([name, opcode]) => oneSource(name, opcode)),
  ...PRECISIONS.map(
    ([from, to, ftype, opc]): OracleForm => ({
      name: `FCVT (${from} to ${to})`,
      encoding: `0 0 0 11110 ${ftype} 1 0001 ${opc} 10000 Vn:5 Vd:5`,
      fp: () => BITS[from],
    }),
  ),
  ...TWO_SOURCE.map(
    (name, opcode): OracleForm => ({
      name: `${name} (scalar)`,
      encoding: `0 0 0 11110 ftype:2 1 Vm:5 ${fourBits(opcode)} 10 Vn:5 Vd:5`,
      where: isSingleOrDouble,
      fp: formatOf,
    }),
  ),
  ...["FMADD", "FMSUB", "FNMADD", "FNMSUB"].map(
    (name, o): OracleForm => ({
      name,
      encoding: `0 0 0 11111 ftype:2 ${o >> 1} Vm:5 ${o & 1} Va:5 Vn:5 Vd:5`,
      where: isSingleOrDouble,
      fp: formatOf,
    }),
  ),
  { name: "FMOV (scalar, immediate)", encoding: "0 0 0 11110 ftype:2 1 imm8:8 100 00000 Vd:5", where: isSingleOrDouble },
  {
    name: "FCSEL",
    encoding: "0 0 0 11110 ftype:2 1 Vm:5 cond:4 11 Vn:5 Vd:5",
    where: isSingleOrDouble,
    fp: formatOf,
  },
];

// ------------------------------------------------------------------------------------------------------------------ comparisons

const comparisons: readonly OracleForm[] = ["FCMP", "FCMPE"].flatMap((name, e): OracleForm[] => [
  {
    name,
    encoding: `0 0 0 11110 ftype:2 1 Vm:5 00 1000 Vn:5 ${e}0000`,
    where: isSingleOrDouble,
    fp: formatOf,
  },
  {
    name: `${name} (zero)`,
    encoding: `0 0 0 11110 ftype:2 1 sbz:5 00 1000 Vn:5 ${e}1000`,
    where: isSingleOrDouble,
    fp: formatOf,
  },
  {
    name: name.replace("FCMP", "FCCMP"),
    encoding: `0 0 0 11110 ftype:2 1 Vm:5 cond:4 01 Vn:5 ${e} nzcv:4`,
    where: isSingleOrDouble,
    fp: formatOf,
  },
]);

export const floatingPointGroups: readonly FormGroup[] = [
  { file: "fp-conversion", forms: conversions },
  { file: "fp-scalar", forms: [...dataProcessing, ...comparisons] },
];
