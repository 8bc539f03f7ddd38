/** LPIs as plain data, and whether such data fits a GIC. Cold. */
import { type PlainData, SnapshotError, type U64 } from "@trapline/core";
import { FIRST_LPI } from "../intid-space.ts";

export interface SavedLpis {
  readonly propbaser: U64;
  /** By vCPU. */
  readonly pendbasers: readonly U64[];
  readonly enabled: Uint8Array;
  readonly tableIsZero: Uint8Array;
  /** By LPI: what is cached of its configuration. */
  readonly config: Uint8Array;
  /** Pairs of INTID and the vCPU it is pending at. */
  readonly pending: readonly number[];
  readonly [key: string]: PlainData;
}

/** @throws SnapshotError unless `state` is of `vcpus` vCPUs and `count` LPIs and says nothing impossible */
export function checkSavedLpis(state: PlainData, vcpus: number, count: number): SavedLpis {
  const saved = state as Partial<SavedLpis> | null;
  const bytes = (value: PlainData | undefined, length: number): boolean => value instanceof Uint8Array && value.length === length;
  const registers = [saved?.propbaser, ...(saved?.pendbasers ?? [])];
  const fits =
    bytes(saved?.enabled, vcpus) &&
    bytes(saved?.tableIsZero, vcpus) &&
    bytes(saved?.config, count) &&
    registers.length === vcpus + 1 &&
    registers.every((value) => typeof value === "number" || typeof value === "bigint") &&
    Array.isArray(saved?.pending);
  if (!fits) {
    throw new SnapshotError(`the saved LPIs are not those of ${vcpus} vCPUs and ${count} LPIs`, {
      subject: "lpis",
      limit: count,
      remedy: "restore into a machine with the same vCPUs, INTID bits and ITS",
    });
  }
  const checked = saved as SavedLpis;
  for (let n = 0; n < checked.pending.length; n += 2) {
    const [intid, vcpu] = [checked.pending[n]!, checked.pending[n + 1]!];
    if (intid >= FIRST_LPI && intid < FIRST_LPI + count && checked.enabled[vcpu] === 1) continue;
    throw new SnapshotError(`saved LPI ${intid} is pending at vCPU ${vcpu}, which has no LPIs enabled`, {
      subject: "lpis",
      value: intid,
      remedy: "restore what save gave",
    });
  }
  return checked;
}
