/** The MMU of a running vCPU: the order of checks, which register writes drop what, TLBI, contexts, AT. */
import { describe, expect, it } from "vitest";
import { ACCESS_ALIGNED, ACCESS_MAINTENANCE, ACCESS_UNPRIVILEGED, accessOf } from "../ir/stmt.ts";
import { CONTEXT, CONTEXT_PAIR, CONTEXTS, EL0_CONTEXT } from "../state/layout.ts";
import { MAIR_EL1, SCTLR_EL1, TCR_EL1, TTBR0_EL1, TTBR1_EL1 } from "../sysregs/slots.ts";
import { DEVICE, MMIO } from "./entry-flags.ts";
import { NO_FAULT } from "./fault-status.ts";
import { AF, AP, ATTR, hi, lo, NG, PAGE, RAM_BASE, SCTLR, SH, tcr } from "./guest-tables.fixture.ts";
import { ASID, DATA, KERNEL, Machine, READ, WRITE } from "./mmu-machine.fixture.ts";
import { TLBI_ASIDE1, TLBI_VAAE1, TLBI_VAALE1, TLBI_VAE1, TLBI_VALE1, TLBI_VMALLE1 } from "./tlb-maintenance.ts";

const VA = 0x4000_0000n;

describe("a data access", () => {
  const device = DATA | AF | PAGE | AP(1) | ATTR(1);
  const normal = DATA | AF | PAGE | AP(1);
  const readOnly = DATA | AF | PAGE | AP(3);
  //                                       SCTLR      descriptor  offset  access                                   fault
  it.each<readonly [string, bigint, bigint, bigint, number, number]>([
    ["unaligned to Normal", SCTLR.M, normal, 1n, READ, NO_FAULT],
    ["unaligned with SCTLR_EL1.A", SCTLR.M | SCTLR.A, normal, 1n, READ, 0x21],
    ["alignment before translation", SCTLR.M | SCTLR.A, 0n, 1n, READ, 0x21],
    ["aligned elements of a pair", SCTLR.M | SCTLR.A, normal, 4n, accessOf(8, 4), NO_FAULT],
    ["unaligned exclusive", SCTLR.M, normal, 4n, accessOf(8, 8, ACCESS_ALIGNED), 0x21],
    ["unaligned to Device", SCTLR.M, device, 1n, READ, 0x21],
    ["aligned to Device", SCTLR.M, device, 8n, READ, NO_FAULT],
    ["translation before Device alignment", SCTLR.M, ATTR(1), 1n, READ, 0b000111],
    ["Device alignment before permission", SCTLR.M, device | AP(3), 1n, WRITE, 0x21],
    ["permission", SCTLR.M, readOnly, 0n, WRITE, 0b001111],
    ["maintenance needs no alignment", SCTLR.M | SCTLR.A, device, 1n, accessOf(1, 8, ACCESS_MAINTENANCE), NO_FAULT],
    ["MMU off: unaligned", 0n, 0n, 1n, READ, 0x21],
    ["MMU off: aligned", 0n, 0n, 8n, WRITE, NO_FAULT],
  ])("%s", (_name, sctlr, descriptor, offset, access, fault) => {
    const machine = new Machine(sctlr);
    machine.map(VA, descriptor);
    // Twice: by the walk, then by the entry that it left.
    expect([machine.access(VA + offset, access), machine.access(VA + offset, access)]).toEqual([fault, fault]);
    if (fault !== NO_FAULT) return;
    // The other order: an entry is there already.
    const warm = new Machine(sctlr);
    warm.map(VA, descriptor);
    warm.access(VA, READ);
    expect(warm.access(VA + offset, access)).toBe(fault);
  });

  it("finds Device alignment and permission also in an entry", () => {
    const machine = new Machine();
    machine.map(VA, device);
    expect([machine.access(VA), machine.access(VA + 1n), machine.mmu.flags & DEVICE]).toEqual([NO_FAULT, 0x21, DEVICE]);
    machine.map(VA + 0x1000n, readOnly);
    expect([machine.access(VA + 0x1000n), machine.access(VA + 0x1000n, WRITE)]).toEqual([NO_FAULT, 0b001111]);
  });

  it("is EL0's from LDTR and STTR, and at EL0", () => {
    const machine = new Machine();
    machine.map(VA, DATA | AF | PAGE | AP(0));
    expect(machine.access(VA)).toBe(NO_FAULT);
    expect(machine.access(VA, accessOf(8, 8, ACCESS_UNPRIVILEGED))).toBe(0b001111);
    machine.level(0);
    expect(machine.access(VA)).toBe(0b001111);
  });

  it("asks the tables again before it denies: more may have been granted since", () => {
    const machine = new Machine();
    machine.map(VA, readOnly);
    expect(machine.access(VA, WRITE)).toBe(0b001111);
    machine.access(VA);
    machine.map(VA, normal);
    expect(machine.access(VA, WRITE)).toBe(NO_FAULT);
  });

  it("tells where the bytes are", () => {
    const machine = new Machine();
    machine.map(VA, DATA | AF | PAGE);
    machine.map(VA + 0x1000n, 0x900_0000n | AF | PAGE | ATTR(1));
    machine.access(VA + 0x18n);
    expect(machine.mmu.physicalAddress(lo(VA) + 0x18)).toBe(Number(DATA) + 0x18);
    expect(machine.mmu.wasmAddress(lo(VA) + 0x18)).toBe(machine.memory.wasmOffset(Number(DATA)) + 0x18);
    machine.access(VA + 0x1018n);
    expect([machine.mmu.physicalAddress(lo(VA) + 0x1018), machine.mmu.flags & MMIO]).toEqual([0x900_0018, MMIO]);
  });
});

describe("an instruction fetch", () => {
  //                              descriptor                       EL1       EL0
  it.each([
    ["any", DATA | AF | PAGE, NO_FAULT, NO_FAULT],
    ["EL0 may write", DATA | AF | PAGE | AP(1), 0b001111, NO_FAULT],
    ["Device that is not XN", DATA | AF | PAGE | ATTR(1), NO_FAULT, NO_FAULT],
    ["no memory there", 0x900_0000n | AF | PAGE, 0x10, 0x10],
    ["not mapped", 0n, 0b000111, 0b000111],
  ])("%s", (_name, descriptor, el1, el0) => {
    const machine = new Machine();
    machine.map(VA, descriptor);
    for (const [el, fault] of [[1, el1], [0, el0]] as const) {
      machine.level(el);
      expect(machine.mmu.translateFetch(hi(VA), lo(VA) + 0x10)).toBe(fault);
      if (fault === NO_FAULT) expect(machine.mmu.found.pa).toBe(Number(DATA) + 0x10);
    }
  });

  it("is possible with the MMU off", () => {
    const machine = new Machine(0n);
    const { mmu } = machine;
    expect([mmu.translateFetch(0, RAM_BASE), mmu.translateFetch(0, 0x900_0000), mmu.translateFetch(0x100, 0)]).toEqual([NO_FAULT, 0x10, 0]);
  });
});

describe("what a register write drops", () => {
  const KERNEL_VA = KERNEL | (VA + 0x1000n); // another slot than VA's
  function warm(): Machine {
    const machine = new Machine();
    machine.map(VA, DATA | AF | PAGE | NG);
    machine.map(KERNEL_VA, DATA | AF | PAGE);
    machine.access(VA);
    machine.access(KERNEL_VA);
    return machine;
  }

  it.each<readonly [string, number, (old: bigint) => bigint, string]>([
    ["TTBR0_EL1, same value", TTBR0_EL1, (old) => old, "userkernel"],
    ["TTBR0_EL1, another table", TTBR0_EL1, (old) => old + 0x8000n, "kernel"],
    ["TTBR0_EL1, another ASID", TTBR0_EL1, (old) => old | ASID(7), "kernel"],
    ["TTBR1_EL1, another ASID", TTBR1_EL1, (old) => old | ASID(7), "kernel"],
    ["SCTLR_EL1.WXN", SCTLR_EL1, (old) => old | SCTLR.WXN, ""],
    ["SCTLR_EL1, same value", SCTLR_EL1, (old) => old, "userkernel"],
    ["TCR_EL1", TCR_EL1, () => tcr({ tbi0: 1 }), ""],
    ["MAIR_EL1", MAIR_EL1, () => 0n, ""],
  ])("%s", (_name, slot, change, expected) => {
    const machine = warm();
    machine.write(slot, change(machine.state.sysreg(slot)));
    expect((machine.has(VA) ? "user" : "") + (machine.has(KERNEL_VA) ? "kernel" : "")).toBe(expected);
  });

  it("a watchpoint that comes or goes drops everything", () => {
    const machine = warm();
    machine.mmu.setWatching(false);
    expect(machine.has(KERNEL_VA)).toBe(true);
    machine.mmu.setWatching(true);
    expect(machine.has(KERNEL_VA)).toBe(false);
  });
});

describe("TLBI", () => {
  const PAGES = { user: VA, neighbour: VA + 0x1000n, kernel: KERNEL | (VA + 0x2000n) };
  function warm(): Machine {
    const machine = new Machine();
    machine.write(TTBR0_EL1, machine.state.sysreg(TTBR0_EL1) | ASID(5));
    for (const [name, va] of Object.entries(PAGES)) {
      machine.map(va, DATA | AF | PAGE | AP(1) | (name === "kernel" ? 0n : NG));
      machine.access(va);
      machine.access(va, accessOf(8, 8, ACCESS_UNPRIVILEGED));
    }
    return machine;
  }
  //  op2, ASID, VA                               what stays
  it.each<readonly [string, number, number, bigint, readonly string[]]>([
    ["VMALLE1", TLBI_VMALLE1, 0, 0n, []],
    ["ASIDE1, the current ASID", TLBI_ASIDE1, 5, 0n, ["kernel"]],
    ["ASIDE1, another ASID", TLBI_ASIDE1, 6, 0n, ["user", "neighbour", "kernel"]],
    ["VAE1", TLBI_VAE1, 5, PAGES.user, ["neighbour", "kernel"]],
    ["VAE1 of a global page, any ASID", TLBI_VAE1, 6, PAGES.kernel, ["user", "neighbour"]],
    ["VALE1", TLBI_VALE1, 5, PAGES.neighbour, ["user", "kernel"]],
    ["VAAE1", TLBI_VAAE1, 0, PAGES.user, ["neighbour", "kernel"]],
    ["VAALE1", TLBI_VAALE1, 0, PAGES.kernel, ["user", "neighbour"]],
  ])("%s", (_name, op2, asid, va, stays) => {
    for (const innerShareable of [false, true]) {
      const machine = warm();
      machine.tlbi(op2, asid, va, innerShareable);
      for (const context of [CONTEXTS, CONTEXTS + EL0_CONTEXT]) {
        const stayed = Object.entries(PAGES).filter(([, page]) => machine.has(page, context));
        expect(stayed.map(([name]) => name)).toEqual(stays);
      }
    }
  });

  it("takes 8 bits of ASID while TCR_EL1.AS is 0", () => {
    const machine = new Machine(SCTLR.M, tcr({ as: 0 }));
    machine.write(TTBR0_EL1, machine.state.sysreg(TTBR0_EL1) | ASID(0x1105));
    machine.map(VA, DATA | AF | PAGE | NG);
    machine.access(VA);
    machine.tlbi(TLBI_ASIDE1, 0x1106, 0n);
    expect(machine.has(VA)).toBe(true);
    machine.tlbi(TLBI_ASIDE1, 0x2205, 0n);
    expect(machine.has(VA)).toBe(false);
  });

  it("reaches other vCPUs only in its Inner Shareable form", () => {
    const machine = warm();
    machine.mmu.enter(1, false);
    expect(machine.state.i32[CONTEXT >> 2]).toBe(CONTEXTS + CONTEXT_PAIR);
    machine.tlbi(TLBI_VAAE1, 0, PAGES.user, false);
    expect(machine.has(PAGES.user)).toBe(true);
    machine.tlbi(TLBI_VAAE1, 0, PAGES.user, true);
    expect([machine.has(PAGES.user), machine.has(PAGES.neighbour)]).toEqual([false, true]);
  });
});

describe("contexts", () => {
  it("are kept while other vCPUs run, and emptied for another owner", () => {
    const machine = new Machine();
    machine.map(KERNEL, DATA | AF | PAGE);
    machine.access(KERNEL);
    for (let vcpu = 1; vcpu < 16; vcpu++) machine.mmu.enter(vcpu, false);
    machine.mmu.enter(0, false);
    expect(machine.has(KERNEL)).toBe(true);
    machine.mmu.enter(16, false);
    expect([machine.has(KERNEL), machine.state.i32[CONTEXT >> 2]]).toEqual([false, CONTEXTS]);
    machine.access(KERNEL);
    machine.mmu.contexts.release(0);
    machine.mmu.enter(16, false);
    expect(machine.has(KERNEL)).toBe(true);
    machine.mmu.contexts.release(16);
    machine.mmu.enter(16, false);
    expect(machine.has(KERNEL)).toBe(false);
  });

  it("follow the exception level", () => {
    const machine = new Machine();
    machine.level(0);
    machine.mmu.enter(3, false);
    expect(machine.state.i32[CONTEXT >> 2]).toBe(CONTEXTS + 3 * CONTEXT_PAIR + EL0_CONTEXT);
  });
});

describe("AT and PAR_EL1", () => {
  const PAR = (fields: { attr: bigint; sh: bigint }): bigint => (fields.attr << 56n) | DATA | (1n << 11n) | (1n << 9n) | (fields.sh << 7n);
  //  descriptor                                                  EL  write  PAR_EL1
  it.each<readonly [string, bigint, bigint, number, boolean, bigint]>([
    ["Normal, Inner Shareable", SCTLR.M, DATA | AF | PAGE | SH(3), 1, false, PAR({ attr: 0xffn, sh: 3n })],
    ["Normal, reserved SH", SCTLR.M, DATA | AF | PAGE | SH(1), 1, false, PAR({ attr: 0xffn, sh: 0n })],
    ["Non-cacheable is Outer Shareable", SCTLR.M, DATA | AF | PAGE | ATTR(2), 1, true, PAR({ attr: 0x44n, sh: 2n })],
    ["Device is Outer Shareable", SCTLR.M, DATA | AF | PAGE | ATTR(1) | SH(3), 1, false, PAR({ attr: 0x04n, sh: 2n })],
    ["EL0 may not", SCTLR.M, DATA | AF | PAGE, 0, false, 0x801n | (0b001111n << 1n)],
    ["EL0 may", SCTLR.M, DATA | AF | PAGE | AP(1), 0, true, PAR({ attr: 0xffn, sh: 0n })],
    ["EL1 may not write", SCTLR.M, DATA | AF | PAGE | AP(2), 1, true, 0x801n | (0b001111n << 1n)],
    ["not mapped", SCTLR.M, 0n, 1, false, 0x801n | (0b000111n << 1n)],
  ])("%s", (_name, sctlr, descriptor, el, write, par) => {
    const machine = new Machine(sctlr);
    machine.map(VA, descriptor);
    expect(machine.mmu.addressTranslate(el, write, hi(VA), lo(VA) + 0x123)).toBe(par);
  });

  it("with the MMU off is the address itself, Device-nGnRnE", () => {
    expect(new Machine(0n).mmu.addressTranslate(0, true, 0, 0x1234_5678)).toBe(0x1234_5000n | 0xb00n);
  });

  it("leaves an external abort on the walk to be taken", () => {
    const machine = new Machine();
    machine.write(TTBR0_EL1, 0x8000_0000n);
    expect([machine.mmu.addressTranslate(1, false, 0, 0), machine.mmu.found.fault]).toEqual([undefined, 0b010100]);
  });
});
