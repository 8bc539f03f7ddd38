/** The doorbells behind a chip's `msi$`: which of them a message's address means. Hot: `deliver`. */
import { ConfigError, formatRange, IGNORED, type IrqResult, overlaps, toBigint, type U64 } from "@trapline/core";
import type { MsiTarget } from "./lpi/lpi-controller.ts";

export class MsiTargets {
  private readonly targets: MsiTarget[] = [];

  get any(): boolean {
    return this.targets.length > 0;
  }

  /** Returns the undo. @throws ConfigError when the range overlaps another one's */
  add(chip: string, target: MsiTarget): () => void {
    const other = this.targets.find((known) => overlaps(known, target));
    if (other !== undefined) {
      throw new ConfigError(`two MSI doorbells of ${chip} overlap: ${formatRange(target)} and ${formatRange(other)}`, {
        subject: formatRange(target),
        other: formatRange(other),
        remedy: "move one of the two",
      });
    }
    this.targets.push(target);
    return () => void this.targets.splice(this.targets.indexOf(target), 1);
  }

  /** What the doorbell at `address` answers; IGNORED where there is none. */
  deliver(address: U64, data: number, deviceId: number): IrqResult {
    for (const target of this.targets) {
      const offset = typeof address === "number" ? address - target.base : Number(toBigint(address) - BigInt(target.base));
      if (offset >= 0 && offset < target.size) return target.deliver(offset, data, deviceId);
    }
    return IGNORED;
  }
}
