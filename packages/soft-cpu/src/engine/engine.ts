/**
 * One instance of the generated code, on one machine's memory: runs the vCPU whose state is in place, decodes what it meets, and
 * asks its host for the rest. All vCPUs of a machine share it in turns.
 */
import { TABLE_SLOTS } from "../interpreter/core-module.ts";
import { crcTables } from "../isa/bit-tricks.ts";
import type { HelperFunctions } from "../ir/helpers.ts";
import type { HostFunction } from "../isa/host-functions.ts";
import { CRC_TABLES } from "../state/layout.ts";
import { CpuState } from "../state/cpu-state.ts";
import type { WasmMemory } from "@trapline/core";
import { Compiler } from "../jit/compiler.ts";
import { DecodedPages, type DecodedPagesOwner } from "./decoded-pages.ts";
import { coldGroup, coldName, type Variant } from "../isa/variants.ts";
import { compiledCore, compiledGroup, compiledHandler } from "./handler-modules.ts";
import { createTable, instantiate, type WasmImports, type WasmModule, type WasmTable } from "./wasm-api.ts";

/** What generated code asks for; see interpreter/core-module.ts. */
export interface EngineHost extends Omit<DecodedPagesOwner, "needed"> {
  access(access: number): number;
  commit(): void;
  /** By number, HOST_FUNCTIONS of them. */
  readonly hostFunctions: readonly HostFunction[];
  /** Records of the instruction at ACCESS_VA, or 0 when an exception was taken (or nothing may run on). */
  fetchMiss(): number;
  /** Records of the instruction at `state.nextPc`; 0 when the budget ended first. */
  settle(): number;
  /** Must all accesses be aligned now, so that most find no fast tag? */
  hasNoFastTags(): boolean;
  readonly helpers: HelperFunctions;
}

export class Engine {
  readonly state: CpuState;
  readonly pages: DecodedPages;
  readonly table: WasmTable;
  readonly memory: WasmMemory;
  readonly compiler: Compiler;
  /** Runs until the budget is used up; state and budget are in memory. */
  readonly run: () => void;
  /** Puts the state in place away at one address, and that at another in place; not 0: with another translation (interpreter/exchange.ts). */
  readonly exchange: (from: number, to: number) => number;

  private readonly imports: WasmImports;
  /** Handlers outside the loop that this instance has. */
  private readonly present = new Set<number>();
  /** The exports of the groups that some of them are from. */
  private readonly groups = new Map<WasmModule, Readonly<Record<string, unknown>>>();

  constructor(memory: WasmMemory, host: EngineHost) {
    this.memory = memory;
    this.state = new CpuState(memory.buffer);
    this.pages = new DecodedPages(memory.buffer, {
      hostAddressOf: (page) => host.hostAddressOf(page),
      needed: (variant) => this.provide(variant),
      dropped: (page, records) => {
        this.compiler.dropPage(records);
        host.dropped(page, records);
      },
      flushed: () => {
        this.compiler.forget();
        host.flushed();
      },
    });
    this.table = createTable(TABLE_SLOTS);
    new Uint8Array(memory.buffer).set(new Uint8Array(crcTables().buffer), CRC_TABLES);
    const hostImports = Object.fromEntries(host.hostFunctions.entries());
    const exports = instantiate(compiledCore(), {
      cpu: {
        memory,
        table: this.table,
        access: (access: number) => host.access(access),
        commit: () => host.commit(),
        fetchMiss: () => host.fetchMiss(),
        settle: () => host.settle(),
        decode: (record: number) => this.pages.decode(record),
      },
      host: hostImports,
      helper: host.helpers,
    });
    const { goto, settleFlags, invoke, resolve } = exports;
    this.run = exports["run"] as () => void;
    this.exchange = exports["exchange"] as (from: number, to: number) => number;
    this.imports = {
      cpu: { memory, resolve, goto, settleFlags, invoke, commit: () => host.commit() },
      host: hostImports,
      helper: host.helpers,
    };
    this.compiler = new Compiler(this.state, this.pages, this.table, this.imports, () => host.hasNoFastTags());
  }

  private provide(variant: Variant): void {
    const { handler } = variant;
    if (this.present.has(handler)) return;
    const name = coldName(variant);
    const group = compiledGroup(coldGroup(variant));
    // No file has it, because there is none, or because a handler that hardly any word needs was not thought of.
    this.table.set(handler, (group && this.exportsOf(group)[name]) ?? instantiate(compiledHandler(variant), this.imports)[name]);
    this.present.add(handler);
  }

  private exportsOf(group: WasmModule): Readonly<Record<string, unknown>> {
    let exports = this.groups.get(group);
    if (exports === undefined) this.groups.set(group, (exports = instantiate(group, this.imports)));
    return exports;
  }
}
