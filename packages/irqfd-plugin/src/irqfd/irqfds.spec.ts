/** KVM_IRQFD, vectors 60–89 of kvm-irq-abi.md K.4. Those that do not depend on the profile run in each. */
import { isTraplineError, IrqfdsToken, type PinEvent } from "@trapline/core";
import { afterEach, describe, expect, it } from "vitest";
import { FdTable } from "../kvm/fd-table.ts";
import { abi, answer, closeVms, irqchipEntry, PROFILES, type ProfileName, setRouting, spiGsi, spiPin, vm, type Vm, type VmOptions } from "../testing/vm.fixture.ts";

afterEach(closeVms);

const EDGE = 10;
const LEVEL = 20;
const { KVM_IRQFD_FLAG_DEASSIGN: DEASSIGN, KVM_IRQFD_FLAG_RESAMPLE: RESAMPLE } = abi;
type Fd = ReturnType<Vm["eventFd"]>;

describe.each(PROFILES)("KVM_IRQFD, profile %s (kvm-irq-abi.md K.4)", (profile) => {
  const open = (options: VmOptions = {}): Promise<Vm> => vm({ profile, chips: [{ edge: [EDGE, EDGE + 1, EDGE + 2] }], ...options });
  const gsi = (n: number): number => spiGsi(profile, n);
  const irqfd = ({ api }: Vm, fd: number, n: number, flags = 0, resamplefd = 0): string | number => answer(api.irqfd({ fd, gsi: gsi(n), flags, resamplefd }));

  /** A resampling pair on SPI n. */
  const resampling = (box: Vm, n = LEVEL, name = "r"): { fire: Fd; resample: Fd } => {
    const [fire, resample] = [box.eventFd({ name: `${name}-fire` }), box.eventFd({ name: `${name}-resample` })];
    expect(irqfd(box, fire.fd, n, RESAMPLE, resample.fd)).toBe(0);
    return { fire, resample };
  };
  const isHigh = (box: Vm, n = LEVEL): boolean | undefined => box.chip.peekPin(n)?.line;

  //  row  given                                        fd            flags            answer
  const ROWS: readonly [row: string, given: VmOptions, fd: number, flags: number, expected: string][] = [
    ["60", { chips: [{ initialised: false }] }, 99, 0, "EAGAIN"],
    ["60: no irqchip at all", { chips: [] }, 99, 0, "EAGAIN"],
    ["61", {}, -1, 0, "EBADF"],
    ["62", {}, 99, 4, "EINVAL"],
    ["67", {}, 99, DEASSIGN, "EBADF"],
    ["67: before initialisation too", { chips: [{ initialised: false }] }, 99, DEASSIGN, "EBADF"],
  ];
  it.each(ROWS)("%s: → %s", async (_row, given, fd, flags, expected) => {
    const box = await open(given);
    expect(irqfd(box, fd, EDGE, flags)).toBe(expected);
    expect(box.api.lastError?.facts).toEqual(expect.objectContaining({ subject: expect.any(String), limit: expect.anything(), value: expect.anything() }));
    expect(box.machine.get(IrqfdsToken).bindings).toEqual([]);
  });

  it("61: a descriptor of something else is no eventfd", async () => {
    const box = await open();
    expect(irqfd(box, box.api.fds.install({ a: "file" }), EDGE)).toBe("EINVAL");
    expect(box.api.lastError?.message).toBe("EINVAL: kvm_irqfd.fd is 3, not an eventfd where an eventfd is allowed");
  });

  it("63: one eventfd cannot be bound twice", async () => {
    const box = await open();
    const e = box.eventFd({ name: "e" });
    expect([irqfd(box, e.fd, EDGE), irqfd(box, e.fd, EDGE + 1), irqfd(box, e.fd, EDGE)]).toEqual([0, "EBUSY", "EBUSY"]);
    e.signal();
    expect(box.chip.pendingPins).toEqual([EDGE]);
  });

  it("64: nor in two machines (since Linux 6.17)", async () => {
    const fds = new FdTable();
    const [one, two] = [await open({ fds }), await open({ fds })];
    const e = one.eventFd();
    expect([irqfd(one, e.fd, EDGE), irqfd(two, e.fd, EDGE)]).toEqual([0, "EBUSY"]);
  });

  it("65, 66: deassigning another GSI succeeds and changes nothing; then it can move", async () => {
    const box = await open();
    const e = box.eventFd();
    irqfd(box, e.fd, EDGE);
    expect(irqfd(box, e.fd, EDGE + 1, DEASSIGN)).toBe(0);
    e.signal();
    expect(box.chip.serve()).toBe(EDGE);
    expect([irqfd(box, e.fd, EDGE, DEASSIGN), irqfd(box, e.fd, EDGE + 2), irqfd(box, e.fd, EDGE, DEASSIGN)]).toEqual([0, 0, 0]);
    e.signal();
    expect(box.chip.pendingPins).toEqual([EDGE + 2]);
  });

  it("68: several eventfds on one GSI each inject", async () => {
    const box = await open();
    const [a, b] = [box.eventFd(), box.eventFd()];
    expect([irqfd(box, a.fd, EDGE), irqfd(box, b.fd, EDGE)]).toEqual([0, 0]);
    for (const e of [a, b]) {
      e.signal();
      expect(box.chip.serve()).toBe(EDGE);
    }
  });

  it("70: signalled before it was assigned: one injection, and the count stays", async () => {
    const box = await open();
    const e = box.eventFd({ count: 3 });
    irqfd(box, e.fd, EDGE);
    expect([box.chip.serve(), box.chip.serve(), e.count]).toEqual([EDGE, -1, 3]);
    e.signal(); // and is taken with the next signal
    expect([box.chip.serve(), e.count]).toEqual([EDGE, 0]);
  });

  //  row   eventfd                write    counter afterwards
  it.each([
    ["71", {}, 5, 0],
    ["72", {}, 0, 0],
    ["87", { semaphore: true }, 3, 2],
  ] as [string, { semaphore?: boolean }, number, number][])("%s: one write is one injection", async (_row, options, value, left) => {
    const box = await open();
    const e = box.eventFd(options);
    irqfd(box, e.fd, EDGE);
    e.write(value);
    expect([box.chip.serve(), box.chip.serve(), e.count]).toEqual([EDGE, -1, left]);
  });

  it("73: who polls or reads the same eventfd sees nothing", async () => {
    const box = await open();
    const e = box.eventFd();
    irqfd(box, e.fd, EDGE);
    let read = false;
    void e.readAsync().then(
      () => (read = true),
      () => {},
    );
    e.signal();
    await Promise.resolve();
    expect([read, box.api.eventfds.poll(e.fd).readable]).toEqual([false, false]);
  });

  it("74: closing the last descriptor removes the binding; a new eventfd may take the GSI", async () => {
    const box = await open();
    const e = box.eventFd();
    irqfd(box, e.fd, EDGE);
    const second = box.api.eventfds.dup(e.fd);
    box.api.eventfds.close(e.fd);
    expect(box.machine.get(IrqfdsToken).bindings).toHaveLength(1);
    box.api.eventfds.close(second);
    expect([box.machine.get(IrqfdsToken).bindings, e.closed]).toEqual([[], true]);
    expect(irqfd(box, box.eventFd().fd, EDGE)).toBe(0);
  });

  it("76: a level pin gets a pulse from what was signalled before: not pending afterwards", async () => {
    const box = await open();
    const e = box.eventFd({ count: 1 });
    const pins: string[] = [];
    box.chip.pins$.subscribe((event: PinEvent) => pins.push(event.signal));
    irqfd(box, e.fd, LEVEL);
    expect([pins, isHigh(box), box.chip.pendingPins]).toEqual([["pulse"], false, []]);
  });

  it("77, 78: resampling: the line rises and stays; after EOI it drops, then the listener is told", async () => {
    const box = await open();
    const { fire, resample } = resampling(box);
    fire.signal();
    expect([isHigh(box), fire.count]).toEqual([true, 0]);
    const atNotice: (boolean | undefined)[] = [];
    resample.signals$.own("listener", () => void atNotice.push(isHigh(box)));
    expect(box.chip.serve()).toBe(LEVEL);
    expect([atNotice, isHigh(box), resample.count]).toEqual([[false], false, 1]);
  });

  it("79: a listener that signals again in place ends with the line high and the interrupt pending", async () => {
    const box = await open();
    const { fire, resample } = resampling(box);
    let left = 2;
    resample.signals$.own("device", () => {
      if (left-- > 0) fire.signal();
    });
    fire.signal();
    expect([box.chip.serve(), isHigh(box), box.chip.pendingPins]).toEqual([LEVEL, true, [LEVEL]]);
    expect([box.chip.serve(), box.chip.serve(), isHigh(box)]).toEqual([LEVEL, LEVEL, false]);
  });

  it("80: the line drops once and everybody is told, whoever had fired", async () => {
    const box = await open();
    const pairs = [resampling(box, LEVEL, "a"), resampling(box, LEVEL, "b")];
    pairs[0]!.fire.signal();
    const pins: string[] = [];
    box.chip.pins$.subscribe((event: PinEvent) => pins.push(event.signal));
    box.chip.serve();
    expect([pins, pairs.map(({ resample }) => resample.count)]).toEqual([["low"], [1, 1]]);
  });

  it("81: a plain irqfd on the same GSI is not told", async () => {
    const box = await open();
    const plain = box.eventFd();
    irqfd(box, plain.fd, LEVEL);
    const { fire, resample } = resampling(box);
    fire.signal();
    box.chip.serve();
    expect([plain.count, resample.count]).toEqual([0, 1]);
  });

  it("82, 83: deassigning lowers the line, but only with the last one", async () => {
    const box = await open();
    const [a, b] = [resampling(box, LEVEL, "a"), resampling(box, LEVEL, "b")];
    a.fire.signal();
    expect([irqfd(box, a.fire.fd, LEVEL, DEASSIGN), isHigh(box)]).toEqual([0, true]);
    expect([irqfd(box, b.fire.fd, LEVEL, DEASSIGN), isHigh(box)]).toEqual([0, false]);
  });

  it("84: a closed resamplefd detaches nothing: the line drops all the same", async () => {
    const box = await open();
    const { fire, resample } = resampling(box);
    fire.signal();
    resample.close();
    box.chip.serve();
    expect([isHigh(box), box.machine.get(IrqfdsToken).bindings]).toEqual([false, [expect.objectContaining({ eventFd: fire })]]);
  });

  it("85: a bad resamplefd binds nothing", async () => {
    const box = await open();
    const e = box.eventFd();
    expect([irqfd(box, e.fd, LEVEL, RESAMPLE, -1), e.signals$.ownerName, irqfd(box, e.fd, LEVEL)]).toEqual(["EBADF", undefined, 0]);
  });

  it("86: deassign looks at neither the flag nor the resamplefd", async () => {
    const box = await open();
    const { fire } = resampling(box);
    expect(irqfd(box, fire.fd, LEVEL, DEASSIGN | RESAMPLE, 12_345)).toBe(0);
    expect(box.machine.get(IrqfdsToken).bindings).toEqual([]);
  });

  it("89: after deassign a signal injects nothing and the counter keeps it; what had gathered is gone", async () => {
    const box = await open();
    const e = box.eventFd({ count: 4 });
    irqfd(box, e.fd, EDGE);
    box.chip.serve();
    irqfd(box, e.fd, EDGE, DEASSIGN);
    expect(e.count).toBe(0);
    e.write(2);
    expect([box.chip.pendingPins, e.count]).toEqual([[], 2]);
  });

  it("D.5: deassigned by a handler while it is being told: whoever is left hears of it, who left does not", async () => {
    const box = await open();
    const [a, b] = [resampling(box, LEVEL, "a"), resampling(box, LEVEL, "b")];
    a.resample.signals$.own("handler", () => void irqfd(box, b.fire.fd, LEVEL, DEASSIGN));
    a.fire.signal();
    box.chip.serve();
    expect([a.resample.count, b.resample.count, box.machine.get(IrqfdsToken).bindings.length]).toEqual([1, 0, 1]);
  });

  it("replaces the table from inside a handler: what comes after goes by the new one", async () => {
    const box = await open();
    const { fire, resample } = resampling(box);
    resample.signals$.own("handler", () => {
      setRouting(box.api, irqchipEntry(gsi(LEVEL), spiPin(profile, 5)));
      fire.signal();
    });
    fire.signal();
    expect(box.chip.serve()).toBe(LEVEL);
    expect([isHigh(box), isHigh(box, 5), box.chip.pendingPins]).toEqual([false, true, [5]]);
  });

  it("binds an eventfd that a device model owns to nobody else", async () => {
    const box = await open();
    const e = box.eventFd({ name: "kick" });
    e.signals$.own("virtio-net queue", () => {});
    expect(irqfd(box, e.fd, EDGE)).toBe("EBUSY");
    expect(box.api.lastError?.message).toBe(
      "EBUSY: kvm_irqfd.fd is eventfd kick, bound to virtio-net queue where an eventfd nobody is bound to is allowed; deassign it there first",
    );
  });

  it("refuses closed eventfds through the typed contract as through descriptors", async () => {
    const box = await open();
    const [e, r] = [box.eventFd(), box.eventFd()];
    r.close();
    const irqfds = box.machine.get(IrqfdsToken);
    expect(() => irqfds.assign({ eventFd: e, gsi: gsi(LEVEL), resample: r })).toThrow("EBADF: kvm_irqfd.resamplefd");
    expect(() => irqfds.assign({ eventFd: r, gsi: gsi(LEVEL) })).toThrow("EBADF: kvm_irqfd.fd");
    expect(() => irqfds.deassign({ eventFd: r, gsi: gsi(LEVEL) })).toThrow("EBADF: kvm_irqfd.fd");
  });

  it("lets the machine go: after close nobody owns the eventfd's signals", async () => {
    const other = await open();
    const box = await open();
    const e = other.eventFd();
    box.machine.get(IrqfdsToken).assign({ eventFd: e, gsi: gsi(EDGE) });
    await box.machine.close();
    expect(e.signals$.ownerName).toBeUndefined();
    e.signal();
    expect(e.count).toBe(1);
  });

  it("drops resampled lines on reset, and keeps the bindings", async () => {
    const box = await open();
    const { fire } = resampling(box);
    fire.signal();
    await box.machine.reset("warm");
    expect([isHigh(box), box.chip.pendingPins, box.machine.get(IrqfdsToken).bindings.length]).toEqual([false, [], 1]);
    fire.signal();
    expect(isHigh(box)).toBe(true);
  });
});

describe("KVM_IRQFD where profiles differ", () => {
  it.each([
    ["mainline", 0],
    ["rfc2014", "EINVAL"],
    ["wide", 0], // bit 27 is set: a GSI for devices
  ] as [ProfileName, string | number][])("69: %s answers GSI 0xffff_ffff with %s; signals are lost", async (profile, expected) => {
    const box = await vm({ profile });
    const e = box.eventFd();
    expect(answer(box.api.irqfd({ fd: e.fd, gsi: 0xffff_ffff, flags: 0, resamplefd: 0 }))).toBe(expected);
    e.signal();
    expect([e.count, box.chip.pendingPins]).toEqual([expected === 0 ? 0 : 1, []]);
  });

  it.each([
    ["mainline", ["high"], true],
    ["rfc2014", ["pulse"], false],
    ["wide", ["pulse"], false],
  ] as [ProfileName, string[], boolean][])("75: %s sends a level pin %o from a plain irqfd; high afterwards: %s", async (profile, signals, high) => {
    const box = await vm({ profile });
    const e = box.eventFd();
    box.api.irqfd({ fd: e.fd, gsi: spiGsi(profile, LEVEL), flags: 0, resamplefd: 0 });
    const seen: string[] = [];
    box.chip.pins$.subscribe((event: PinEvent) => seen.push(event.signal));
    e.signal();
    expect([seen, box.chip.peekPin(LEVEL)?.line]).toEqual([signals, high]);
  });

  it("D.2: mainline pulses a GSI that leads to two chips: only one pin has the fast path", async () => {
    const box = await vm({ chips: [{}, { gic: "none", spis: 4 }] });
    setRouting(box.api, irqchipEntry(LEVEL, LEVEL), irqchipEntry(LEVEL, 2, 1));
    const e = box.eventFd();
    box.api.irqfd({ fd: e.fd, gsi: LEVEL, flags: 0, resamplefd: 0 });
    e.signal();
    expect(box.chips.map((chip) => chip.pendingPins)).toEqual([[], []]);
    setRouting(box.api, irqchipEntry(LEVEL, LEVEL)); // the resolution inside the irqfd follows
    e.signal();
    expect(box.chip.peekPin(LEVEL)?.line).toBe(true);
  });

  //  D.5: a resampled line is high, its route goes; what the old pin is, before and after deassign
  it.each([
    ["mainline", [true, true]],
    ["rfc2014", [false, false]],
    ["wide", [false, false]],
  ] as [ProfileName, boolean[]][])("D.5: %s: unrouted while asserted, then deassigned: the pin is high: %o", async (profile, levels) => {
    const box = await vm({ profile });
    const [fire, resample] = [box.eventFd(), box.eventFd()];
    const gsi = spiGsi(profile, LEVEL);
    box.api.irqfd({ fd: fire.fd, gsi, flags: RESAMPLE, resamplefd: resample.fd });
    fire.signal();
    setRouting(box.api);
    const unrouted = box.chip.peekPin(LEVEL)?.line;
    box.api.irqfd({ fd: fire.fd, gsi, flags: DEASSIGN, resamplefd: 0 });
    expect([unrouted, box.chip.peekPin(LEVEL)?.line]).toEqual(levels);
  });

  it("works on core's fixed router too, without the routing plugin", async () => {
    const { createMachine, definePlugin, EventFdFactoryToken, IrqchipToken, provideAlso } = await import("@trapline/core");
    const { eventfd } = await import("../eventfd/eventfd-plugin.ts");
    const { irqfd } = await import("./irqfd-plugin.ts");
    const { PinChip } = await import("../testing/pin-chip.fixture.ts");
    const machine = await createMachine({
      plugins: [eventfd(), irqfd(), definePlugin({ name: "chip", provides: [provideAlso(IrqchipToken, ({ order }) => new PinChip(order, { edge: [EDGE] }))] })],
    });
    const factory = machine.get(EventFdFactoryToken);
    const [e, fire, resample] = [factory.create(), factory.create(), factory.create()];
    machine.get(IrqfdsToken).assign({ eventFd: e, gsi: EDGE });
    machine.get(IrqfdsToken).assign({ eventFd: fire, gsi: LEVEL, resample });
    const chip = machine.irqchips[0] as InstanceType<typeof PinChip>;
    e.signal();
    fire.signal();
    expect(chip.pendingPins).toEqual([EDGE, LEVEL]);
    expect([chip.serve(), chip.serve(), resample.count, chip.pendingPins]).toEqual([EDGE, LEVEL, 1, []]);
    await machine.close();
  });

  it("tells what it does not know with a typed error", async () => {
    const box = await vm();
    let thrown: unknown;
    try {
      box.api.irqfd({ fd: 3, gsi: 1.5, flags: 0, resamplefd: 0 });
    } catch (error) {
      thrown = error;
    }
    expect(isTraplineError(thrown, "config")).toBe(true);
  });
});
