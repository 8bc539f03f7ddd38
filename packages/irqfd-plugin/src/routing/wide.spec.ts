/** The `wide` profile: 32-bit GSIs, per-vCPU GSIs, more vCPUs than a word has room for (docs/adr/0010-wide-gsi-space.md). */
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { pinOfIntid } from "../testing/pin-chip.fixture.ts";
import { answer, closeVms, irqchipEntry, PPI, setRouting, SPI, vm, type Vm, type VmOptions, word } from "../testing/vm.fixture.ts";
import { mainline } from "./mainline-profile.ts";
import { rfc2014 } from "./rfc2014-profile.ts";
import type { GicInterrupt, RoutingProfile } from "./routing-profile.ts";
import { wide } from "./wide-profile.ts";

afterEach(closeVms);

const open = (options: VmOptions = {}): Promise<Vm> => vm({ profile: "wide", ...options });
const line = ({ api }: Vm, irq: number, level = 1): string | number => answer(api.irqLine({ irq, level }));
const whole = { extended: true, lpis: 100 };

describe("the wide profile", () => {
  //  what                             irq word               INTID   vCPU
  it.each([
    ["PPI of vCPU 299", word(PPI, 20, 299), 20, 299],
    ["extended PPI of vCPU 299", word(PPI, 1056 + 63, 299), 1119, 299],
    ["SPI", word(SPI, 40), 40, 0],
    ["extended SPI", word(SPI, 4096 + 1023), 5119, 0],
    ["LPI", word(SPI, 8192 + 99), 8291, 0],
  ])("%s: the word names it by default, to KVM_IRQ_LINE and to irqfd", async (_what, irq, intid, vcpu) => {
    const box = await open({ vcpus: 300, chips: [whole] });
    expect([line(box, irq), box.chip.pendingPins]).toEqual([0, [pinOfIntid(intid, vcpu)]]);
    const e = box.eventFd();
    expect(answer(box.api.irqfd({ fd: e.fd, gsi: irq, flags: 0, resamplefd: 0 }))).toBe(0);
  });

  it.each([
    ["extended ranges a GIC does not have", {}, word(PPI, 1056)],
    ["an extended SPI it does not have", {}, word(SPI, 4096)],
    ["an LPI it does not take by pin", whole, word(SPI, 8292)],
    ["a reserved INTID", whole, word(SPI, 1020)],
    ["a reserved INTID between the SPIs", whole, word(SPI, 5120)],
    ["an extended PPI named as an SPI", whole, word(SPI, 1056)],
    ["a vCPU there is not", whole, word(PPI, 20, 1)],
  ])("%s: EINVAL", async (_what, chip, irq) => {
    expect(line(await open({ chips: [chip] }), irq)).toBe("EINVAL");
  });

  it("reaches a private interrupt of vCPU 5000 through a GSI of its own, from irqfd and from KVM_IRQ_LINE", async () => {
    const capacity = 5001;
    const box = await open({ chips: [{ vcpus: capacity }] });
    const gsi = 0x0800_1234;
    expect(setRouting(box.api, irqchipEntry(gsi, 80 * 5000 + 4))).toBe(0);
    const e = box.eventFd();
    box.api.irqfd({ fd: e.fd, gsi, flags: 0, resamplefd: 0 });
    expect([line(box, gsi), box.chip.pendingPins]).toEqual([0, [pinOfIntid(20, 5000)]]);
    expect([line(box, gsi, 0), box.chip.pendingPins]).toEqual([0, []]);
  });

  it("gives every vCPU of 600 its own GSI of one PPI", async () => {
    const box = await open({ vcpus: 600 });
    for (let vcpu = 0; vcpu < 600; vcpu++) expect(line(box, word(PPI, 23, vcpu))).toBe(0);
    expect(box.chip.pendingPins).toEqual(Array.from({ length: 600 }, (_, vcpu) => pinOfIntid(23, vcpu)));
  });

  it("has as many routes as configured", async () => {
    const box = await open({ maxRoutes: 2 });
    expect([1, 2, 3].map((count) => setRouting(box.api, ...Array.from({ length: count }, (_, n) => irqchipEntry(0x0800_0000 + n, 80))))).toEqual([0, 0, "EINVAL"]);
  });

  it("a device GSI without a route is no error", async () => {
    const box = await open();
    expect([line(box, 0x0800_0000), line(box, 0xffff_ffff)]).toEqual([0, 0]);
  });
});

describe("every profile's numbering", () => {
  const capacity = 4096;
  const ppi = fc.record({ intid: fc.integer({ min: 16, max: 31 }), vcpu: fc.integer({ min: 0, max: 255 }) });
  const spi = fc.integer({ min: 32, max: 1019 }).map((intid) => ({ intid, vcpu: 0 }));
  const extended = fc.oneof(
    fc.record({ intid: fc.oneof(fc.integer({ min: 16, max: 31 }), fc.integer({ min: 1056, max: 1119 })), vcpu: fc.integer({ min: 0, max: capacity - 1 }) }),
    fc.oneof(fc.integer({ min: 4096, max: 5119 }), fc.integer({ min: 8192, max: 65_535 })).map((intid) => ({ intid, vcpu: 0 })),
  );

  it.each([
    [mainline, spi],
    [rfc2014, fc.oneof(ppi, spi)],
    [wide(), fc.oneof(ppi, spi, extended)],
  ] as [RoutingProfile, fc.Arbitrary<GicInterrupt>][])("$name: pins and default GSIs are one-to-one with interrupts", (profile, interrupts) => {
    fc.assert(
      fc.property(interrupts, (interrupt) => {
        const pin = profile.pinAt(interrupt, capacity);
        expect(pin).toBeLessThan(profile.pinLimit(capacity));
        expect(profile.interruptAt(pin, capacity)).toEqual(interrupt);
        const gsi = profile.defaultGsi(interrupt)!;
        expect(profile.gsiFault(gsi)).toBeUndefined();
        expect(profile.defaultInterrupt(gsi)).toEqual(interrupt);
      }),
    );
  });

  it.each([mainline, rfc2014, wide()])("$name: every number up to the pin limit is an interrupt's pin", (profile) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: profile.pinLimit(8) - 1 }), (pin) => void expect(profile.pinAt(profile.interruptAt(pin, 8), 8)).toBe(pin)),
    );
  });

  it.each([mainline, rfc2014, wide()])("$name: no two GSIs name one interrupt, and GSIs for devices name none", (profile) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat({ max: profile.deviceGsis.count - 1 }), (gsi, n) => {
        const named = profile.gsiFault(gsi) === undefined ? profile.defaultInterrupt(gsi) : undefined;
        if (named !== undefined) expect(profile.defaultGsi(named)).toBe(gsi);
        const device = profile.deviceGsis.start + profile.deviceGsis.step * n;
        expect(profile.gsiFault(device)).toBeUndefined();
        if (profile.name !== "mainline") expect(profile.defaultInterrupt(device)).toBeUndefined();
      }),
    );
  });
});
