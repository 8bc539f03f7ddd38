/**
 * While nobody taps its wires, the chip calls their owners itself, or only takes the numbers. Nobody may be able to tell: the
 * owners hear the same, in the same order, under the same numbers; and one owner's exception keeps nothing from the others.
 */
import { topology, type WireEvent, WireOrder } from "@trapline/core";
import fc from "fast-check";
import { Subscriber } from "rxjs";
import { describe, expect, it } from "vitest";
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
