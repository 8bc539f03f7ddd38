/** In words: how a run ended, and what the vCPUs are doing. For messages of failed expectations. */
import type { Machine, RunResult } from "@trapline/core";

/** "the machine is idle: every vCPU waits for an interrupt that nothing can send". */
export function describeEnd(machine: Pick<Machine, "vcpus" | "clock">, end: RunResult): string {
  switch (end.reason) {
    case "power-off":
      return `the guest powered off with status ${end.status}`;
    case "fault":
      return `vCPU ${end.vcpu} faulted: ${end.message}`;
    case "debug":
      return `vCPU ${end.vcpu} met a breakpoint at 0x${end.pc.toString(16)}`;
    case "halted":
      return "every vCPU is off";
    case "idle":
      return "the machine is idle: every vCPU waits for an interrupt that nothing can send";
    case "until":
      return "time was up";
    case "timeout":
      return "the host's time was up";
    case "stopped":
      return "somebody stopped the machine";
  }
}

/** "vCPU 0 waits", "vCPU 1 is off"; of a masked vCPU also that. */
export function describeVcpu(vcpu: VcpuView): string {
  const { id, off, runnable, retired } = vcpu;
  const state = off ? "is off" : runnable ? "could run" : "waits (WFI)";
  const masked = vcpu.peekRegister("masked");
  const daif = vcpu.peekRegister("DAIF");
  const isMasked = masked === undefined ? daif !== undefined && (BigInt(daif) & 0x80n) !== 0n : masked === 1;
  return `vCPU ${id} ${state}${isMasked ? ", its IRQs are masked" : ""}, after ${retired} instructions`;
}

type VcpuView = Pick<Machine["vcpus"][number], "id" | "off" | "runnable" | "retired" | "peekRegister">;

/** "12.3 µs", "1 ms". */
export function describeTime(ns: number): string {
  for (const [unit, size] of [
    ["s", 1e9],
    ["ms", 1e6],
    ["µs", 1e3],
  ] as const)
    if (ns >= size) return `${Number((ns / size).toPrecision(6))} ${unit}`;
  return `${ns} ns`;
}
