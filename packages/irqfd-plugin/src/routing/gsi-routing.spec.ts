/** KVM_SET_GSI_ROUTING, vectors 19–44 of kvm-irq-abi.md K.2, in every profile with the profile's own names for GSIs and pins. */
import { HIGH, type PinEvent, PULSE } from "@trapline/core";
import { afterEach, describe, expect, it } from "vitest";
import { irqRoutingCodec } from "../kvm/kvm-codecs.ts";
import type { PinChipOptions } from "../testing/pin-chip.fixture.ts";
import { abi, answer, closeVms, irqchipEntry, msiEntry, PROFILES, type ProfileName, setRouting, spiGsi, spiPin, vm, type Vm, type VmOptions } from "../testing/vm.fixture.ts";

afterEach(closeVms);

const ALL_EDGE = Array.from({ length: 988 }, (_, n) => n);

describe.each(PROFILES)("GSI routing, profile %s (kvm-irq-abi.md K.2)", (profile) => {
  const open = (chip: PinChipOptions = {}, options: VmOptions = {}): Promise<Vm> =>
    vm({ profile, ...(profile === "wide" ? { maxRoutes: 5000 } : {}), chips: [{ edge: ALL_EDGE, ...chip }], ...options });
  const gsi = (n: number): number => spiGsi(profile, n);
  const pin = (n: number): number => spiPin(profile, n);
  const entry = (n: number, to: number, irqchip = 0): abi.KvmIrqRoutingEntry => irqchipEntry(gsi(n), irqchip === 0 ? pin(to) : to, irqchip);
  const MAX = { mainline: 4096, rfc2014: 65_536, wide: 5000 }[profile];
  const LAST_PIN = { mainline: 987, rfc2014: 16 + 987, wide: 80 + 988 + 1024 + 0xff_ffff - 8192 }[profile];

  /** Assigns an irqfd to SPI n's GSI. */
  const bind = ({ api, ...box }: Vm, n: number): ReturnType<Vm["eventFd"]> => {
    const eventFd = box.eventFd({ name: `e${n}` });
    expect(api.irqfd({ fd: eventFd.fd, gsi: gsi(n), flags: 0, resamplefd: 0 })).toBe(0);
    return eventFd;
  };

  it("19: the default table leads GSI 0 to INTID 32", async () => {
    const box = await open();
    bind(box, 0).signal();
    expect(box.chip.pendingPins).toEqual([0]);
  });

  it("20: the last SPI pends; one more is nothing, and no error", async () => {
    const box = await open({ spis: 32 });
    bind(box, 31).signal();
    bind(box, 32).signal();
    expect(box.chip.pendingPins).toEqual([31]);
  });

  //  row  entries, header                                         answer
  const ROWS: readonly [row: number, what: string, entries: () => abi.KvmIrqRoutingEntry[], flags: number, expected: string | number][] = [
    [21, "one entry too many", () => Array.from({ length: MAX + 1 }, () => entry(0, 0)), 0, "EINVAL"],
[23, "header flags", () => [], 1, "EINVAL"],
    [25, "flags of an irqchip entry", () => [{ ...entry(0, 0), flags: 1 }], 0, "EINVAL"],
    [26, "VALID_DEVID of a message", () => [msiEntry(gsi(0), 0x1000, 1, 7)], 0, 0],
    [26, "other flags of a message", () => [{ ...msiEntry(gsi(0), 0x1000, 1, 7), flags: 2 }], 0, "EINVAL"],
    [27, "a second irqchip where there is one", () => [entry(0, 0, 1)], 0, "EINVAL"],
    [28, "the last pin", () => [irqchipEntry(gsi(0), LAST_PIN)], 0, 0],
    [28, "one pin more", () => [irqchipEntry(gsi(0), LAST_PIN + 1)], 0, "EINVAL"],
    [30, "one GSI twice on one irqchip", () => [entry(5, 1), entry(5, 2)], 0, "EINVAL"],
    [31, "a pin, then a message", () => [entry(5, 1), msiEntry(gsi(5), 0x1000, 1)], 0, "EINVAL"],
    [31, "a message, then a pin", () => [msiEntry(gsi(5), 0x1000, 1), entry(5, 1)], 0, "EINVAL"],
    [42, "a type arm64 does not have", () => [{ gsi: gsi(0), type: 3, flags: 0, u: { raw: new Uint8Array(32) } }], 0, "EINVAL"],
  ];
  it.each(ROWS)("%i: %s", async (_row, _what, entries, flags, expected) => {
    const box = await open();
    expect(setRouting(box.api, entry(9, 3))).toBe(0);
    const routed = bind(box, 9);
    const given = entries();
    expect(answer(box.api.setGsiRouting({ nr: given.length, flags, entries: given }))).toBe(expected);
    routed.signal();
    // 21 and 35: refused means that the table of before is in force; otherwise GSI 9 has lost its route.
    expect(box.chip.pendingPins).toEqual(expected === 0 ? [] : [3]);
    if (expected !== 0) expect(box.api.lastError?.facts).toEqual(expect.objectContaining({ subject: expect.any(String), limit: expect.anything() }));
  });

  it("22: takes 4096 GSIs that all lead to one pin", async () => {
    const box = await open();
    const first = { mainline: 0, rfc2014: 0x0100_0020, wide: 0x0800_0000 }[profile];
    expect(setRouting(box.api, ...Array.from({ length: 4096 }, (_, n) => irqchipEntry(first + n, pin(0))))).toBe(0);
    for (const n of [0, 4095]) {
      expect(box.router.gsi$.emit(first + n, PULSE)).toBe(1);
      expect(box.chip.serve()).toBe(0);
    }
  });

  it("29: a pin the GIC does not implement is accepted and swallows its input", async () => {
    const box = await open({ spis: 32 });
    expect(setRouting(box.api, entry(9, 500))).toBe(0);
    const e = bind(box, 9);
    e.write(3);
    expect([e.count, box.chip.pendingPins]).toEqual([0, []]);
  });

  it("32: one GSI drives chips of different make, in the order of the entries", async () => {
    const box = await open({}, { chips: [{ edge: ALL_EDGE }, { gic: "none", spis: 8, edge: ALL_EDGE }] });
    const seen: string[] = [];
    for (const chip of box.chips) chip.pins$.subscribe((event: PinEvent) => seen.push(`${event.irqchip} ${event.pin}`));
    expect(setRouting(box.api, entry(5, 2, 1), entry(5, 1))).toBe(0);
    expect(box.router.gsi$.emit(gsi(5), HIGH)).toBe(2);
    expect(seen).toEqual(["chip1 2", "chip0 1"]);
  });

  it("33: a chip that fails does not stop the other, and its failure does not count", async () => {
    const box = await open({ spis: 4 }, { chips: [{ spis: 4, edge: ALL_EDGE }, { gic: "none", spis: 8, edge: ALL_EDGE }] });
    expect(setRouting(box.api, entry(5, 900), entry(5, 2, 1))).toBe(0);
    expect(box.router.gsi$.emit(gsi(5), HIGH)).toBe(1);
    expect(box.chips[1]!.pendingPins).toEqual([2]);
  });

  it("32: a pin of a chip that is no GIC is limited by the chip", async () => {
    const box = await open({}, { chips: [{}, { gic: "none", spis: 8 }] });
    expect([setRouting(box.api, entry(5, 7, 1)), setRouting(box.api, entry(5, 8, 1))]).toEqual([0, "EINVAL"]);
    expect(box.api.lastError?.message).toBe("EINVAL: entries[0].pin is 8 where 0 … 7 is allowed");
  });

  it("35: one bad entry among many changes nothing", async () => {
    const box = await open();
    setRouting(box.api, entry(9, 3));
    const e = bind(box, 9);
    expect(setRouting(box.api, entry(9, 4), entry(10, 5), irqchipEntry(gsi(11), LAST_PIN + 1), entry(12, 6))).toBe("EINVAL");
    expect(box.api.lastError?.message).toContain("entries[2].pin is");
    e.signal();
    expect(box.chip.pendingPins).toEqual([3]);
    expect(box.router.routes).toEqual([{ gsi: gsi(9), target: { irqchip: 0, pin: pin(3) } }]);
  });

  it("36, 37: a lost route loses signals, counter drained; restored, it works without assigning again", async () => {
    const box = await open();
    const e = bind(box, 9);
    expect(setRouting(box.api)).toBe(0);
    e.write(2);
    expect([e.count, box.chip.pendingPins]).toEqual([0, []]);
    expect(setRouting(box.api, entry(9, 9))).toBe(0);
    e.signal();
    expect(box.chip.pendingPins).toEqual([9]);
  });

  it("39: without an irqchip a valid table is taken, and leads nowhere", async () => {
    const box = await open({}, { chips: [] });
    expect(setRouting(box.api, irqchipEntry(gsi(5), 7))).toBe(0);
    expect(box.router.gsi$.emit(gsi(5), HIGH)).toBe(-1);
    expect(setRouting(box.api, irqchipEntry(gsi(5), 7, 1))).toBe("EINVAL");
  });

  it("40: a signal reaches exactly the pin of the table in force", async () => {
    const box = await open();
    const e = bind(box, 9);
    for (let round = 0; round < 50; round++) {
      const to = 1 + (round % 2);
      setRouting(box.api, entry(9, to));
      e.signal();
      expect(box.chip.serve()).toBe(to);
      expect(box.chip.pendingPins).toEqual([]);
    }
  });

  it("43: padding is not looked at", async () => {
    const box = await open();
    const bytes = irqRoutingCodec.encode({ nr: 1, flags: 0, entries: [entry(9, 3)] });
    bytes.fill(0xee, 8 + 12, 8 + 16); // pad
    bytes.fill(0xee, 8 + 24); // what the irqchip arm leaves of the union
    expect(box.api.ioctl(abi.KVM_SET_GSI_ROUTING, bytes)).toBe(0);
    bind(box, 9).signal();
    expect(box.chip.pendingPins).toEqual([3]);
  });

  it("44: reports how many routes there may be", async () => {
    const box = await open();
    expect([box.api.checkExtension(abi.KVM_CAP_IRQ_ROUTING), box.api.ioctl(abi.KVM_CHECK_EXTENSION, abi.KVM_CAP_IRQ_ROUTING)]).toEqual([MAX, MAX]);
  });

  it("C.2: a table with fewer entries than nr says is a bad pointer; too many are refused before they are looked for", async () => {
    const box = await open();
    expect(answer(box.api.setGsiRouting({ nr: 2, flags: 0, entries: [entry(0, 0)] }))).toBe("EFAULT");
    const header = irqRoutingCodec.encode({ nr: MAX, flags: 0, entries: [] });
    expect(answer(box.api.ioctl(abi.KVM_SET_GSI_ROUTING, header))).toBe("EFAULT");
    expect(answer(box.api.ioctl(abi.KVM_SET_GSI_ROUTING, irqRoutingCodec.encode({ nr: MAX + 1, flags: 0, entries: [] })))).toBe("EINVAL");
    expect(answer(box.api.ioctl(abi.KVM_SET_GSI_ROUTING, header.subarray(0, 7)))).toBe("EFAULT");
  });

  it("gives the default table as entries, and setting just those changes nothing that exists", async () => {
    const box = await open({ spis: 32 });
    const routes = box.router.defaultRoutes();
    expect(routes).toContainEqual({ gsi: gsi(31), target: { irqchip: 0, pin: pin(31) } });
    expect(routes).toHaveLength(profile === "mainline" ? 32 : 48);
    box.router.replace(routes);
    bind(box, 7).signal();
    expect(box.chip.pendingPins).toEqual([7]);
  });
});

describe("GSI routing where profiles differ", () => {
  //  row  profile    what a table of before initialisation becomes
  it.each([
    ["mainline", [9]],
    ["rfc2014", [3]],
    ["wide", [3]],
  ] as [ProfileName, number[]][])("38: %s: a table set before initialisation, then a signal → pin %o", async (profile, pending) => {
    const box = await vm({ profile, chips: [{ edge: ALL_EDGE, initialised: false }] });
    expect(setRouting(box.api, irqchipEntry(spiGsi(profile, 9), spiPin(profile, 3)))).toBe(0);
    box.chip.initialise();
    const e = box.eventFd();
    box.api.irqfd({ fd: e.fd, gsi: spiGsi(profile, 9), flags: 0, resamplefd: 0 });
    e.signal();
    expect(box.chip.pendingPins).toEqual(pending);
  });

  it.each([
    ["mainline", [0, 1]],
    ["rfc2014", [1, 1]],
    ["wide", [1, 1]],
  ] as [ProfileName, number[]][])("34: %s: GSIs 3 and 4 on pin 7, both resampling; a completion tells %o", async (profile, told) => {
    const box = await vm({ profile });
    const gsi = (n: number): number => spiGsi(profile, n);
    setRouting(box.api, irqchipEntry(gsi(3), spiPin(profile, 7)), irqchipEntry(gsi(4), spiPin(profile, 7)));
    const resamples = [3, 4].map((n) => {
      const [fire, resample] = [box.eventFd({ name: `e${n}` }), box.eventFd({ name: `r${n}` })];
      expect(box.api.irqfd({ fd: fire.fd, gsi: gsi(n), flags: abi.KVM_IRQFD_FLAG_RESAMPLE, resamplefd: resample.fd })).toBe(0);
      return { fire, resample };
    });
    resamples[0]!.fire.signal();
    expect(box.chip.serve()).toBe(7);
    expect(resamples.map(({ resample }) => resample.count)).toEqual(told);
  });

  it.each([
    ["mainline", [4096, 0xffff_ffff]],
    ["rfc2014", [0, 0x0001_0020, 0x0300_0028, 0x0100_000f, 0x0100_0010, 0x0200_0020, 0x0201_0020, 0x0107_0028, 0x1100_0028]],
    ["wide", [0, 0x0001_0020, 0x0300_0028, 0x0100_000f, 0x0100_0010, 0x0200_0020, 0x0107_0028, 0x1100_0028, 0x0100_03fc, 0x0100_1400]],
  ] as [ProfileName, number[]][])("24: %s: numbers that are no GSIs", async (profile, numbers) => {
    const box = await vm({ profile });
    for (const gsi of numbers) {
      expect([gsi.toString(16), setRouting(box.api, irqchipEntry(gsi, 0))]).toEqual([gsi.toString(16), "EINVAL"]);
      expect(box.api.lastError?.facts.subject).toBe("entries[0].gsi");
      expect(() => box.router.line(gsi, "uart")).toThrow("uart wants GSI");
    }
    expect(box.router.routes).toHaveLength(profile === "mainline" ? 32 : 0);
  });

  it("refuses routing options that name no profile or no limit", async () => {
    await expect(vm({ profile: "x86" as never })).rejects.toThrow("there is no routing profile x86; use one of them");
    await expect(vm({ profile: "mainline", maxRoutes: 8192 })).rejects.toThrow("profile mainline has room for 4096 routes, always");
    await expect(vm({ profile: "wide", maxRoutes: 0 })).rejects.toThrow("gsi routing with 0 routes; use a whole number from 1 to 2^31");
  });
});
