/** What a soft CPU can be made of, in programs and in machine files. */
import { ConfigError } from "@trapline/core";
import type { JsonSchema } from "@trapline/core/machine-file";

export interface SoftCpuOptions {
  /** Where vCPU 0 starts after a reset, and with which X0, X1, …. Default: as the machine's boot loader says, else 512 KiB into the first RAM, all zero. */
  readonly start?: { readonly pc: number | bigint; readonly x?: readonly (number | bigint)[] };
  /** All vCPUs start at a reset; otherwise all but the first wait for PSCI CPU_ON. Default false. */
  readonly startAll?: boolean;
  /** Of the system counter, Hz: 1 … 10^9. Default 62.5 MHz. */
  readonly frequencyHz?: number;
  /** The instruction that reaches PSCI; it stands in the device tree. SMC is UNDEFINED unless it is the one. Default "hvc". */
  readonly conduit?: "hvc" | "smc";
  /** Compile hot code. Default true; results are the same either way. */
  readonly jit?: boolean;
  /** Traces and fault messages show instructions in assembly, by @alexaltea/capstone-js. Default false: they show words. */
  readonly disassemble?: boolean;
}

const GENERAL_REGISTERS = 31;
const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** @throws ConfigError naming the option, the value and what it may be */
export function checkSoftCpuOptions({ start, conduit = "hvc" }: SoftCpuOptions): void {
  if (conduit !== "hvc" && conduit !== "smc") refuse("conduit", conduit, '"hvc" or "smc"');
  if (start === undefined) return;
  const { pc, x = [] } = start;
  if (!isU64(pc) || BigInt(pc) % 4n !== 0n) refuse("start.pc", pc, "an address, a multiple of 4");
  if (x.length > GENERAL_REGISTERS) refuse("start.x", x.length, `values for X0 to X30, ${GENERAL_REGISTERS} at most`);
  for (const [n, value] of x.entries()) if (!isU64(value)) refuse(`start.x[${n}]`, value, "a whole number of 64 bits without a sign");
}

function isU64(value: number | bigint): boolean {
  return typeof value === "bigint" ? value >= 0n && value <= MAX_U64 : Number.isSafeInteger(value) && value >= 0;
}

function refuse(option: string, value: number | bigint | string, limit: string): never {
  throw new ConfigError(`option ${option} of soft-cpu is ${value}`, { subject: `soft-cpu.${option}`, value, limit, remedy: `use ${limit}` });
}

const start: JsonSchema = {
  type: "object",
  properties: {
    pc: { type: "integer", minimum: 0, multipleOf: 4, description: "guest-physical: the MMU is off" },
    x: { type: "array", items: { type: "integer", minimum: 0 }, maxItems: GENERAL_REGISTERS, description: "X0, X1, …; the rest is 0" },
  },
  required: ["pc"],
  additionalProperties: false,
  description: "of vCPU 0 after a reset; default: as a boot loader says, else 512 KiB into the first RAM",
};

/** What may be written in a machine file: {@link SoftCpuOptions}. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    start,
    startAll: { type: "boolean", description: "all vCPUs start there, not only the first; default false" },
    frequencyHz: { type: "integer", minimum: 1, maximum: 1_000_000_000, description: "of the system counter; default 62_500_000" },
    conduit: { enum: ["hvc", "smc"], description: "the instruction that reaches PSCI; default hvc" },
    jit: { type: "boolean", description: "compile hot code; the guest sees no difference; default true" },
    disassemble: { type: "boolean", description: "show instructions in traces; needs @alexaltea/capstone-js; default false" },
  },
  additionalProperties: false,
};
