/** What the vCPU suite needs to know of a backend: how to compose a machine whose vCPUs run its guests, and what they cost. */
import type { Machine, MachineConfig } from "@trapline/core";
import type { GuestListing } from "../vcpu/guest-steps.ts";

/** Read-only memory for code: 64 KiB at 0. It outlives resets. */
export const GUEST_ROM = { name: "guest", base: 0, size: 0x1_0000, readOnly: true } as const;
/** RAM for data: 64 KiB. */
export const GUEST_RAM = { name: "ram", base: 0x4000_0000, size: 0x1_0000 } as const;

/** What the vCPU suite needs to know of a backend: how a machine with it is made, and what its steps cost. */
export interface VcpuBackendUnderTest {
  /** A machine of `config` and the backend, one vCPU for each listing; all are on and begin with their `main`. */
  boot(listings: readonly GuestListing[], config: MachineConfig): Promise<Machine>;
  /**
   * Instructions retired by that vCPU, counted from its power-on, when that step of its `main` has taken effect; interrupts not
   * counted. A guest's own prologue counts.
   */
  instructionsOf(listings: readonly GuestListing[], vcpu: number, step: number): number;
  /** Instructions retired from the moment an interrupt is taken until that step of the handler has taken effect. */
  instructionsOfIrq(listings: readonly GuestListing[], vcpu: number, step: number): number;
}
