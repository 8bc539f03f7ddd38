/**
 * Wired-OR: several devices on one GSI. The GSI goes high with the first line that does and low with the last.
 * For implementers of a router; devices get their lines from {@link GsiRouter}.
 */
import type { LevelLine } from "./irq-line.ts";

export class SharedLines {
  private readonly drive: (gsi: number, high: boolean) => void;
  /** Lines that are high, by GSI; absent means none. */
  private readonly highCount = new Map<number, number>();
  private readonly lines: GsiLine[] = [];

  /** @param drive called when the OR of a GSI's lines changes */
  constructor(drive: (gsi: number, high: boolean) => void) {
    this.drive = drive;
  }

  /** A new line into `gsi`, low. */
  line(gsi: number): LevelLine {
    const line = new GsiLine(this, gsi);
    this.lines.push(line);
    return line;
  }

  /** True while any line of the GSI is high. */
  isHigh(gsi: number): boolean {
    return this.highCount.has(gsi);
  }

  /** Level of every line, in the order in which they were made. */
  save(): readonly boolean[] {
    return this.lines.map((line) => line.high);
  }

  /** Puts the lines back without driving anything: the chips behind them restore their own view. */
  restore(levels: readonly boolean[]): void {
    this.highCount.clear();
    for (const [index, line] of this.lines.entries()) {
      line.high = levels[index] ?? false;
      if (line.high) this.highCount.set(line.gsi, (this.highCount.get(line.gsi) ?? 0) + 1);
    }
  }

  changed(gsi: number, high: boolean): void {
    const before = this.highCount.get(gsi) ?? 0;
    const after = before + (high ? 1 : -1);
    if (after === 0) this.highCount.delete(gsi);
    else this.highCount.set(gsi, after);
    if ((before === 0) !== (after === 0)) this.drive(gsi, high);
  }
}

class GsiLine implements LevelLine {
  high = false;
  private readonly shared: SharedLines;
  readonly gsi: number;

  constructor(shared: SharedLines, gsi: number) {
    this.shared = shared;
    this.gsi = gsi;
  }

  set(high: boolean): void {
    if (high === this.high) return;
    this.high = high;
    this.shared.changed(this.gsi, high);
  }
}
