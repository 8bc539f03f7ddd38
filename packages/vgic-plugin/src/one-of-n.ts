/**
 * 1-of-N: who takes an SPI that is routed to any participating vCPU (Arm IHI 0069, "1 of N model").
 *
 * A vCPU takes part in a group while its CPU interface enables it. The choice is round robin from the vCPU chosen last, so
 * load spreads and the outcome is the same on every host. Finding the next one reads 32 vCPUs at a time.
 */
import { lowestBit } from "./candidate.ts";

export class OneOfN {
  private readonly vcpuCount: number;
  private readonly words: number;
  /** Participants of group 0, then of group 1: one bit per vCPU. */
  private readonly participants: Uint32Array;
  /** The vCPU chosen last, per group. Saved: the next choice depends on it. */
  readonly last: Int32Array = new Int32Array(2).fill(-1);

  constructor(vcpuCount: number) {
    this.vcpuCount = vcpuCount;
    this.words = Math.ceil(vcpuCount / 32);
    this.participants = new Uint32Array(2 * this.words);
  }

  participates(vcpu: number, group: number): boolean {
    return (this.participants[group * this.words + (vcpu >>> 5)]! & (1 << (vcpu & 31))) !== 0;
  }

  /** Returns true when this changed something: then filed interrupts may have to move. */
  setParticipates(vcpu: number, group: number, takesPart: boolean): boolean {
    if (this.participates(vcpu, group) === takesPart) return false;
    this.participants[group * this.words + (vcpu >>> 5)]! ^= 1 << (vcpu & 31);
    return true;
  }

  /** The next participant of `group`, or −1. */
  choose(group: number): number {
    const start = (this.last[group]! + 1) % this.vcpuCount;
    for (let step = 0; step <= this.words; step++) {
      const word = ((start >>> 5) + step) % this.words;
      let bits = this.participants[group * this.words + word]!;
      if (step === 0) bits &= -1 << (start & 31);
      else if (step === this.words) bits &= ~(-1 << (start & 31));
      if (bits !== 0) return (this.last[group] = (word << 5) + lowestBit(bits));
    }
    return -1;
  }

  clear(): void {
    this.participants.fill(0);
    this.last.fill(-1);
  }
}
