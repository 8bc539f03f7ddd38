/** Makes the five wires of an irqchip, so that every chip's events look alike. */
import type { U64 } from "../u64.ts";
import { Wire, type WireOwner } from "../wire/wire.ts";
import type { WireOrder } from "../wire/wire-order.ts";
import type { CompletionEvent, MsiEvent, PinEvent, PrivateLineEvent, VcpuLineEvent } from "./irq-event.ts";
import { IGNORED, type IrqResult, signalName, type VcpuLine } from "./irq-signal.ts";
import type { CompletionArgs, Irqchip, MsiArgs, PinArgs, PrivateLineArgs, VcpuLineArgs } from "./irqchip.ts";

/** The wires of an {@link Irqchip}, and their end. */
export interface IrqchipWires extends Pick<Irqchip, "pins$" | "privateLines$" | "msi$" | "vcpuLines$" | "completions$"> {
  /** Completes all five. */
  close(): void;
}

/**
 * @param name the chip's name, as in {@link Irqchip.name}
 * @param untappedLines `WireOptions.untapped` of `vcpuLines$`, for a chip that counts nanoseconds
 */
export function irqchipWires(
  order: WireOrder,
  name: string,
  untappedLines: (owner: WireOwner<VcpuLineArgs, void> | undefined) => void = () => {},
): IrqchipWires {
  const pins$ = new Wire<PinArgs, IrqResult, PinEvent>(order, {
    name: `${name}.pins`,
    unowned: IGNORED,
    describe: (seq, atNs, result, pin, signal) => ({ seq, atNs, kind: "pin", irqchip: name, pin, signal: signalName(signal), result }),
  });
  const privateLines$ = new Wire<PrivateLineArgs, void, PrivateLineEvent>(order, {
    name: `${name}.privateLines`,
    unowned: undefined,
    describe: (seq, atNs, _answer, vcpu, intid, level) => ({ seq, atNs, kind: "private-line", irqchip: name, vcpu, intid, level }),
  });
  const msi$ = new Wire<MsiArgs, IrqResult, MsiEvent>(order, {
    name: `${name}.msi`,
    unowned: IGNORED,
    describe: (seq, atNs, result, address, data, deviceId) => msiEvent(seq, atNs, name, address, data, deviceId, result),
  });
  const vcpuLines$ = new Wire<VcpuLineArgs, void, VcpuLineEvent>(order, {
    name: `${name}.vcpuLines`,
    unowned: undefined,
    untapped: untappedLines,
    describe: (seq, atNs, _answer, vcpu, line, level) => ({ seq, atNs, kind: "vcpu-line", irqchip: name, vcpu, line: lineName(line), level }),
  });
  const completions$ = new Wire<CompletionArgs, void, CompletionEvent>(order, {
    name: `${name}.completions`,
    unowned: undefined,
    describe: (seq, atNs, _answer, pin) => ({ seq, atNs, kind: "completion", irqchip: name, pin }),
  });
  return {
    pins$,
    privateLines$,
    msi$,
    vcpuLines$,
    completions$,
    close() {
      for (const wire of [pins$, privateLines$, msi$, vcpuLines$, completions$]) wire.complete();
    },
  };
}

/** An MSI event, at the router or at a chip. */
export function msiEvent(seq: number, atNs: number, at: string, address: U64, data: number, deviceId: number, result: IrqResult): MsiEvent {
  return { seq, atNs, kind: "msi", at, address, data, ...(deviceId < 0 ? {} : { deviceId }), result };
}

function lineName(line: VcpuLine): "irq" | "fiq" {
  return line === 0 ? "irq" : "fiq";
}

