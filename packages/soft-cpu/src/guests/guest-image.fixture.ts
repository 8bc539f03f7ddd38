/** An assembled guest: build.mjs makes these from the sources beside them. */
export interface GuestImage {
  readonly base: number;
  /** Offsets from `base`, in order. */
  readonly labels: Readonly<Record<string, number>>;
  /** Words by their offset; what is not here is zero. */
  readonly parts: readonly (readonly [offset: number, words: readonly number[]])[];
}

/** Address of a label. */
export function addressOf(image: GuestImage, label: string): number {
  const offset = image.labels[label];
  if (offset === undefined) throw new RangeError(`the guest has no label ${label}`);
  return image.base + offset;
}

/** An address as a reader of the source knows it: `label` or `label+8`; a number outside of the image. */
export function nameOf(image: GuestImage, address: number | bigint): string {
  const offset = Number(address) - image.base;
  const [label, at] = Object.entries(image.labels).findLast(([, each]) => each <= offset) ?? ["", 0];
  if (label === "" || offset >= 0x4000) return address.toString(16);
  return offset === at ? label : `${label}+${offset - at}`;
}
