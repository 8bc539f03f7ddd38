/**
 * A door with a code: the right one opens it for OPEN_NS, then it closes by itself. Its line is high while it is open. Knows a clock and
 * a line, so that a test builds it with `new`; which pin the line is, the plugin says.
 */
import { type Clock, type ClockTimer, type PlainData, type SavedTimer, SnapshotError } from "@trapline/core";

/** Three seconds. */
export const OPEN_NS = 3e9;
const MAX_WRONG = 0xffff_ffff;

export class Door {
  open = false;
  wrong = 0;
  private readonly code: number;
  private readonly clock: Clock;
  private readonly drive: (high: boolean) => void;
  private readonly closing: ClockTimer;

  /** @param code 32 bits */
  constructor(clock: Clock, drive: (high: boolean) => void, code: number) {
    this.clock = clock;
    this.drive = drive;
    this.code = code;
    this.closing = clock.timer("door", () => this.set(false));
  }

  /** The right code while it is open keeps it open for as long again; a wrong one is counted. */
  enter(code: number): void {
    if (code !== this.code) return void (this.wrong = Math.min(this.wrong + 1, MAX_WRONG));
    this.wrong = 0;
    this.closing.armAt(this.clock.nowNs() + OPEN_NS);
    this.set(true);
  }

  reset(): void {
    this.wrong = 0;
    this.closing.disarm();
    this.set(false);
  }

  save(): PlainData {
    return { wrong: this.wrong, open: this.open, closing: this.closing.save() };
  }

  /** Its line is saved by whoever it leads to. @throws SnapshotError when it is no state of a door; then nothing has changed */
  restore(state: PlainData): void {
    const saved = state as { wrong?: unknown; open?: unknown; closing?: SavedTimer | null } | null;
    if (typeof saved?.wrong !== "number" || typeof saved.open !== "boolean" || saved.closing === undefined) {
      throw new SnapshotError("the saved state is none of a door", { subject: "door", remedy: "the file is damaged: take another" });
    }
    this.wrong = saved.wrong;
    this.open = saved.open;
    this.closing.restore(saved.closing);
  }

  private set(open: boolean): void {
    this.open = open;
    this.drive(open);
  }
}
