/** Hands out GSIs to devices that come and go, in the profile's order; what was given back is taken again first. Cold. */
import { refusal } from "../refusal.ts";
import type { RoutingProfile } from "./routing-profile.ts";

export class GsiAllocator {
  private readonly space: RoutingProfile["deviceGsis"];
  private readonly isTaken: (gsi: number) => boolean;
  private readonly out = new Set<number>();
  private readonly free: number[] = [];
  private next = 0;

  /** @param isTaken used by somebody who did not ask here */
  constructor(space: RoutingProfile["deviceGsis"], isTaken: (gsi: number) => boolean) {
    this.space = space;
    this.isTaken = isTaken;
  }

  /** @throws KvmError ENOSPC */
  take(): number {
    const gsi = this.untaken();
    this.out.add(gsi);
    return gsi;
  }

  giveBack(gsi: number): void {
    if (this.out.delete(gsi)) this.free.push(gsi);
  }

  private untaken(): number {
    const again = this.free.findIndex((gsi) => !this.isTaken(gsi));
    if (again >= 0) return this.free.splice(again, 1)[0]!;
    const { start, step, count } = this.space;
    while (this.next < count) {
      const gsi = start + step * this.next++;
      if (!this.out.has(gsi) && !this.isTaken(gsi)) return gsi;
    }
    throw refusal("ENOSPC", "the next GSI for a device", `the ${count + 1}th`, `the ${count}th`, "release some, or use a profile with more");
  }
}
