/**
 * Any sequence of accesses, table changes, TLBIs, demotions and switches of ASID and vCPU: whatever an entry grants, a walk granted
 * it at some moment since the last TLBI that had to remove it. So right after a TLBI that is only what the tables grant now.
 */
import { expect, it } from "vitest";
import { ACCESS_UNPRIVILEGED, accessOf } from "../ir/stmt.ts";
import {
  ADDEND, CODE_ENTRIES, CODE_ENTRY_BYTES, CODE_ENTRY_RECORDS, CODE_TRANSLATIONS, CONTEXT_PAIR, CONTEXTS, DATA_ENTRIES, DATA_ENTRY_BYTES,
  EL0_CONTEXT, ENTRY_FLAGS, TAG_READ, TAG_SLOW, TAG_WRITE, WINDOW_ADDEND, WINDOW_BYTES, WINDOWS,
} from "../state/layout.ts";
import { TTBR0_EL1 } from "../sysregs/slots.ts";
import { Prng } from "../testing/prng.fixture.ts";
import { CODE, FORBIDS_FAST_READ, FORBIDS_FAST_WRITE, MMIO, READABLE, WRITABLE } from "./entry-flags.ts";
import { NO_FAULT } from "./fault-status.ts";
import { AF, AP, asWords, BLOCK, hi, lo, MAIR, NG, PAGE, RAM_BASE, SCTLR, tcr } from "./guest-tables.fixture.ts";
import { ASID, DATA, KERNEL, Machine, READ, WRITE } from "./mmu-machine.fixture.ts";
import { Stage1 } from "./stage1.ts";
import { TLBI_ASIDE1, TLBI_VAAE1, TLBI_VAALE1, TLBI_VAE1, TLBI_VALE1, TLBI_VMALLE1 } from "./tlb-maintenance.ts";
import { RIGHT_EXECUTE, RIGHT_READ, RIGHT_WRITE, Translation } from "./translation.ts";

const ASIDS = [1, 2];
const VCPUS = [0, 1];
const TCR = tcr({ tbi0: 1, tbi1: 1 });
// Addresses that share slots, lie in common blocks of both sizes, in both halves.
const PLACES = [0n, 0x1000n, 0x2000n, 0x40_0000n, 0x40_1000n, 0x60_0000n, 0x4000_0000n, 0x4000_1000n, 0x4020_0000n];
const ADDRESSES = [...PLACES, ...PLACES.map((va) => KERNEL | va)];
const RECORDS = 0x14_0000;
/** No other slot is ever filled. */
const DATA_SLOTS = new Set(ADDRESSES.map((va) => Number(va >> 12n) % DATA_ENTRIES));
const CODE_SLOTS = new Set(ADDRESSES.map((va) => Number(va >> 12n) % CODE_ENTRIES));
const NONE = 0xffff_ffff_ffff_ffffn;

/** What a walk yielded for one address under one ASID. */
interface Outcome {
  readonly asid: number;
  readonly va: bigint;
  readonly page: number;
  readonly blockLog2: number;
  readonly global: boolean;
  /** As in Translation: EL1's in bits 2:0, EL0's in bits 5:3. */
  readonly rights: number;
}

/** What an entry grants. */
interface Grant {
  readonly tag: bigint;
  readonly page: number;
  readonly rights: number;
}

class Life {
  readonly machine: Machine = new Machine(SCTLR.M, TCR);
  readonly roots: readonly number[] = [this.machine.user, this.machine.tables.table()];
  readonly reference: Stage1 = new Stage1(this.machine.memory.buffer, this.machine.memory);
  /** Per vCPU, because some TLBIs are one vCPU's own: what walks have yielded and no TLBI has had to remove since. */
  readonly permitted: Outcome[][] = VCPUS.map(() => []);
  /** Index of each vCPU's ASID. */
  readonly current: number[] = VCPUS.map(() => 0);
  readonly codePages: Set<number> = new Set();
  readonly random: Prng;
  vcpu = 0;
  grants = 0;
  /** What was mapped anew last: half of the TLBIs go there. */
  private changed = 0n;

  constructor(random: Prng) {
    this.random = random;
    this.observe();
    for (const vcpu of VCPUS) this.enter(vcpu);
  }

  pair(vcpu: number): number {
    return CONTEXTS + vcpu * CONTEXT_PAIR;
  }

  ttbr0(which: number): bigint {
    return BigInt(this.roots[which]!) | ASID(ASIDS[which]!);
  }

  enter(vcpu: number): void {
    this.vcpu = vcpu;
    this.machine.state.setSysreg(TTBR0_EL1, this.ttbr0(this.current[vcpu]!));
    this.machine.mmu.enter(vcpu, false);
  }

  switchAsid(which: number): void {
    this.current[this.vcpu] = which;
    this.machine.write(TTBR0_EL1, this.ttbr0(which));
  }

  /** Notes what the tables say now. */
  observe(): void {
    const found = new Translation();
    for (const asid of ASIDS.keys()) {
      const ttbr1 = BigInt(this.machine.kernel);
      this.reference.controls.configure(asWords({ sctlr: SCTLR.M, tcr: TCR, ttbr0: this.ttbr0(asid), ttbr1, mair: MAIR }));
      for (const va of ADDRESSES) {
        if (this.reference.translate(hi(va), lo(va), found) !== NO_FAULT) continue;
        const { blockLog2, global, rights } = found;
        const now = { asid, va, page: Math.floor(found.pa / 0x1000), blockLog2, global, rights };
        for (const list of this.permitted) if (!list.some((old) => equal(old, now))) list.push(now);
      }
    }
  }

  tlbi(): void {
    const { random } = this;
    const op2 = random.pick([TLBI_VMALLE1, TLBI_VAE1, TLBI_VAE1, TLBI_ASIDE1, TLBI_VAAE1, TLBI_VALE1, TLBI_VAALE1]);
    const innerShareable = random.oneIn(2);
    const asid = random.below(ASIDS.length);
    const target = random.oneIn(2) ? this.changed : random.pick(ADDRESSES) + BigInt(random.below(3) * 0x1000);
    this.machine.tlbi(op2, ASIDS[asid]!, target, innerShareable);
    const removes = (old: Outcome): boolean => {
      const covered = (BigInt.asUintN(56, old.va) ^ BigInt.asUintN(56, target)) >> BigInt(old.blockLog2) === 0n;
      if (op2 === TLBI_VMALLE1) return true;
      if (op2 === TLBI_ASIDE1) return !old.global && old.asid === asid;
      return covered && (old.global || op2 === TLBI_VAAE1 || op2 === TLBI_VAALE1 || old.asid === asid);
    };
    for (const vcpu of innerShareable ? VCPUS : [this.vcpu]) this.permitted[vcpu] = this.permitted[vcpu]!.filter((old) => !removes(old));
    this.observe();
  }

  mutate(): void {
    const { random, machine } = this;
    const va = random.pick(ADDRESSES);
    this.changed = va;
    const root = va >= KERNEL ? machine.kernel : random.pick(this.roots);
    const bits = AF | AP(random.below(4)) | (random.oneIn(2) ? NG : 0n);
    switch (random.below(6)) {
      case 0:
        return machine.tables.map(root, va, 3, 0n);
      case 1:
        return machine.tables.map(root, va, 2, BigInt(RAM_BASE) | bits | BLOCK);
      case 2:
        return machine.tables.map(root, va, 1, BigInt(random.pick([RAM_BASE, 0x8000_0000])) | bits | BLOCK);
      default:
        return machine.tables.map(root, va, 3, (DATA + BigInt(0x1000 * random.below(4))) | bits | PAGE);
    }
  }

  code(): void {
    const page = Number(DATA) + 0x1000 * this.random.below(4);
    if (this.random.oneIn(2)) {
      this.codePages.add(page / 0x1000);
      this.machine.mmu.tlb.demoteWrites(page);
    } else {
      this.codePages.delete(page / 0x1000);
      this.machine.mmu.tlb.promoteWrites(page);
    }
  }

  fetch(): void {
    const { mmu, state } = this.machine;
    const va = this.random.pick(ADDRESSES);
    if (mmu.translateFetch(hi(va), lo(va)) !== NO_FAULT) return;
    const records = RECORDS + 16 * ((mmu.found.pa - RAM_BASE) / 0x1000);
    mmu.tlb.fillCode(this.pair(this.vcpu) + (state.el === 1 ? 0 : EL0_CONTEXT), hi(va), lo(va), mmu.found, records);
  }

  access(): void {
    const { random } = this;
    const va = random.pick(ADDRESSES);
    const tagged = random.oneIn(3) ? BigInt.asUintN(56, va) | (random.doubleword() & (0xffn << 56n)) : va;
    this.machine.access(tagged, random.pick([READ, WRITE, accessOf(8, 8, ACCESS_UNPRIVILEGED)]));
  }

  step(): void {
    const { random } = this;
    this.machine.level(random.below(2));
    switch (random.below(14)) {
      case 0:
        this.mutate();
        this.observe();
        break;
      case 1:
        this.switchAsid(random.below(ASIDS.length));
        break;
      case 2:
        this.enter(random.pick(VCPUS));
        break;
      case 3:
        this.tlbi();
        break;
      case 4:
        this.code();
        break;
      case 5:
      case 6:
        this.fetch();
        break;
      default:
        this.access();
    }
  }

  /** @returns an entry that grants what it must not, in words. */
  complaint(): string | undefined {
    for (const vcpu of VCPUS) {
      for (const el of [1, 0]) {
        const context = this.pair(vcpu) + (el === 1 ? 0 : EL0_CONTEXT);
        this.lookThroughWindows(context);
        for (const { tag, page, rights } of [...this.dataGrants(context), ...this.codeGrants(context)]) {
          this.grants++;
          const va = BigInt.asUintN(64, BigInt.asIntN(56, tag));
          const good = this.permitted[vcpu]!.some((old) => {
            const ours = old.va === va && (old.global || old.asid === this.current[vcpu]);
            return ours && old.page === page && ((old.rights >> (el === 1 ? 0 : 3)) & rights) === rights;
          });
          if (!good) return `vCPU ${vcpu} at EL${el} still has ${tag.toString(16)} as page ${page.toString(16)} with rights ${rights}`;
        }
      }
    }
    return undefined;
  }

  /** What compiled code left in windows must still be a fast tag. Then all fast tags go into windows, as if it had used them. */
  private lookThroughWindows(context: number): void {
    const { view } = this.machine.memory;
    let number = 1;
    for (const slot of DATA_SLOTS) {
      const entry = context + slot * DATA_ENTRY_BYTES;
      for (const kind of [TAG_READ, TAG_WRITE]) {
        const window = context + WINDOWS + number++ * WINDOW_BYTES;
        const [seen, tag] = [view.getBigUint64(window, true), view.getBigUint64(entry + kind, true)];
        if (seen !== NONE && seen !== tag) expect.fail(`a window still shows ${seen.toString(16)}, the entry ${tag.toString(16)}`);
        view.setBigUint64(window, tag, true);
        view.setInt32(window + WINDOW_ADDEND, view.getInt32(entry + ADDEND, true), true);
        if (tag !== NONE) view.setInt32(context + WINDOWS, 1, true);
      }
    }
  }

  /** Data entries; each has just the fast tags and the addend that its flags ask for. */
  private *dataGrants(context: number): Generator<Grant> {
    const { view } = this.machine.memory;
    for (const slot of DATA_SLOTS) {
      const entry = context + slot * DATA_ENTRY_BYTES;
      const tag = (offset: number): bigint => view.getBigUint64(entry + offset, true);
      const [read, write, slow] = [tag(TAG_READ), tag(TAG_WRITE), tag(TAG_SLOW)];
      if (slow === NONE) {
        if (read !== NONE || write !== NONE) expect.fail(`slot ${slot} is empty but for a fast tag`);
        continue;
      }
      const flags = view.getInt32(entry + ENTRY_FLAGS, true);
      const pa = this.machine.mmu.tlb.physicalAddress(context, lo(slow));
      const page = pa / 0x1000;
      const good =
        read === ((flags & (READABLE | FORBIDS_FAST_READ)) === READABLE ? slow : NONE) &&
        write === ((flags & (WRITABLE | FORBIDS_FAST_WRITE)) === WRITABLE ? slow : NONE) &&
        ((flags & CODE) !== 0) === this.codePages.has(page) &&
        ((flags & MMIO) !== 0 || (view.getInt32(entry + ADDEND, true) + lo(slow)) >>> 0 === this.machine.memory.wasmOffset(pa));
      const shown = [page, read, write, slow].map((value) => value.toString(16)).join(" ");
      if (!good) expect.fail(`slot ${slot} contradicts itself: page, tags ${shown}, flags ${flags}`);
      yield { tag: slow, page, rights: ((flags & READABLE) === 0 ? 0 : RIGHT_READ) | ((flags & WRITABLE) === 0 ? 0 : RIGHT_WRITE) };
    }
  }

  private *codeGrants(context: number): Generator<Grant> {
    const { view } = this.machine.memory;
    for (const slot of CODE_SLOTS) {
      const entry = context + CODE_TRANSLATIONS + slot * CODE_ENTRY_BYTES;
      const tag = view.getBigUint64(entry, true);
      if (tag === NONE) continue;
      const page = (view.getInt32(entry + CODE_ENTRY_RECORDS, true) - RECORDS) / 16 + RAM_BASE / 0x1000;
      yield { tag, page, rights: RIGHT_EXECUTE };
    }
  }
}

function equal(a: Outcome, b: Outcome): boolean {
  const samePlace = a.asid === b.asid && a.va === b.va && a.page === b.page;
  return samePlace && a.blockLog2 === b.blockLog2 && a.global === b.global && a.rights === b.rights;
}

it("grants nothing stale", () => {
  const seed = `${Date.now()}`;
  const random = new Prng(seed);
  for (let n = 0; n < 6; n++) {
    const life = new Life(random);
    for (let step = 0; step < 800; step++) {
      life.step();
      const complaint = life.complaint();
      if (complaint !== undefined) expect.fail(`seed ${seed}, life ${n}, step ${step}: ${complaint}`);
    }
    expect(life.grants, `seed ${seed}`).toBeGreaterThan(500);
  }
});
