/**
 * What state is saved as: JSON's values plus bytes and bigint, nothing with behaviour. A saved state can be written to a
 * file, compared, printed and read by the next version. See snapshot/.
 */
export type PlainData =
  | null
  | boolean
  | number
  | string
  | bigint
  | Uint8Array
  | readonly PlainData[]
  | { readonly [key: string]: PlainData };

/** Power-on: as if switched on, RAM undefined but zero here. Warm: as the guest asks for it; RAM and clocks go on. */
export type ResetKind = "power-on" | "warm";

/** Everything with state offers this; the machine calls it between two exits, after `quiesce`. */
export interface Stateful {
  reset(kind: ResetKind): void;
  /** Complete state as plain data. Must not change anything. */
  save(): PlainData;
  /** Takes what `save` gave. @throws SnapshotError when it does not fit; then nothing may have changed. */
  restore(state: PlainData): void;
}
