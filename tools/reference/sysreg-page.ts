// The system registers a guest finds: those of the CPU, and those that the GICv3 adds. A register that is not listed is UNDEFINED.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../gate.ts";
import { code, hexadecimal, page, sourceLink, table } from "./markdown.ts";

/** A register of the CPU, as rows.ts of soft-cpu has it once banks are counted out. */
interface CpuRegister {
  readonly name: string;
  readonly encoding: number;
  readonly access: string;
  readonly el0Reads: boolean;
  readonly el0Writes: boolean;
  readonly reset: bigint | undefined;
  readonly writable: bigint | undefined;
  readonly identity: boolean;
  readonly reserved: boolean;
}

interface GicRegister {
  readonly name: string;
  readonly encoding: number;
  readonly read?: unknown;
  readonly write?: unknown;
}

const CPU = "packages/soft-cpu/src/sysregs/rows.ts";
const GIC = "packages/vgic-plugin/src/icc.registers.ts";

export async function systemRegisterPage(): Promise<string> {
  const { SYSTEM_REGISTERS } = (await load(CPU)) as { SYSTEM_REGISTERS: { readonly registers: readonly CpuRegister[] } };
  const { ICC_REGISTERS } = (await load(GIC)) as { ICC_REGISTERS: readonly GicRegister[] };
  return page(
    "System registers",
    "Encodings are in the assembler's generic spelling: `S3_0_C12_C12_0`. What is not listed, or not allowed at that exception level, " +
      "is UNDEFINED.",
    "## Of the CPU",
    `Armv8.0-A, EL1 and EL0; ${sourceLink(CPU)}. *EL0* is what EL0 may do where EL1 has not trapped it; *writable* are the bits that ` +
      "take what is written, all where it is empty. Reserved encodings of the ID space, which read as zero, are left out.",
    table(
      ["name", "encoding", "EL1", "EL0", "reset", "writable", ""],
      SYSTEM_REGISTERS.registers.filter(({ reserved }) => !reserved).map(cpuLine),
    ),
    "## Of the GICv3",
    `The CPU interface, at EL1; ${sourceLink(GIC)}.`,
    table(["name", "encoding", "access"], ICC_REGISTERS.map(gicLine)),
  );
}

function cpuLine({ name, encoding, access, el0Reads, el0Writes, reset, writable, identity }: CpuRegister): string[] {
  return [
    ...[code(name), code(generic(encoding)), access, `${el0Reads ? "R" : ""}${el0Writes ? "W" : ""}`],
    reset === undefined ? "" : code(hexadecimal(reset)),
    writable === undefined || access === "RO" ? "" : code(hexadecimal(BigInt.asUintN(64, writable))),
    identity ? "the vCPU's identity" : "",
  ];
}

function gicLine({ name, encoding, read, write }: GicRegister): string[] {
  return [code(name), code(generic(encoding)), write === undefined ? "RO" : read === undefined ? "WO" : "RW"];
}

const load = (file: string): Promise<unknown> => import(pathToFileURL(path.join(root, file)).href);

/** op0[15:14] op1[13:11] CRn[10:7] CRm[6:3] op2[2:0] */
export function generic(encoding: number): string {
  return `S${encoding >> 14}_${(encoding >> 11) & 7}_C${(encoding >> 7) & 15}_C${(encoding >> 3) & 15}_${encoding & 7}`;
}
