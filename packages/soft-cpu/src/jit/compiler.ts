/**
 * Decides what is compiled, compiles it, and takes it away when its page changes.
 *
 * Hot code is found by looking where execution stands whenever a slice ends: `sample`. An entry that was met SAMPLES times is
 * compiled, into a module of its own. A compiled function is entered through the table slot whose number stands in its record.
 * Bounds: COMPILED_SLOTS functions; when they are used up all are dropped. Nothing the guest sees depends on any of this.
 */
import type { CpuState } from "../state/cpu-state.ts";
import { HANDLER, LEFT_FOR_BUDGET, PAGE_END } from "../state/layout.ts";
import { TABLE_SLOTS } from "../interpreter/core-module.ts";
import type { Expr } from "../ir/expr.ts";
import { importHelpers } from "../ir/helpers.ts";
import type { Stmt } from "../ir/stmt.ts";
import { type Decoded, decode } from "../isa/decoder.ts";
import { HANDLER_DECODE, HANDLERS_END } from "../isa/variants.ts";
import { type FunctionHandle, ModuleWriter } from "../wasm/module-writer.ts";
import { I32, I64 } from "../wasm/opcodes.ts";
import { compileModule, compileModuleLater, instantiate, type WasmImports, type WasmModule, type WasmTable } from "../engine/wasm-api.ts";
import { type DecodedPages, plainHandlerOf } from "../engine/decoded-pages.ts";
import { CompiledTarget } from "./compiled-target.ts";
import { entryPoint } from "./entry-points.ts";
import { type CodePage, findRegion, type Region } from "./region.ts";
import { RegionWriter } from "./region-writer.ts";

/**
 * How often an entry is met before it is compiled. Compiling costs milliseconds, V8's own optimiser included, which is what the
 * interpreter needs for some hundred thousand instructions; an entry met so often was worth more than that.
 */
const SAMPLES = 16;
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
  /** Entries that are being compiled. */
  readonly pending: Set<number>;
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
    if (!this.enabled || offset >= 4096) return;
    // Compiled code that left for the end of the chunk would have gone on.
    if (this.state.i32[LEFT_FOR_BUDGET >> 2] !== 0) {
      this.totals.compiledSamples++;
      return;
    }
    const page = this.codePage(records);
    if (!page.isDecoded(offset)) return;
    const compiled = this.compiled.get(records);
    if (compiled?.entries.has(offset) === true) return;
    let entry = entryPoint(page, offset);
    // Compiled from there, and yet the interpreter works here: it gets here by other ways.
    if (compiled?.entries.has(entry) === true) entry = offset;
    if (compiled?.pending.has(entry) === true) return;
    const key = records + 4 * entry;
    const count = (this.counts.get(key) ?? 0) + 1;
    if (this.counts.size >= COUNTED_ENTRIES) this.counts.clear();
    this.counts.set(key, count);
    if (count >= SAMPLES) void this.compileLater(records, entry);
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
    let starts: readonly number[] | undefined;
    const decoded = new Map<number, Decoded>(); // each instruction is looked at several times
    return {
      decodeAt(offset) {
        let found = decoded.get(offset);
        if (found === undefined) decoded.set(offset, (found = decode(pages.wordAt(records + 4 * offset), offset)));
        return found;
      },
      isDecoded: (offset) => offset * 4 < PAGE_END && u16[(records + 4 * offset + HANDLER) >> 1] !== HANDLER_DECODE,
      isCallTarget: (offset) => pages.isCallTarget(records, offset),
      blockStarts() {
        return (starts ??= Array.from({ length: 1024 }, (_, index) => 4 * index).filter((offset) => {
          if (!this.isDecoded(offset) || this.isCallTarget(offset)) return false;
          if (offset === 0 || !this.isDecoded(offset - 4)) return true;
          const { flow } = this.decodeAt(offset - 4).variant.form;
          return flow !== undefined && flow.kind !== "conditional" && !("link" in flow && flow.link);
        }));
      },
    };
  }

  /** Compiles what begins at an offset of a page, with the functions of that page that it calls. */
  compile(records: number, entry: number): void {
    const begun = performance.now();
    const unit = this.prepare(records, entry);
    if (unit !== undefined) this.installUnit(records, unit.regions, compileModule(unit.bytes));
    this.totals.milliseconds += performance.now() - begun;
  }

  /** The same while this thread goes on: it is there when the event loop had its turn, unless the page changed meanwhile. */
  private async compileLater(records: number, entry: number): Promise<void> {
    const begun = performance.now();
    const unit = this.prepare(records, entry);
    this.totals.milliseconds += performance.now() - begun;
    if (unit === undefined) return;
    const page = this.pageOf(records);
    for (const region of unit.regions) page.pending.add(region.entry);
    try {
      const module = await compileModuleLater(unit.bytes);
      if (this.compiled.get(records) !== page) return; // dropped, and with it what was pending
      for (const region of unit.regions) page.pending.delete(region.entry);
      this.installUnit(records, unit.regions.filter((region) => !page.entries.has(region.entry)), module);
    } catch {
      this.enabled = false; // the host has no room for more code: the interpreter goes on
    }
  }

  private prepare(records: number, entry: number): Unit | undefined {
    this.counts.delete(records + 4 * entry);
    const known = this.compiled.get(records);
    if (known?.entries.has(entry) === true) return undefined;
    const mayAdd = (offset: number): boolean => known === undefined || !(known.entries.has(offset) || known.pending.has(offset));
    const unit = unitModule(this.codePage(records), records, entry, mayAdd);
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
    if (page === undefined) this.compiled.set(records, (page = { entries: new Map(), pending: new Set() }));
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

/** A module and what it compiles. */
interface Unit {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly regions: readonly Region[];
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
): Unit {
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
    return ending.kind === "indirect" || ending.kind === "switch" || ending.kind === "indirect-call" ? [ending.target] : [];
  });
  return [statements, asked];
}
