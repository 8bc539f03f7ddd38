/**
 * What the guests of the vCPU suite do, as data, so that a backend of any architecture can run them: a list of steps, each with
 * one effect that a machine can see. `scriptedGuest` and `a64Guest` make programs of it; whoever brings another architecture
 * brings a translation of their own.
 */
import type { U64, Width } from "@trapline/core";

/** One step, with one effect that a machine can see. */
export type GuestStep =
  /** A load from a device or RAM. Its value is remembered. */
  | { readonly do: "read"; readonly address: number; readonly width: Width }
  | { readonly do: "write"; readonly address: number; readonly width: Width; readonly value: U64 }
  /** A store of what `read`, `mrs` or `hvc` gave last. */
  | { readonly do: "write-remembered"; readonly address: number; readonly width: Width }
  /** A system register, by `sysregEncoding`. Its value is remembered. */
  | { readonly do: "mrs"; readonly encoding: number }
  | { readonly do: "msr"; readonly encoding: number; readonly value: U64 }
  /** A hypercall without arguments. Its answer is remembered. */
  | { readonly do: "hvc"; readonly functionId: number }
  | { readonly do: "wfi" }
  /** Masks or unmasks IRQ. */
  | { readonly do: "mask" | "unmask" }
  /** So many instructions that touch nothing, 1 … 1000. */
  | { readonly do: "compute"; readonly instructions: number }
  /** The machine off, with status 0; this vCPU off. */
  | { readonly do: "power-off" | "stop" };

/** The program of one vCPU. IRQ counts as masked at its start only if it says so first: `mask`. */
export interface GuestListing {
  readonly main: readonly GuestStep[];
  /** Taken while IRQ is high and unmasked; returns to where it was. */
  readonly irq?: readonly GuestStep[];
  /** Taken for an external abort or an undefined register in `main`; does not return, so it ends with `power-off` or `stop`. */
  readonly fault?: readonly GuestStep[];
}

const read =
  (width: Width) =>
  (address: number): GuestStep => ({ do: "read", address, width });
const write =
  (width: Width) =>
  (address: number, value: U64): GuestStep => ({ do: "write", address, width, value });

type AtAddress = (address: number) => GuestStep;
type ValueAtAddress = (address: number, value: U64) => GuestStep;

export interface GuestSteps {
  readonly read8: AtAddress;
  readonly read16: AtAddress;
  readonly read32: AtAddress;
  readonly read64: AtAddress;
  readonly write8: ValueAtAddress;
  readonly write16: ValueAtAddress;
  readonly write32: ValueAtAddress;
  readonly write64: ValueAtAddress;
  /** Default width: 8. */
  readonly writeRemembered: (address: number, width?: Width) => GuestStep;
  readonly mrs: (encoding: number) => GuestStep;
  readonly msr: (encoding: number, value: U64) => GuestStep;
  readonly hvc: (functionId: number) => GuestStep;
  readonly compute: (instructions: number) => GuestStep;
  readonly wfi: GuestStep;
  readonly mask: GuestStep;
  readonly unmask: GuestStep;
  readonly powerOff: GuestStep;
  readonly stop: GuestStep;
}

/** Steps by short names. */
export const steps: GuestSteps = {
  ...{ read8: read(1), read16: read(2), read32: read(4), read64: read(8) },
  ...{ write8: write(1), write16: write(2), write32: write(4), write64: write(8) },
  writeRemembered: (address, width = 8) => ({ do: "write-remembered", address, width }),
  mrs: (encoding) => ({ do: "mrs", encoding }),
  msr: (encoding, value) => ({ do: "msr", encoding, value }),
  hvc: (functionId) => ({ do: "hvc", functionId }),
  compute: (instructions) => ({ do: "compute", instructions }),
  wfi: { do: "wfi" },
  mask: { do: "mask" },
  unmask: { do: "unmask" },
  powerOff: { do: "power-off" },
  stop: { do: "stop" },
};
