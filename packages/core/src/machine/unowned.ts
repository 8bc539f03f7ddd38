/** Claims that nobody answers: a mistake of the claimant, found before a guest does. */
import type { Bus, Region } from "../bus/bus.ts";

export function regionsWithoutOwner(...buses: readonly Bus[]): readonly Region[] {
  return buses.flatMap((bus) => bus.claims.filter((region) => region.accesses$.ownerName === undefined));
}
