/** A device with a level interrupt: takes a sample every millisecond, and holds its line while samples wait. */
import {
  type Clock,
  type ClockTimer,
  compileRegisters,
  definePlugin,
  type LevelLine,
  type PlainData,
  type PluginDefinition,
  type RegisterBank,
  RegisterFrame,
  type SavedTimer,
} from "@trapline/core";

const PERIOD_NS = 1_000_000;
/** Samples that wait at most; older ones are lost, as on the real thing. */
const DEPTH = 4;

const registers: RegisterBank<Sensor> = compileRegisters<Sensor>("SENSOR", 0x1000, [
  { name: "CTRL", offset: 0x00, access: "WO", write: (device) => device.start() },
  { name: "LEVEL", offset: 0x04, access: "RO", read: (device) => device.samples.length },
  { name: "DATA", offset: 0x08, access: "RO", read: (device) => device.take(), peek: (device) => device.samples[0] ?? 0 },
]);

class Sensor {
  samples: number[] = [];
  private taken = 0;
  private readonly clock: Clock;
  private readonly line: LevelLine;
  private readonly timer: ClockTimer;

  constructor(clock: Clock, line: LevelLine) {
    this.clock = clock;
    this.line = line;
    this.timer = clock.timer("sensor", () => this.sample());
  }

  start(): void {
    this.timer.armAt(this.clock.nowNs() + PERIOD_NS);
  }

  take(): number {
    const sample = this.samples.shift() ?? 0;
    this.updateLine();
    return sample;
  }

  reset(): void {
    this.samples = [];
    this.taken = 0;
    this.timer.disarm();
    this.updateLine();
  }

  save(): PlainData {
    return { samples: [...this.samples], taken: this.taken, timer: this.timer.save() };
  }

  restore(state: PlainData): void {
    const saved = state as { samples: number[]; taken: number; timer: SavedTimer | null };
    this.samples = [...saved.samples];
    this.taken = saved.taken;
    this.timer.restore(saved.timer);
  }

  private sample(): void {
    this.samples.push(20 + ++this.taken);
    if (this.samples.length > DEPTH) this.samples.shift();
    this.start();
    this.updateLine();
  }

  /** The only place that drives the wire. */
  private updateLine(): void {
    this.line.set(this.samples.length > 0);
  }
}

export function sensor(options: { readonly base: number; readonly gsi: number }): PluginDefinition {
  return definePlugin({
    name: "sensor",
    create(vmm) {
      const device = new Sensor(vmm.clock, vmm.router.line(options.gsi, "sensor"));
      const claim = { name: "sensor", base: options.base, size: registers.frameSize };
      return {
        attach: (scope) => scope.add(vmm.bus.claim(claim, new RegisterFrame(device, registers))),
        reset: () => device.reset(),
        save: () => device.save(),
        restore: (state) => device.restore(state),
      };
    },
  });
}
