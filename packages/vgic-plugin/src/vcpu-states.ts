/**
 * The vCPUs, as far as each interrupt reads or changes them: the best candidates, what the CPU interface lets through, and the
 * lines as driven; and the rules about them (Arm IHI 0048 and IHI 0069, "Interrupt prioritization").
 *
 * - The best candidate whose group is enabled is signalled iff its priority is below PMR (strictly) and nothing runs, or its
 *   group priority is below the running one.
 * - Acknowledge sets the bit of the group priority in APnR0; end of interrupt clears the lowest bit (priority drop).
 *
 * The usual interrupt is one of group 1 while group 0 plays no part. It finds all it needs in four words of its vCPU (vcpu-words.ts),
 * which lie side by side in `words`, so that those of 512 vCPUs fit the smallest cache (8 KiB). What group 0 has beyond that lies in
 * arrays of its own, and GROUP0 says whether it matters. Arbitration keeps the bests, the CPU interfaces derive from their registers
 * what says so, the chip drives the lines. Hot.
 */
import * as candidates from "./candidate.ts";
import { LEVEL_OF, NO_CANDIDATE } from "./candidate.ts";
import { ACTIVE_PRIORITIES, BEST, FIQ_HIGH, FLAGS, GROUP0, IRQ_HIGH, LIMIT, MASK_SHIFT, MORE, OPEN_SHIFT, SPLIT_EOI, VCPU_SHIFT } from "./vcpu-words.ts";

const { groupOf, levelOf, lowestBit } = candidates; // docs/adr/0023-interrupt-delivery.md

const LEVELS = 0x1f;
/** Above all levels: the running one when nothing runs. */
const IDLE = 32;

/** What the registers of one vCPU's interface let through. */
export interface Admission {
  /** Levels below this one pass PMR; 0 while the group is disabled. */
  readonly open0: number;
  readonly open1: number;
  /** Bits of a level that are group priority. */
  readonly mask0: number;
  readonly mask1: number;
  readonly splitEoi: boolean;
}

export class VcpuStates {
  declare readonly words: Int32Array;
  /** Of group 0: best candidate, ICC_AP0R0_EL1, and as in `Admission`. */
  declare private readonly best0: Int32Array;
  declare private readonly active0: Int32Array;
  declare private readonly open0: Uint8Array;
  declare private readonly mask0: Uint8Array;

  constructor(count: number) {
    this.words = new Int32Array(count << VCPU_SHIFT);
    this.best0 = new Int32Array(count).fill(NO_CANDIDATE);
    this.active0 = new Int32Array(count);
    this.open0 = new Uint8Array(count);
    this.mask0 = new Uint8Array(count);
    for (let vcpu = 0; vcpu < count; vcpu++) this.words[(vcpu << VCPU_SHIFT) + BEST] = NO_CANDIDATE;
  }

  /** Best candidate of a group; NO_CANDIDATE for none. */
  best(vcpu: number, group: number): candidates.Candidate {
    return group === 1 ? this.words[(vcpu << VCPU_SHIFT) + BEST]! : this.best0[vcpu]!;
  }

  setBest(vcpu: number, group: number, candidate: candidates.Candidate): void {
    if (group === 1) {
      this.words[(vcpu << VCPU_SHIFT) + BEST] = candidate;
      return;
    }
    this.best0[vcpu] = candidate;
    this.lookAtGroup0(vcpu);
  }

  /** The candidate that is signalled; NO_CANDIDATE for none. */
  signalled(vcpu: number): candidates.Candidate {
    const { words } = this;
    const at = vcpu << VCPU_SHIFT;
    if ((words[at + FLAGS]! & GROUP0) !== 0) return this.signalledOfTwo(vcpu);
    const candidate = words[at + BEST]!;
    return candidate < words[at + LIMIT]! ? candidate : NO_CANDIDATE;
  }

  /** `candidate`, which is signalled and so more urgent than all that runs, runs now. */
  acknowledge(vcpu: number, candidate: candidates.Candidate): void {
    if (groupOf(candidate) === 0) return this.acknowledge0(vcpu, candidate);
    const { words } = this;
    const at = vcpu << VCPU_SHIFT;
    const level = levelOf(candidate) & (words[at + FLAGS]! >>> MASK_SHIFT);
    words[at + ACTIVE_PRIORITIES] = words[at + ACTIVE_PRIORITIES]! | (1 << level);
    words[at + LIMIT] = level << LEVEL_OF; // below PMR, since the candidate is
  }

  /** Ends the most urgent running priority of `group`, if there is one. Returns true when a candidate is signalled now. */
  drop(vcpu: number, group: number): boolean {
    const { words } = this;
    const at = vcpu << VCPU_SHIFT;
    const flags = words[at + FLAGS]!;
    if (group === 0 || (flags & GROUP0) !== 0) return this.dropOfTwo(vcpu, group);
    const running = words[at + ACTIVE_PRIORITIES]!;
    const left = running & (running - 1);
    words[at + ACTIVE_PRIORITIES] = left;
    const below = left === 0 ? (flags >>> OPEN_SHIFT) << LEVEL_OF : limitOf(flags, left);
    words[at + LIMIT] = below;
    return words[at + BEST]! < below;
  }

  /** Is the most urgent running priority one of `group`? Equal priorities: group 0. False for a vCPU that is none. */
  runs(vcpu: number, group: number): boolean {
    const { words } = this;
    const at = vcpu << VCPU_SHIFT;
    return (words[at + FLAGS]! & GROUP0) === 0 ? group === 1 && (words[at + ACTIVE_PRIORITIES]! | 0) !== 0 : this.runsOfTwo(vcpu, group);
  }

  /** Level of the running priority; −1 when nothing runs. */
  runningLevel(vcpu: number): number {
    return lowestBit(this.active0[vcpu]! | this.words[(vcpu << VCPU_SHIFT) + ACTIVE_PRIORITIES]!);
  }

  /** ICC_AP0R0_EL1 and ICC_AP1R0_EL1: one bit per level. */
  activePriorities(vcpu: number, group: number): number {
    return (group === 1 ? this.words[(vcpu << VCPU_SHIFT) + ACTIVE_PRIORITIES]! : this.active0[vcpu]!) >>> 0;
  }

  setActivePriorities(vcpu: number, group: number, value: number): void {
    if (group === 1) this.words[(vcpu << VCPU_SHIFT) + ACTIVE_PRIORITIES] = value | 0;
    else this.active0[vcpu] = value | 0;
    this.lookAtGroup0(vcpu);
  }

  splitEoi(vcpu: number): boolean {
    return (this.words[(vcpu << VCPU_SHIFT) + FLAGS]! & SPLIT_EOI) !== 0;
  }

  /** Lines as driven: bit 0 IRQ, bit 1 FIQ. */
  driven(vcpu: number): number {
    return this.words[(vcpu << VCPU_SHIFT) + FLAGS]! & (IRQ_HIGH | FIQ_HIGH);
  }

  setDriven(vcpu: number, lines: number): void {
    const at = (vcpu << VCPU_SHIFT) + FLAGS;
    this.words[at] = (this.words[at]! & ~(IRQ_HIGH | FIQ_HIGH)) | lines;
  }

  admit(vcpu: number, { open0, open1, mask0, mask1, splitEoi }: Admission): void {
    this.open0[vcpu] = open0;
    this.mask0[vcpu] = mask0;
    const at = (vcpu << VCPU_SHIFT) + FLAGS;
    const kept = this.words[at]! & (IRQ_HIGH | FIQ_HIGH | GROUP0 | MORE);
    this.words[at] = kept | (splitEoi ? SPLIT_EOI : 0) | (mask1 << MASK_SHIFT) | (open1 << OPEN_SHIFT);
    this.derive(vcpu);
  }

  /** With group 0 in play, the better of the candidates whose group is enabled has to pass. */
  private signalledOfTwo(vcpu: number): candidates.Candidate {
    const { words } = this;
    const at = vcpu << VCPU_SHIFT;
    const open0 = this.open0[vcpu]!;
    const best0 = open0 === 0 ? NO_CANDIDATE : this.best0[vcpu]!;
    const best1 = words[at + FLAGS]! >>> OPEN_SHIFT === 0 ? NO_CANDIDATE : words[at + BEST]!;
    if (best1 <= best0) return best1 < words[at + LIMIT]! ? best1 : NO_CANDIDATE;
    const level = levelOf(best0);
    const running = this.runningLevel(vcpu);
    return level < open0 && (running < 0 || (level & this.mask0[vcpu]!) < running) ? best0 : NO_CANDIDATE;
  }

  private runsOfTwo(vcpu: number, group: number): boolean {
    const running = this.runningLevel(vcpu);
    return running >= 0 && (group === 0) === ((this.active0[vcpu]! & (1 << running)) !== 0);
  }

  private acknowledge0(vcpu: number, candidate: candidates.Candidate): void {
    this.active0[vcpu]! |= 1 << (levelOf(candidate) & this.mask0[vcpu]!);
    this.lookAtGroup0(vcpu);
  }

  private dropOfTwo(vcpu: number, group: number): boolean {
    const running = group === 1 ? this.words[(vcpu << VCPU_SHIFT) + ACTIVE_PRIORITIES]! : this.active0[vcpu]!;
    this.setActivePriorities(vcpu, group, running & (running - 1));
    return this.signalled(vcpu) !== NO_CANDIDATE;
  }

  /** Does group 0 play a part? The limit follows, for what runs has changed. */
  private lookAtGroup0(vcpu: number): void {
    const at = (vcpu << VCPU_SHIFT) + FLAGS;
    const plays = this.best0[vcpu] !== NO_CANDIDATE || this.active0[vcpu] !== 0;
    this.words[at] = plays ? this.words[at]! | GROUP0 : this.words[at]! & ~GROUP0;
    this.derive(vcpu);
  }

  private derive(vcpu: number): void {
    const { words } = this;
    const at = vcpu << VCPU_SHIFT;
    words[at + LIMIT] = limitOf(words[at + FLAGS]!, words[at + ACTIVE_PRIORITIES]! | this.active0[vcpu]!);
  }
}

/**
 * The limit that LIMIT holds. A level whose group priority is below the running one is below that one rounded up to a group
 * priority. @param running active priorities of both groups
 */
function limitOf(flags: number, running: number): number {
  const mask = (flags >>> MASK_SHIFT) & LEVELS;
  const below = running === 0 ? IDLE : (lowestBit(running) + (LEVELS & ~mask)) & (IDLE | mask);
  const open = flags >>> OPEN_SHIFT;
  return (below < open ? below : open) << LEVEL_OF;
}
