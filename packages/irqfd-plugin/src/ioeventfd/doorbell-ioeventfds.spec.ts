/** KVM_IOEVENTFD and the bus, vectors 90–115 of kvm-irq-abi.md K.5. */
import { type Bus, IoeventfdsToken, type Machine, type U64, type Width } from "@trapline/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { abi, answer, closeVms, vm, type Vm } from "../testing/vm.fixture.ts";

afterEach(closeVms);

const A = 0x0a00_0050n;
const { KVM_IOEVENTFD_FLAG_DATAMATCH: DATAMATCH, KVM_IOEVENTFD_FLAG_DEASSIGN: DEASSIGN, KVM_IOEVENTFD_FLAG_PIO: PIO, KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY: CCW } = abi;
const TOP = 2n ** 64n;

/** (addr, len, flags, datamatch), as the structure has them. */
type Shape = readonly [addr: bigint, len: number, flags?: number, datamatch?: bigint];

describe("KVM_IOEVENTFD (kvm-irq-abi.md K.5)", () => {
  let box: Vm;
  let bus: Bus;
  let e: ReturnType<Vm["eventFd"]>;
  beforeEach(async () => {
    box = await vm();
    bus = box.machine.bus;
    e = box.eventFd({ name: "kick" });
  });
  const ioeventfd = (shape: Shape, fd = e.fd): string | number => {
    const [addr, len, flags = 0, datamatch = 0n] = shape;
    return answer(box.api.ioeventfd({ addr, len, flags, datamatch, fd }));
  };
  /** A guest's write; true when a doorbell took it, false when it went on. */
  const write = (value: U64, width: Width = 4, address = Number(A), on: Bus = bus): boolean => {
    let unclaimed = 0;
    const tap = on.unclaimed$.subscribe(() => unclaimed++);
    on.write(address, width, value, 0);
    tap.unsubscribe();
    return unclaimed === 0;
  };

  //  row  first                     then                                answer
  const ROWS: readonly [row: number, before: readonly Shape[], shape: Shape, expected: string | number][] = [
    [90, [], [A, 3], "EINVAL"],
    [91, [], [TOP - 4n, 4], "EINVAL"],
    [91, [], [TOP - 5n, 4], 0],
    [91, [], [TOP - 1n, 0], 0],
    [92, [], [A, 4, 0x20], "EINVAL"],
    [92, [], [A, 4, 0x10], 0],
    [93, [], [A, 0, DATAMATCH], "EINVAL"],
    [94, [[A, 4]], [A, 4, DATAMATCH, 1n], "EEXIST"],
    [94, [[A, 4, DATAMATCH, 1n]], [A, 4], "EEXIST"],
    [95, [[A, 4, DATAMATCH, 1n]], [A, 4, DATAMATCH, 2n], 0],
    [96, [[A, 4]], [A, 2], 0],
    [97, [[A, 4]], [A, 0], "EEXIST"],
    [97, [[A, 0]], [A, 4, DATAMATCH, 1n], "EEXIST"],
    [98, [[A, 4]], [A + 2n, 4], 0],
    [99, [[A, 4]], [A, 4, PIO], 0],
    [100, [[A, 4, DATAMATCH, 1n]], [A, 4, DATAMATCH, 1n], "EEXIST"],
    // Where no write of a guest can come, the rules are the same.
    [94, [[TOP - 64n, 4]], [TOP - 64n, 4, DATAMATCH, 1n], "EEXIST"],
    [95, [[TOP - 64n, 4, DATAMATCH, 1n]], [TOP - 64n, 4, DATAMATCH, 2n], 0],
    [97, [[TOP - 64n, 0]], [TOP - 64n, 2], "EEXIST"],
    [96, [[TOP - 64n, 4]], [TOP - 64n, 2], 0],
    // E.2: PIO wins over CCW; the CCW bus is one of its own.
    [99, [[A, 4]], [A, 4, CCW], 0],
    [99, [[A, 4, CCW]], [A, 4, CCW], "EEXIST"],
    [99, [[A, 4, PIO]], [A, 4, PIO | CCW], "EEXIST"],
  ];
  it.each(ROWS)("%i: %o, then %o → %s", (_row, before, shape, expected) => {
    for (const earlier of before) expect(ioeventfd(earlier)).toBe(0);
    const registered = box.machine.get(IoeventfdsToken).bindings.length;
    const doorbells = bus.doorbellCount + box.machine.ports.doorbellCount;
    expect(ioeventfd(shape, box.eventFd().fd)).toBe(expected);
    if (expected === 0) return;
    expect([box.machine.get(IoeventfdsToken).bindings.length, bus.doorbellCount + box.machine.ports.doorbellCount]).toEqual([registered, doorbells]);
    expect(box.api.lastError?.facts).toEqual(expect.objectContaining({ subject: expect.any(String), limit: expect.anything(), value: expect.anything() }));
  });

  it("E.1: checks the shape before the descriptor, and the descriptor before the collision", () => {
    expect([ioeventfd([A, 3], 99), ioeventfd([A, 4], 99), ioeventfd([A, 4], box.api.fds.install("a file"))]).toEqual(["EINVAL", "EBADF", "EINVAL"]);
    ioeventfd([A, 4]);
    expect(ioeventfd([A, 4], 99)).toBe("EBADF");
  });

  //  row  registration                       guest's write          taken   counter
  const HITS: readonly [row: number, shape: Shape, value: U64, width: Width, taken: boolean][] = [
    [101, [A, 4, DATAMATCH, 7n], 7, 4, true],
    [102, [A, 4, DATAMATCH, 7n], 8, 4, false],
    [103, [A, 4, DATAMATCH, 7n], 7, 2, false],
    [104, [A, 4, DATAMATCH, 0x1_0000_0007n], 7, 4, false],
    [105, [A, 0], 1, 1, true],
    [105, [A, 0], 1, 2, true],
    [105, [A, 0], 1, 4, true],
    [105, [A, 0], 2n ** 64n - 1n, 8, true],
    [101, [A, 8, DATAMATCH, 2n ** 64n - 1n], 2n ** 64n - 1n, 8, true],
    [101, [A, 1, DATAMATCH, 0n], 0, 1, true],
  ];
  it.each(HITS)("%i: %o, write of %s as %i bytes: taken %s", (_row, shape, value, width, taken) => {
    ioeventfd(shape);
    expect([write(value, width), e.count]).toEqual([taken, taken ? 1 : 0]);
  });

  it("106: a read goes on", () => {
    ioeventfd([A, 4]);
    let reads = 0;
    bus.unclaimed$.subscribe(({ direction }) => (reads += direction === "read" ? 1 : 0));
    bus.read(Number(A), 4, 0);
    expect([reads, e.count]).toEqual([1, 0]);
  });

  it("107: each value rings its own", () => {
    const other = box.eventFd();
    ioeventfd([A, 4, DATAMATCH, 1n]);
    ioeventfd([A, 4, DATAMATCH, 2n], other.fd);
    write(2);
    expect([e.count, other.count]).toEqual([0, 1]);
  });

  it("108: a thousand other devices on the bus leave no room", () => {
    for (let n = 0; n < 999; n++) bus.claim({ name: `d${n}`, base: 0x1000_0000 + 16 * n, size: 16 }, { read: () => 0, write() {} });
    expect(ioeventfd([A, 4])).toBe(0);
    bus.claim({ name: "d999", base: 0x2000_0000, size: 16 }, { read: () => 0, write() {} });
    expect([ioeventfd([A, 2]), ioeventfd([A, 2, PIO])]).toEqual(["ENOSPC", 0]);
  });

  it("108: another's doorbell is a device too; one that matches the same writes collides", () => {
    bus.doorbell("its", { address: 0x0809_0040, width: 4 });
    expect(ioeventfd([0x0809_0040n, 4])).toBe("EEXIST");
    for (let n = 0; n < 999; n++) bus.claim({ name: `d${n}`, base: 0x1000_0000 + 16 * n, size: 16 }, { read: () => 0, write() {} });
    expect(ioeventfd([A, 4])).toBe("ENOSPC");
  });

  it("109: ioeventfds do not count", () => {
    for (let n = 0n; n < 2000n; n++) expect(ioeventfd([A + 4n * n, 4])).toBe(0);
    expect(ioeventfd([A - 4n, 4])).toBe(0);
  });

  it("110–112: deassign finds exactly what was assigned, and looks at no other flag", () => {
    const other = box.eventFd();
    ioeventfd([A, 4, DATAMATCH, 1n]);
    expect(ioeventfd([A, 4, DEASSIGN])).toBe("ENOENT");
    expect(ioeventfd([A, 4, DEASSIGN | DATAMATCH, 2n])).toBe("ENOENT");
    expect(ioeventfd([A, 2, DEASSIGN | DATAMATCH, 1n])).toBe("ENOENT");
    expect(ioeventfd([A, 4, DEASSIGN | DATAMATCH | PIO, 1n])).toBe("ENOENT");
    expect(ioeventfd([A, 4, DEASSIGN | DATAMATCH, 1n], other.fd)).toBe("ENOENT");
    expect(ioeventfd([A, 4, DEASSIGN | DATAMATCH, 1n], 99)).toBe("EBADF");
    expect([write(1), e.count]).toEqual([true, 1]);
    expect(ioeventfd([A, 4, DEASSIGN | DATAMATCH | 0x100, 1n])).toBe(0);
    expect([write(1), e.count, bus.doorbellCount]).toEqual([false, 1, 0]);
    expect(ioeventfd([A, 4, DEASSIGN | DATAMATCH, 1n])).toBe("ENOENT");
  });

  it("113: closing every descriptor leaves it: writes are swallowed", () => {
    ioeventfd([A, 4]);
    box.api.eventfds.close(e.fd);
    expect([write(1), ioeventfd([A, 4, DEASSIGN])]).toEqual([true, "EBADF"]);
  });

  it("114: a full counter overflows, polls as an error and still swallows", () => {
    e.write(2n ** 64n - 2n);
    ioeventfd([A, 4]);
    expect([write(1), write(1), e.count]).toEqual([true, true, 2n ** 64n - 1n]);
    expect(box.api.eventfds.poll(e.fd).overflowed).toBe(true);
  });

  it("115: an access that leaves a device is no one's", () => {
    bus.claim({ name: "x", base: Number(A), size: 16 }, { read: () => 0, write() {} });
    expect([write(1, 4, Number(A) + 12), write(1, 4, Number(A) + 14)]).toEqual([true, false]);
  });

  it("E.3: an ioeventfd over a device takes the matching write from it, and nothing else", () => {
    const seen: U64[] = [];
    bus.claim({ name: "x", base: Number(A), size: 16 }, { read: () => 0, write: (_offset, _width, value) => void seen.push(value) });
    ioeventfd([A, 4, DATAMATCH, 1n]);
    for (const value of [1, 2]) bus.write(Number(A), 4, value, 0);
    expect([seen, e.count]).toEqual([[2], 1]);
  });

  it("F.10 is not copied: overlapping registrations never hide one another", () => {
    const at = (offset: bigint, len: number): number => {
      const fd = box.eventFd();
      expect(ioeventfd([A + offset, len], fd.fd)).toBe(0);
      return fd.fd;
    };
    const ninth = [at(6n, 2), at(8n, 8), at(4n, 4), at(9n, 1), at(0n, 8), at(0n, 2)].at(-1)!;
    write(1, 2);
    expect(box.api.eventfds.poll(ninth).readable).toBe(true);
  });

  it("rings on the port bus", () => {
    ioeventfd([0x3f8n, 1, PIO | DATAMATCH, 0x41n]);
    const { ports } = box.machine;
    expect([write(0x41, 1, 0x3f8, ports), write(0x42, 1, 0x3f8, ports), e.count]).toEqual([true, false, 1]);
  });

  it("is left by a machine that closes", async () => {
    ioeventfd([A, 4]);
    const machine: Machine = box.machine;
    await machine.close();
    expect(machine.bus.doorbellCount).toBe(0);
  });

  it("through the typed contract: numbers for addresses, the same refusals", () => {
    const ioeventfds = box.machine.get(IoeventfdsToken);
    ioeventfds.assign({ eventFd: e, space: "mmio", address: 0x1000, length: 4, datamatch: 3n });
    expect(() => ioeventfds.assign({ eventFd: e, space: "mmio", address: 0x1000n, length: 4, datamatch: 3 })).toThrow(
      "EEXIST: kvm_ioeventfd is kick at mmio 0x1000 len 4 value 0x3 where a write that ioeventfd kick does not match yet is allowed",
    );
    ioeventfds.deassign({ eventFd: e, space: "mmio", address: 0x1000, length: 4, datamatch: 3 });
    expect(ioeventfds.bindings).toEqual([]);
  });

  it("a snapshot insists on those that the host placed, and leaves the movable ones to who assigned them", async () => {
    const ioeventfds = box.machine.get(IoeventfdsToken);
    const place = { eventFd: e, space: "mmio", length: 2 } as const;
    ioeventfds.assign({ ...place, address: 0x1000, movable: true });
    const snapshot = await box.machine.save();
    ioeventfds.deassign({ ...place, address: 0x1000 });
    await box.machine.restore(snapshot);
    expect(ioeventfds.bindings).toEqual([]);
    ioeventfds.assign({ ...place, address: 0x1000 });
    await expect(box.machine.restore(snapshot)).rejects.toThrow("the saved ioeventfds are not those of this machine");
  });
});
