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
import { type FunctionHandle, ModuleWriter } from "../wasm/module-writer.ts";
import { I32, I64 } from "../wasm/opcodes.ts";
import { compileModule, instantiate, type WasmImports, type WasmTable } from "../engine/wasm-api.ts";
import { type DecodedPages, plainHandlerOf } from "../engine/decoded-pages.ts";
import { CompiledTarget } from "./compiled-target.ts";
import { entryPoint } from "./entry-points.ts";
import { type CodePage, findRegion, type Region } from "./region.ts";
import { RegionWriter } from "./region-writer.ts";

/**
 * How often an entry is met before it is compiled. Compiling costs milliseconds, V8's own optimiser included, which is what the
 * interpreter needs for some hundred thousand instructions; an entry met so often was worth more than that.
 */
const SAMPLES = 8;
const COMPILED_SLOTS = TABLE_SLOTS - HANDLERS_END;
/** Entries whose meetings are counted at a time; then counting begins anew. */
const COUNTED_ENTRIES = 4096;

export interface CompilerStatistics {
  readonly functions: number;
  readonly instructions: number;
  readonly bytes: number;
  readonly flushes: number;
  readonly milliseconds: number;
  /** How often execution was looked at, and how often it stood in what is compiled. */
  readonly samples: number;
  readonly compiledSamples: number;
}

interface CompiledPage {
  /** Offset of the entry → its slot. */
  readonly entries: Map<number, number>;
  /** Instructions that some region of the page includes. */
  readonly covered: Set<number>;
  /** Instructions that were met and need nothing more. */
  readonly settled: Set<number>;
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
  private totals = { functions: 0, instructions: 0, bytes: 0, flushes: 0, milliseconds: 0, samples: 0, compiledSamples: 0 };

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
    this.totals.samples++;
    if (this.compiled.get(records)?.covered.has(offset) === true) this.totals.compiledSamples++;
    if (!this.enabled || offset >= 4096) return;
    const compiled = this.compiled.get(records);
    if (compiled?.settled.has(offset) === true) return; // the usual case by far
    const page = this.codePage(records);
    if (!page.isDecoded(offset)) return;
    const { offset: top, isLoop } = entryPoint(page, offset);
    let entry = top;
    if (compiled?.entries.has(top) === true) {
      // It is entered there, and soon, if that is a loop; or what is compiled from there does not reach as far as here.
      if (isLoop || compiled.covered.has(offset)) {
        compiled.settled.add(offset);
        return;
      }
      entry = offset;
    }
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
      isCallTarget: (offset) => pages.isCallTarget(records, offset),
    };
  }

  /** Compiles what begins at an offset of a page, with the functions of that page that it calls. */
  compile(records: number, entry: number): void {
    const begun = performance.now();
    this.counts.delete(records + 4 * entry);
    const known = this.compiled.get(records)?.entries;
    const { bytes, regions } = unitModule(this.codePage(records), records, entry, (offset) => known?.has(offset) !== true);
    if (regions.length === 0) return;
    if (this.freeSlots.length + TABLE_SLOTS - HANDLERS_END - this.usedSlots < regions.length) this.flush();
    const exports = instantiate(compileModule(bytes), this.imports);
    for (const region of regions) this.install(records, region, exports[exportName(region.entry)]);
    const { totals } = this;
    totals.bytes += bytes.length;
    totals.milliseconds += performance.now() - begun;
  }

  private install(records: number, region: Region, fn: unknown): void {
    const { entry } = region;
    const slot = this.freeSlots.pop() ?? HANDLERS_END + this.usedSlots++;
    this.table.set(slot, fn);
    const record = records + 4 * entry;
    this.u16[plainHandlerOf(record) >> 1] = this.u16[(record + HANDLER) >> 1]!;
    this.u16[(record + HANDLER) >> 1] = slot;
    let page = this.compiled.get(records);
    if (page === undefined) this.compiled.set(records, (page = { entries: new Map(), covered: new Set(), settled: new Set() }));
    page.entries.set(entry, slot);
    for (const { instructions, offset, length } of region.blocks.values()) {
      for (const { offset: at } of instructions) page.covered.add(at);
      if (length > instructions.length) page.covered.add(offset + 4 * instructions.length);
    }
    this.totals.functions++;
    this.totals.instructions += region.instructions;
  }
}

/** Instructions of one module, beyond which callees are left for later. */
const UNIT_INSTRUCTIONS = 400;

const exportName = (entry: number): string => `region${entry}`;

/**
 * A module with the region of an entry and those of the functions in its page that it calls, if `mayAdd` says so: calls between
 * them are direct. Exports each under `exportName`. No region, when the entry is the host's.
 */
function unitModule(
  page: CodePage, records: number, entry: number, mayAdd: (entry: number) => boolean,
): { bytes: Uint8Array<ArrayBuffer>; regions: readonly Region[] } {
  const module = new ModuleWriter();
  module.importMemory("cpu", "memory");
  const resolve = module.importFunction("cpu", "resolve", [I64, I32], [I32]);
  const goto = module.importFunction("cpu", "goto", [I64], [I32]);
  const settleFlags = module.importFunction("cpu", "settleFlags", [], []);
  const invoke = module.importFunction("cpu", "invoke", [I32, I32], [I32]);
  const units = new Map<number, { readonly region: Region; readonly fn: FunctionHandle }>();
  const queue = [entry];
  let instructions = 0;
  for (let next = queue.shift(); next !== undefined && instructions < UNIT_INSTRUCTIONS; next = queue.shift()) {
    if (units.has(next)) continue;
    const fn = module.function([I32], [I32], exportName(next));
    const region = findRegion(page, next, new CompiledTarget(fn.code));
    units.set(next, { region, fn });
    instructions += region.instructions;
    if (region.blocks.get(next)!.length === 0) {
      fn.code.unreachable(); // nothing to compile here, and nobody will enter it
      continue;
    }
    for (const { ending } of region.blocks.values()) {
      const callee = ending.kind === "call" ? ending.target : -1;
      if (callee >= 0 && callee < 4096 && page.isDecoded(callee) && mayAdd(callee)) queue.push(callee);
    }
  }
  const compiled = [...units.values()].filter(({ region }) => region.blocks.get(region.entry)!.length > 0);
  const semantics = compiled.map(({ region }) => semanticsOf(region));
  const helpers = importHelpers(module, semantics.flatMap(([statements]) => statements), semantics.flatMap(([, asked]) => asked));
  for (const { region, fn } of compiled) {
    new RegionWriter(fn.code, region, records, {
      ...{ resolve, goto, settleFlags, invoke },
      helper: (number) => helpers.get(number)!,
      local(offset) {
        const unit = units.get(offset);
        return unit === undefined || unit.region.blocks.get(offset)!.length === 0 ? undefined : unit.fn.index;
      },
    }).writeFunction();
  }
  return { bytes: module.build(), regions: compiled.map(({ region }) => region) };
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
