/**
 * Decides what is compiled, compiles it, and takes it away when its page changes.
 *
 * Hot code is found by looking where execution stands whenever a slice ends: `sample`. An entry that was met SAMPLES times is
 * compiled, into a module of its own. A compiled function is entered through the table slot whose number stands in its record.
 * Bounds: COMPILED_SLOTS functions; when they are used up all are dropped. Nothing the guest sees depends on any of this.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { HANDLER, PAGE_END } from "../state/layout.ts";
import { TABLE_SLOTS } from "../interpreter/core-module.ts";
import type { Expr } from "../ir/expr.ts";
import { importHelpers } from "../ir/helpers.ts";
import type { Stmt } from "../ir/stmt.ts";
import { HANDLER_DECODE, HANDLERS_END } from "../isa/variants.ts";
import { ModuleWriter } from "../wasm/module-writer.ts";
import { I32, I64 } from "../wasm/opcodes.ts";
import { compileModule, instantiate, type WasmImports, type WasmTable } from "../engine/wasm-api.ts";
import { type DecodedPages, plainHandlerOf } from "../engine/decoded-pages.ts";
import { CompiledTarget } from "./compiled-target.ts";
import { entryPoint } from "./entry-points.ts";
import { type CodePage, findRegion, type Region } from "./region.ts";
import { RegionWriter } from "./region-writer.ts";

/** How often an entry is met before it is compiled. */
const SAMPLES = 2;
const COMPILED_SLOTS = TABLE_SLOTS - HANDLERS_END;
/** Entries whose meetings are counted at a time; then counting begins anew. */
const COUNTED_ENTRIES = 4096;

export interface CompilerStatistics {
  readonly functions: number;
  readonly instructions: number;
  readonly bytes: number;
  readonly flushes: number;
  readonly milliseconds: number;
}

interface CompiledPage {
  /** Offset of the entry → its slot. */
  readonly entries: Map<number, number>;
  /** Instructions that some region of the page includes. */
  readonly covered: Set<number>;
}

export class Compiler {
  enabled = true;
  private readonly state: CpuState;
  private readonly u16: Uint16Array;
  private readonly pages: DecodedPages;
  private readonly table: WasmTable;
  private readonly imports: WasmImports;
  private readonly compiled = new Map<number, CompiledPage>();
  private readonly counts = new Map<number, number>();
  private readonly freeSlots: number[] = [];
  private usedSlots = 0;
  private totals = { functions: 0, instructions: 0, bytes: 0, flushes: 0, milliseconds: 0 };

  /** @param exports of the core module, and `access` of the host */
  constructor(state: CpuState, pages: DecodedPages, table: WasmTable, imports: WasmImports) {
    this.state = state;
    this.u16 = new Uint16Array(state.bytes.buffer);
    this.pages = pages;
    this.table = table;
    this.imports = imports;
  }

  get statistics(): CompilerStatistics {
    return { ...this.totals };
  }

  /** Execution stands at this record. */
  sample(record: number, records: number): void {
    const offset = (record - records) >> 2;
    if (!this.enabled || offset >= 4096) return;
    const compiled = this.compiled.get(records);
    if (compiled?.covered.has(offset) === true) return;
    const page = this.codePage(records);
    if (!page.isDecoded(offset)) return;
    let entry = entryPoint(page, offset);
    // What is compiled from there does not reach as far as here.
    if (compiled?.entries.has(entry) === true) entry = offset;
    const key = records + 4 * entry;
    const count = (this.counts.get(key) ?? 0) + 1;
    if (this.counts.size >= COUNTED_ENTRIES) this.counts.clear();
    this.counts.set(key, count);
    if (count >= SAMPLES) this.compile(records, entry);
  }

  /** The records of this page are no longer valid. */
  dropPage(records: number): void {
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
        const record = records + 4 * offset;
        if (this.u16[(record + HANDLER) >> 1] === slot) this.u16[(record + HANDLER) >> 1] = this.u16[plainHandlerOf(record) >> 1]!;
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
    this.counts.clear();
    this.freeSlots.length = 0;
    this.usedSlots = 0;
  }

  private codePage(records: number): CodePage {
    const { pages, u16 } = this;
    return {
      wordAt: (offset) => pages.wordAt(records + 4 * offset),
      isDecoded: (offset) => offset * 4 < PAGE_END && u16[(records + 4 * offset + HANDLER) >> 1] !== HANDLER_DECODE,
    };
  }

  /** Compiles what begins at an offset of a page. */
  compile(records: number, entry: number): void {
    const begun = performance.now();
    this.counts.delete(records + 4 * entry);
    const { bytes, region } = regionModule(this.codePage(records), records, entry);
    if (region.instructions === 0) return;
    if (this.freeSlots.length === 0 && this.usedSlots === COMPILED_SLOTS) this.flush();
    const slot = this.freeSlots.pop() ?? HANDLERS_END + this.usedSlots++;
    this.table.set(slot, instantiate(compileModule(bytes), this.imports)["region"]);
    const record = records + 4 * entry;
    this.u16[plainHandlerOf(record) >> 1] = this.u16[(record + HANDLER) >> 1]!;
    this.u16[(record + HANDLER) >> 1] = slot;
    let page = this.compiled.get(records);
    if (page === undefined) this.compiled.set(records, (page = { entries: new Map(), covered: new Set() }));
    page.entries.set(entry, slot);
    for (const { instructions, offset, length } of region.blocks.values()) {
      for (const { offset: at } of instructions) page.covered.add(at);
      if (length > instructions.length) page.covered.add(offset + 4 * instructions.length);
    }
    const { totals } = this;
    totals.functions++;
    totals.instructions += region.instructions;
    totals.bytes += bytes.length;
    totals.milliseconds += performance.now() - begun;
  }
}

/** A module with one region: exports `region`. */
function regionModule(page: CodePage, records: number, entry: number): { bytes: Uint8Array<ArrayBuffer>; region: Region } {
  const module = new ModuleWriter();
  module.importMemory("cpu", "memory");
  const access = module.importFunction("cpu", "access", [I32], [I32]);
  const goto = module.importFunction("cpu", "goto", [I64], [I32]);
  const settleFlags = module.importFunction("cpu", "settleFlags", [], []);
  const invoke = module.importFunction("cpu", "invoke", [I32, I32], [I32]);
  const fn = module.function([I32], [I32], "region");
  const { code } = fn;
  const region = findRegion(page, entry, new CompiledTarget(code));
  const helpers = importHelpers(module, ...semanticsOf(region));
  new RegionWriter(code, region, records, {
    access,
    goto,
    settleFlags,
    invoke,
    helper: (number) => helpers.get(number)!,
    local: (offset) => (offset === entry ? fn.index : undefined),
  }).writeFunction();
  return { bytes: module.build(), region };
}

/** The statements of a region, and what its branches ask. */
function semanticsOf({ blocks }: Region): readonly [Stmt[], Expr[]] {
  const all = [...blocks.values()];
  const statements = all.flatMap(({ instructions }) => instructions.flatMap((instruction) => instruction.statements));
  const asked = all.flatMap(({ ending }): Expr[] => {
    if (ending.kind === "conditional") return [ending.condition];
    return ending.kind === "indirect" || ending.kind === "indirect-call" ? [ending.target] : [];
  });
  return [statements, asked];
}
