/** The state of the table router as plain data, and the way back. */
import { type GsiRoute, isTraplineError, type PlainData, SnapshotError } from "@trapline/core";
import { checkRoutes, type Routes } from "./check-routes.ts";
import type { RoutingProfile } from "./routing-profile.ts";

export interface SavedRouter {
  readonly usesDefaultTable: boolean;
  readonly entries: Routes;
  /** GSIs that are high, where the profile keeps levels. */
  readonly high: readonly number[];
  /** Levels of the devices' lines. */
  readonly lines: readonly boolean[];
}

export function savedRouter(
  profile: string,
  usesDefaultTable: boolean,
  routes: readonly GsiRoute[],
  high: readonly number[],
  lines: readonly boolean[],
): PlainData {
  return { profile, usesDefaultTable, routes: routes.map(({ gsi, target }) => ({ gsi, target })), high, lines };
}

/** @throws SnapshotError for another profile, or a table that this machine's irqchips cannot have */
export function checkSavedRouter(state: PlainData, profile: RoutingProfile, pinLimits: readonly number[]): SavedRouter {
  const saved = state as unknown as Omit<SavedRouter, "entries"> & { readonly profile: string; readonly routes: readonly GsiRoute[] };
  if (saved?.profile !== profile.name) {
    throw new SnapshotError(`the saved router has profile ${saved?.profile}, this machine ${profile.name}`, {
      subject: "gsi routing",
      value: saved?.profile ?? "none",
      limit: profile.name,
      remedy: "compose the machine with the profile it was saved with",
    });
  }
  try {
    return { ...saved, entries: checkRoutes(saved.routes, profile, pinLimits) };
  } catch (cause) {
    if (!isTraplineError(cause, "kvm")) throw cause;
    throw new SnapshotError(`the saved routing table does not fit this machine: ${cause.message}`, {
      subject: "gsi routing",
      remedy: "compose the machine with the irqchips it was saved with",
      cause,
    });
  }
}
