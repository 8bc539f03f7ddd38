/** What taps see of a device and its driver coming together and apart. */
import { Wire, type WireEvent, type WireOrder } from "@trapline/core";

/**
 * - `reset`: the driver, or the machine, reset the device
 * - `features`: the driver's choice was accepted; `refused`: it was not
 * - `started`: DRIVER_OK
 * - `failed`: the driver broke the rules; the device waits for a reset
 */
export type VirtioStep = "reset" | "features" | "refused" | "started" | "failed";

export interface VirtioEvent extends WireEvent {
  readonly kind: "virtio";
  readonly device: string;
  readonly step: VirtioStep;
  /** Why it failed, or was refused. */
  readonly reason?: string;
  /** What the driver chose. */
  readonly features?: bigint;
}

declare module "@trapline/core" {
  interface TraceEvents {
    virtio: VirtioEvent;
  }
}

export type VirtioSteps = Wire<readonly [step: VirtioStep, reason: string, features: bigint], void, VirtioEvent>;

export function virtioSteps(order: WireOrder, device: string): VirtioSteps {
  return new Wire<readonly [step: VirtioStep, reason: string, features: bigint], void, VirtioEvent>(order, {
    name: `${device}.steps`,
    unowned: undefined,
    describe: (seq, atNs, _answer, step, reason, features) => ({
      ...{ seq, atNs, kind: "virtio", device, step },
      ...(reason === "" ? {} : { reason }),
      ...(step === "reset" ? {} : { features }),
    }),
  });
}
