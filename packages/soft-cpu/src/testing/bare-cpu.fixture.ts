/**
 * A CPU without a machine, for tests of instructions: memory is flat, every page of RAM may be used at once, and whatever would leave
 * the CPU (an exception, a device, a host function) ends the run and is told.
 */
import { createWasmMemory } from "./wasm-memory.fixture.ts";
import { Engine, type EngineHost } from "../engine/engine.ts";
import { fpHelpers } from "../fp/helpers.ts";
import * as layout from "../state/layout.ts";
import { ACCESS_PROBE } from "../ir/stmt.ts";
import type { HelperFunctions } from "../ir/helpers.ts";
import { HOST_FUNCTIONS, type HostFunction } from "../isa/host-functions.ts";

/** Guest-physical address of the first byte of RAM. */
export const RAM_BASE = 0x4000_0000;
const RAM_PAGES = 64; // of 64 KiB

export interface Stopped {
  /** `budget`: it ran as long as it was let; `abort`: no such memory; `host`: a host function, by number. */
  readonly why: "budget" | "abort" | "host" | "fetch";
  readonly fn?: number;
  readonly va?: bigint;
}

export class BareCpu implements EngineHost {
  readonly engine: Engine;
  readonly helpers: HelperFunctions;
  /** Instructions that ran in the last `run`. */
  retired = 0;
  private readonly ramAt = Math.ceil(layout.reserveBytes(1) / 0x1_0000) * 0x1_0000;
  private readonly ramBytes = RAM_PAGES * 0x1_0000;
  private stopped: Stopped | undefined;
  private granted = 0;

  constructor(helpers?: HelperFunctions) {
    this.helpers = helpers ?? fpHelpers(() => this.state);
    const memory = createWasmMemory(this.ramAt / 0x1_0000 + RAM_PAGES);
    this.engine = new Engine(memory, this);
    const { state } = this.engine;
    state.i32[layout.CONTEXT >> 2] = layout.CONTEXTS;
    state.i32[layout.EL0_CONTEXT_BASE >> 2] = layout.CONTEXTS + layout.EL0_CONTEXT;
    state.i32[layout.CURRENT_EL >> 2] = 1;
    state.i32[layout.SP_SELECT >> 2] = 1;
    state.nzcv = 0;
    state.u64[layout.EXCLUSIVE_ADDRESS >> 3] = 0xffff_ffff_ffff_ffffn;
    this.forget();
  }

  get state(): Engine["state"] {
    return this.engine.state;
  }

  /** RAM as bytes. */
  get ram(): Uint8Array {
    return this.state.bytes.subarray(this.ramAt, this.ramAt + this.ramBytes);
  }

  /** Writes RAM and drops what was decoded there. */
  load(address: number, bytes: Uint8Array): void {
    this.ram.set(bytes, address - RAM_BASE);
    this.engine.pages.flush();
  }

  loadWords(address: number, words: readonly number[]): void {
    this.load(address, new Uint8Array(Uint32Array.from(words).buffer));
  }

  /** Runs from `pc` until something ends it, at most `budget` instructions. */
  run(pc: bigint, budget: number): Stopped {
    const { state } = this;
    this.stopped = undefined;
    this.granted = budget;
    state.divertTo(pc);
    state.budget = budget;
    this.engine.run();
    if (this.stopped === undefined) this.engine.compiler.sample(state.i32[layout.IP >> 2]!, state.i32[layout.PAGE_RECORDS >> 2]!, Infinity);
    this.retired = this.granted - state.budget;
    return this.stopped ?? { why: "budget" };
  }

  hostAddressOf(physicalPage: number): number {
    return this.ramAt + physicalPage * 4096 - RAM_BASE;
  }

  access(access: number): number {
    const va = this.state.u64[layout.ACCESS_VA >> 3]!;
    const page = Number(va >> 12n);
    const offset = page * 4096 - RAM_BASE;
    if (va >= 1n << 40n || offset < 0 || offset >= this.ramBytes) return (access & ACCESS_PROBE) === 0 ? this.stop({ why: "abort", va }, -1) : -1;
    const entry = (layout.CONTEXTS + (page & (layout.DATA_ENTRIES - 1)) * layout.DATA_ENTRY_BYTES) >> 3;
    const tag = (va >> 12n) << 12n;
    this.state.u64[entry] = tag;
    this.state.u64[entry + 1] = tag;
    this.state.i32[(entry << 1) + (layout.ADDEND >> 2)] = (this.ramAt - RAM_BASE) | 0;
    return this.ramAt - RAM_BASE + Number(va);
  }

  hasNoFastTags(): boolean {
    return false;
  }

  commit(): void {}

  get hostFunctions(): readonly HostFunction[] {
    return Array.from({ length: HOST_FUNCTIONS }, (_, fn) => () => this.host(fn));
  }

  /** @returns 1 when the program counter moved */
  protected host(fn: number): number {
    return this.stop({ why: "host", fn }, 1);
  }

  fetchMiss(): number {
    return this.enter(this.state.u64[layout.ACCESS_VA >> 3]!);
  }

  settle(): number {
    if (this.stopped !== undefined) return 0;
    this.state.i32[layout.DIVERTED >> 2] = 0;
    const record = this.enter(this.state.nextPc);
    if (record !== 0) this.state.i32[layout.IP >> 2] = record;
    return record;
  }

  dropped(): void {
    this.forget();
  }

  flushed(): void {
    this.forget();
  }

  private enter(pc: bigint): number {
    const page = Number(pc >> 12n);
    const offset = page * 4096 - RAM_BASE;
    if ((pc & 3n) !== 0n || pc >= 1n << 40n || offset < 0 || offset >= this.ramBytes) return this.stop({ why: "fetch", va: pc }, 0);
    const records = this.engine.pages.recordsFor(page);
    const { state } = this;
    const entry = layout.CONTEXTS + layout.CODE_TRANSLATIONS + (page & (layout.CODE_ENTRIES - 1)) * layout.CODE_ENTRY_BYTES;
    const pageVa = (pc >> 12n) << 12n;
    state.u64[entry >> 3] = state.u64[layout.PAGE_VA >> 3] = pageVa;
    state.i32[(entry + layout.CODE_ENTRY_RECORDS) >> 2] = state.i32[layout.PAGE_RECORDS >> 2] = records;
    return records + Number(pc - pageVa) * (layout.RECORD_BYTES / 4);
  }

  /** Ends the run: the budget is taken away, the program counter stays on the instruction. */
  private stop<T>(why: Stopped, answer: T): T {
    const { state } = this;
    this.stopped = why;
    this.granted -= state.budget;
    state.budget = 0;
    state.divertTo(state.pc);
    return answer;
  }

  private forget(): void {
    const { u64 } = this.state;
    u64.fill(0xffff_ffff_ffff_ffffn, layout.CONTEXTS >> 3, (layout.CONTEXTS + layout.CONTEXT_PAIR) >> 3);
  }
}
