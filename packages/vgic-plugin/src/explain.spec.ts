/** What `explain` says, one obstacle at a time, and that it is right about any state. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explain } from "./explain.ts";
import { RigV2, RigV3 } from "./gic-rig.fixture.ts";
import { testLpis } from "./lpi/test-lpis.fixture.ts";
import { anyOp, applyToRig, BANKED, PES, PROLOGUE, SHARED } from "./random-ops.fixture.ts";

/** A signalled SPI 40, then one thing in its way. */
const OBSTACLES: readonly (readonly [failed: readonly string[], text: RegExp, hinder: (g: RigV3) => void])[] = [
  [[], /SPI 8 \(INTID 40\) is signalled to vCPU 0 at priority 0xa0/, () => {}],
  [["pending"], /no latch, and the wire is low/, (g) => g.wire(40, false)],
  [["pending"], /edge-triggered and saw no new edge/, (g) => g.D(0xc08, 2 << 16)],
  [["enabled"], /GICD_ISENABLER is 0/, (g) => g.setBit(0x180, 40)],
  [["not-active"], /has not deactivated it/, (g) => g.setBit(0x300, 40)],
  [["targeted"], /GICD_IROUTER sends it to vCPU 1/, (g) => g.D(0x6000 + 8 * 40, 1)],
  [["targeted"], /GICD_IROUTER sends it to nobody/, (g) => g.D(0x6000 + 8 * 40, 0x99)],
  [["distributor-group"], /it is in group 1, and GICD_CTLR.EnableGrp1 is 0/, (g) => g.D(0, 1)],
  [["cpu-interface-group"], /ICC_IGRPEN1_EL1 is 0/, (g) => void g.msr("IGRPEN1", 0)],
  [["best"], /INTID 33 with priority 0x80 goes before it \(priority 0xa0\)/, (g) => {
    g.use(33, { priority: 0x80 });
    g.wire(33, true);
  }],
  [["priority-mask"], /0xa0 is not below ICC_PMR_EL1 0x80/, (g) => void g.msr("PMR", 0x80)],
  [["preempts"], /group priority 0xa0 does not preempt the running priority 0x80/, (g) => void g.msr("AP1R0", 1 << 16)],
];

describe("explain", () => {
  it.each(OBSTACLES)("names %j", (failed, text, hinder) => {
    const g = new RigV3();
    g.use(40);
    g.wire(40, true);
    hinder(g);
    const saved = g.gic.save();
    const explanation = explain(g.gic, 40, 0);
    expect(explanation.steps.filter(({ passed }) => !passed).map(({ check }) => check)).toEqual(failed);
    expect(explanation.text).toMatch(text);
    expect(g.gic.save()).toEqual(saved);
  });

  it("says what is no interrupt here", () => {
    const { gic } = new RigV3();
    for (const [intid, vcpu] of [[300, 0], [1023, 0], [4096, 0], [8192, 0], [27, 9], [-1, 0], [1.5, 0], [27, -1]] as const) {
      expect(gic.explain(intid, vcpu)).toMatchObject({ signalled: false, steps: [{ check: "implemented", passed: false }] });
    }
  });

  it("speaks of an LPI's mapping and of GICv2's registers", () => {
    const v3 = new RigV3();
    testLpis.attach(v3.gic).pend(8200, 0, 0xa0);
    expect(v3.gic.explain(8200, 0)).toMatchObject({ signalled: true });
    v3.msr("PMR", 0);
    expect(v3.gic.explain(8200, 0).steps.map(({ check }) => check).slice(0, 2)).toEqual(["lpi-mapped", "lpis-enabled"]);
    expect(v3.gic.explain(8200, 1).text).toMatch(/its collection sends it to vCPU 0/);
    const v2 = new RigV2();
    v2.use(40);
    v2.wire(40, true);
    v2.D8(0x800 + 40, 6);
    expect(v2.gic.explain(40, 0).text).toMatch(/GICD_ITARGETSR sends it to vCPU 1, 2/);
    v2.C(0x04, 0, 1);
    expect(v2.gic.explain(40, 1).text).toMatch(/not below GICC_PMR 0x00/);
  });

  it("says signalled exactly where IAR would take it, in any state", () => {
    fc.assert(
      fc.property(fc.array(anyOp, { maxLength: 60 }), (ops) => {
        const g = new RigV3(PES, { extendedSpis: 32, pins: "wide" }, false);
        for (const op of [...PROLOGUE, ...ops]) applyToRig(g, op);
        for (let pe = 0; pe < PES; pe++) {
          const taken = [0, 1].map((group) => g.gic.icc.peekSysreg(group === 0 ? 0xc640 : 0xc660, pe)).find((id) => id !== 1023);
          const said = [...SHARED, ...BANKED].filter((intid) => g.gic.explain(intid, pe).signalled);
          expect(said).toEqual(taken === undefined ? [] : [taken]);
        }
      }),
      { numRuns: 100 },
    );
  });
});
