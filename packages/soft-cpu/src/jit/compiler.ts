/**
 * Decides what is compiled, compiles it, and takes it away when its page changes.
 *
 * Hot code is found by looking, whenever a slice ends, where execution stands and where compiled code was left (`sample`, docs/adr/0048-what-is-compiled.md).
 * An entry is compiled into a module of its own, with the functions of its page that it calls. A compiled function is entered through the table slot whose number stands in its record.
 * Bounds: COMPILED_SLOTS functions; when they are used up all are dropped. Nothing the guest sees depends on any of this.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { ENTRIES, HANDLER, LAST_ENTRY, LAST_LEFT, LAST_RAN, LEFT_FOR_BUDGET } from "../state/layout.ts";
import { TABLE_SLOTS } from "../interpreter/core-module.ts";
import { HANDLER_DECODE, HANDLERS_END } from "../isa/variants.ts";
import { compileModule, instantiate, type WasmImports, type WasmModule, type WasmTable } from "../engine/wasm-api.ts";
import { type DecodedPages, pageOf, plainHandlerOf } from "../engine/decoded-pages.ts";
import { CodePages } from "./code-pages.ts";
import { HotPlaces } from "./hot-places.ts";
import type { Region } from "./region.ts";
import { INTERPRET } from "./region-writer.ts";
import { exportName, type Unit, unitModule } from "./unit-module.ts";

/** A compiled function that the interpreter enters more often than once in so many instructions is not worth entering: what they save it costs. */
const WORTH_ENTERING = 8;
/** Entries in so many instructions that nobody looks where they left before. */
const RARELY_ENTERED = 100;
const COMPILED_SLOTS = TABLE_SLOTS - HANDLERS_END;

export interface CompilerStatistics {
  readonly functions: number;
  readonly instructions: number;
  readonly bytes: number;
  readonly flushes: number;
  readonly givenUp: number;
  readonly milliseconds: number;
  /** How often execution was looked at, and how often it stood in what is compiled. */
  readonly samples: number;
  readonly compiledSamples: number;
}

interface CompiledPage {
  /** Offset of the entry → its slot. */
  readonly entries: Map<number, number>;
  /** Entries that are the interpreter's: instructions for the host, and where compiled code was left at once. */
  readonly givenUp: Set<number>;
}

export class Compiler {
  enabled = true;
  private readonly state: CpuState;
  private readonly u16: Uint16Array;
  private readonly pages: DecodedPages;
  private readonly table: WasmTable;
  private readonly imports: WasmImports;
  private readonly compiled = new Map<number, CompiledPage>();
  private readonly hasNoFastTags: () => boolean;
  private readonly code: CodePages;
  private readonly places = new HotPlaces();
  private readonly freeSlots: number[] = [];
  private usedSlots = 0;
  private totals = { functions: 0, instructions: 0, bytes: 0, flushes: 0, givenUp: 0, milliseconds: 0, samples: 0, compiledSamples: 0 };

  /** @param hasNoFastTags as of now, most accesses have none (see access-writer.ts) */
  constructor(state: CpuState, pages: DecodedPages, table: WasmTable, imports: WasmImports, hasNoFastTags: () => boolean) {
    this.state = state;
    this.u16 = new Uint16Array(state.bytes.buffer);
    this.pages = pages;
    this.table = table;
    this.imports = imports;
    this.hasNoFastTags = hasNoFastTags;
    this.code = new CodePages(pages, this.u16);
  }

  get statistics(): CompilerStatistics {
    return { ...this.totals };
  }

  /** Execution stands at this record, `instructions` after the last look. */
  sample(record: number, records: number, instructions: number): void {
    const offset = (record - records) >> 2;
    this.totals.samples++;
    if (!this.enabled || offset >= 4096) return;
    this.judgeEntries(instructions);
    // Compiled code that left for the end of the chunk would have gone on.
    if (this.state.i32[LEFT_FOR_BUDGET >> 2] !== 0) {
      this.totals.compiledSamples++;
      return;
    }
    if (this.u16[(record + HANDLER) >> 1] === HANDLER_DECODE) return;
    const compiled = this.compiled.get(records);
    if (compiled?.entries.has(offset) === true) return;
    if (!this.places.meet(record)) return;
    const page = this.code.at(records);
    let entry = page.entryPoint(offset);
    if (compiled?.givenUp.has(entry) === true) return;
    // Compiled from there, and yet the interpreter works here: it gets here by other ways.
    if (compiled?.entries.has(entry) === true) entry = offset;
    if (!this.places.meetEntry(record, records + 4 * entry)) return;
    if (entry !== offset) entry = page.currentEntryPoint(offset);
    this.begin(records, entry);
  }

  /** Looks at how compiled code was entered and left. */
  private judgeEntries(instructions: number): void {
    const { i32 } = this.state;
    const entries = i32[ENTRIES >> 2]!;
    i32[ENTRIES >> 2] = 0;
    if (entries * RARELY_ENTERED <= instructions) return;
    const left = i32[LAST_LEFT >> 2]!;
    const tooOften = entries * WORTH_ENTERING > instructions;
    // What the interpreter must do in each round, it will do in each round.
    const mayFollow = left !== 0 && !(tooOften && (left & INTERPRET) !== 0);
    if (mayFollow && this.followExit(left, entries)) return;
    if (tooOften && i32[LAST_RAN >> 2]! < WORTH_ENTERING) this.doubt(i32[LAST_ENTRY >> 2]!);
  }

  /**
   * Compiles where compiled code keeps leaving.
   * @param left what it returned
   * @param entries how often it was entered again
   * @returns whether that place is, or may come to be, compiled because of it
   */
  private followExit(left: number, entries: number): boolean {
    const records = pageOf(left);
    const offset = ((left - records) >> 2) + ((left & INTERPRET) === 0 ? 0 : 4); // behind an instruction that is the interpreter's
    const compiled = this.compiled.get(records);
    if (offset >= 4096 || compiled?.entries.has(offset) === true || compiled?.givenUp.has(offset) === true) return false;
    if (!this.places.pass(records + 4 * offset, entries)) return true;
    if (this.code.at(records).isDecoded(offset)) this.begin(records, offset);
    return true;
  }

  /** Gives up an entry that does not pay: it leads to an instruction for the host, or to a device. */
  private doubt(record: number): void {
    const records = pageOf(record);
    const page = this.compiled.get(records);
    const offset = (record - records) >> 2;
    const slot = page?.entries.get(offset);
    if (page === undefined || slot === undefined || page.givenUp.has(offset)) return;
    if (!this.places.doubt(record)) return;
    page.givenUp.add(offset);
    this.leavePlain(record, slot);
    this.totals.givenUp++;
  }

  /** The interpreter's handler takes its place again. */
  private leavePlain(record: number, slot: number): void {
    if (this.u16[(record + HANDLER) >> 1] === slot) this.u16[(record + HANDLER) >> 1] = this.u16[plainHandlerOf(record) >> 1]!;
  }

  /** The records of this page are no longer valid. */
  dropPage(records: number): void {
    this.code.drop(records);
    this.places.forgetPage(records);
    const page = this.compiled.get(records);
    if (page === undefined) return;
    for (const slot of page.entries.values()) {
      this.table.set(slot, null);
      this.freeSlots.push(slot);
    }
    this.compiled.delete(records);
  }

  /** Drops everything: the code's memory goes with it. */
  flush(): void {
    for (const [records, { entries }] of this.compiled) {
      for (const [offset, slot] of entries) {
        this.leavePlain(records + 4 * offset, slot);
        this.table.set(slot, null);
      }
    }
    this.forget();
    this.totals.flushes++;
  }

  /** The records are gone already. */
  forget(): void {
    for (let slot = HANDLERS_END; slot < HANDLERS_END + this.usedSlots; slot++) this.table.set(slot, null);
    this.compiled.clear();
    this.code.clear();
    this.places.clear();
    this.freeSlots.length = 0;
    this.usedSlots = 0;
  }

  /**
   * Compiles what begins at an offset of a page, with the functions of that page that it calls. On this thread: V8 only looks it over, and generates
   * code for each function when it is first called, better code on other threads when it is called often. Asked to do even that later, it needs three
   * turns of the event loop for it.
   */
  compile(records: number, entry: number): void {
    if (this.compiled.get(records)?.entries.has(entry) === true) return;
    const begun = performance.now();
    const unit = this.prepare(records, entry);
    if (unit === undefined) this.pageOf(records).givenUp.add(entry); // it is the host's: nobody need ask again
    else this.installUnit(records, unit.regions, compileModule(unit.bytes));
    this.totals.milliseconds += performance.now() - begun;
  }

  /** The same for what was found hot. */
  private begin(records: number, entry: number): void {
    try {
      this.compile(records, entry);
    } catch {
      this.enabled = false; // the host has no room for more code, or the fault is ours: the interpreter goes on
    }
  }

  private prepare(records: number, entry: number): Unit | undefined {
    this.places.forgetEntry(records + 4 * entry);
    const known = this.compiled.get(records);
    const mayAdd = (offset: number): boolean => known?.entries.has(offset) !== true;
    const unit = unitModule(this.code.at(records), records, entry, this.hasNoFastTags(), mayAdd);
    this.totals.bytes += unit.bytes.length;
    return unit.regions.length === 0 ? undefined : unit;
  }

  private installUnit(records: number, regions: readonly Region[], module: WasmModule): void {
    if (this.freeSlots.length + COMPILED_SLOTS - this.usedSlots < regions.length) this.flush();
    const exports = instantiate(module, this.imports);
    for (const region of regions) this.install(records, region, exports[exportName(region.entry)]);
  }

  private pageOf(records: number): CompiledPage {
    let page = this.compiled.get(records);
    if (page === undefined) this.compiled.set(records, (page = { entries: new Map(), givenUp: new Set() }));
    return page;
  }

  private install(records: number, region: Region, fn: unknown): void {
    const { entry } = region;
    const slot = this.freeSlots.pop() ?? HANDLERS_END + this.usedSlots++;
    this.table.set(slot, fn);
    const record = records + 4 * entry;
    this.u16[plainHandlerOf(record) >> 1] = this.u16[(record + HANDLER) >> 1]!;
    this.u16[(record + HANDLER) >> 1] = slot;
    this.pageOf(records).entries.set(entry, slot);
    this.totals.functions++;
    this.totals.instructions += region.instructions;
  }
}
