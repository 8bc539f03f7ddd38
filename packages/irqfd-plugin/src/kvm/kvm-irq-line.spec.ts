import { ConfigError } from "@trapline/core";
import { afterEach, describe, expect, it } from "vitest";
import { pinOfIntid } from "../testing/pin-chip.fixture.ts";
import { answer, closeVms, irqchipEntry, PPI, PROFILES, type ProfileName, setRouting, SPI, vm, type Vm, type VmOptions, word } from "../testing/vm.fixture.ts";

afterEach(closeVms);

const line = ({ api }: Vm, irq: number, level = 1): string | number => answer(api.irqLine({ irq, level }));
const noGic: VmOptions = { chips: [] };
/** IRQ and FIQ of vCPU 0. */
const cpuLines = ({ machine }: Vm): readonly boolean[] => (machine.vcpus[0]!.save() as { lines: boolean[] }).lines;

describe.each(PROFILES)("KVM_IRQ_LINE, profile %s (kvm-irq-abi.md K.1)", (profile) => {
  const open = (options: VmOptions = {}): Promise<Vm> => vm({ profile, ...options });

  //  row   given                                                 irq word            answer
  const VECTORS: readonly [row: number, given: VmOptions, irq: number, answer: string | number][] = [
    [1, {}, word(0, 0), "ENXIO"],
    [2, noGic, word(SPI, 32), "ENXIO"],
    [3, noGic, word(PPI, 27), "ENXIO"],
    [4, noGic, word(0, 2), "EINVAL"],
    [5, noGic, word(0, 1), 0],
    [6, {}, word(SPI, 31), "EINVAL"],
    [7, { chips: [{ spis: 32 }] }, word(SPI, 64), "EINVAL"],
    [8, { vcpus: 2 }, word(PPI, 20, 2), "EINVAL"],
    [9, {}, word(PPI, 15), "EINVAL"],
    [9, {}, word(PPI, 32), "EINVAL"],
    [10, {}, word(3, 40), "EINVAL"],
    [12, { chips: [{ initialised: false }] }, word(SPI, 40), "EBUSY"],
    [13, { chips: [{ gic: 2, initialised: false }] }, word(SPI, 40), 0],
    [17, { chips: [{ owned: [27] }] }, word(PPI, 27), 0],
    [18, {}, word(SPI, 40, 7), 0],
  ];
  it.each(VECTORS)("%i: %o, irq %i → %s", async (_row, given, irq, expected) => {
    expect(line(await open(given), irq)).toBe(expected);
  });

  it("4: the vCPU of type 0 must exist, whatever the table says (B.2)", async () => {
    const box = await open(noGic);
    expect(line(box, word(0, 0, 1))).toBe("EINVAL");
    expect(box.api.lastError?.message).toBe("EINVAL: kvm_irq_level.irq vcpu is 1 where 0 … 0 is allowed");
  });

  it("5: raises the FIQ line of the vCPU; repeating it is no event", async () => {
    const box = await open(noGic);
    expect([line(box, word(0, 1)), line(box, word(0, 1)), cpuLines(box)]).toEqual([0, 0, [false, true]]);
    line(box, word(0, 1), 0);
    line(box, word(0, 0), 7);
    expect(cpuLines(box)).toEqual([true, false]);
  });

  it("13: initialises a GICv2 on the spot", async () => {
    const box = await open({ chips: [{ gic: 2, initialised: false }] });
    line(box, word(SPI, 40));
    expect([box.chip.initialised, box.chip.pendingPins]).toEqual([true, [8]]);
  });

  it("14: an edge, twice: two results of 0, one latch until it is taken", async () => {
    const box = await open({ chips: [{ edge: [8] }] });
    expect([line(box, word(SPI, 40)), line(box, word(SPI, 40))]).toEqual([0, 0]);
    expect([box.chip.serve(), box.chip.serve()]).toEqual([8, -1]);
  });

  it("15: a level that is there already is no event", async () => {
    const box = await open();
    line(box, word(SPI, 40));
    let events = 0;
    box.chip.vcpuLines$.subscribe(() => events++);
    expect([line(box, word(SPI, 40)), events, box.chip.pendingPins]).toEqual([0, 0, [8]]);
    line(box, word(SPI, 40), 0);
    expect(box.chip.pendingPins).toEqual([]);
  });

  it("16: level 0 leaves an edge pending", async () => {
    const box = await open({ chips: [{ edge: [8] }] });
    line(box, word(SPI, 40));
    expect([line(box, word(SPI, 40), 0), box.chip.pendingPins]).toEqual([0, [8]]);
  });

  it("2 and 5: keeps types apart from what KVM_SET_GSI_ROUTING does: type 0 works after any of it", async () => {
    const box = await open(noGic);
    expect(setRouting(box.api)).toBe(0);
    expect(line(box, word(0, 0))).toBe(0);
    expect(cpuLines(box)).toEqual([true, false]);
  });

  it("refuses what C cannot hold with a typed error", async () => {
    const { api } = await open();
    expect(() => api.irqLine({ irq: -1, level: 0 })).toThrow(ConfigError);
  });
});

describe("KVM_IRQ_LINE where profiles differ", () => {
  it("11: names vCPU 300 with layout 2 (mainline, wide)", async () => {
    for (const profile of ["mainline", "wide"] as const) {
      const box = await vm({ profile, vcpus: 301 });
      expect(line(box, 0x122c_0014)).toBe(0);
      expect(box.chip.pendingPins).toEqual([pinOfIntid(20, 300)]);
    }
  });

  it("11: the proposal's word has no room for it: its type is the whole top byte", async () => {
    expect(line(await vm({ profile: "rfc2014", vcpus: 301 }), 0x122c_0014)).toBe("EINVAL");
  });

  it.each([
    ["mainline", 8],
    ["rfc2014", 20],
    ["wide", 20],
  ] as [ProfileName, number][])("41: after SPI 40 is rerouted, %s makes pin %i pending", async (profile, pending) => {
    const box = await vm({ profile });
    const pin = { mainline: 20, rfc2014: 16 + 20, wide: 80 + 20 }[profile];
    expect(setRouting(box.api, irqchipEntry(profile === "mainline" ? 8 : word(SPI, 40), pin))).toBe(0);
    expect(line(box, word(SPI, 40))).toBe(0);
    expect(box.chip.pendingPins).toEqual([pending]);
  });

  it("rfc2014 and wide: a word without a route returns 0 and does nothing, once the table is set", async () => {
    for (const profile of ["rfc2014", "wide"] as const) {
      const box = await vm({ profile });
      setRouting(box.api);
      expect([line(box, word(SPI, 40)), line(box, word(SPI, 900)), box.chip.pendingPins]).toEqual([0, 0, []]);
    }
  });

  it("mainline: an INTID beyond the SPIs reaches a mapped LPI (B.2, quirks)", async () => {
    const box = await vm({ chips: [{ lpis: 4 }] });
    expect([line(box, word(SPI, 8193)), line(box, word(SPI, 8196))]).toEqual([0, "EINVAL"]);
    expect(box.chip.pendingPins).toEqual([pinOfIntid(8193, 0)]);
  });

  it("mainline: a machine whose chips are no GICs has nothing to inject by INTID", async () => {
    const box = await vm({ chips: [{ gic: "none" }] });
    expect(line(box, word(SPI, 40))).toBe("ENXIO");
  });

  it("rfc2014: the same machine takes SPI n as pin n", async () => {
    const box = await vm({ profile: "rfc2014", chips: [{ gic: "none", spis: 16 }] });
    expect([line(box, word(SPI, 40)), line(box, word(SPI, 48)), box.chip.pendingPins]).toEqual([0, "EINVAL", [8]]);
  });
});
