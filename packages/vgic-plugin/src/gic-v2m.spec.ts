/** GICv2m: the vectors of gic.md J.7 (241 to 250), by number; the timer's and PSCI's are other packages'. */
import type { Width } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { RigV2 } from "./gic-rig.fixture.ts";
import { GicV2mFrame } from "./gic-v2m.ts";

class Rig extends RigV2 {
  readonly v2m: GicV2mFrame = new GicV2mFrame(this.gic);
  m(offset: number, width: Width = 4): number {
    return Number(this.v2m.frame.read(offset, width, 0));
  }
  M(offset: number, value: number, width: Width = 4): void {
    this.v2m.frame.write(offset, width, value, 0);
  }
  /** INTIDs that are pending. */
  pendingIntids(): number[] {
    return Array.from({ length: 288 }, (_, intid) => intid).filter((intid) => this.bit(0x200, intid) === 1);
  }
}

const ROWS: readonly (readonly [id: number, behaviour: string, run: (g: Rig) => void])[] = [
  [241, "MSI_TYPER: first INTID 80, 64 of them", (g) => expect(g.m(0x008)).toBe(0x0050_0040)],
  [242, "a 32-bit message", (g) => {
    g.use(80, { edge: true });
    g.M(0x040, 80);
    expect(g.iar()).toBe(80);
  }],
  [243, "a 16-bit message", (g) => {
    g.use(143, { edge: true });
    g.M(0x040, 143, 2);
    expect(g.iar()).toBe(143);
  }],
  [244, "INTIDs out of range are ignored", (g) => {
    for (const intid of [79, 144, 0x3ff]) g.M(0x040, intid);
    expect(g.pendingIntids()).toEqual([]);
  }],
  [245, "a byte is ignored", (g) => {
    g.M(0x040, 80, 1);
    expect(g.pendingIntids()).toEqual([]);
  }],
  [246, "SETSPI reads 0, and TYPER by 16 bits too", (g) => expect([g.m(0x040), g.m(0x008, 2)]).toEqual([0, 0])],
  [247, "MSI_IIDR turns on none of Linux's quirks", (g) => expect([0x0600_0170, 0x0000_013f]).not.toContain(g.m(0xfcc))],
  [248, "the ID registers read 0", (g) => {
    for (let offset = 0xfd0; offset < 0x1000; offset += 4) expect(g.m(offset)).toBe(0);
  }],
  [249, "two messages before the acknowledge are one", (g) => {
    g.use(80, { edge: true });
    g.M(0x040, 80);
    g.M(0x040, 80);
    g.eoi(g.iar());
    expect(g.irq()).toBe(false);
  }],
  [250, "a message while the SPI is disabled is kept", (g) => {
    g.use(80, { edge: true, enabled: false });
    g.M(0x040, 80);
    expect(g.irq()).toBe(false);
    g.setBit(0x100, 80);
    expect(g.irq()).toBe(true);
  }],
];

describe("gic.md J.7", () => {
  it.each(ROWS)("%i: %s", (_id, _behaviour, run) => {
    expect.hasAssertions();
    run(new Rig());
  });

  it("D.3: a message is not lost where the guest left the SPI level-triggered", () => {
    const g = new Rig();
    g.use(80);
    g.M(0x040, 80);
    expect(g.iar()).toBe(80);
    g.eoi(80);
    expect(g.irq()).toBe(false);
  });

  it("takes messages on msi$ too, by address", () => {
    const g = new Rig();
    g.use(80, { edge: true });
    expect(g.gic.capabilities.msi).toBe(false);
    const remove = g.gic.addMsiTarget(g.v2m);
    expect(g.gic.capabilities.msi).toBe(true);
    const sent = [0x0802_0040, 0x0802_0044, 0x0803_0040, 2n ** 64n - 1n].map((address) => g.gic.msi$.emit(address, 80, -1));
    expect([sent, g.pendingIntids()]).toEqual([[1, -1, -1, -1], [80]]);
    remove();
    expect(g.gic.capabilities.msi).toBe(false);
  });

  it.each([
    [{ firstSpi: 200, spis: 64 }, /takes SPIs 200 to 263, and gic has 256/],
    [{ spis: 129 }, /spis of gicv2m is 129/],
    [{ base: 0x123 }, /base of gicv2m is 291/],
  ])("refuses %j", (options, message) => {
    expect(() => new GicV2mFrame(new RigV2().gic, options)).toThrow(message);
  });
});
