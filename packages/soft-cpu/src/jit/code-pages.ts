/**
 * The decoded pages as the compiler sees them. It looks at the same few pages again and again, for each sample and each region, so what
 * it learned of the last ones is kept. Bound: KEPT_PAGES pages of 1024 instructions.
 */
import { type DecodedPages } from "../engine/decoded-pages.ts";
import type { Decoded } from "../isa/decoder.ts";
import { HANDLER_DECODE } from "../isa/variants.ts";
import { HANDLER, PAGE_END } from "../state/layout.ts";
import { entryPoint } from "./entry-points.ts";
import { HOST, mayGoOn, PageFlow } from "./page-flow.ts";
import type { CodePage } from "./region.ts";

const KEPT_PAGES = 32;

export class CodePages {
  private readonly pages: DecodedPages;
  private readonly u16: Uint16Array;
  private readonly kept = new Map<number, KnownPage>();

  constructor(pages: DecodedPages, u16: Uint16Array) {
    this.pages = pages;
    this.u16 = u16;
  }

  at(records: number): KnownPage {
    const known = this.kept.get(records);
    if (known !== undefined) return known;
    if (this.kept.size >= KEPT_PAGES) this.kept.delete(this.kept.keys().next().value!);
    const page = new KnownPage(this.pages, this.u16, records);
    this.kept.set(records, page);
    return page;
  }

  /** The page's bytes changed. */
  drop(records: number): void {
    this.kept.delete(records);
  }

  clear(): void {
    this.kept.clear();
  }
}

export class KnownPage implements CodePage {
  readonly flow: PageFlow;
  private readonly pages: DecodedPages;
  private readonly u16: Uint16Array;
  private readonly records: number;
  private readonly decoded: (Decoded | undefined)[] = [];
  private readonly entries = new Map<number, number>();
  private starts: readonly number[] = [];
  private startsAsOf = -1;

  constructor(pages: DecodedPages, u16: Uint16Array, records: number) {
    this.pages = pages;
    this.u16 = u16;
    this.records = records;
    this.flow = new PageFlow((offset) => this.decodeAt(offset));
  }

  decodeAt(offset: number): Decoded {
    return (this.decoded[offset >> 2] ??= this.pages.decodedAt(this.records, offset));
  }

  isDecoded(offset: number): boolean {
    return offset * 4 < PAGE_END && this.u16[(this.records + 4 * offset + HANDLER) >> 1] !== HANDLER_DECODE;
  }

  isCallTarget(offset: number): boolean {
    return this.pages.isCallTarget(this.records, offset);
  }

  blockStarts(): readonly number[] {
    if (this.startsAsOf !== this.pages.decodes) {
      this.startsAsOf = this.pages.decodes;
      const starts: number[] = [];
      for (let offset = 0; offset < 4096; offset += 4) if (this.isStart(offset)) starts.push(offset);
      this.starts = starts;
    }
    return this.starts;
  }

  /** Where compilation would begin for an instruction that is executed. What was decoded since it was last asked may not be in it. */
  entryPoint(offset: number): number {
    return this.entries.get(offset) ?? this.currentEntryPoint(offset);
  }

  /** The same as of now. */
  currentEntryPoint(offset: number): number {
    const entry = entryPoint(this, offset);
    this.entries.set(offset, entry);
    return entry;
  }

  private isStart(offset: number): boolean {
    if (!this.isDecoded(offset) || this.isCallTarget(offset)) return false;
    if (offset === 0 || !this.isDecoded(offset - 4)) return true;
    const before = this.flow.leadAt(offset - 4);
    return before !== HOST && !mayGoOn(before);
  }
}
