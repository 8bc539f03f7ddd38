/**
 * The firmware behind HVC or SMC: PSCI 1.1 (Arm DEN 0022) and the SMC Calling Convention 1.1 (Arm DEN 0028). It keeps no state;
 * who is on, and how a vCPU starts, waits and stops, is its host's business.
 *
 * What software may ask for but need not get is NOT_SUPPORTED: migration (there is no Trusted OS), system suspend, statistics,
 * OS-initiated idle states. A suspended vCPU is one that waits for an interrupt, whatever depth was asked for, as the
 * specification allows. Calls only arrive from AArch64. Cold.
 */
import { fromBigint, HVC, SMC, type U64 } from "@trapline/core";
import * as psci from "./psci-functions.ts";

/** What is known of a vCPU's power: switched on but not yet running is `pending`. */
export type PowerState = "on" | "off" | "pending";

export interface PsciHost {
  /** The vCPU with that affinity, Aff3[31:24] to Aff0[7:0]; −1 when there is none. */
  vcpuAt(affinity: number): number;
  /** Affinities by vCPU, for AFFINITY_INFO of a cluster. */
  readonly affinities: readonly number[];
  powerState(vcpu: number): PowerState;
  /** X1, X2 or X3 of the calling vCPU. */
  argument(vcpu: number, n: 1 | 2 | 3): bigint;
  /** Starts a vCPU that is off at `entry`, in EL1 with the MMU off, X0 = `context`. */
  cpuOn(target: number, entry: bigint, context: bigint): void;
  /** The calling vCPU stops; it does not see an answer. */
  cpuOff(vcpu: number): void;
  /** The calling vCPU waits as if by WFI, and then goes on with the answer. */
  suspend(vcpu: number): void;
  /** All vCPUs stop. */
  systemOff(vcpu: number): void;
  /** `cold`: SYSTEM_RESET. `warm`: SYSTEM_RESET2's architectural warm reset, which keeps memory. */
  systemReset(vcpu: number, kind: "cold" | "warm"): void;
}

export interface PsciOptions {
  /** The instruction that reaches it; the other keeps its architectural meaning. Default hvc. */
  readonly conduit?: "hvc" | "smc";
}

const PSCI_1_1 = 0x1_0001;
const SMCCC_1_1 = 0x1_0001;
/** MIGRATE_INFO_TYPE: a Trusted OS is not present or does not require migration. */
const NO_MIGRATION = 2;
/** CPU_SUSPEND's power_state: StateID and StateType may say anything; a level above the core, and reserved bits, may not be asked for. */
const POWER_STATE_REFUSED = 0xfffe_0000n;
/** MPIDR as an argument: Aff3 in 39:32, Aff2 to Aff0 in 23:0. */
const AFFINITY_BITS = 0xff_00ff_ffffn;
const AFFINITY_LEVELS = 4;
const INSTRUCTION_ALIGNMENT = 3n;

/** A call's arguments, narrowed as its function id says. */
type Arguments = (n: 1 | 2 | 3) => bigint;

interface PsciFunction {
  readonly id: number;
  /** It has an SMC64 form too. */
  readonly wide?: true;
  readonly call: (firmware: Psci, vcpu: number, argument: Arguments) => number;
}

/** What there is, in order of id. PSCI_FEATURES knows these and no others. */
const FUNCTIONS: readonly PsciFunction[] = [
  { id: psci.SMCCC_VERSION, call: () => SMCCC_1_1 },
  { id: psci.SMCCC_ARCH_FEATURES, call: (_, __, argument) => archFeatures(Number(argument(1))) },
  { id: psci.PSCI_VERSION, call: () => PSCI_1_1 },
  { id: psci.CPU_SUSPEND, wide: true, call: ({ host }, vcpu, argument) => cpuSuspend(host, vcpu, argument) },
  { id: psci.CPU_OFF, call: ({ host }, vcpu) => (host.cpuOff(vcpu), psci.SUCCESS) },
  { id: psci.CPU_ON, wide: true, call: ({ host }, _, argument) => cpuOn(host, argument) },
  { id: psci.AFFINITY_INFO, wide: true, call: ({ host }, _, argument) => affinityInfo(host, argument) },
  { id: psci.MIGRATE_INFO_TYPE, call: () => NO_MIGRATION },
  { id: psci.SYSTEM_OFF, call: ({ host }, vcpu) => (host.systemOff(vcpu), psci.SUCCESS) },
  { id: psci.SYSTEM_RESET, call: ({ host }, vcpu) => (host.systemReset(vcpu, "cold"), psci.SUCCESS) },
  { id: psci.PSCI_FEATURES, call: (_, __, argument) => features(Number(argument(1))) },
  { id: psci.SYSTEM_RESET2, wide: true, call: ({ host }, vcpu, argument) => systemReset2(host, vcpu, argument) },
];

/** By id as a signed number: a small integer is looked up without a number object being made of it. */
const BY_ID: ReadonlyMap<number, PsciFunction> = new Map(
  FUNCTIONS.flatMap((row) => (row.wide === true ? [[row.id | 0, row], [(row.id + psci.SMC64) | 0, row]] : [[row.id | 0, row]])),
);

export class Psci {
  readonly host: PsciHost;
  private readonly conduit: number;
  // The call in progress.
  private caller = 0;
  private bits: 32 | 64 = 32;
  private readonly argument: Arguments = (n) => BigInt.asUintN(this.bits, this.host.argument(this.caller, n));

  constructor(host: PsciHost, options: PsciOptions = {}) {
    this.host = host;
    this.conduit = options.conduit === "smc" ? SMC : HVC;
  }

  /** Does that instruction reach it? If not it is UNDEFINED, for there is no EL2 or EL3. */
  answers(conduit: number): boolean {
    return conduit === this.conduit;
  }

  /** One call; its shape is that of core's HypercallOwner. Returns X0, sign-extended. */
  readonly call = (functionId: number, vcpu: number, conduit: number): U64 => {
    const row = this.answers(conduit) ? BY_ID.get(functionId | 0) : undefined;
    if (row === undefined) return x0(psci.NOT_SUPPORTED);
    this.caller = vcpu;
    this.bits = functionId >= row.id + psci.SMC64 ? 64 : 32;
    return x0(row.call(this, vcpu, this.argument));
  };
}

const x0 = (value: number): U64 => (value >= 0 ? value : fromBigint(BigInt(value)));

/** For the calling convention's functions; the rest (workarounds, SOC_ID) is not needed or not there. */
function archFeatures(functionId: number): number {
  return functionId === psci.SMCCC_VERSION || functionId === psci.SMCCC_ARCH_FEATURES ? psci.SUCCESS : psci.NOT_SUPPORTED;
}

/** PSCI's own functions and SMCCC_VERSION. CPU_SUSPEND's flags are zero too: original format, no OS-initiated mode. */
function features(functionId: number): number {
  return functionId !== psci.SMCCC_ARCH_FEATURES && BY_ID.has(functionId | 0) ? psci.SUCCESS : psci.NOT_SUPPORTED;
}

function cpuSuspend(host: PsciHost, vcpu: number, argument: Arguments): number {
  if ((argument(1) & POWER_STATE_REFUSED) !== 0n) return psci.INVALID_PARAMETERS;
  host.suspend(vcpu);
  return psci.SUCCESS;
}

function cpuOn(host: PsciHost, argument: Arguments): number {
  const target = targetOf(host, argument(1));
  if (target < 0) return psci.INVALID_PARAMETERS;
  const state = host.powerState(target);
  if (state !== "off") return state === "on" ? psci.ALREADY_ON : psci.ON_PENDING;
  const entry = argument(2);
  if ((entry & INSTRUCTION_ALIGNMENT) !== 0n) return psci.INVALID_ADDRESS;
  host.cpuOn(target, entry, argument(3));
  return psci.SUCCESS;
}

/** Of one vCPU, or of all that share the affinity above a level: on if any is. */
function affinityInfo(host: PsciHost, argument: Arguments): number {
  const affinity = affinityOf(argument(1));
  const level = Number(argument(2));
  if (affinity < 0 || level >= AFFINITY_LEVELS) return psci.INVALID_PARAMETERS;
  const shift = 8 * level;
  const isIn = (other: number): boolean => other >>> shift === affinity >>> shift;
  const states = host.affinities.flatMap((other, vcpu) => (isIn(other) ? [host.powerState(vcpu)] : []));
  if (states.length === 0) return psci.INVALID_PARAMETERS;
  if (states.includes("on")) return psci.AFFINITY_ON;
  return states.includes("pending") ? psci.AFFINITY_ON_PENDING : psci.AFFINITY_OFF;
}

function systemReset2(host: PsciHost, vcpu: number, argument: Arguments): number {
  // 0 is SYSTEM_WARM_RESET; others are reserved, or a vendor's (bit 31), and this one has none.
  if (BigInt.asUintN(32, argument(1)) !== 0n) return psci.INVALID_PARAMETERS;
  host.systemReset(vcpu, "warm");
  return psci.SUCCESS;
}

function targetOf(host: PsciHost, mpidr: bigint): number {
  const affinity = affinityOf(mpidr);
  return affinity < 0 ? -1 : host.vcpuAt(affinity);
}

/** Packed as core does; −1 when reserved bits are set. */
function affinityOf(mpidr: bigint): number {
  if ((mpidr & ~AFFINITY_BITS) !== 0n) return -1;
  return Number((mpidr >> 8n) & 0xff00_0000n) + Number(mpidr & 0xff_ffffn);
}
