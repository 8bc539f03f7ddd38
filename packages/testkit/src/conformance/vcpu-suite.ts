/**
 * The conformance suite of vCPU backends (@trapline/core, vcpu/vcpu.ts and vcpu-exit.ts): what a machine relies on, whatever runs
 * its guests. On virtual time, one instruction a nanosecond.
 *
 * @example
 * describeVcpuBackend("scripted", {
 *   boot: (listings, config) => createMachine({ ...config, plugins: [scripted(...listings.map(scriptedGuest)), ...config.plugins] }),
 *   instructionsOf: (listings, vcpu, step) => scriptedInstructions(listings[vcpu]!.main, step),
 *   instructionsOfIrq: (listings, vcpu, step) => scriptedInstructions(listings[vcpu]!.irq!, step),
 * });
 */
import { describe } from "vitest";
import { describeBudgets } from "./vcpu-budget-suite.ts";
import { describeExits } from "./vcpu-exit-suite.ts";
import { describeInterrupts } from "./vcpu-interrupt-suite.ts";
import { describeVcpuState } from "./vcpu-state-suite.ts";
import type { VcpuBackendUnderTest } from "./vcpu-under-test.ts";

/** Registers the suite with vitest under `name`. */
export function describeVcpuBackend(name: string, under: VcpuBackendUnderTest): void {
  describe(`${name}, vCPU contract: exits and their answers`, () => {
    describeExits(under);
  });
  describe(`${name}, vCPU contract: waiting and interrupts`, () => {
    describeInterrupts(under);
  });
  describe(`${name}, vCPU contract: instructions, budgets and time`, () => {
    describeBudgets(under);
  });
  describe(`${name}, vCPU contract: reset, save and restore`, () => {
    describeVcpuState(under);
  });
}
