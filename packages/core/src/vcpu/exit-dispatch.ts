/**
 * The machine's side of `vcpu.exits$`: every exit to whoever answers it. Hot: `owner`, once per exit.
 */
import type { Bus } from "../bus/bus.ts";
import type { Width } from "../bus/bus-device.ts";
import { lo32, type U64 } from "../u64.ts";
import type { WireOwner } from "../wire/wire.ts";
import type { HypercallSpace } from "./hypercall-space.ts";
import type { SysregSpace } from "./sysreg-space.ts";
import type { Vcpu } from "./vcpu.ts";
import * as exit from "./vcpu-exit.ts";
import type { ExitArgs } from "./vcpu-exit.ts";

/** Exits that concern the machine as a whole. */
export interface MachineExits {
  shutdown(vcpu: number, status: number): void;
  reset(vcpu: number): void;
  debug(vcpu: number, pc: number): void;
  fault(vcpu: number, pc: number, message: string): void;
}

export interface ExitTargets {
  readonly bus: Bus;
  readonly ports: Bus;
  readonly sysregs: SysregSpace;
  readonly hypercalls: HypercallSpace;
  readonly machine: MachineExits;
}

/** The owner for the exits of `vcpu`: each is the last that happens in its emission. */
export function exitOwner(vcpu: Vcpu, targets: ExitTargets): WireOwner<ExitArgs, U64> {
  const { bus, ports, sysregs, hypercalls, machine } = targets;
  const { id } = vcpu;
  return (kind, address, width, value) => {
    switch (kind) {
      case exit.MMIO_READ:
        return bus.readInExit(address, width as Width, id);
      case exit.MMIO_WRITE:
        return bus.writeInExit(address, width as Width, value, id);
      case exit.SYSREG_READ:
        return sysregs.readInExit(address, id);
      case exit.SYSREG_WRITE:
        return sysregs.writeInExit(address, value, id);
      case exit.PIO_READ:
        return ports.readInExit(address, width as Width, id);
      case exit.PIO_WRITE:
        return ports.writeInExit(address, width as Width, value, id);
      case exit.HYPERCALL:
        return hypercalls.call(address, id, width);
      case exit.WFI:
        return 0; // seen by taps; the vCPU itself knows how to wait
      case exit.SHUTDOWN:
        machine.shutdown(id, lo32(value));
        return 0;
      case exit.RESET:
        machine.reset(id);
        return 0;
      case exit.DEBUG:
        machine.debug(id, address);
        return 0;
      case exit.FAULT:
        machine.fault(id, address, vcpu.faultMessage);
        return 0;
    }
  };
}
