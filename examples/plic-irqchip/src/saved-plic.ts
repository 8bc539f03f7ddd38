/** What a saved PLIC must look like before anything of it is taken. */
import { type PlainData, SnapshotError } from "@trapline/core";
import type { SavedGateways } from "./gateway.ts";

export interface SavedPlic {
  readonly priorities: readonly number[];
  readonly enables: readonly number[];
  readonly thresholds: readonly number[];
  readonly driven: readonly boolean[];
  readonly gateways: SavedGateways;
}

/** @param like a state of this PLIC: the saved one must be of the same shape. @throws SnapshotError */
export function checkSavedPlic(name: string, like: PlainData, state: PlainData): SavedPlic {
  const [own, saved] = [like as unknown as SavedPlic, state as unknown as Partial<SavedPlic> | null];
  const fits =
    (["priorities", "enables", "thresholds"] as const).every(
      (key) => saved?.[key]?.length === own[key].length && saved[key].every(Number.isInteger),
    ) &&
    saved?.driven?.length === own.driven.length &&
    (["lines", "pending", "claimed", "edges"] as const).every((set) =>
      saved.gateways?.[set]?.every((id) => id >= 1 && id < own.priorities.length),
    );
  if (fits) return saved as SavedPlic;
  throw new SnapshotError(`the saved state is none of ${name}`, {
    subject: name,
    remedy: "restore it into a PLIC with the same sources and contexts",
  });
}
