/** The irqchip contract's conformance suite on every GIC. CpuLines is no candidate: nothing is enabled or taken there. */
import { describeIrqchip, type IrqchipUnderTest } from "@trapline/testkit";
import { RigV2, RigV3 } from "./gic-rig.fixture.ts";
import type { VgicV2Options } from "./vgic-v2.ts";
import type { VgicV3Options } from "./vgic-v3-options.ts";

const PINS = [8, 9, 10, 200] as const;

function v2(options: VgicV2Options): IrqchipUnderTest {
  const g = new RigV2(4, options);
  const first = g.gic.pinLayout.pin(32, -1);
  return {
    ...common(g, first),
    enable: (pin, trigger) => {
      g.C(0x00, 3);
      g.C(0x04, 0xf8);
      g.D(0x000, 3);
      g.use(pin - first + 32, { edge: trigger === "edge" });
    },
    disable: (pin) => g.setBit(0x180, pin - first + 32),
    acknowledge: () => pinOf(g.iar(), first),
    complete: (pin) => g.exit(() => g.eoi(pin - first + 32)),
  };
}

function v3(options: VgicV3Options): IrqchipUnderTest {
  const g = new RigV3(4, options);
  const first = g.gic.pinLayout.pin(32, -1);
  return {
    ...common(g, first),
    enable: (pin, trigger) => {
      g.msr("PMR", 0xf8);
      g.msr("IGRPEN1", 1);
      g.D(0x000, 3);
      g.use(pin - first + 32, { edge: trigger === "edge" });
    },
    disable: (pin) => g.setBit(0x180, pin - first + 32),
    acknowledge: () => pinOf(g.iar1(), first),
    complete: (pin) => g.exit(() => g.eoi1(pin - first + 32)),
  };
}

function common(g: RigV2 | RigV3, first: number): Pick<IrqchipUnderTest, "irqchip" | "order" | "pins" | "triggers" | "unimplementedPin"> {
  g.release();
  return { irqchip: g.gic, order: g.order, pins: PINS.map((pin) => first + pin), triggers: ["level", "edge"], unimplementedPin: first + 900 };
}

const pinOf = (intid: number, first: number): number | undefined => (intid < 1020 ? intid - 32 + first : undefined);

describeIrqchip("GICv2", () => v2({}));
describeIrqchip("GICv2, rfc2014 pins", () => v2({ pins: "rfc2014" }));
describeIrqchip("GICv3", () => v3({}));
describeIrqchip("GICv3, wide pins", () => v3({ pins: "wide", extendedSpis: 32, extendedPpis: 64 }));
