// Forms of DDI 0487 C4.1.3 "Branches, Exception generating and System instructions" that EL0 executes by itself: no system calls, and of
// the system registers only those whose value belongs to the program, not to the implementation.
import type { FormGroup, OracleForm } from "./oracle-form.ts";

// A branch to itself is no case: it would never end.
const branches: readonly OracleForm[] = [
  { name: "B", encoding: "0 00101 imm26:26", unpredictable: (f) => f("imm26") === 0 },
  { name: "BL", encoding: "1 00101 imm26:26", unpredictable: (f) => f("imm26") === 0 },
  { name: "CBZ", encoding: "sf 011010 0 imm19:19 Rt:5", unpredictable: (f) => f("imm19") === 0 },
  { name: "CBNZ", encoding: "sf 011010 1 imm19:19 Rt:5", unpredictable: (f) => f("imm19") === 0 },
  { name: "TBZ", encoding: "b5 011011 0 b40:5 imm14:14 Rt:5", unpredictable: (f) => f("imm14") === 0 },
  { name: "TBNZ", encoding: "b5 011011 1 b40:5 imm14:14 Rt:5", unpredictable: (f) => f("imm14") === 0 },
  { name: "B.cond", encoding: "0101010 0 imm19:19 0 cond:4", unpredictable: (f) => f("imm19") === 0 },
  { name: "BR", encoding: "1101011 0000 11111 000000 Rn:5 00000", target: "Rn" },
  { name: "BLR", encoding: "1101011 0001 11111 000000 Rn:5 00000", target: "Rn" },
  { name: "RET", encoding: "1101011 0010 11111 000000 Rn:5 00000", target: "Rn" },
];

/** NZCV, FPCR (AHP, DN, FZ, RMode), FPSR (QC, IDC, IXC to IOC): writable bits of a PE without AArch32, FP16 and trapped exceptions. */
const NZCV = 0xf000_0000n;
const FPCR = 0x07c0_0000n;
const FPSR = 0x0800_009fn;

const system: readonly OracleForm[] = [
  { name: "BRK", encoding: "11010100 001 imm16:16 000 00" },
  // NOP, YIELD, SEV, SEVL and the hints of later architectures; WFE and WFI would wait.
  { name: "HINT", encoding: "1101010100 0 00 011 0010 imm7:7 11111", unpredictable: (f) => f("imm7") === 2 || f("imm7") === 3 },
  { name: "CLREX", encoding: "1101010100 0 00 011 0011 CRm:4 010 11111" },
  { name: "DSB", encoding: "1101010100 0 00 011 0011 CRm:4 100 11111" },
  { name: "DMB", encoding: "1101010100 0 00 011 0011 CRm:4 101 11111" },
  { name: "ISB", encoding: "1101010100 0 00 011 0011 CRm:4 110 11111" },
  {
    name: "DC (ZVA)",
    encoding: "1101010100 0 01 011 0111 0100 001 Rt:5",
    memory: { bytes: () => 8 }, // of the block that has the address
  },
  { name: "MRS (NZCV)", encoding: "1101010100 1 11 011 0100 0010 000 Rt:5" },
  { name: "MSR (NZCV)", encoding: "1101010100 0 11 011 0100 0010 000 Rt:5", writeMask: NZCV },
  { name: "MRS (FPCR)", encoding: "1101010100 1 11 011 0100 0100 000 Rt:5" },
  { name: "MSR (FPCR)", encoding: "1101010100 0 11 011 0100 0100 000 Rt:5", writeMask: FPCR },
  { name: "MRS (FPSR)", encoding: "1101010100 1 11 011 0100 0100 001 Rt:5" },
  { name: "MSR (FPSR)", encoding: "1101010100 0 11 011 0100 0100 001 Rt:5", writeMask: FPSR },
  { name: "MRS (TPIDR_EL0)", encoding: "1101010100 1 11 011 1101 0000 010 Rt:5" },
  { name: "MSR (TPIDR_EL0)", encoding: "1101010100 0 11 011 1101 0000 010 Rt:5" },
  { name: "MRS (DCZID_EL0)", encoding: "1101010100 1 11 011 0000 0000 111 Rt:5" },
];

export const branchGroups: readonly FormGroup[] = [{ file: "branches-and-system", forms: [...branches, ...system] }];
