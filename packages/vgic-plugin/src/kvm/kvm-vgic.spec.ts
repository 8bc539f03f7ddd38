/** The KVM-shaped control interface: kvm-irq-abi.md K.7 by number, then H.5 register by register. */
import { type ErrnoName, topology, WireOrder } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { TestLpis } from "../lpi/test-lpis.fixture.ts";
import type { VgicV3 } from "../vgic-v3.ts";
import { ADDR, ADDR_UNSET, CTRL_INIT, CTRL_SAVE_PENDING_TABLES, GROUP, type KvmVm } from "./kvm-vm.ts";
import { createVgic, type KvmVgic } from "./kvm-vgic.ts";

type Answer = ErrnoName | "0";

class TestVm implements KvmVm {
  readonly order = new WireOrder();
  topology;
  hasRun = false;
  running = false;
  ipaBits = 40;
  versions: readonly (2 | 3)[] = [2, 3];
  vgic: KvmVgic | undefined = undefined;
  constructor(vcpus = 4) {
    this.topology = vcpus === 0 ? { count: 0, affinity: () => 0, vcpuAt: () => -1 } : topology(vcpus);
  }
}

/** The errno of a call, or "0". */
function answer(call: () => unknown): Answer {
  try {
    call();
    return "0";
  } catch (error) {
    return (error as { errno: ErrnoName }).errno;
  }
}

const v3 = (vcpus = 4): KvmVgic => createVgic(new TestVm(vcpus), 3);
const region = (count: number, base: number, index: number): bigint => (BigInt(count) << 52n) | BigInt(base) | BigInt(index);
const DIST = 0x0800_0000;
const REDIST = 0x080a_0000;
/** A GICv3 ready to run. */
function ready(): KvmVgic {
  const gic = v3();
  gic.set(GROUP.ADDR, ADDR.V3_DIST, DIST);
  gic.set(GROUP.ADDR, ADDR.V3_REDIST, REDIST);
  gic.set(GROUP.CTRL, CTRL_INIT);
  return gic;
}
const mpidr = (vcpu: number, low: number): bigint => (BigInt(vcpu) << 32n) | BigInt(low);
const v2Attr = mpidr;

type Row = readonly [id: number, behaviour: string, expected: Answer | readonly Answer[], run: () => Answer | readonly Answer[]];

const ROWS: readonly Row[] = [
  [125, "a second GIC", ["EEXIST", "EEXIST", "ENODEV"], () => {
    const vm = new TestVm();
    createVgic(vm, 3);
    const again = ([3, 2] as const).map((version) => answer(() => createVgic(vm, version)));
    vm.versions = [3];
    return [...again, answer(() => createVgic(vm, 2))];
  }],
  [126, "nine vCPUs and a GICv2", "E2BIG", () => answer(() => createVgic(new TestVm(9), 2))],
  [127, "a ninth vCPU beside a GICv2", "EINVAL", () => answer(() => createVgic(new TestVm(), 2).checkVcpuCreation(8))],
  [128, "a GIC after a vCPU ran", "EBUSY", () => answer(() => createVgic(Object.assign(new TestVm(), { hasRun: true }), 3))],
  [130, "an address of the other model", "ENXIO", () => answer(() => v3().set(GROUP.ADDR, ADDR.V2_DIST, DIST))],
  [131, "a misaligned distributor", "EINVAL", () => answer(() => v3().set(GROUP.ADDR, ADDR.V3_DIST, 0x1000))],
  [132, "a distributor at the top of the IPA space", ["E2BIG", "E2BIG", "EINVAL"], () =>
    [2n ** 40n, 2n ** 64n - 0x1_0000n, 2n ** 64n - 0x8000n].map((base) => answer(() => v3().set(GROUP.ADDR, ADDR.V3_DIST, base)))],
  [133, "set again, misaligned", "EEXIST", () => {
    const gic = v3();
    gic.set(GROUP.ADDR, ADDR.V3_DIST, DIST);
    return answer(() => gic.set(GROUP.ADDR, ADDR.V3_DIST, 0x1000));
  }],
  [135, "region 0 after the legacy call", ["EINVAL", "EEXIST", "0", "EINVAL"], () => {
    const gic = v3();
    gic.set(GROUP.ADDR, ADDR.V3_REDIST, REDIST);
    return [
      answer(() => gic.set(GROUP.ADDR, ADDR.V3_REDIST_REGION, region(1, 0x2000_0000, 0))),
      answer(() => gic.set(GROUP.ADDR, ADDR.V3_REDIST, REDIST)),
      answer(() => gic.set(GROUP.ADDR, ADDR.V3_REDIST_REGION, region(1, 0x2000_0000, 1))), // accepted since 2021
      answer(() => gic.set(GROUP.ADDR, ADDR.V3_REDIST, REDIST)),
    ];
  }],
  [136, "region 1 first; no count; flags; overlap", ["EINVAL", "EINVAL", "EINVAL", "EINVAL"], () => {
    const set = (value: bigint) => (): void => v3().set(GROUP.ADDR, ADDR.V3_REDIST_REGION, value);
    const gic = v3();
    gic.set(GROUP.ADDR, ADDR.V3_REDIST_REGION, region(2, 0x2000_0000, 0));
    return [
      answer(set(region(1, 0x2000_0000, 1))),
      answer(set(region(0, 0x2000_0000, 0))),
      answer(set(region(1, 0x2000_0000, 0) | 0x1000n)),
      answer(() => gic.set(GROUP.ADDR, ADDR.V3_REDIST_REGION, region(1, 0x2002_0000, 1))),
    ];
  }],
  [137, "reading a region that is not there", "ENOENT", () => {
    const gic = v3();
    gic.set(GROUP.ADDR, ADDR.V3_REDIST_REGION, region(2, 0x2000_0000, 0));
    expect(gic.get(GROUP.ADDR, ADDR.V3_REDIST_REGION, 0n)).toBe(region(2, 0x2000_0000, 0));
    return answer(() => gic.get(GROUP.ADDR, ADDR.V3_REDIST_REGION, 2n));
  }],
  [138, "regions for three of four vCPUs: INIT works, running does not", ["0", "ENXIO"], () => {
    const gic = v3();
    gic.set(GROUP.ADDR, ADDR.V3_DIST, DIST);
    gic.set(GROUP.ADDR, ADDR.V3_REDIST_REGION, region(3, REDIST, 0));
    return [answer(() => gic.set(GROUP.CTRL, CTRL_INIT)), answer(() => gic.checkRun())];
  }],
  [139, "running without INIT", "EBUSY", () => {
    const gic = v3();
    gic.set(GROUP.ADDR, ADDR.V3_DIST, DIST);
    gic.set(GROUP.ADDR, ADDR.V3_REDIST_REGION, region(4, REDIST, 0));
    return answer(() => gic.checkRun());
  }],
  [140, "distributor on redistributors: found when it runs", ["0", "EINVAL"], () => {
    const gic = v3();
    gic.set(GROUP.ADDR, ADDR.V3_REDIST_REGION, region(4, REDIST, 0));
    const set = answer(() => gic.set(GROUP.ADDR, ADDR.V3_DIST, REDIST));
    gic.set(GROUP.CTRL, CTRL_INIT);
    return [set, answer(() => gic.checkRun())];
  }],
  [141, "NR_IRQS out of range", ["EINVAL", "EINVAL", "EINVAL", "EINVAL"], () => [32, 63, 100, 1024].map((n) => answer(() => v3().set(GROUP.NR_IRQS, 0, n)))],
  [142, "NR_IRQS twice", ["0", "EBUSY"], () => {
    const gic = v3();
    return [64, 96].map((n) => answer(() => gic.set(GROUP.NR_IRQS, 0, n)));
  }],
  [143, "NR_IRQS after INIT", "EBUSY", () => answer(() => ready().set(GROUP.NR_IRQS, 0, 128))],
  [144, "INIT twice", "0", () => answer(() => ready().set(GROUP.CTRL, CTRL_INIT))],
  [145, "a vCPU after INIT", "EBUSY", () => answer(() => ready().checkVcpuCreation(4))],
  [146, "REDIST_REGS before INIT, of a vCPU and of none", ["EBUSY", "EINVAL"], () => [1, 9].map((n) => answer(() => v3().get(GROUP.REDIST_REGS, mpidr(n, 0))))],
  [147, "CPU_REGS of a GICv2 without vCPUs", "EINVAL", () => answer(() => createVgic(new TestVm(0), 2).get(GROUP.CPU_REGS, v2Attr(0, 0)))],
  [148, "LEVEL_INFO of INTID 33, and of another info", ["EINVAL", "EINVAL"], () => [33, 0x400].map((low) => answer(() => ready().get(GROUP.LEVEL_INFO, mpidr(0, low))))],
];

describe("CTRL SAVE_PENDING_TABLES (kvm-irq-abi.md H.6)", () => {
  const save = (gic: KvmVgic): Answer => answer(() => gic.set(GROUP.CTRL, CTRL_SAVE_PENDING_TABLES));

  it("is known to a GICv3 and to no GICv2", () => {
    const has = (version: 2 | 3): Answer => answer(() => createVgic(new TestVm(), version).has(GROUP.CTRL, CTRL_SAVE_PENDING_TABLES));
    expect([has(3), has(2)]).toEqual(["0", "ENXIO"]);
    expect(save(createVgic(new TestVm(), 2))).toBe("ENXIO");
  });

  it("needs an initialised chip and stopped vCPUs", () => {
    expect(save(v3())).toBe("ENXIO");
    const vm = new TestVm();
    const gic = createVgic(vm, 3);
    gic.set(GROUP.CTRL, CTRL_INIT);
    vm.running = true;
    expect(save(gic)).toBe("EBUSY");
    vm.running = false;
    expect(save(gic)).toBe("0");
  });

  it("asks the LPIs, and says EFAULT when a table is not in RAM", () => {
    const gic = ready();
    let inRam = true;
    (gic.gic as VgicV3).attachLpis((port) => Object.assign(new TestLpis(port), { savePendingTables: () => inRam }));
    expect(save(gic)).toBe("0");
    inRam = false;
    expect(save(gic)).toBe("EFAULT");
  });
});

describe("kvm-irq-abi.md K.7", () => {
  it.each(ROWS)("%i: %s: %j", (_id, _behaviour, expected, run) => expect(run()).toEqual(expected));

  it("134: an address not set reads all ones", () => {
    for (const attr of [ADDR.V3_DIST, ADDR.V3_REDIST]) expect(v3().get(GROUP.ADDR, attr)).toBe(ADDR_UNSET);
  });

  it("149: LEVEL_INFO sets the level of an edge interrupt and does not report it", () => {
    const gic = ready();
    gic.set(GROUP.DIST_REGS, 0xc08, 2 << 16);
    gic.set(GROUP.LEVEL_INFO, mpidr(0, 32), 0x300);
    expect(gic.get(GROUP.LEVEL_INFO, mpidr(0, 32))).toBe(0x200n);
    expect(gic.get(GROUP.DIST_REGS, 0x204)).toBe(0n); // no edge was made, and the latch is what ISPENDR reads
    gic.set(GROUP.DIST_REGS, 0xc08, 0);
    expect(gic.get(GROUP.LEVEL_INFO, mpidr(0, 32))).toBe(0x300n);
  });

  it("150: a user write of 0 to ISPENDR clears the latch of a GICv3", () => {
    const gic = ready();
    gic.set(GROUP.DIST_REGS, 0x204, 0x100);
    const latched = gic.get(GROUP.DIST_REGS, 0x204);
    gic.set(GROUP.DIST_REGS, 0x204, 0);
    expect([latched, gic.get(GROUP.DIST_REGS, 0x204)]).toEqual([0x100n, 0n]);
  });

  it("151: and leaves that of a GICv2", () => {
    const gic = createVgic(new TestVm(), 2);
    gic.set(GROUP.DIST_REGS, v2Attr(0, 0x204), 0x100);
    gic.set(GROUP.DIST_REGS, v2Attr(0, 0x204), 0);
    expect(gic.get(GROUP.DIST_REGS, v2Attr(0, 0x204))).toBe(0x100n);
  });

  it("158: a guest's access of odd width is ignored", () => {
    const { frame } = (ready().gic as VgicV3).distributor;
    frame.write(0x104, 2, 0xffff, 0);
    expect(frame.read(0x104, 4, 0)).toBe(0);
  });

  const LEFT_OUT: Readonly<Record<number, string>> = {
    129: "KVM_CREATE_DEVICE_TEST and device types are the ioctl layer's; versions here are a type",
    ...Object.fromEntries([152, 153, 154, 155, 156, 157].map((id) => [id, "ITS: src/its"])),
  };
  it("leaves no row out without a reason", () => {
    const rows = [...ROWS.map(([id]) => id), 134, 149, 150, 151, 158, ...Object.keys(LEFT_OUT).map(Number)].sort((a, b) => a - b);
    expect(rows).toEqual(Array.from({ length: 34 }, (_, n) => 125 + n));
  });
});

describe("kvm-irq-abi.md H.5", () => {
  it("GICv2: IGROUPR is locked until a matching IIDR was written; PMR travels shifted; APR1 reads 0", () => {
    const gic = createVgic(new TestVm(), 2);
    gic.set(GROUP.DIST_REGS, v2Attr(0, 0x084), 0xff);
    const locked = gic.get(GROUP.DIST_REGS, v2Attr(0, 0x084));
    expect(gic.get(GROUP.DIST_REGS, v2Attr(0, 0x008))).toBe(0x4b00_343bn);
    expect([0x4b00_143b, 0x4b00_443b, 0x0000_043b].map((iidr) => answer(() => gic.set(GROUP.DIST_REGS, v2Attr(0, 0x008), iidr)))).toEqual(["EINVAL", "EINVAL", "EINVAL"]);
    gic.set(GROUP.DIST_REGS, v2Attr(0, 0x008), 0x4b00_243b);
    gic.set(GROUP.DIST_REGS, v2Attr(0, 0x084), 0xff);
    expect([locked, gic.get(GROUP.DIST_REGS, v2Attr(0, 0x084))]).toEqual([0n, 0xffn]);
    gic.set(GROUP.CPU_REGS, v2Attr(1, 0x04), 0x1e);
    expect([gic.get(GROUP.CPU_REGS, v2Attr(1, 0x04)), gic.gic!.cpus.pmr[1], gic.get(GROUP.CPU_REGS, v2Attr(0, 0xd4))]).toEqual([0x1en, 0xf0, 0n]);
  });

  it("active bits act on stored state: nothing completes", () => {
    const gic = ready();
    const done: number[] = [];
    gic.gic!.completions$.own("test", (pin) => void done.push(pin));
    gic.set(GROUP.DIST_REGS, 0x304, 0x100);
    expect(gic.get(GROUP.DIST_REGS, 0x304)).toBe(0x100n);
    gic.set(GROUP.DIST_REGS, 0x384, 0x100);
    expect([gic.get(GROUP.DIST_REGS, 0x304), done]).toEqual([0n, []]);
  });

  it("unknown and misaligned offsets: HAS refuses, GET reads 0, SET is ignored", () => {
    const gic = ready();
    for (const offset of [0x00c + 0x70, 0x105]) {
      expect(answer(() => gic.has(GROUP.DIST_REGS, offset))).toBe("ENXIO");
      gic.set(GROUP.DIST_REGS, offset, 0xffff_ffff);
      expect(gic.get(GROUP.DIST_REGS, offset)).toBe(0n);
    }
    expect([answer(() => gic.has(GROUP.DIST_REGS, 0x104)), answer(() => gic.has(GROUP.REDIST_REGS, 0x1_0100))]).toEqual(["0", "0"]);
  });

  it("redistributors are addressed by affinity, in 32-bit halves", () => {
    const gic = ready();
    gic.set(GROUP.REDIST_REGS, mpidr(2, 0x1_0100), 1 << 27);
    expect([0, 2].map((vcpu) => Number(gic.get(GROUP.REDIST_REGS, mpidr(vcpu, 0x1_0100)) >> 27n))).toEqual([0, 1]);
    expect([gic.get(GROUP.REDIST_REGS, mpidr(3, 0x8)), gic.get(GROUP.REDIST_REGS, mpidr(3, 0xc))]).toEqual([0x310n, 3n]);
  });

  it("CPU_SYSREGS: what is saved, what is not, and values that do not fit", () => {
    const gic = ready();
    const pmr = mpidr(1, 0xc230);
    gic.set(GROUP.CPU_SYSREGS, pmr, 0xf0);
    expect(gic.get(GROUP.CPU_SYSREGS, pmr)).toBe(0xf0n);
    const ctlr = mpidr(1, 0xc664);
    const saved = gic.get(GROUP.CPU_SYSREGS, ctlr);
    const call = (attr: bigint, value: bigint) => (): void => gic.set(GROUP.CPU_SYSREGS, attr, value);
    expect(
      [
        call(ctlr, saved),
        call(ctlr, saved & ~0x700n), // fewer priority bits than ours: accepted
        call(ctlr, saved | 0x700n),
        call(ctlr, saved ^ 0x8000n),
        call(mpidr(1, 0xc665), 0n), // SRE
        call(mpidr(1, 0xc645), 0n), // AP0R1
        call(mpidr(9, 0xc230), 0n),
        (): unknown => gic.get(GROUP.CPU_SYSREGS, mpidr(1, 0xc660)), // IAR1
        (): void => gic.has(GROUP.CPU_SYSREGS, mpidr(1, 0xc660)),
      ].map(answer),
    ).toEqual(["0", "0", "EINVAL", "EINVAL", "EINVAL", "EINVAL", "EINVAL", "ENOENT", "ENXIO"]);
  });

  it("a running vCPU makes registers busy; NR_IRQS defaults to 256 in all", () => {
    const vm = new TestVm();
    const gic = createVgic(vm, 3);
    expect(gic.get(GROUP.NR_IRQS, 0)).toBe(32n);
    gic.set(GROUP.CTRL, CTRL_INIT);
    expect([gic.get(GROUP.NR_IRQS, 0), gic.get(GROUP.DIST_REGS, 4) & 0x1fn]).toEqual([256n, 7n]);
    vm.running = true;
    expect([GROUP.DIST_REGS, GROUP.REDIST_REGS, GROUP.LEVEL_INFO].map((group) => answer(() => gic.get(group, 0)))).toEqual(["EBUSY", "EBUSY", "EBUSY"]);
  });

  it("moves a whole GIC through the attributes: what was saved register by register goes on elsewhere", () => {
    const one = ready();
    const { gic } = one;
    one.set(GROUP.DIST_REGS, 0x000, 2);
    one.set(GROUP.DIST_REGS, 0x104, 0x300);
    one.set(GROUP.DIST_REGS, 0x428, 0x80a0_80a0);
    for (const half of [0, 4]) one.set(GROUP.DIST_REGS, 0x6000 + 8 * 41 + half, half === 0 ? 2 : 0);
    one.set(GROUP.CPU_SYSREGS, mpidr(2, 0xc230), 0xf8);
    one.set(GROUP.CPU_SYSREGS, mpidr(2, 0xc667), 1);
    gic!.pins$.emit(9, 1);
    expect(gic!.peekLine(2, "irq")).toBe(true);
    const two = ready();
    const offsets = [0x000, 0x084, 0x104, 0x204, 0x304, 0x428, 0xc08, 0x6000 + 8 * 41, 0x6004 + 8 * 41];
    for (const offset of offsets) two.set(GROUP.DIST_REGS, offset, one.get(GROUP.DIST_REGS, offset));
    for (const encoding of [0xc230, 0xc667]) two.set(GROUP.CPU_SYSREGS, mpidr(2, encoding), one.get(GROUP.CPU_SYSREGS, mpidr(2, encoding)));
    expect(two.gic!.peekLine(2, "irq")).toBe(false); // levels travel separately
    two.set(GROUP.LEVEL_INFO, mpidr(0, 32), Number(one.get(GROUP.LEVEL_INFO, mpidr(0, 32))));
    expect([two.gic!.peekLine(2, "irq"), two.gic!.explain(41, 2).text]).toEqual([true, gic!.explain(41, 2).text]);
  });
});
