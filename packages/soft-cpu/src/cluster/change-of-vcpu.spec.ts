/** What a change of vCPU takes along: all state, the translation and the debug that are in force, an interrupt that waited. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GuestMemory, IRQ_LINE, VirtualClock, WireOrder } from "@trapline/core";
import { fpHelpers } from "../fp/helpers.ts";
import { NO_FAULT } from "../mmu/fault-status.ts";
import { SoftVcpu } from "../soft-vcpu.ts";
import { CONTEXTS, FPCR, REGISTERS, reserveBytes, STATE, STATE_END, SYSREGS, VECTORS } from "../state/layout.ts";
import { encodingOf } from "../sysregs/registers.fixture.ts";
import * as slots from "../sysregs/slots.ts";
import { Cluster } from "./cluster.ts";

const RAM = 0x4000_0000;
/** T0SZ 16, IPS 40 bits. */
const TCR = 16n | (2n << 32n);
const SCTLR_WITH_MMU = 0x30d0_0801n;

/** MSR at EL1, on the vCPU that is in place. */
const write = (vcpu: SoftVcpu, register: string, value: bigint): unknown => vcpu.sysregs.write(encodingOf(register), value, 1);

/** A watchpoint, with MDSCR_EL1.MDE. */
function debugByGuest(vcpu: SoftVcpu): void {
  write(vcpu, "OSLAR_EL1", 0n);
  write(vcpu, "DBGWCR0_EL1", 0x1ff9n);
  write(vcpu, "MDSCR_EL1", 0x8000n);
}

interface Bench {
  readonly cluster: Cluster;
  readonly vcpus: readonly SoftVcpu[];
  readonly memory: GuestMemory;
}

/** vCPUs without a machine, all on, in the order of their ids. */
function bench(count: number): Bench {
  const order = new WireOrder();
  const clock = new VirtualClock();
  const memory = new GuestMemory(order, [{ base: RAM, size: 0x1_0000 }], { reserveBytes: reserveBytes(count) });
  const cluster = new Cluster({ order, memory, clock, helpers: fpHelpers, jit: false });
  const vcpus = Array.from(
    { length: count },
    (_, id) =>
      new SoftVcpu({
        ...{ id, order, clock, cluster, frequencyHz: 62_500_000, conduit: "hvc" },
        identity: { affinity: id, uniprocessor: false, gicSystemRegisters: false },
        start: () => ({ pc: BigInt(RAM), x: [] }),
        setTimerLine: () => {},
      }),
  );
  cluster.vcpus = vcpus;
  for (const vcpu of vcpus) vcpu.reset("power-on");
  return { cluster, vcpus, memory };
}

/** Parts of the state that belong to a vCPU alone: registers, vectors, flags of FP, system registers that nothing is derived from. */
const OWN: readonly (readonly [from: number, to: number])[] = [
  [REGISTERS, REGISTERS + 8 * 32],
  [REGISTERS + VECTORS, REGISTERS + VECTORS + 512],
  [FPCR, FPCR + 8],
  [SYSREGS + 8 * slots.ESR_EL1, SYSREGS + 8 * slots.MAIR_EL1],
  [SYSREGS + 8 * slots.SLOTS_END - 8, SYSREGS + 8 * slots.SLOTS_END],
];

describe("a change of vCPU", () => {
  it.each([2, 3, 17, 40])("keeps the state of each of %d, whoever comes next", (count) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(count - 1), fc.nat(255)), { minLength: 2, maxLength: 60 }), (visits) => {
        const { cluster, vcpus } = bench(count);
        const expected = new Map<number, number>();
        for (const [id, mark] of visits) {
          cluster.enter(vcpus[id]!);
          const { bytes } = cluster.state;
          const last = expected.get(id);
          if (last !== undefined) for (const [from, to] of OWN) expect(bytes.subarray(from, to).every((byte) => byte === last)).toBe(true);
          for (const [from, to] of OWN) bytes.fill(mark, from, to);
          expected.set(id, mark);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("leaves nothing of the state out: what lies behind it is another's", () => {
    const { cluster, vcpus } = bench(3);
    for (const vcpu of vcpus) expect([vcpu.saved.byteLength, vcpu.saved.byteOffset]).toEqual([STATE_END - STATE, reserveBytes(vcpu.id)]);
    cluster.enter(vcpus[1]!);
    cluster.state.bytes.fill(0xa5, STATE_END - 8, STATE_END);
    cluster.enter(vcpus[2]!);
    expect([vcpus[0]!.saved.at(-1), vcpus[1]!.saved.at(-1), cluster.state.bytes[STATE_END - 1]]).toEqual([0, 0xa5, 0]);
  });

  it.each([2, 17])("puts the translation of who comes in force, among %d", (count) => {
    const { cluster, vcpus } = bench(count);
    const translates = (id: number): boolean => id % 2 === 1;
    for (const vcpu of vcpus) {
      cluster.enter(vcpu);
      if (translates(vcpu.id)) write(vcpu, "SCTLR_EL1", SCTLR_WITH_MMU);
      write(vcpu, "TCR_EL1", TCR);
      write(vcpu, "TTBR0_EL1", BigInt(RAM + 0x1000 * vcpu.id));
    }
    for (const id of [0, 1, 0, count - 1, 1, 0, 1, count - 2, 1]) {
      cluster.enter(vcpus[id]!);
      // With the MMU off all memory is Device memory, where accesses are aligned; with it on, tables are looked for where TTBR0_EL1 says.
      expect([id, cluster.mmu.alignsAll, cluster.mmu.stage1.controls.lower.tableBase]).toEqual([id, !translates(id), RAM + 0x1000 * id]);
    }
  });

  it("takes watchpoints and stepping along, and leaves them with whom they belong to", () => {
    const { cluster, vcpus } = bench(3);
    cluster.enter(vcpus[1]!);
    debugByGuest(vcpus[1]!);
    const seen = [1, 0, 2, 1, 2, 0, 1].map((id) => {
      cluster.enter(vcpus[id]!);
      return [id, cluster.debug.watching, cluster.debug.armed];
    });
    expect(seen).toEqual([[1, true, true], [0, false, false], [2, false, false], [1, true, true], [2, false, false], [0, false, false], [1, true, true]]);
  });

  it("forgets what a reset vCPU had translated and debugged", () => {
    const { cluster, vcpus } = bench(2);
    cluster.enter(vcpus[1]!);
    write(vcpus[1]!, "SCTLR_EL1", SCTLR_WITH_MMU);
    debugByGuest(vcpus[1]!);
    expect([cluster.mmu.alignsAll, cluster.debug.watching]).toEqual([false, true]);
    cluster.enter(vcpus[0]!);
    vcpus[1]!.reset("warm");
    cluster.enter(vcpus[1]!);
    expect([cluster.mmu.alignsAll, cluster.debug.watching, cluster.debug.armed]).toEqual([true, false, false]);
  });

  it.each([["in place", 0], ["put away", 1]])("nothing that a vCPU translated outlives its reset, while it is %s", (_, other) => {
    const { cluster, vcpus: [vcpu, ...others] } = bench(2);
    const known = (): boolean => cluster.mmu.tlb.lookup(CONTEXTS, 0, RAM) !== -1;
    cluster.enter(vcpu!);
    expect([known(), cluster.mmu.translateData(0, RAM, 4), known()]).toEqual([false, NO_FAULT, true]);
    if (other === 1) cluster.enter(others[0]!);
    vcpu!.reset("warm");
    cluster.enter(vcpu!);
    expect(known()).toBe(false);
  });
});

describe("an interrupt that waits", () => {
  const MSR_DAIFCLR_I = 0xd503_42ff;
  const MSR_DAIF_X0 = 0xd51b_4220;
  const ERET = 0xd69f_03e0;
  const NOP = 0xd503_201f;
  const VECTOR_IRQ = 0x280;
  /** PSTATE with EL1h: interrupts masked, and not. */
  const [MASKED, OPEN] = [0x3c5n, 0x345n];

  it.each([
    ["MSR DAIFClr, #2", MSR_DAIFCLR_I, 4, OPEN],
    ["MSR DAIF, X0", MSR_DAIF_X0, 4, OPEN],
    ["ERET", ERET, 0x100, OPEN],
  ])("is taken behind %s that unmasks it, in the same chunk", (_, word, returnsTo, spsr) => {
    const { cluster, vcpus: [vcpu], memory } = bench(1);
    const code = new DataView(new ArrayBuffer(0x1000));
    for (let at = 0; at < code.byteLength; at += 4) code.setUint32(at, NOP, true);
    code.setUint32(0, word, true);
    memory.copyIn(RAM, new Uint8Array(code.buffer));
    cluster.enter(vcpu!);
    const { state } = cluster;
    state.setX(0, OPEN & 0x3c0n);
    state.setSysreg(slots.VBAR_EL1, BigInt(RAM) + 0x800n);
    state.setSysreg(slots.SPSR_EL1, OPEN);
    state.setSysreg(slots.ELR_EL1, BigInt(RAM) + 0x100n);
    expect(BigInt(state.pstate)).toBe(MASKED);
    vcpu!.setLine(IRQ_LINE, true);
    expect([vcpu!.run(1), vcpu!.retired]).toEqual(["budget", 1]);
    const elr = state.sysreg(slots.ELR_EL1);
    expect([state.pc, elr, state.sysreg(slots.SPSR_EL1), BigInt(state.pstate)]).toEqual([BigInt(RAM + 0x800 + VECTOR_IRQ), BigInt(RAM + returnsTo), spsr, MASKED]);
    expect([vcpu!.run(3), vcpu!.retired, state.pc]).toEqual(["budget", 4, BigInt(RAM + 0x800 + VECTOR_IRQ + 12)]);
  });
});
