/**
 * While nobody taps its wires, the chip calls their owners itself, or only takes the numbers. Nobody may be able to tell: the
 * owners hear the same, in the same order, under the same numbers; and one owner's exception keeps nothing from the others.
 */
import { PULSE, topology, type WireEvent, WireOrder } from "@trapline/core";
import fc from "fast-check";
import { Subscriber } from "rxjs";
import { describe, expect, it } from "vitest";
import { NO_CANDIDATE } from "./candidate.ts";
import { RigV3 } from "./gic-rig.fixture.ts";
import { anyOp, applyToRig, type Op, PES, PROLOGUE } from "./random-ops.fixture.ts";
import { VgicV3 } from "./vgic-v3.ts";

describe("a chip whose wires nobody taps", () => {
  it("numbers everything as one that is watched, inside a guest's exit and outside", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyOp, fc.boolean()), { maxLength: 60 }), (ops) => {
        const [plain, watched] = [new RigV3(PES, { extendedSpis: 32, pins: "wide" }, false), new RigV3(PES, { extendedSpis: 32, pins: "wide" }, false)];
        const seen: WireEvent[] = [];
        const before = watched.order.sequence;
        watched.order.watchAll(new Subscriber<unknown>({ next: (event) => void seen.push(event as WireEvent), error: () => {}, complete: () => {} }));
        const answers = (g: RigV3, op: Op, inExit: boolean): unknown => {
          let answer = 0;
          if (inExit) g.exit(() => (answer = applyToRig(g, op)));
          else answer = applyToRig(g, op);
          return [op, answer, g.order.sequence, g.order.depth, g.lines.map((lines) => [...lines]), [...g.completions]];
        };
        for (const [op, inExit] of [...PROLOGUE.map((first) => [first, false] as const), ...ops]) {
          expect(answers(plain, op, inExit)).toEqual(answers(watched, op, inExit));
        }
        expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: watched.order.sequence - before }, (_, n) => before + 1 + n));
      }),
      { numRuns: 60 },
    );
  });

  // Owners and other code of the host that act on the chip in the middle of an emission: [what, set up and act].
  it.each<readonly [string, (g: RigV3) => void]>([
    [
      "an injection as by KVM_IRQ_LINE that is taken back before the emission ends",
      (g) => {
        g.use(40, { edge: true });
        g.exit(() => {
          g.gic.kvm.injectIntid(40, 0, true);
          g.setBit(0x180, 40);
        });
      },
    ],
    [
      "a completion that injects, then emits elsewhere",
      (g) => {
        for (const intid of [40, 41, 42]) g.use(intid, { edge: true });
        g.pulse(40);
        g.iar1();
        g.onCompletion = () => {
          g.gic.kvm.injectIntid(41, 0, true);
          g.pulse(42);
        };
        g.exit(() => g.eoi1(40));
      },
    ],
    [
      "a completion that takes the next interrupt itself",
      (g) => {
        for (const intid of [40, 41]) g.use(intid, { edge: true });
        g.pulse(40);
        g.pulse(41);
        g.iar1();
        g.onCompletion = () => void (g.onCompletion = () => {}, g.iar1());
        g.exit(() => g.eoi1(40));
      },
    ],
    [
      "a completion that fails, with another interrupt pending",
      (g) => {
        for (const intid of [40, 41]) g.use(intid, { edge: true });
        g.pulse(40);
        g.pulse(41);
        g.iar1();
        g.onCompletion = () => {
          throw new Error("the resampler is broken");
        };
        expect(() => g.exit(() => g.eoi1(40))).toThrow("the resampler is broken");
      },
    ],
  ])("is the same watched or not: %s", (_what, act) => {
    const outcomes = [false, true].map((watched) => {
      const g = new RigV3(2);
      if (watched) g.order.watchAll(new Subscriber<unknown>());
      act(g);
      const signalled = g.gic.cpus.signalled(0) !== NO_CANDIDATE;
      expect([g.irq(0), g.gic.peekLine(0, "irq")]).toEqual([signalled, signalled]);
      return [g.order.sequence, g.order.depth, g.order.busy, g.lines.map((lines) => [...lines]), [...g.completions]];
    });
    expect(outcomes[0]).toEqual(outcomes[1]);
  });

  it.each([
    ["untapped", false],
    ["watched", true],
  ])("drives a line down only after its owner has seen it up, whatever that one does, %s", (_, watched) => {
    const order = new WireOrder();
    const gic = new VgicV3(topology(1), order, { distributor: 0x0800_0000, redistributors: [{ base: 0x080a_0000, size: 0x2_0000 }] });
    const log: string[] = [];
    gic.vcpuLines$.own("test", (_vcpu, _line, level) => {
      log.push(`in ${level}`);
      if (level) gic.icc.readSysreg(0xc660, 0); // ICC_IAR1_EL1
      log.push(`out ${level}`);
    });
    if (watched) order.watchAll(new Subscriber<unknown>());
    gic.distributor.frame.write(0, 4, 2, 0);
    gic.distributor.frame.write(0x0c04 + 4, 4, 0xaaaa_aaaa, 0); // GICD_ICFGR2: SPIs 0 to 15 are edges
    gic.distributor.frame.write(0x0084, 4, 1, 0); // GICD_IGROUPR1
    gic.distributor.frame.write(0x0104, 4, 1, 0); // GICD_ISENABLER1
    gic.icc.writeSysreg(0xc230, 0xf8, 0); // ICC_PMR_EL1
    gic.icc.writeSysreg(0xc667, 1, 0); // ICC_IGRPEN1_EL1
    gic.pins$.emit(0, PULSE);
    expect(log).toEqual(["in true", "out true", "in false", "out false"]);
    expect(gic.peekLine(0, "irq")).toBe(false);
  });

  it("ends nothing for a vCPU that it does not have", () => {
    const g = new RigV3(2);
    g.use(40, { edge: true });
    g.pulse(40);
    g.iar1();
    g.eoi1(40, -1);
    g.eoi1(40, 2);
    expect([g.bit(0x300, 40), g.rpr()]).toEqual([1, 0xa0]); // GICD_ISACTIVER
  });

  it("drives the other vCPUs' lines, now and later, when the owner throws for one", () => {
    const order = new WireOrder();
    const gic = new VgicV3(topology(3), order, { distributor: 0x0800_0000, redistributors: [{ base: 0x080a_0000, size: 3 * 0x2_0000 }] });
    const heard: string[] = [];
    gic.vcpuLines$.own("test", (vcpu, _line, level) => {
      heard.push(`${vcpu} ${level}`);
      if (vcpu === 1 && level) throw new Error("vCPU 1 is broken");
    });
    gic.distributor.frame.write(0, 4, 2, 0);
    for (let vcpu = 0; vcpu < 3; vcpu++) {
      gic.redistributors.frame.write(0x1_0080, 4, 0xffff_ffff, vcpu); // GICR_IGROUPR0
      gic.icc.writeSysreg(0xc230, 0xf8, vcpu); // ICC_PMR_EL1
      gic.icc.writeSysreg(0xc667, 1, vcpu); // ICC_IGRPEN1_EL1
    }
    // An SGI to everybody but the sender marks two, of which the first fails.
    expect(() => order.defer({ deferred: false, evaluate: () => gic.icc.writeSysreg(0xc65d, 2 ** 40, 0) })).toThrow("vCPU 1 is broken");
    expect(heard).toEqual(["1 true", "2 true"]);
    gic.icc.readSysreg(0xc660, 2); // ICC_IAR1_EL1
    expect(heard).toEqual(["1 true", "2 true", "2 false"]);
  });
});
