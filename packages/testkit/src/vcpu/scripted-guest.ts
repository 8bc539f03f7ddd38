/** The suite's guests for the scripted backend: a step is an operation, an operation one instruction. */
import * as core from "@trapline/core";
import type { GuestListing, GuestStep } from "./guest-steps.ts";

/** What `scripted` plays. */
export function scriptedGuest({ main, irq, fault }: GuestListing): core.GuestProgram {
  return {
    *main() {
      try {
        yield* play(main);
      } catch (error) {
        if (!(error instanceof core.GuestException) || fault === undefined) throw error;
        yield* play(fault);
      }
    },
    ...(irq === undefined ? {} : { irq: () => play(irq) }),
  };
}

/** Instructions retired when the step with that index has taken effect, the steps before it included. */
export function scriptedInstructions(listing: readonly GuestStep[], index: number): number {
  return listing.slice(0, index + 1).reduce((sum, step) => sum + (step.do === "compute" ? step.instructions : 1), 0);
}

const READS = { 1: core.read8, 2: core.read16, 4: core.read32, 8: core.read64 } as const;
const WRITES = { 1: core.write8, 2: core.write16, 4: core.write32, 8: core.write64 } as const;

function* play(listing: readonly GuestStep[]): core.GuestCode {
  let remembered: core.U64 = 0;
  for (const step of listing) {
    switch (step.do) {
      case "read":
        remembered = (yield READS[step.width](step.address)) as core.U64;
        break;
      case "write":
        yield WRITES[step.width](step.address, step.value);
        break;
      case "write-remembered":
        yield WRITES[step.width](step.address, remembered);
        break;
      case "mrs":
        remembered = (yield core.mrs(step.encoding)) as core.U64;
        break;
      case "msr":
        yield core.msr(step.encoding, step.value);
        break;
      case "hvc":
        remembered = (yield core.hvc(step.functionId)) as core.U64;
        break;
      case "wfi":
        yield core.wfi();
        break;
      case "mask":
        yield core.maskInterrupts();
        break;
      case "unmask":
        yield core.unmaskInterrupts();
        break;
      case "compute":
        yield core.compute(step.instructions);
        break;
      case "power-off":
        yield core.powerOff();
        break;
      case "stop":
        return;
    }
  }
}
