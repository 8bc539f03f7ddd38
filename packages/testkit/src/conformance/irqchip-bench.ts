/** The bench a chip is put on: owners for what it emits, and a record of it. */
import { FIQ_LINE, IRQ_LINE, type VcpuLine } from "@trapline/core";
import type { IrqchipFactory, IrqchipUnderTest } from "./irqchip-under-test.ts";

export interface IrqchipBench extends IrqchipUnderTest {
  /** Is any line of vCPU 0 high? */
  readonly signalled: boolean;
  /** Every emission so far, in order: "irq0 high", "done 3". */
  readonly log: string[];
  /** Called for each completion, inside it, like a resampler. */
  onCompletion: (pin: number) => void;
}

export function irqchipBench(factory: IrqchipFactory): IrqchipBench {
  const chip = factory();
  const levels = new Map<string, boolean>();
  const log: string[] = [];
  const name = (vcpu: number, line: VcpuLine): string => `${line === IRQ_LINE ? "irq" : "fiq"}${vcpu}`;
  const bench: IrqchipBench = {
    ...chip,
    log,
    onCompletion: () => {},
    get signalled(): boolean {
      return levels.get(name(0, IRQ_LINE)) === true || levels.get(name(0, FIQ_LINE)) === true;
    },
    // Bound to the chip: an implementation may use `this`.
    enable: (pin, trigger) => chip.enable(pin, trigger),
    disable: (pin) => chip.disable(pin),
    acknowledge: () => chip.acknowledge(),
    complete: (pin) => chip.complete(pin),
  };
  chip.irqchip.vcpuLines$.own("bench", (vcpu, line, level) => {
    levels.set(name(vcpu, line), level);
    log.push(`${name(vcpu, line)} ${level ? "high" : "low"}`);
  });
  chip.irqchip.completions$.own("bench", (pin) => {
    log.push(`done ${pin}`);
    bench.onCompletion(pin);
  });
  return bench;
}
