/** Affinities of the vCPUs: who is which MPIDR. */
import { ConfigError } from "../errors.ts";
import { hex } from "../ids.ts";
import type { VcpuTopology } from "./vcpu.ts";

/** Most vCPUs of one machine. */
export const MAX_VCPUS = 65_536;

/**
 * The layout of QEMU's `virt` and of KVM: 16 vCPUs a cluster (Aff0 0 … 15, the range one ICC_SGI1R target list reaches),
 * then Aff1, Aff2 and Aff3 in bytes.
 */
export function defaultAffinity(vcpu: number): number {
  return (((vcpu >> 12) & 0xff) << 16) | (((vcpu >> 4) & 0xff) << 8) | (vcpu & 0xf);
}

/**
 * @param affinities one per vCPU, packed as MPIDR_EL1; default: {@link defaultAffinity}
 * @throws ConfigError for a count or an affinity out of range, a list of another length, or one affinity given twice
 */
export function topology(count: number, affinities?: readonly number[]): VcpuTopology {
  if (!Number.isInteger(count) || count < 0 || count > MAX_VCPUS) {
    throw new ConfigError(`a machine of ${count} vCPUs`, {
      subject: "vcpus",
      value: count,
      limit: MAX_VCPUS,
      remedy: `ask for 0 to ${MAX_VCPUS}`,
    });
  }
  if (affinities !== undefined && affinities.length !== count) {
    throw new ConfigError(`${affinities.length} affinities for ${count} vCPUs`, {
      subject: "affinities",
      value: affinities.length,
      limit: count,
      remedy: "give one affinity per vCPU, or none",
    });
  }
  for (const [vcpu, affinity] of affinities?.entries() ?? []) {
    if (Number.isInteger(affinity) && affinity >= 0 && affinity <= 0xffff_ffff) continue;
    throw new ConfigError(`vCPU ${vcpu} has affinity ${affinity}`, {
      subject: `vcpu${vcpu}`,
      value: affinity,
      limit: 0xffff_ffff,
      remedy: "use Aff3 to Aff0 in 32 bits, as MPIDR_EL1 packs them",
    });
  }
  const packed = Array.from({ length: count }, (_, vcpu) => affinities?.[vcpu] ?? defaultAffinity(vcpu));
  const byAffinity = new Map<number, number>();
  for (const [vcpu, affinity] of packed.entries()) {
    const other = byAffinity.get(affinity);
    if (other !== undefined) {
      throw new ConfigError(`vCPUs ${other} and ${vcpu} both have affinity ${hex(affinity)}`, {
        subject: `vcpu${vcpu}`,
        other: `vcpu${other}`,
        value: affinity,
        remedy: "give each vCPU an affinity of its own",
      });
    }
    byAffinity.set(affinity, vcpu);
  }
  return {
    count,
    affinity: (vcpu) => packed[vcpu]!,
    vcpuAt: (affinity) => byAffinity.get(affinity >>> 0) ?? -1,
  };
}
