/**
 * The strings block (Devicetree Specification v0.4, 5.5): NUL-terminated property names, each stored once. A name that
 * is the tail of a stored one ("cells" of "#size-cells") points into it, at the first place, as dtc does.
 */
export class StringsBlock {
  /** Every tail of every stored name → its first offset. Names are at most 255 characters, so this stays small. */
  private readonly offsets = new Map<string, number>();
  private readonly names: string[] = [];
  private size = 0;

  get sizeBytes(): number {
    return this.size;
  }

  /** Offset of `name` in the block, storing it where it is new. ASCII only: the caller has checked it. */
  add(name: string): number {
    const known = this.offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.size;
    for (let i = 0; i < name.length; i++) {
      const tail = name.slice(i);
      if (!this.offsets.has(tail)) this.offsets.set(tail, offset + i);
    }
    this.names.push(name);
    this.size += name.length + 1;
    return offset;
  }

  /** Writes the block; the bytes between names are left as they are, so `blob` has to be zero there. */
  copyTo(blob: Uint8Array, start: number): void {
    let at = start;
    for (const name of this.names) {
      for (let i = 0; i < name.length; i++) blob[at + i] = name.charCodeAt(i);
      at += name.length + 1;
    }
  }
}
