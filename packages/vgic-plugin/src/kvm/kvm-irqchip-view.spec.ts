/** Injection by INTID: kvm-irq-abi.md B.2, the rows that are the chip's. */
import { describe, expect, it } from "vitest";
import { RigV2, RigV3 } from "../gic-rig.fixture.ts";

const EINVAL = -22;

describe("injection by INTID", () => {
  it("drives SPIs whatever the vCPU, and PPIs of the vCPU named", () => {
    const g = new RigV3();
    g.use(40);
    g.use(27, { pe: 2 });
    expect([g.gic.kvm.injectIntid(40, 77, true), g.gic.kvm.injectIntid(27, 2, true)]).toEqual([0, 0]);
    expect([g.irq(0), g.irq(1), g.irq(2)]).toEqual([true, false, true]);
    g.gic.kvm.injectIntid(27, 2, false);
    expect(g.irq(2)).toBe(false);
  });

  it("takes every 1 for an edge, and ignores 0, on an edge interrupt", () => {
    const g = new RigV3();
    g.use(40, { edge: true });
    for (let n = 0; n < 2; n++) {
      g.gic.kvm.injectIntid(40, 0, true);
      expect(g.iar1()).toBe(40);
      g.eoi1(40);
    }
    g.gic.kvm.injectIntid(40, 0, false);
    expect(g.irq()).toBe(false);
  });

  it("leaves a PPI alone that a device of the machine drives", () => {
    const g = new RigV3();
    g.use(27);
    g.wire(27, true);
    g.wire(27, false);
    expect([g.gic.kvm.injectIntid(27, 0, true), g.irq()]).toEqual([0, false]);
  });

  it("refuses what the chip does not have", () => {
    const { kvm } = new RigV3().gic;
    for (const [intid, vcpu] of [[15, 0], [27, 4], [27, -1], [288, 0], [1020, 0], [4096, 0], [8192, 0], [1.5, 0]] as const) {
      expect(kvm.injectIntid(intid, vcpu, true)).toBe(EINVAL);
    }
  });

  it("knows its pins: none for what is not implemented or not in the layout", () => {
    const mainline = new RigV3().gic.kvm;
    const rfc = new RigV2(2, { pins: "rfc2014" }).gic.kvm;
    expect([mainline.pinOf(33, 0), mainline.pinOf(27, 0), mainline.pinOf(288, 0), mainline.vcpuCapacity]).toEqual([1, -1, -1, 4]);
    expect([rfc.pinOf(33, 0), rfc.pinOf(27, 1), rfc.pinOf(27, 2), rfc.pinOf(3, 0), rfc.vcpuCapacity, rfc.spis]).toEqual([129, 27, -1, -1, 8, 256]);
    let told = 0;
    mainline.onInitialised(() => told++);
    expect([told, mainline.initialised, mainline.prepareInjection()]).toEqual([1, true, 0]);
  });
});
