/** The table router beyond KVM_SET_GSI_ROUTING: lines of devices, GSIs for devices, the dump, snapshots. */
import { definePlugin, GsiRoutingToken, type LevelLine } from "@trapline/core";
import { afterEach, describe, expect, it } from "vitest";
import { abi, closeVms, irqchipEntry, msiEntry, PROFILES, setRouting, spiGsi, spiPin, vm, type Vm, type VmOptions } from "../testing/vm.fixture.ts";
import { dumpRouting } from "./routing-dump.ts";

afterEach(closeVms);

describe.each(PROFILES)("the table router, profile %s", (profile) => {
  const open = (options: VmOptions = {}): Promise<Vm> => vm({ profile, ...options });
  const gsi = (n: number): number => spiGsi(profile, n);
  const pin = (n: number): number => spiPin(profile, n);

  it("ORs the lines of devices that share a GSI", async () => {
    const box = await open();
    const [a, b] = [box.router.line(gsi(3), "a"), box.router.line(gsi(3), "b")];
    a.set(true);
    b.set(true);
    a.set(false);
    expect(box.chip.pendingPins).toEqual([3]);
    b.set(false);
    expect(box.chip.pendingPins).toEqual([]);
  });

  it("leads shared interrupts to a GIC whose machine has no vCPUs", async () => {
    const box = await open({ vcpus: 0 });
    box.router.line(gsi(3), "a").set(true);
    expect(box.router.resolve(gsi(3))).toHaveLength(1);
    expect(box.chip.pendingPins).toEqual([3]);
  });

  it("pulses for a device with an edge", async () => {
    const box = await open({ chips: [{ edge: [3] }] });
    const trigger = box.router.trigger(gsi(3), "a");
    trigger.pulse();
    trigger.pulse();
    expect([box.chip.serve(), box.chip.serve()]).toEqual([3, -1]);
  });

  it("allocates GSIs to devices that come and go: routed alone, released, taken again", async () => {
    const box = await open({ chips: [{ edge: [5, 6] }] });
    const routing = box.machine.get(GsiRoutingToken);
    const [a, b] = [routing.allocate("nvme"), routing.allocate("net")];
    expect(a.gsi).not.toBe(b.gsi);
    a.route([{ irqchip: 0, pin: pin(5) }]);
    b.route([{ irqchip: 0, pin: pin(6) }]);
    box.router.port(a.gsi).pulse();
    expect(box.chip.serve()).toBe(5);
    a.route([{ irqchip: 0, pin: pin(6) }]);
    box.router.port(a.gsi).pulse();
    expect(box.chip.serve()).toBe(6);
    box.router.trigger(gsi(5), "board").pulse(); // the rest of the table is as it was
    expect(box.chip.serve()).toBe(5);
    b.release();
    b.release();
    box.router.port(b.gsi).pulse();
    expect(box.chip.pendingPins).toEqual([]);
    expect(() => b.route([])).toThrow("released where an allocated GSI is allowed");
    expect(routing.allocate("other").gsi).not.toBe(a.gsi);
    expect(() => a.route([{ irqchip: 3, pin: 0 }])).toThrow("targets[0].irqchip is 3 where 0 … 0 is allowed");
    expect(() => a.route([{ irqchip: 0, pin: 0 }, { msi: { address: 0n, data: 0 } }])).toThrow("EINVAL: targets[1].gsi");
  });

  it("moves an allocated GSI while it is high", async () => {
    const box = await open();
    const allocated = box.machine.get(GsiRoutingToken).allocate("dev");
    allocated.route([{ irqchip: 0, pin: pin(5) }]);
    const port = box.router.port(allocated.gsi);
    port.set(true);
    allocated.route([{ irqchip: 0, pin: pin(6) }]);
    expect(box.chip.pendingPins).toEqual(profile === "mainline" ? [5] : [6]); // mainline re-drives nothing, as Linux
    port.set(false);
    expect(box.chip.pendingPins).toEqual(profile === "mainline" ? [5] : []);
  });

  it("shows where every source leads, in words", async () => {
    const box = await open({ chips: [{ edge: [5] }, { name: "combiner", gic: "none", spis: 4 }] });
    setRouting(box.api, irqchipEntry(gsi(1), pin(8)), irqchipEntry(gsi(1), 2, 1), msiEntry(gsi(2), 0x0809_0040, 3, 16), irqchipEntry(gsi(3), pin(500)));
    box.router.line(gsi(1), "uart0");
    box.router.trigger(gsi(4), "rtc");
    const [e, r] = [box.eventFd({ name: "e" }), box.eventFd({ name: "r" })];
    box.api.irqfd({ fd: e.fd, gsi: gsi(2), flags: abi.KVM_IRQFD_FLAG_RESAMPLE, resamplefd: r.fd });
    expect(dumpRouting({ router: box.router, find: (token) => box.machine.find(token) }).replaceAll(/^GSI \S+ {2}/gm, "")).toBe(
      [
        "→ chip0 pin 8 → SPI 8 (INTID 40) → vcpu0  → combiner pin 2 → SPI 2 (INTID 34) → vcpu0  ← uart0 (level)",
        "→ MSI 0x0809_0040 data 0x3 device 0x10  ← irqfd e (resample r)",
        `→ pin ${pin(500)} of irqchip 0, not implemented`,
        "→ nowhere  ← rtc (edge)",
      ].join("\n"),
    );
  });

  it("saves and restores a machine with lines high, a table and an irqfd asserted, and goes on identically", async () => {
    const lines: LevelLine[] = [];
    const device = definePlugin({ name: "device", create: (vmm) => void lines.push(vmm.router.line(spiGsi(profile, 2), "device")) });
    const compose = async (): Promise<{ box: Vm; fire: ReturnType<Vm["eventFd"]>; resample: ReturnType<Vm["eventFd"]> }> => {
      const box = await open({ plugins: [device] });
      const [fire, resample] = [box.eventFd({ name: "fire" }), box.eventFd({ name: "resample" })];
      box.api.irqfd({ fd: fire.fd, gsi: gsi(3), flags: abi.KVM_IRQFD_FLAG_RESAMPLE, resamplefd: resample.fd });
      box.api.ioeventfd({ fd: box.eventFd({ name: "kick" }).fd, addr: 0x1000n, len: 4, flags: 0, datamatch: 0n });
      return { box, fire, resample };
    };
    const from = await compose();
    setRouting(from.box.api, irqchipEntry(gsi(2), pin(20)), irqchipEntry(gsi(3), pin(21)));
    lines[0]!.set(true);
    from.fire.signal();
    from.resample.write(5);
    const snapshot = await from.box.machine.save();

    const to = await compose();
    await to.box.machine.restore(snapshot);
    expect([to.box.chip.pendingPins, to.resample.count, to.box.router.routes]).toEqual([[20, 21], 5, from.box.router.routes]);
    lines[1]!.set(false); // the restored line is high: it falls
    expect([to.box.chip.pendingPins, to.box.chip.serve(), to.resample.count, to.box.chip.pendingPins]).toEqual([[21], 21, 6, []]);
  });

  it("refuses a snapshot whose irqfds, ioeventfds or profile are not its own", async () => {
    const from = await open();
    const e = from.eventFd({ name: "e" });
    const bound = await open();
    const same = bound.eventFd({ name: "e" });
    bound.api.irqfd({ fd: same.fd, gsi: gsi(3), flags: 0, resamplefd: 0 });
    await expect(bound.machine.restore(await from.machine.save())).rejects.toThrow("the saved irqfds are not those of this machine");
    from.api.ioeventfd({ fd: e.fd, addr: 0x1000n, len: 4, flags: 0, datamatch: 0n });
    const other = await open();
    other.eventFd({ name: "e" });
    await expect(other.machine.restore(await from.machine.save())).rejects.toThrow("the saved ioeventfds are not those of this machine");
    expect(() => from.router.restore({ profile: "x86" })).toThrow(`the saved router has profile x86, this machine ${profile}`);
    const elsewhere = { ...(from.router.save() as object), routes: [{ gsi: gsi(0), target: { irqchip: 7, pin: 0 } }] };
    expect(() => from.router.restore(elsewhere as never)).toThrow("the saved routing table does not fit this machine");
  });
});

describe("GSIs for devices", () => {
  it.each([
    ["mainline", [4095, 4094]],
    ["rfc2014", [0x0100_03fc, 0x0100_03fd]],
    ["wide", [0x0800_0000, 0x0800_0001]],
  ] as const)("%s hands out %o first", async (profile, gsis) => {
    const routing = (await vm({ profile })).machine.get(GsiRoutingToken);
    expect([routing.allocate("a").gsi, routing.allocate("b").gsi]).toEqual(gsis);
  });

  it("skips GSIs in use, and ends with ENOSPC", async () => {
    const box = await vm({ chips: [{ spis: 4 }] });
    box.router.line(4095, "uart");
    setRouting(box.api, irqchipEntry(4094, 0));
    const routing = box.machine.get(GsiRoutingToken);
    const taken = Array.from({ length: 4094 }, () => routing.allocate("dev").gsi);
    expect([taken[0], taken.at(-1)]).toEqual([4093, 0]);
    expect(() => routing.allocate("dev")).toThrow("ENOSPC");
  });
});
