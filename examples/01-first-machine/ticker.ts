/** A device with a level interrupt: ticks every PERIOD ns, holds its line until the guest writes ACK. */
import {
  type Clock,
  type ClockTimer,
  compileRegisters,
  definePlugin,
  type LevelLine,
  lo32,
  type PlainData,
  type PluginDefinition,
  type RegisterBank,
  RegisterFrame,
  type SavedTimer,
} from "@trapline/core";

export const tickerRegisters: RegisterBank<Ticker> = compileRegisters<Ticker>("TICKER", 0x1000, [
  { name: "PERIOD", offset: 0x00, access: "RW", read: (t) => t.periodNs, write: (t, value) => t.setPeriod(lo32(value)), note: "nanoseconds; 0 stops" },
  { name: "COUNT", offset: 0x04, access: "RO", read: (t) => t.count },
  { name: "ACK", offset: 0x08, access: "WO", write: (t) => t.acknowledge() },
]);

export class Ticker {
  periodNs = 0;
  count = 0;
  private readonly clock: Clock;
  private readonly line: LevelLine;
  private readonly timer: ClockTimer;

  constructor(clock: Clock, line: LevelLine) {
    this.clock = clock;
    this.line = line;
    this.timer = clock.timer("ticker", () => this.tick());
  }

  setPeriod(periodNs: number): void {
    this.periodNs = periodNs;
    this.rearm();
  }

  acknowledge(): void {
    this.line.set(false);
  }

  reset(): void {
    this.periodNs = 0;
    this.count = 0;
    this.timer.disarm();
    this.line.set(false);
  }

  save(): PlainData {
    return { periodNs: this.periodNs, count: this.count, timer: this.timer.save() };
  }

  restore(state: PlainData): void {
    const saved = state as { periodNs: number; count: number; timer: SavedTimer | null };
    this.periodNs = saved.periodNs;
    this.count = saved.count;
    this.timer.restore(saved.timer);
  }

  private tick(): void {
    this.count++;
    this.rearm();
    this.line.set(true);
  }

  private rearm(): void {
    this.timer.armAt(this.periodNs === 0 ? Infinity : this.clock.nowNs() + this.periodNs);
  }
}

export function tickerPlugin(options: { readonly base: number; readonly gsi: number }): PluginDefinition {
  return definePlugin({
    name: "ticker",
    create(vmm) {
      const ticker = new Ticker(vmm.clock, vmm.router.line(options.gsi, "ticker"));
      return {
        attach(scope) {
          scope.add(vmm.bus.claim({ name: "ticker", base: options.base, size: tickerRegisters.frameSize }, new RegisterFrame(ticker, tickerRegisters)));
        },
        reset: () => ticker.reset(),
        save: () => ticker.save(),
        restore: (state) => ticker.restore(state),
      };
    },
  });
}
