/**
 * The soft CPU as the golden vectors ask for it: words at EL0, under a real map, from a given state to the first exception. All of it
 * is the real thing: tables, MMU, exception entry; the vectors are one HVC, whose exit ends the run.
 */
import { fromBigint, GuestMemory, HYPERCALL, VirtualClock, WireOrder } from "@trapline/core";
import { Cluster } from "../cluster/cluster.ts";
import { fpHelpers } from "../fp/helpers.ts";
import { SoftVcpu } from "../soft-vcpu.ts";
import * as layout from "../state/layout.ts";
import * as slots from "../sysregs/slots.ts";
import {
  BRK_WORD, CODE_BASE, CODE_PAGE, CODE_PAGE_SIZE, type CpuState, type CpuUnderTest, DATA_BASE, DATA_SIZE, MAX_WORDS, type Outcome, type Stop,
} from "./cpu-under-test.fixture.ts";

const RAM = 0x4000_0000;
/** Physical pages: tables, vectors, data, code. */
const TABLES = RAM;
const VECTORS = RAM + 0x4000;
const DATA = RAM + 0x5000;
const CODE = RAM + 0x6000;
const VECTORS_VA = 0x1002_0000n;
const HVC = 0xd400_0002;
const LOWER_EL_SYNC = 0x400;

// Descriptors: AF, inner shareable, AttrIndx 0; what EL0 may; what nobody executes.
const PAGE = 0x703n;
const EL0 = 1n << 6n;
const READ_ONLY = 1n << 7n;
const PXN = 1n << 53n;
const UXN = 1n << 54n;

const SCTLR = 0x30d0_0801n | (1n << 14n) | (1n << 15n) | (1n << 26n); // M, RES1, DZE, UCT, UCI
const TCR = 16n | (1n << 23n) | (2n << 32n); // T0SZ 16, EPD1, 40-bit addresses
const CPACR = 3n << 20n;
/** More than the longest stream with loops: what runs on is a mistake. */
const BUDGET = 100_000;

export class El0Cpu implements CpuUnderTest {
  private readonly memory: GuestMemory;
  private readonly cluster: Cluster;
  private readonly vcpu: SoftVcpu;
  private readonly compiled: boolean;
  private trapped = false;
  private loaded: readonly number[] = [];

  /** @param compiled every run goes through compiled code, from the first word on */
  constructor(compiled: boolean) {
    const order = new WireOrder();
    const clock = new VirtualClock();
    this.compiled = compiled;
    this.memory = new GuestMemory(order, [{ base: RAM, size: 0x1_0000 }], { reserveBytes: layout.reserveBytes(1) });
    this.cluster = new Cluster({ order, memory: this.memory, clock, helpers: fpHelpers, jit: false });
    this.memory.overwrites$.own("cpu", (address, length) => this.cluster.overwritten(address, length));
    this.vcpu = new SoftVcpu({
      ...{ id: 0, order, clock, cluster: this.cluster, frequencyHz: 62_500_000, conduit: "hvc" },
      identity: { affinity: 0, uniprocessor: true, gicSystemRegisters: false },
      start: () => ({ pc: CODE_BASE, x: [] }),
      setTimerLine: () => {},
    });
    this.cluster.vcpus = [this.vcpu];
    this.vcpu.exits$.own("test", (kind) => {
      if (kind !== HYPERCALL) throw new Error(`an exit of kind ${kind} in a golden vector`);
      this.trapped = true;
      this.vcpu.kick();
      return fromBigint(this.cluster.state.x(0)); // the call's result is X0 as it was
    });
    this.map();
    this.vcpu.reset("power-on");
    this.cluster.enter(this.vcpu);
  }

  run(words: readonly number[], pre: CpuState, data: Uint8Array): Outcome {
    const isNew = this.load(words);
    if (this.compiled && isNew) {
      this.begin(pre, data);
      this.execute(); // decodes what is to be compiled
      this.compileEntry();
    }
    this.begin(pre, data);
    this.execute();
    return this.outcome(data);
  }

  /** Page tables: one page of data, one of code, one of vectors. */
  private map(): void {
    const table = (index: number): number => TABLES + 0x1000 * index;
    const entry = (address: number, slot: number, value: bigint): void => void this.memory.write(address + 8 * slot, 8, value);
    entry(table(0), 0, BigInt(table(1)) | 3n);
    entry(table(1), 0, BigInt(table(2)) | 3n);
    entry(table(2), 0x1000_0000 >> 21, BigInt(table(3)) | 3n);
    const page = (va: bigint, pa: number, rights: bigint): void => entry(table(3), Number((va >> 12n) & 511n), BigInt(pa) | PAGE | rights);
    page(DATA_BASE, DATA, EL0 | PXN | UXN);
    page(CODE_PAGE, CODE, EL0 | READ_ONLY | PXN);
    page(VECTORS_VA, VECTORS, READ_ONLY | UXN);
    this.memory.write(VECTORS + LOWER_EL_SYNC, 4, HVC);
  }

  /** Returns whether they are others than before. */
  private load(words: readonly number[]): boolean {
    if (words.length > MAX_WORDS) throw new RangeError(`${words.length} words`);
    if (this.loaded.length === words.length && words.every((word, index) => word === this.loaded[index])) return false;
    const page = new Uint32Array(CODE_PAGE_SIZE / 4).fill(BRK_WORD);
    page.set(words, Number(CODE_BASE - CODE_PAGE) / 4);
    this.memory.copyIn(CODE, new Uint8Array(page.buffer));
    this.loaded = [...words];
    return true;
  }

  private begin(pre: CpuState, data: Uint8Array): void {
    this.memory.copyIn(DATA, data);
    const { state } = this.cluster;
    for (const [slot, value] of [
      [slots.SCTLR_EL1, SCTLR],
      [slots.TCR_EL1, TCR],
      [slots.TTBR0_EL1, BigInt(TABLES)],
      [slots.MAIR_EL1, 0xffn],
      [slots.CPACR_EL1, CPACR],
      [slots.VBAR_EL1, VECTORS_VA],
      [slots.TPIDR_EL0, pre.tpidr],
    ] as const) {
      state.setSysreg(slot, value);
    }
    state.i32[layout.CURRENT_EL >> 2] = 0;
    state.i32[layout.SP_SELECT >> 2] = 0;
    state.i32[layout.DAIF >> 2] = 0;
    state.i32[layout.STEP_STATE >> 2] = 0;
    state.u64[layout.EXCLUSIVE_ADDRESS >> 3] = 0xffff_ffff_ffff_ffffn;
    state.u64.set(pre.x, layout.REGISTERS >> 3);
    state.sp = pre.sp;
    state.nzcv = pre.nzcv << 28;
    state.u64.set(pre.v, (layout.REGISTERS + layout.VECTORS) >> 3);
    state.i32[layout.FPCR >> 2] = pre.fpcr;
    state.i32[layout.FPSR >> 2] = pre.fpsr;
    state.divertTo(CODE_BASE);
    this.cluster.contextChanged();
  }

  private execute(): void {
    this.trapped = false;
    for (let slices = 0; !this.trapped; slices++) {
      if (slices === 4) throw new Error("a golden vector that does not end");
      this.vcpu.run(BUDGET);
    }
  }

  private compileEntry(): void {
    const { pages, compiler } = this.cluster.engine;
    const page = CODE / 4096;
    if (pages.has(page)) compiler.compile(pages.recordsFor(page), Number(CODE_BASE - CODE_PAGE));
  }

  private outcome(before: Uint8Array): Outcome {
    const { state } = this.cluster;
    const window = this.memory.window(DATA, DATA_SIZE)!;
    const esr = Number(state.sysreg(slots.ESR_EL1));
    const far = state.sysreg(slots.FAR_EL1);
    const spsr = Number(state.sysreg(slots.SPSR_EL1));
    const [stop, faults] = stopOf(esr);
    return {
      stop,
      pc: state.sysreg(slots.ELR_EL1),
      ...(faults ? { address: far } : {}),
      state: {
        x: state.u64.slice(layout.REGISTERS >> 3, (layout.REGISTERS >> 3) + 31),
        sp: state.sysreg(slots.SP_EL0),
        nzcv: spsr >>> 28,
        v: state.u64.slice((layout.REGISTERS + layout.VECTORS) >> 3, ((layout.REGISTERS + layout.VECTORS) >> 3) + 64),
        fpcr: state.i32[layout.FPCR >> 2]!,
        fpsr: state.i32[layout.FPSR >> 2]!,
        tpidr: state.sysreg(slots.TPIDR_EL0),
      },
      data: Buffer.compare(window, before) === 0 ? before : window.slice(), // most cases leave it alone
    };
  }
}

/** From ESR_EL1: how it ended, and whether FAR_EL1 says where. */
function stopOf(esr: number): readonly [stop: Stop, faults: boolean] {
  switch (esr >>> 26) {
    case 0x20: // Instruction Abort
    case 0x22: // PC alignment
    case 0x3c: // BRK
      return ["landed", false];
    case 0x24:
      return [(esr & 0x3f) === 0x21 ? "alignment" : "data-abort", true];
    case 0x00:
      return ["undefined", false];
    default:
      throw new Error(`an exception with ESR_EL1 ${esr.toString(16)} in a golden vector`);
  }
}
