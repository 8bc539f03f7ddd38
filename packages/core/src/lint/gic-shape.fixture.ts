/** For specs of lint: a chip with the pins and INTIDs of a GIC of 32 SPIs (mainline: pin n is SPI n), and nothing behind them. */
import { DELIVERED } from "../irq/irq-signal.ts";
import { irqchipWires } from "../irq/irqchip-wires.ts";
import type { Irqchip, PinState } from "../irq/irqchip.ts";
import { definePlugin, type PluginDefinition, provideAlso } from "../machine/vmm-plugin.ts";
import { IrqchipToken } from "../tokens.ts";
import type { Vmm } from "../machine/vmm.ts";
import { Subscription } from "rxjs";

const SPIS = 32;

/** Its frame at 0x0800_0000 and its node, the interrupt parent of all. */
export function gicShape(): PluginDefinition {
  let chip: Irqchip & { close(): void };
  return definePlugin({
    name: "gic",
    provides: [provideAlso(IrqchipToken, (vmm) => (chip = makeChip(vmm)))],
    create: (vmm) => ({
      attach(scope) {
        scope.add(vmm.bus.claim({ name: "gic", base: 0x0800_0000, size: 0x1_0000 }, { read: () => 0, write: () => {} }));
        scope.add(() => chip.close());
      },
      deviceTree(tree) {
        tree.node("/", "gic").compatible("test,board").set("model", "test").set("interrupt-parent", 1);
        const node = tree.node("/gic@8000000", "gic").compatible("arm,gic-v3").reg({ base: 0x0800_0000, size: 0x1_0000 });
        node.set("interrupt-controller", true).set("#interrupt-cells", 3).set("#address-cells", 0).set("phandle", 1);
      },
    }),
  });
}

function makeChip({ order }: Vmm): Irqchip & { close(): void } {
  const wires = irqchipWires(order, "gic");
  wires.pins$.own("gic", () => DELIVERED);
  const quiet: PinState = { line: false, pending: false, active: false, enabled: true };
  return {
    ...wires,
    name: "gic",
    pinCount: 988,
    capabilities: { msi: false, completions: true, synchronous: true },
    kvm: {
      initialised: true,
      onInitialised: (listener) => (listener(), Subscription.EMPTY),
      vcpuCapacity: 1,
      spis: SPIS,
      pinOf: (intid) => (intid >= 32 && intid < 32 + SPIS ? intid - 32 : -1),
      prepareInjection: () => 0,
      injectIntid: () => 0,
    },
    describePin: (pin) => `SPI ${pin} (INTID ${32 + pin})`,
    peekPin: (pin) => (pin < SPIS ? quiet : undefined),
    reset: () => {},
    save: () => null,
    restore: () => {},
  };
}
