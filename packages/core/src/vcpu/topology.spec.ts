/** Who is which MPIDR: 16 vCPUs a cluster by default, as QEMU's `virt` and KVM have it. */
import { describe, expect, it } from "vitest";
import { isTraplineError } from "../errors.ts";
import { defaultAffinity, MAX_VCPUS, topology } from "./topology.ts";

describe("the default topology", () => {
  //   vCPU       Aff3.2.1.0
  it.each([
    [0, /*     */ 0x00_00_00_00],
    [15, /*    */ 0x00_00_00_0f],
    [16, /*    */ 0x00_00_01_00],
    [255, /*   */ 0x00_00_0f_0f],
    [4095, /*  */ 0x00_00_ff_0f],
    [4096, /*  */ 0x00_01_00_00],
    [65_535, /**/ 0x00_0f_ff_0f],
  ])("gives vCPU %d affinity %d", (vcpu, affinity) => {
    expect(defaultAffinity(vcpu)).toBe(affinity);
  });

  it("gives every vCPU an affinity of its own, and finds it back", () => {
    const all = topology(MAX_VCPUS);
    for (let vcpu = 0; vcpu < MAX_VCPUS; vcpu += 251) expect(all.vcpuAt(all.affinity(vcpu))).toBe(vcpu);
    expect([all.count, all.vcpuAt(0x10), all.vcpuAt(0xffff_ffff)]).toEqual([MAX_VCPUS, -1, -1]);
  });
});

describe("affinities of one's own", () => {
  it("are taken as they are, Aff3 included", () => {
    const own = topology(2, [0x8000_0000, 1]);
    expect([own.affinity(0), own.vcpuAt(0x8000_0000), own.vcpuAt(1), own.vcpuAt(0)]).toEqual([0x8000_0000, 0, 1, -1]);
  });
});

describe("a topology is refused", () => {
  it.each<readonly [number, readonly number[] | undefined, string]>([
    [-1, undefined, "a machine of -1 vCPUs; ask for 0 to 65536"],
    [1.5, undefined, "a machine of 1.5 vCPUs; ask for 0 to 65536"],
    [MAX_VCPUS + 1, undefined, "a machine of 65537 vCPUs; ask for 0 to 65536"],
    [2, [0], "1 affinities for 2 vCPUs; give one affinity per vCPU, or none"],
    [3, [0, 5, 5], "vCPUs 1 and 2 both have affinity 0x5; give each vCPU an affinity of its own"],
    [2, [0, 2 ** 32], "vCPU 1 has affinity 4294967296; use Aff3 to Aff0 in 32 bits, as MPIDR_EL1 packs them"],
    [1, [-1], "vCPU 0 has affinity -1; use Aff3 to Aff0 in 32 bits, as MPIDR_EL1 packs them"],
    [1, [NaN], "vCPU 0 has affinity NaN; use Aff3 to Aff0 in 32 bits, as MPIDR_EL1 packs them"],
  ])("of %d vCPUs with %o", (count, affinities, message) => {
    let error: unknown;
    try {
      topology(count, affinities);
    } catch (e) {
      error = e;
    }
    expect(isTraplineError(error, "config")).toBe(true);
    expect((error as Error).message).toBe(message);
  });
});
