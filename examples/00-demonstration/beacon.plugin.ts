/** The beacon as a plugin, with all its wires: an address, a doorbell behind it, and eventfds that raise GSIs. */
import {
  definePlugin,
  type EventFd,
  EventFdFactoryToken,
  IoeventfdsToken,
  IrqfdsToken,
  type PluginDefinition,
  RegisterFrame,
} from "@trapline/core";
import { Beacon, beaconRegisters } from "./beacon.ts";

export interface BeaconOptions {
  /** Guest-physical address of its registers; the doorbell is in the page behind them. */
  readonly base: number;
  /** What its eventfds raise. */
  readonly gsis: { readonly tick: number; readonly doorbell: number; readonly message: number };
}

/** Needs eventfd, irqfd and ioeventfd in the machine, and an irqchip before it. */
export function beacon({ base, gsis }: BeaconOptions): PluginDefinition {
  return definePlugin({
    name: "beacon",
    fingerprint: { base, gsis },
    create(vmm) {
      const eventFd = (name: string): EventFd => vmm.get(EventFdFactoryToken).create({ name });
      const [tick, resampled] = [eventFd("tick"), eventFd("resampled")] as const;
      const [doorbell, message] = [eventFd("doorbell"), eventFd("message")] as const;
      const device = new Beacon(vmm.clock, { tick, resampled, message });
      return {
        attach(scope) {
          scope.add(vmm.bus.claim({ name: "beacon", base, size: beaconRegisters.frameSize }, new RegisterFrame(device, beaconRegisters)));
          scope.add(resampled.signals$.own("beacon", () => device.resample()));
          const irqfds = vmm.get(IrqfdsToken);
          irqfds.assign({ eventFd: tick, gsi: gsis.tick, resample: resampled });
          irqfds.assign({ eventFd: message, gsi: gsis.message });
          // One eventfd, two ends: the guest's write signals it, and that raises the GSI. No device is asked.
          vmm.get(IoeventfdsToken).assign({ eventFd: doorbell, space: "mmio", address: base + beaconRegisters.frameSize, length: 4 });
          irqfds.assign({ eventFd: doorbell, gsi: gsis.doorbell });
        },
        reset: () => device.reset(),
        save: () => device.save(),
        restore: (state) => device.restore(state),
      };
    },
  });
}
