/** What a guest may try: any access anywhere, and every class of bug that was a vulnerability in another GIC model. */
import type { PlainData } from "@trapline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RigV2, RigV3 } from "./gic-rig.fixture.ts";
import { ICC_REGISTERS } from "./icc.registers.ts";
import { testLpis } from "./lpi/test-lpis.fixture.ts";

const width = fc.constantFrom(1, 2, 4, 8);
const value = fc.oneof(fc.constantFrom(0, 0xffff_ffff, 2n ** 64n - 1n, 0x8000_0000), fc.nat(0xffff_ffff));
const access = fc.tuple(fc.boolean(), fc.nat(0x1_ffff), width, value, fc.nat(3));

describe("any access", () => {
  it("at any width and offset of any frame of a GICv3 neither throws nor leaves a state that cannot be saved and restored", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), access), { maxLength: 60 }), (accesses) => {
        const g = new RigV3(4, { extendedSpis: 64, extendedPpis: 64, messageSpis: true, oneOfN: true, rangeSelector: true });
        testLpis.attach(g.gic);
        for (const [where, [isWrite, offset, bytes, v, pe]] of accesses) {
          const capped = bytes === 8 ? v : Number(BigInt.asUintN(8 * bytes, BigInt(v)));
          if (where === 0) g.raw(isWrite, Math.min(offset, 0x1_0000 - bytes), bytes as 4, capped, pe);
          else if (where === 1) g.rd(isWrite, Math.min(offset, 0x2_0000 - bytes), bytes as 4, capped, pe);
          else {
            const { encoding } = ICC_REGISTERS[offset % ICC_REGISTERS.length]!;
            if (isWrite) g.gic.icc.writeSysreg(encoding, v, pe);
            else g.gic.icc.readSysreg(encoding, pe);
          }
        }
        const saved = g.gic.save();
        g.gic.restore(saved);
        expect(g.gic.save()).toEqual(saved);
      }),
      { numRuns: 200 },
    );
  });

  it("of a GICv2, likewise", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), access), { maxLength: 60 }), (accesses) => {
        const g = new RigV2();
        for (const [dist, [isWrite, offset, bytes, v, pe]] of accesses) {
          const frame = dist ? g.gic.distributor : g.gic.cpuInterface;
          const at = Math.min(offset & (dist ? 0xfff : 0x1fff), 0x1_0000 - bytes);
          const capped = bytes === 8 ? v : Number(BigInt.asUintN(8 * bytes, BigInt(v)));
          if (isWrite) frame.write(at, bytes as 4, capped, pe);
          else frame.read(at, bytes as 4, pe);
        }
        const saved = g.gic.save();
        g.gic.restore(saved);
        expect(g.gic.save()).toEqual(saved);
      }),
      { numRuns: 200 },
    );
  });

  it("reading never changes anything but IAR, and peeking nothing at all", () => {
    const g = new RigV3();
    g.use(40);
    g.wire(40, true);
    const before = g.gic.save();
    for (let offset = 0; offset < 0x1_0000; offset += 4) {
      g.d(offset);
      g.r(offset);
      g.d8(offset + 1);
      g.gic.distributor.frame.peek(offset, 4, 0);
    }
    for (const { encoding } of ICC_REGISTERS) g.gic.icc.peekSysreg(encoding, 0);
    expect(g.gic.save()).toEqual(before);
  });
});

/** By class, with what to look up. */
describe("classes of past vulnerabilities", () => {
  it("SGI INTID not masked (CVE-2021-20221): SGIR's upper bits index nothing", () => {
    const g = new RigV2();
    g.D(0xf00, 0x0201_fff0 | 3);
    expect(g.iar() & 0x3ff).toBe(3);
    expect(g.completions).toEqual([]);
  });

  it("SGI target out of range: CPUs and affinities that are not there", () => {
    const v2 = new RigV2(2);
    v2.D(0xf00, 0x00fc_0001);
    v2.D8(0xf21, 0xfc);
    expect([v2.irq(0), v2.irq(1), v2.d(0xf20)]).toEqual([false, false, 0]);
    const v3 = new RigV3(2);
    v3.msr("SGI1R", 0x00ff_f0ff_0fff_fffcn);
    expect([v3.irq(0), v3.irq(1)]).toEqual([false, false]);
  });

  it("vCPU index out of range: routes, targets, private lines, resets", () => {
    const g = new RigV3(2);
    g.use(40);
    g.raw(true, 0x6000 + 8 * 40, 8, 2n ** 64n - 1n);
    g.wire(40, true);
    expect([g.irq(0), g.irq(1), g.d(0x6000 + 8 * 40), g.d(0x6004 + 8 * 40)]).toEqual([false, false, 0x00ff_ffff, 0xff]);
    g.gic.resetVcpu(-1);
    g.gic.resetVcpu(2);
  });

  it("EOIR of an LPI or an id out of range indexes no SPI (QEMU, icc_deactivate_irq)", () => {
    const g = new RigV3();
    testLpis.attach(g.gic);
    g.use(40, { edge: true });
    g.wire(40, true);
    g.iar1();
    const before = g.gic.save();
    for (const id of [288, 1019, 1020, 1023, 1024, 4096, 8191, 0x1_0000, 0xff_ffff]) g.eoi1(id);
    expect(g.gic.save()).toEqual(before);
    g.eoi1(14_304); // a legal LPI: drops the priority, touches nothing else
    expect([g.rpr(), g.bit(0x300, 40), g.completions]).toEqual([0xff, 1, []]);
  });

  it("DIR out of range (Q@ee03cca8)", () => {
    const g = new RigV3();
    g.msr("CTLR", 2);
    const before = g.gic.save();
    for (const id of [288, 1023, 4096, 8192, 0xff_ffff, 2n ** 64n - 1n]) g.msr("DIR", id);
    expect(g.gic.save()).toEqual(before);
  });

  it("binary point out of range (QEMU, icc_bpr_write): 8 and up do not abort the next preemption check", () => {
    const g = new RigV3();
    for (let bpr = 0; bpr < 64; bpr++) {
      g.msr("BPR0", bpr);
      g.msr("BPR1", bpr);
      expect([g.mrs("BPR0"), g.mrs("BPR1")]).toEqual([Math.max(2, bpr & 7), Math.max(3, bpr & 7)]);
    }
  });

  it("pending lost when the targets become empty", () => {
    const g = new RigV2();
    g.use(40, { edge: true });
    g.pulse(40);
    g.D8(0x800 + 40, 0xf0); // masked to nobody
    expect([g.d8(0x800 + 40), g.bit(0x200, 40)]).toEqual([0, 1]);
    g.D8(0x800 + 40, 8);
    expect(g.irq(3)).toBe(true);
  });

  it("ending what another vCPU runs does not underflow anything", () => {
    const g = new RigV3();
    for (let n = 0; n < 100; n++) for (const name of ["EOIR0", "EOIR1", "DIR"]) g.msr(name, 40, n % 4);
    expect([0, 1, 2, 3].map((pe) => g.rpr(pe))).toEqual([0xff, 0xff, 0xff, 0xff]);
  });

  it("acknowledging without ever ending: at most one active priority per level, then silence", () => {
    const g = new RigV3(1);
    for (let n = 0; n < 256; n++) {
      g.use(32 + n, { priority: 0xf0 - 8 * (n >> 3), edge: true });
      g.pulse(32 + n);
      g.iar1();
    }
    expect([g.rpr(), g.iar1()]).toEqual([0, 1023]);
  });

  it("teardown with interrupts in flight: after close nothing is driven and nothing throws", () => {
    const g = new RigV3();
    g.use(40);
    g.wire(40, true);
    const id = g.iar1();
    g.gic.close();
    g.eoi1(id);
    g.wire(40, false);
    g.msr("SGI1R", 0x0700_0001);
    expect([g.irq(), g.completions]).toEqual([false, []]);
  });

  it("a flood costs no memory: a million interrupts later the state is the size it was", () => {
    const g = new RigV3(2);
    const size = JSON.stringify(g.gic.save()).length;
    for (const intid of [40, 41]) g.use(intid, { edge: true });
    for (let n = 0; n < 1_000_000; n++) g.gic.pins$.emit(8 + (n & 1), 2);
    expect([g.iar1(), g.iar1()]).toEqual([40, 1023]);
    expect(Math.abs(JSON.stringify(g.gic.save()).length - size)).toBeLessThan(100);
  });
});

describe("a snapshot that does not fit", () => {
  const misfits: readonly (readonly [what: string, make: () => PlainData])[] = [
    ["no record", () => 7],
    ["another number of SPIs", () => new RigV3(4, { spis: 32 }).gic.save()],
    ["another number of vCPUs", () => new RigV3(3).gic.save()],
    ["another version", () => new RigV2().gic.save()],
    ["a target beyond the vCPUs", () => ({ ...(new RigV3().gic.save() as object), target: new Array<number>(256).fill(4) })],
  ];
  it.each(misfits)("is refused, and nothing changes: %s", (_what, make) => {
    const g = new RigV3();
    g.use(40);
    g.wire(40, true);
    const before = g.gic.save();
    expect(() => g.gic.restore(make())).toThrow(/saved state of gic/);
    expect(g.gic.save()).toEqual(before);
  });
});
