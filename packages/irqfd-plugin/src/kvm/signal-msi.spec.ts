/**
 * KVM_SIGNAL_MSI and MSI routes, vectors 45–50, 52, 58 and 59 of kvm-irq-abi.md K.3. Vectors 51 and 53–57 are about the ITS
 * behind the contract (LPI tables, DISCARD, MAPC, MOVI, INV) and belong to its plugin.
 */
import { LOW, PULSE } from "@trapline/core";
import { afterEach, describe, expect, it } from "vitest";
import { abi, answer, closeVms, msiEntry, PROFILES, setRouting, spiGsi, vm, type Vm, type VmOptions } from "../testing/vm.fixture.ts";

afterEach(closeVms);

const DOORBELL = 0x0809_0040;
const VALID = abi.KVM_MSI_VALID_DEVID;
const its = (enabled = true): VmOptions => ({ chips: [{ edge: [5], its: { address: DOORBELL, enabled, events: new Map([["16 3", 5]]) } }] });
const msi = ({ api }: Vm, addressLo: number, data: number, flags = VALID, devid = 16): string | number => answer(api.signalMsi({ addressLo, addressHi: 0, data, flags, devid }));

describe.each(PROFILES)("messages, profile %s (kvm-irq-abi.md K.3)", (profile) => {
  //  row   given                    address, data, flags, device            answer
  const ROWS: readonly [row: string, given: VmOptions, args: readonly [number, number, number?, number?], expected: string | number][] = [
    ["45", { chips: [] }, [DOORBELL, 3], "EINVAL"],
    ["46", {}, [DOORBELL, 3], "ENODEV"],
    ["46", {}, [DOORBELL, 3, 0], "ENODEV"],
    ["47", its(), [DOORBELL, 3, 0], "EINVAL"],
    ["48", its(), [DOORBELL + 0x2_0000, 3], "EINVAL"],
    ["49", its(false), [DOORBELL, 3], "EBUSY"],
    ["50", its(), [DOORBELL, 4], 0],
    ["52", its(), [DOORBELL, 3], 1],
    ["C.5 step 0", its(), [DOORBELL, 3, 2], "EINVAL"],
  ];
  it.each(ROWS)("%s: → %s", async (_row, given, [address, data, flags, devid], expected) => {
    const box = await vm({ profile, ...given });
    expect(msi(box, address, data, flags, devid)).toBe(expected);
    expect(box.chip?.pendingPins ?? []).toEqual(expected === 1 ? [5] : []);
  });

  it("52: a route carries the message: irqfd → GSI → ITS", async () => {
    const box = await vm({ profile, ...its() });
    const gsi = spiGsi(profile, 0);
    expect(setRouting(box.api, msiEntry(gsi, DOORBELL, 3, 16))).toBe(0);
    const e = box.eventFd();
    box.api.irqfd({ fd: e.fd, gsi, flags: 0, resamplefd: 0 });
    e.write(2);
    expect([box.chip.serve(), box.chip.serve()]).toEqual([5, -1]);
  });

  it("58: level 0 sends nothing; without VALID_DEVID the chip refuses, and the signal is lost", async () => {
    const box = await vm({ profile, ...its() });
    const gsi = spiGsi(profile, 0);
    setRouting(box.api, msiEntry(gsi, DOORBELL, 3, 16));
    expect([box.router.gsi$.emit(gsi, LOW) <= 0, box.chip.pendingPins]).toEqual([true, []]);
    setRouting(box.api, msiEntry(gsi, DOORBELL, 3));
    expect([box.router.gsi$.emit(gsi, PULSE), box.chip.pendingPins]).toEqual([-1, []]);
  });

  it("59: says whether messages need a device id", async () => {
    const [before, after] = [await vm({ profile }), await vm({ profile, ...its() })];
    expect([before, after].map(({ api }) => api.checkExtension(abi.KVM_CAP_MSI_DEVID))).toEqual([0, 1]);
  });

  it("asks the chips in machine order: the first that knows the address takes it", async () => {
    const box = await vm({ profile, chips: [{}, { edge: [1], its: { address: 0x1000, enabled: true, events: new Map([["16 3", 1]]) } }, { edge: [5], ...its().chips![0]! }] });
    expect([msi(box, DOORBELL, 3), box.chips.map((chip) => chip.pendingPins)]).toEqual([1, [[], [], [5]]]);
  });
});

describe("KVM_CHECK_EXTENSION (kvm-irq-abi.md A.4)", () => {
  it.each([
    ["IRQCHIP", abi.KVM_CAP_IRQCHIP, 1],
    ["IRQ_INJECT_STATUS", abi.KVM_CAP_IRQ_INJECT_STATUS, 0],
    ["IRQFD", abi.KVM_CAP_IRQFD, 1],
    ["IOEVENTFD", abi.KVM_CAP_IOEVENTFD, 1],
    ["SIGNAL_MSI", abi.KVM_CAP_SIGNAL_MSI, 1],
    ["IRQFD_RESAMPLE", abi.KVM_CAP_IRQFD_RESAMPLE, 1],
    ["IOEVENTFD_NO_LENGTH", abi.KVM_CAP_IOEVENTFD_NO_LENGTH, 0],
    ["CHECK_EXTENSION_VM", abi.KVM_CAP_CHECK_EXTENSION_VM, 1],
    ["IOEVENTFD_ANY_LENGTH", abi.KVM_CAP_IOEVENTFD_ANY_LENGTH, 1],
    ["ARM_IRQ_LINE_LAYOUT_2", abi.KVM_CAP_ARM_IRQ_LINE_LAYOUT_2, 1],
    ["NR_VCPUS", abi.KVM_CAP_NR_VCPUS, 2],
    ["MAX_VCPUS after a GICv2", abi.KVM_CAP_MAX_VCPUS, 8],
    ["one there is not", 9999, 0],
  ])("%s", async (_name, capability, expected) => {
    const { api } = await vm({ vcpus: 2, chips: [{ gic: 2, vcpus: 8 }] });
    expect(api.checkExtension(capability)).toBe(expected);
  });

  it("MAX_VCPUS is 512 where no irqchip limits it, and a request nobody has is ENOTTY", async () => {
    const { api } = await vm({ chips: [] });
    expect([api.checkExtension(abi.KVM_CAP_MAX_VCPUS), answer(api.ioctl(0xae04, 0)), answer(api.ioctl(0xae60, new Uint8Array(0)))]).toEqual([512, "ENOTTY", "ENOTTY"]);
  });
});

describe("the eventfd calls of C (kvm-irq-abi.md K.6, G)", () => {
  it("119–124: eight bytes in a buffer, errnos for the rest", async () => {
    const { eventfds } = (await vm()).api;
    const fd = eventfds.eventfd(5, 0);
    const buffer = new Uint8Array(8);
    expect([eventfds.read(fd, buffer), buffer[0]]).toEqual([8, 5]);
    expect(answer(eventfds.read(fd, buffer))).toBe("EAGAIN");
    expect(answer(eventfds.read(fd, new Uint8Array(4)))).toBe("EINVAL");
    expect(answer(eventfds.write(fd, new Uint8Array(9)))).toBe("EINVAL");
    expect(answer(eventfds.write(fd, new Uint8Array(8).fill(0xff)))).toBe("EINVAL");
    const most = new Uint8Array(8).fill(0xff);
    most[0] = 0xfe;
    expect([eventfds.write(fd, most), eventfds.poll(fd).writable]).toEqual([8, false]);
    expect(answer(eventfds.write(fd, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)))).toBe("EAGAIN");
    expect([eventfds.close(fd), answer(eventfds.close(fd)), answer(eventfds.dup(fd))]).toEqual([0, "EBADF", "EBADF"]);
    expect([answer(eventfds.eventfd(0, 0x100)), answer(eventfds.eventfd(2 ** 32))]).toEqual(["EINVAL", "EINVAL"]);
  });

  it("121: EFD_SEMAPHORE; and descriptors of one eventfd share the counter", async () => {
    const { eventfds } = (await vm()).api;
    const fd = eventfds.eventfd(3, 1);
    const second = eventfds.dup(fd);
    const buffer = new Uint8Array(8);
    expect([fd, second].map((either) => [eventfds.read(either, buffer), buffer[0]])).toEqual([[8, 1], [8, 1]]);
    eventfds.close(fd);
    expect([eventfds.read(second, buffer), answer(eventfds.read(second, buffer))]).toEqual([8, "EAGAIN"]);
  });
});
