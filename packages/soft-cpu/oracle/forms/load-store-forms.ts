// Forms of DDI 0487 C4.1.4 "Loads and Stores" in Armv8.0: no LSE atomics, no LORegions, no RCpc, no PAC loads.
import type { Fields, FormGroup, MemoryAccess, OracleForm } from "./oracle-form.ts";

const signed = (value: number, width: number): number => (value << (32 - width)) >> (32 - width);

/** Writeback to a base that is loaded or stored as well; SP is another register than ZR. */
const baseIsData = (f: Fields): boolean => f("Rn") !== 31 && f("Rn") === f("Rt");

// ------------------------------------------------------------------------------------------------ exclusive and ordered accesses

const orderedSize: MemoryAccess = { bytes: (f) => 1 << f("size"), aligned: (f) => 1 << f("size") };
const pairSize: MemoryAccess = { bytes: (f) => 8 << f("sz"), aligned: (f) => 8 << f("sz") };

/** A status register that is stored, or addresses, leaves what is stored open. */
const statusIsOperand = (f: Fields): boolean => f("Rs") === f("Rt") || (f("Rs") === f("Rn") && f("Rn") !== 31);

const exclusives: readonly OracleForm[] = [
  ...["STXR", "STLXR"].map(
    (name, o0): OracleForm => ({
      name,
      encoding: `size:2 001000 0 0 0 Rs:5 ${o0} sbo:5 Rn:5 Rt:5`,
      memory: orderedSize,
      unpredictable: statusIsOperand,
    }),
  ),
  ...["LDXR", "LDAXR"].map(
    (name, o0): OracleForm => ({ name, encoding: `size:2 001000 0 1 0 sbo1:5 ${o0} sbo2:5 Rn:5 Rt:5`, memory: orderedSize }),
  ),
  ...["STXP", "STLXP"].map(
    (name, o0): OracleForm => ({
      name,
      encoding: `1 sz 001000 0 0 1 Rs:5 ${o0} Rt2:5 Rn:5 Rt:5`,
      memory: pairSize,
      unpredictable: (f) => statusIsOperand(f) || f("Rs") === f("Rt2"),
    }),
  ),
  ...["LDXP", "LDAXP"].map(
    (name, o0): OracleForm => ({
      name,
      encoding: `1 sz 001000 0 1 1 sbo:5 ${o0} Rt2:5 Rn:5 Rt:5`,
      memory: pairSize,
      unpredictable: (f) => f("Rt") === f("Rt2"),
    }),
  ),
  { name: "STLR", encoding: "size:2 001000 1 0 0 sbo1:5 1 sbo2:5 Rn:5 Rt:5", memory: orderedSize },
  { name: "LDAR", encoding: "size:2 001000 1 1 0 sbo1:5 1 sbo2:5 Rn:5 Rt:5", memory: orderedSize },
];

// ------------------------------------------------------------------------------------------------------------ literals and pairs

const literal = (name: string, opc: string, v: number, bytes: number, data = "Rt"): OracleForm => ({
  name: `${name} (literal)`,
  encoding: `${opc} 011 ${v} 00 imm19:19 ${data}:5`,
  memory: { bytes: () => bytes, literal: true, ...(data === "prfop" && { hint: true as const }) },
});

const literals: readonly OracleForm[] = [
  literal("LDR (32-bit)", "00", 0, 4),
  literal("LDR (64-bit)", "01", 0, 8),
  literal("LDRSW", "10", 0, 4),
  literal("PRFM", "11", 0, 8, "prfop"),
  literal("LDR (SIMD, S)", "00", 1, 4, "Vt"),
  literal("LDR (SIMD, D)", "01", 1, 8, "Vt"),
  literal("LDR (SIMD, Q)", "10", 1, 16, "Vt"),
];

/** name, opc, V, bytes of one register */
const PAIRS = [
  ["P (32-bit)", "00", 0, 4],
  ["P (64-bit)", "10", 0, 8],
  ["P (SIMD, S)", "00", 1, 4],
  ["P (SIMD, D)", "01", 1, 8],
  ["P (SIMD, Q)", "10", 1, 16],
] as const;

function pair(name: string, opc: string, v: number, bytes: number, mode: string, load: number): OracleForm {
  const [t, t2] = v === 1 ? ["Vt", "Vt2"] : ["Rt", "Rt2"];
  const isWriteback = mode === "01" || mode === "11";
  return {
    name,
    encoding: `${opc} 101 ${v} 0 ${mode} ${load} imm7:7 ${t2}:5 Rn:5 ${t}:5`,
    memory: { bytes: () => 2 * bytes, offset: (f) => (mode === "01" ? 0 : signed(f("imm7"), 7) * bytes) },
    unpredictable: (f) =>
      (load === 1 && f(t) === f(t2)) || (isWriteback && v === 0 && f("Rn") !== 31 && (f("Rn") === f("Rt") || f("Rn") === f("Rt2"))),
  };
}

const PAIR_MODES = [
  ["post-index", "01"],
  ["offset", "10"],
  ["pre-index", "11"],
] as const;

const pairs: readonly OracleForm[] = [
  ...PAIRS.flatMap(([name, opc, v, bytes]) =>
    ["ST", "LD"].flatMap((what, load) => [
      pair(`${what}N${name}`, opc, v, bytes, "00", load),
      ...PAIR_MODES.map(([mode, bits]) => pair(`${what}${name} (${mode})`, opc, v, bytes, bits, load)),
    ]),
  ),
  ...PAIR_MODES.map(([mode, bits]) => pair(`LDPSW (${mode})`, "01", 0, 4, bits, 1)),
];

// ---------------------------------------------------------------------------------------------------------------- one register

/** mnemonic without LD or ST, size, V, opc, bytes */
const REGISTERS = [
  ["STR", "B", "00", 0, "00", 1],
  ["LDR", "B", "00", 0, "01", 1],
  ["LDR", "SB (64-bit)", "00", 0, "10", 1],
  ["LDR", "SB (32-bit)", "00", 0, "11", 1],
  ["STR", "H", "01", 0, "00", 2],
  ["LDR", "H", "01", 0, "01", 2],
  ["LDR", "SH (64-bit)", "01", 0, "10", 2],
  ["LDR", "SH (32-bit)", "01", 0, "11", 2],
  ["STR", " (32-bit)", "10", 0, "00", 4],
  ["LDR", " (32-bit)", "10", 0, "01", 4],
  ["LDR", "SW", "10", 0, "10", 4],
  ["STR", " (64-bit)", "11", 0, "00", 8],
  ["LDR", " (64-bit)", "11", 0, "01", 8],
  ["STR", " (SIMD, B)", "00", 1, "00", 1],
  ["LDR", " (SIMD, B)", "00", 1, "01", 1],
  ["STR", " (SIMD, H)", "01", 1, "00", 2],
  ["LDR", " (SIMD, H)", "01", 1, "01", 2],
  ["STR", " (SIMD, S)", "10", 1, "00", 4],
  ["LDR", " (SIMD, S)", "10", 1, "01", 4],
  ["STR", " (SIMD, D)", "11", 1, "00", 8],
  ["LDR", " (SIMD, D)", "11", 1, "01", 8],
  ["STR", " (SIMD, Q)", "00", 1, "10", 16],
  ["LDR", " (SIMD, Q)", "00", 1, "11", 16],
] as const;

const isIndexed = (f: Fields): boolean => (f("option") & 2) !== 0; // option<1> = 0 is no extension of an address

const registers: readonly OracleForm[] = REGISTERS.flatMap(([stem, suffix, size, v, opc, bytes]) => {
  const t = v === 1 ? "Vt" : "Rt";
  const imm9 = (letters: string, mode: string, bits: string, offset: (f: Fields) => number): OracleForm => ({
    name: `${letters}${suffix}${mode}`,
    encoding: `${size} 111 ${v} 00 ${opc} 0 imm9:9 ${bits} Rn:5 ${t}:5`,
    memory: { bytes: () => bytes, offset },
    ...(mode !== "" && v === 0 && { unpredictable: baseIsData }),
  });
  const before = (f: Fields): number => signed(f("imm9"), 9);
  return [
    imm9(stem.replace("R", "UR"), "", "00", before),
    imm9(stem, " (post-index)", "01", () => 0),
    ...(v === 0 ? [imm9(stem.replace("R", "TR"), "", "10", before)] : []),
    imm9(stem, " (pre-index)", "11", before),
    {
      name: `${stem}${suffix} (register)`,
      encoding: `${size} 111 ${v} 00 ${opc} 1 Rm:5 option:3 S 10 Rn:5 ${t}:5`,
      where: isIndexed,
      memory: { bytes: () => bytes, index: true as const },
    },
    {
      name: `${stem}${suffix} (unsigned offset)`,
      encoding: `${size} 111 ${v} 01 ${opc} imm12:12 Rn:5 ${t}:5`,
      memory: { bytes: () => bytes, offset: (f: Fields) => f("imm12") * bytes },
    },
  ];
});

const prefetches: readonly OracleForm[] = [
  {
    name: "PRFUM",
    encoding: "11 111 0 00 10 0 imm9:9 00 Rn:5 prfop:5",
    memory: { bytes: () => 8, offset: (f) => signed(f("imm9"), 9), hint: true },
  },
  {
    name: "PRFM (register)",
    encoding: "11 111 0 00 10 1 Rm:5 option:3 S 10 Rn:5 prfop:5",
    where: isIndexed,
    memory: { bytes: () => 8, index: true, hint: true },
  },
  {
    name: "PRFM (unsigned offset)",
    encoding: "11 111 0 01 10 imm12:12 Rn:5 prfop:5",
    memory: { bytes: () => 8, offset: (f) => 8 * f("imm12"), hint: true },
  },
];

// ------------------------------------------------------------------------------------------------------------------- structures

/** Registers, elements of a structure and the opcode of the multiple-structure forms. */
const MULTIPLE = [
  ["4", 4, 4, "0000"],
  ["1 (four registers)", 4, 1, "0010"],
  ["3", 3, 3, "0100"],
  ["1 (three registers)", 3, 1, "0110"],
  ["1 (one register)", 1, 1, "0111"],
  ["2", 2, 2, "1000"],
  ["1 (two registers)", 2, 1, "1010"],
] as const;

const multiple: readonly OracleForm[] = MULTIPLE.flatMap(([suffix, count, elements, opcode]) =>
  ["ST", "LD"].flatMap((what, load) => {
    const bytes = (f: Fields): number => count * (8 << f("Q"));
    const where = (f: Fields): boolean => elements === 1 || f("size") !== 3 || f("Q") === 1; // no interleaving of .1D
    const name = `${what}${suffix} (multiple structures)`;
    const tail = `${opcode} size:2 Rn:5 Vt:5`;
    return [
      { name, encoding: `0 Q 001100 0 ${load} 000000 ${tail}`, where, memory: { bytes } },
      { name: `${name} (post-index)`, encoding: `0 Q 001100 1 ${load} 0 Rm:5 ${tail}`, where, memory: { bytes } },
    ];
  }),
);

/** Element bytes, the bits opcode<2:1>, and opcode<0> : S : size with its free bits, of the single-structure forms. */
const SINGLE = [
  ["8-bit", 1, "00", "S size:2"],
  ["16-bit", 2, "01", "S sizeh 0"],
  ["32-bit", 4, "10", "S 00"],
  ["64-bit", 8, "10", "0 01"],
] as const;

const single: readonly OracleForm[] = [1, 2, 3, 4].flatMap((count) => {
  const [r, low] = [(count - 1) & 1, (count - 1) >> 1];
  const both = (name: string, load: number, tail: string, bytes: (f: Fields) => number): OracleForm[] => [
    { name, encoding: `0 Q 001101 0 ${load} ${r} 00000 ${tail} Rn:5 Vt:5`, memory: { bytes } },
    { name: `${name} (post-index)`, encoding: `0 Q 001101 1 ${load} ${r} Rm:5 ${tail} Rn:5 Vt:5`, memory: { bytes } },
  ];
  return [
    ...SINGLE.flatMap(([size, bytes, opcode, rest]) =>
      ["ST", "LD"].flatMap((what, load) =>
        both(`${what}${count} (single structure, ${size})`, load, `${opcode}${low} ${rest}`, () => count * bytes),
      ),
    ),
    ...both(`LD${count}R`, 1, `11${low} 0 size:2`, (f) => count << f("size")),
  ];
});

export const loadStoreGroups: readonly FormGroup[] = [
  { file: "load-store-exclusive", forms: exclusives },
  { file: "load-store-pair", forms: [...literals, ...pairs] },
  { file: "load-store-register", forms: [...registers, ...prefetches] },
  { file: "load-store-structure", forms: [...multiple, ...single] },
];
