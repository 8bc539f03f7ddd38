// Forms of DDI 0487 C4.1.2 "Data Processing -- Immediate" and C4.1.5 "Data Processing -- Register", with CRC32.
import type { Fields, FormGroup, OracleForm } from "./oracle-form.ts";

const form = (name: string, encoding: string, where?: (f: Fields) => boolean): OracleForm => ({ name, encoding, ...(where && { where }) });

/** A 32-bit operation has no amounts from 32 up. */
const amountFits = (f: Fields): boolean => f("sf") === 1 || f("imm6") < 32;

/** The element size comes from N:NOT(imms); elements of ones only, of 1 bit, and of 64 bits with sf = 0 do not exist (DecodeBitMasks). */
function isBitMask(f: Fields): boolean {
  const length = 31 - Math.clz32((f("N") << 6) | (~f("imms") & 63));
  const levels = (1 << length) - 1;
  return length >= 1 && (f("imms") & levels) !== levels && (f("sf") === 1 || f("N") === 0);
}

const bitfieldFits = (f: Fields): boolean => f("N") === f("sf") && (f("sf") === 1 || (f("immr") < 32 && f("imms") < 32));

const ARITHMETIC = [
  ["ADD", "0 0"],
  ["ADDS", "0 1"],
  ["SUB", "1 0"],
  ["SUBS", "1 1"],
] as const;

const LOGICAL = ["AND", "ORR", "EOR", "ANDS"] as const;
const LOGICAL_NOT = ["BIC", "ORN", "EON", "BICS"] as const;
const TWO_BITS = ["00", "01", "10", "11"] as const;

const immediate: readonly OracleForm[] = [
  form("ADR", "0 immlo:2 10000 immhi:19 Rd:5"),
  form("ADRP", "1 immlo:2 10000 immhi:19 Rd:5"),
  ...ARITHMETIC.map(([name, op]) => form(`${name} (immediate)`, `sf ${op} 100010 sh imm12:12 Rn:5 Rd:5`)),
  ...LOGICAL.map((name, opc) => form(`${name} (immediate)`, `sf ${TWO_BITS[opc]} 100100 N immr:6 imms:6 Rn:5 Rd:5`, isBitMask)),
  ...[["MOVN", "00"], ["MOVZ", "10"], ["MOVK", "11"]].map(([name, opc]) =>
    form(name!, `sf ${opc} 100101 hw:2 imm16:16 Rd:5`, (f) => f("sf") === 1 || f("hw") < 2),
  ),
  ...["SBFM", "BFM", "UBFM"].map((name, opc) => form(name, `sf ${TWO_BITS[opc]} 100110 N immr:6 imms:6 Rn:5 Rd:5`, bitfieldFits)),
  form("EXTR", "sf 00 100111 N 0 Rm:5 imms:6 Rn:5 Rd:5", (f) => f("N") === f("sf") && (f("sf") === 1 || f("imms") < 32)),
];

const CRC32 = ["B", "H", "W", "X"].flatMap((size, sz) =>
  ["CRC32", "CRC32C"].map((name, c) =>
    form(`${name}${size}`, `${sz === 3 ? 1 : 0} 0 0 11010110 Rm:5 010 ${c} ${TWO_BITS[sz]} Rn:5 Rd:5`),
  ),
);

const register: readonly OracleForm[] = [
  ...LOGICAL.map((name, opc) =>
    form(`${name} (shifted register)`, `sf ${TWO_BITS[opc]} 01010 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5`, amountFits),
  ),
  ...LOGICAL_NOT.map((name, opc) =>
    form(`${name} (shifted register)`, `sf ${TWO_BITS[opc]} 01010 shift:2 1 Rm:5 imm6:6 Rn:5 Rd:5`, amountFits),
  ),
  ...ARITHMETIC.map(([name, op]) =>
    form(`${name} (shifted register)`, `sf ${op} 01011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5`, (f) => f("shift") !== 3 && amountFits(f)),
  ),
  ...ARITHMETIC.map(([name, op]) =>
    form(`${name} (extended register)`, `sf ${op} 01011 00 1 Rm:5 option:3 imm3:3 Rn:5 Rd:5`, (f) => f("imm3") <= 4),
  ),
  ...["ADC", "ADCS", "SBC", "SBCS"].map((name, op) => form(name, `sf ${TWO_BITS[op]} 11010000 Rm:5 000000 Rn:5 Rd:5`)),
  ...["CCMN", "CCMP"].flatMap((name, op) => [
    form(`${name} (register)`, `sf ${op} 1 11010010 Rm:5 cond:4 00 Rn:5 0 nzcv:4`),
    form(`${name} (immediate)`, `sf ${op} 1 11010010 imm5:5 cond:4 10 Rn:5 0 nzcv:4`),
  ]),
  ...["CSEL", "CSINC", "CSINV", "CSNEG"].map((name, op) =>
    form(name, `sf ${op >> 1} 0 11010100 Rm:5 cond:4 0 ${op & 1} Rn:5 Rd:5`),
  ),
  form("UDIV", "sf 0 0 11010110 Rm:5 000010 Rn:5 Rd:5"),
  form("SDIV", "sf 0 0 11010110 Rm:5 000011 Rn:5 Rd:5"),
  ...["LSLV", "LSRV", "ASRV", "RORV"].map((name, op2) => form(name, `sf 0 0 11010110 Rm:5 0010 ${TWO_BITS[op2]} Rn:5 Rd:5`)),
  ...CRC32,
  form("RBIT", "sf 1 0 11010110 00000 000000 Rn:5 Rd:5"),
  form("REV16", "sf 1 0 11010110 00000 000001 Rn:5 Rd:5"),
  form("REV (32-bit)", "0 1 0 11010110 00000 000010 Rn:5 Rd:5"),
  form("REV32", "1 1 0 11010110 00000 000010 Rn:5 Rd:5"),
  form("REV (64-bit)", "1 1 0 11010110 00000 000011 Rn:5 Rd:5"),
  form("CLZ", "sf 1 0 11010110 00000 000100 Rn:5 Rd:5"),
  form("CLS", "sf 1 0 11010110 00000 000101 Rn:5 Rd:5"),
  form("MADD", "sf 00 11011 000 Rm:5 0 Ra:5 Rn:5 Rd:5"),
  form("MSUB", "sf 00 11011 000 Rm:5 1 Ra:5 Rn:5 Rd:5"),
  ...["S", "U"].flatMap((sign, u) => [
    form(`${sign}MADDL`, `1 00 11011 ${u}01 Rm:5 0 Ra:5 Rn:5 Rd:5`),
    form(`${sign}MSUBL`, `1 00 11011 ${u}01 Rm:5 1 Ra:5 Rn:5 Rd:5`),
    form(`${sign}MULH`, `1 00 11011 ${u}10 Rm:5 0 sbo:5 Rn:5 Rd:5`),
  ]),
];

export const integerGroups: readonly FormGroup[] = [
  { file: "integer-immediate", forms: immediate },
  { file: "integer-register", forms: register },
];
