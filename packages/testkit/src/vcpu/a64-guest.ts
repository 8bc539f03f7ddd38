/**
 * The suite's guests for backends that run AArch64: EL1, MMU off, PSCI by HVC. All vCPUs begin at the same address and go their
 * own way by Aff0 of MPIDR_EL1. The code needs no RAM and may lie in ROM; loads and stores are aligned.
 */
import { ConfigError, formatSysreg } from "@trapline/core";
import { assemble, type Assembled } from "../assembler/index.ts";
import type { GuestListing, GuestStep } from "./guest-steps.ts";

/** The suite's guests as one A64 program, and what its steps cost. */
export interface A64Guests {
  readonly program: Assembled;
  /** Instructions that vCPU `vcpu` has retired when that step of its `main` has taken effect, from its power-on; interrupts not counted. */
  instructionsOf(vcpu: number, step: number): number;
  /** Instructions from the exception on until that step of its `irq` has taken effect. */
  instructionsOfIrq(vcpu: number, step: number): number;
}

const PSCI_CPU_OFF = 0x8400_0002;
const PSCI_SYSTEM_OFF = 0x8400_0008;

/** One listing for each vCPU, in order; at most 16. The program begins at `base`. */
export function a64Guests(listings: readonly GuestListing[], base: number): A64Guests {
  const text = [
    "        mrs     x9, mpidr_el1",
    "        and     x9, x9, #0xff",
    "        ldr     x10, =starts",
    "        ldr     x10, [x10, x9, lsl #3]",
    "        br      x10",
    "        .balign 8",
    `starts: .quad   ${listings.map((_, vcpu) => `start${vcpu}`).join(", ")}`,
    ...listings.flatMap((listing, vcpu) => guest(listing, vcpu)),
  ];
  const program = assemble(text.join("\n"), { base, file: "a guest of the vCPU suite" });
  const prologue = 5;
  const between = (from: string, to: string): number => (program.address(to) - program.address(from)) / 4;
  return {
    program,
    instructionsOf: (vcpu, step) => prologue + between(`start${vcpu}`, `main${vcpu}_${step}`) + 1,
    instructionsOfIrq: (vcpu, step) => 1 + between(`irq${vcpu}`, `irq${vcpu}_${step}`) + 1,
  };
}

/** Handlers keep to registers of their own: nothing has to be saved. Steps are labelled where they take effect. */
function guest({ main, irq = [], fault = [] }: GuestListing, vcpu: number): readonly string[] {
  const code = (name: string, list: readonly GuestStep[], first: number): readonly string[] => [
    `${name}${vcpu}:`,
    ...list.flatMap((step, index) => instructions(step, `${name}${vcpu}_${index}:`, first)),
  ];
  return [
    "        .balign 0x800",
    `vectors${vcpu}:`,
    `        .org    vectors${vcpu} + 0x200`,
    `        b       fault${vcpu}`,
    `        .org    vectors${vcpu} + 0x280`,
    `        b       irq${vcpu}`,
    `        .org    vectors${vcpu} + 0x800`,
    `start${vcpu}:`,
    `        adr     x0, vectors${vcpu}`,
    "        msr     vbar_el1, x0",
    ...code("main", main, 0),
    "        b       .",
    ...code("irq", irq, 10),
    "        eret",
    ...code("fault", fault, 20),
    "        b       .",
    "        .ltorg",
  ];
}

const LOADS = { 1: "ldrb w", 2: "ldrh w", 4: "ldr w", 8: "ldr x" } as const;
const STORES = { 1: "strb w", 2: "strh w", 4: "str w", 8: "str x" } as const;

/** One step, with its label on the instruction that takes effect. Registers `first` … `first` + 2; the last remembers. */
function instructions(step: GuestStep, label: string, first: number): readonly string[] {
  const [address, value, remembered] = [`x${first}`, first + 1, first + 2];
  switch (step.do) {
    case "read":
      return [`ldr ${address}, =${step.address}`, `${label} ${LOADS[step.width]}${remembered}, [${address}]`];
    case "write":
      return [`ldr ${address}, =${step.address}`, `ldr x${value}, =${step.value}`, `${label} ${STORES[step.width]}${value}, [${address}]`];
    case "write-remembered":
      return [`ldr ${address}, =${step.address}`, `${label} ${STORES[step.width]}${remembered}, [${address}]`];
    case "mrs":
      return [`${label} mrs x${remembered}, ${formatSysreg(step.encoding)}`];
    case "msr":
      return [`ldr x${value}, =${step.value}`, `${label} msr ${formatSysreg(step.encoding)}, x${value}`];
    case "hvc":
      return [`ldr x0, =${step.functionId}`, `${label} hvc #0`, `mov x${remembered}, x0`];
    case "wfi":
      return [`${label} wfi`];
    case "mask":
      return [`${label} msr daifset, #2`];
    case "unmask":
      return [`${label} msr daifclr, #2`];
    case "compute":
      if (step.instructions < 1 || step.instructions > 1000)
        throw new ConfigError(`compute of ${step.instructions} instructions`, { value: step.instructions, limit: "1 … 1000" });
      return [`.fill ${step.instructions - 1}, 4, 0xd503201f`, `${label} nop`];
    case "power-off":
      return [`ldr x0, =${PSCI_SYSTEM_OFF}`, `${label} hvc #0`];
    case "stop":
      return [`ldr x0, =${PSCI_CPU_OFF}`, `${label} hvc #0`];
  }
}
