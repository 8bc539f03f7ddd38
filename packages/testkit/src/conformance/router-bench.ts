/**
 * The bench a router is put on: irqchips that write down what reaches them, on one log. They are whole chips by the contract,
 * but deliver to nobody: what a chip makes of a signal is the irqchip suite's business.
 */
import { DELIVERED, type Irqchip, irqchipWires, type IrqResult, type IrqSignal, signalName, type WireOrder } from "@trapline/core";
import type { RouterFactory, RouterUnderTest } from "./router-under-test.ts";

/** Pins of each chip of the bench. */
export const BENCH_PINS = 8;

export interface ListeningChipOptions {
  readonly name?: string;
  /** It takes MSIs and answers them with this. Without it, it takes none. */
  readonly msiResult?: IrqResult;
  /** What it answers a signal. Default: DELIVERED. */
  readonly answer?: (pin: number, signal: IrqSignal) => IrqResult;
}

export interface RouterBench extends RouterUnderTest {
  /** Bound: tests take it out. */
  readonly gsiOf: (pin: number) => number;
  readonly chips: readonly Irqchip[];
  /** What reached the chips, in order: "chip0 pin 3 high", "chip1 msi 0x8080040 7 5". */
  readonly log: string[];
}

/** A router with those chips added, in that order. */
export function routerBench(factory: RouterFactory, ...chips: readonly ListeningChipOptions[]): RouterBench {
  const made = factory();
  const log: string[] = [];
  const listening = chips.map((options, index) => listeningChip(made.order, log, { name: `chip${index}`, ...options }));
  for (const chip of listening) made.router.addIrqchip(chip);
  return { ...made, gsiOf: (pin) => made.gsiOf(pin), chips: listening, log };
}

/** A chip with eight pins that writes down what reaches it. */
export function listeningChip(order: WireOrder, log: string[], options: ListeningChipOptions): Irqchip {
  const { name = "chip", msiResult, answer = () => DELIVERED } = options;
  const chip: Irqchip = {
    ...irqchipWires(order, name),
    name,
    pinCount: BENCH_PINS,
    capabilities: { msi: msiResult !== undefined, completions: true, synchronous: true },
    describePin: (pin) => `${name} ${pin}`,
    peekPin: () => undefined,
    reset: () => {},
    save: () => null,
    restore: () => {},
  };
  chip.pins$.own(name, (pin, signal) => {
    log.push(`${name} pin ${pin} ${signalName(signal)}`);
    return answer(pin, signal);
  });
  chip.msi$.own(name, (address, data, deviceId) => {
    log.push(`${name} msi 0x${address.toString(16)} ${data} ${deviceId}`);
    return msiResult ?? DELIVERED;
  });
  return chip;
}
