/** The five rules of the `rfc2014` profile (DESIGN.md §4), each a group of rows. */
import { type PinEvent, PULSE } from "@trapline/core";
import { afterEach, describe, expect, it } from "vitest";
import { pinOfIntid } from "../testing/pin-chip.fixture.ts";
import { abi, answer, closeVms, irqchipEntry, msiEntry, PPI, setRouting, SPI, vm, type Vm, type VmOptions, word } from "../testing/vm.fixture.ts";

afterEach(closeVms);

const open = (options: VmOptions = {}): Promise<Vm> => vm({ profile: "rfc2014", ...options });
const line = ({ api }: Vm, irq: number, level = 1): string | number => answer(api.irqLine({ irq, level }));
const cpuLines = ({ machine }: Vm, vcpu = 0): readonly boolean[] => (machine.vcpus[vcpu]!.save() as { lines: boolean[] }).lines;
/** What the chip is told, as "8 high". */
const watch = ({ chip }: Vm): string[] => {
  const seen: string[] = [];
  chip.pins$.subscribe((event: PinEvent) => seen.push(`${event.pin} ${event.signal}`));
  return seen;
};
const V = 2;
/** The pin of SPI n (INTID 32 + n) on a GIC for V vCPUs. */
const spi = (n: number, capacity = V): number => 16 * capacity + n;

describe("rule 1: type 0 never enters the table", () => {
  //  irq word         answer      lines of vCPU 1
  it.each([
    [word(0, 0, 1), 0, [true, false]],
    [word(0, 1, 1), 0, [false, true]],
    [word(0, 2, 1), "EINVAL", [false, false]],
    [word(0, 0, 2), "EINVAL", [false, false]],
  ] as [number, string | number, boolean[]][])("irq %i → %s, before and after a reroute", async (irq, expected, lines) => {
    const box = await open({ vcpus: V, chips: [] });
    expect([line(box, irq), cpuLines(box, 1)]).toEqual([expected, lines]);
    line(box, irq, 0);
    expect(setRouting(box.api, irqchipEntry(word(SPI, 40), 0))).toBe(0);
    expect([line(box, irq), cpuLines(box, 1)]).toEqual([expected, lines]);
  });

  it("is refused next to an in-kernel GIC", async () => {
    expect(line(await open(), word(0, 0))).toBe("ENXIO");
  });

  it("looks SPIs up without their vCPU field: ids 16–31 and from 32 never collide", async () => {
    const box = await open({ vcpus: V });
    setRouting(box.api, irqchipEntry(word(SPI, 40), spi(1)), irqchipEntry(word(PPI, 24, 1), spi(2)));
    expect([line(box, word(SPI, 40, 1)), line(box, word(PPI, 24, 1)), line(box, word(PPI, 24, 0))]).toEqual([0, 0, 0]);
    expect(box.chip.pendingPins).toEqual([1, 2]);
  });
});

describe("rule 2: KVM_SET_GSI_ROUTING and KVM_IRQFD name GSIs by the same word", () => {
  //  what is wrong                              GSI
  const REFUSED: readonly [what: string, gsi: number][] = [
    ["type 0: the out-of-kernel GIC", word(0, 0)],
    ["type 0 with an SPI's id", word(0, 40)],
    ["type 3", word(3, 40)],
    ["type 17: the type is the whole top byte", 0x1100_0028],
    ["id below 16, type 1", word(SPI, 15)],
    ["id below 16, type 2", word(PPI, 15)],
    ["type 1 with a PPI's id", word(SPI, 16)],
    ["type 2 with an SPI's id", word(PPI, 32)],
    ["an SPI with a vCPU", word(SPI, 40, 1)],
  ];
  it.each(REFUSED)("%s is refused and nothing changes", async (_what, gsi) => {
    const box = await open();
    const e = box.eventFd();
    setRouting(box.api, irqchipEntry(word(SPI, 40), spi(3, 1)));
    expect(setRouting(box.api, irqchipEntry(word(SPI, 41), spi(3, 1)), irqchipEntry(gsi, spi(4, 1)))).toBe("EINVAL");
    expect(answer(box.api.irqfd({ fd: e.fd, gsi, flags: 0, resamplefd: 0 }))).toBe("EINVAL");
    expect([box.router.routes.length, e.signals$.ownerName]).toEqual([1, undefined]);
    line(box, word(SPI, 40));
    expect(box.chip.pendingPins).toEqual([3]);
  });

  it.each([1020, 4095, 65_535])("type 1 with id %i names a source of irqfd and MSI: routable, no default, not for KVM_IRQ_LINE", async (id) => {
    const box = await open({ chips: [{ edge: [3] }] });
    const e = box.eventFd();
    expect(answer(box.api.irqfd({ fd: e.fd, gsi: word(SPI, id), flags: 0, resamplefd: 0 }))).toBe(0);
    e.signal();
    expect(box.chip.pendingPins).toEqual([]);
    expect(setRouting(box.api, irqchipEntry(word(SPI, id), spi(3, 1)))).toBe(0);
    e.signal();
    expect([box.chip.pendingPins, line(box, word(SPI, id))]).toEqual([[3], "EINVAL"]);
  });
});

describe("rule 3: pins are PPIs of every vCPU, then SPIs", () => {
  //  vCPUs, pin                     INTID, vCPU
  it.each([
    [2, 0, 16, 0],
    [2, 15, 31, 0],
    [2, 16, 16, 1],
    [2, 31, 31, 1],
    [2, 32, 32, 0],
    [2, 32 + 31, 63, 0],
    [300, 16 * 299 + 4, 20, 299], // beyond what the word can name
    [300, 16 * 300, 32, 0],
  ])("%i vCPUs: pin %i is INTID %i of vCPU %i", async (vcpus, pin, intid, vcpu) => {
    const box = await open({ vcpus });
    const source = word(SPI, 2000);
    expect(setRouting(box.api, irqchipEntry(source, pin))).toBe(0);
    expect(box.router.resolve(source)).toEqual([{ irqchip: 0, pin: pinOfIntid(intid, vcpu) }]);
    box.router.port(source).set(true);
    expect(box.chip.pendingPins).toEqual([pinOfIntid(intid, vcpu)]);
  });

  it.each([
    ["GICv2: capacity 8 whatever the vCPUs", { gic: 2 as const, vcpus: 8 }, 8 * 16 + 988],
    ["GICv3 of 2 vCPUs", { vcpus: 2 }, 2 * 16 + 988],
  ])("%s: the last pin is one below the limit", async (_what, chip, limit) => {
    const box = await open({ vcpus: 2, chips: [chip] });
    expect([setRouting(box.api, irqchipEntry(word(SPI, 40), limit - 1)), setRouting(box.api, irqchipEntry(word(SPI, 40), limit))]).toEqual([0, "EINVAL"]);
  });

  it("a pin the GIC does not implement swallows its input", async () => {
    const box = await open({ chips: [{ spis: 32 }] });
    setRouting(box.api, irqchipEntry(word(SPI, 40), spi(500, 1)));
    expect([line(box, word(SPI, 40)), box.chip.pendingPins]).toEqual([0, []]);
  });
});

describe("rule 4: the default table is computed, and replaced as a whole", () => {
  it("is the identity: every word reaches the interrupt it names", async () => {
    const box = await open({ vcpus: V });
    for (const irq of [word(PPI, 16, 1), word(PPI, 31, 0), word(SPI, 32), word(SPI, 63)]) expect(line(box, irq)).toBe(0);
    expect(box.chip.pendingPins).toEqual([0, 31, pinOfIntid(31, 0), pinOfIntid(16, 1)]);
    expect(box.router.routes).toEqual([]);
  });

  it("gives itself as entries, for editing", async () => {
    const box = await open({ vcpus: V, chips: [{ spis: 32 }] });
    const routes = box.router.defaultRoutes();
    expect(routes).toHaveLength(V * 16 + 32);
    expect(routes[16]).toEqual({ gsi: word(PPI, 16, 1), target: { irqchip: 0, pin: 16 } });
    box.router.replace(routes.map((route) => (route.gsi === word(SPI, 40) ? { ...route, target: { irqchip: 0, pin: spi(1) } } : route)));
    for (const irq of [word(SPI, 40), word(SPI, 41), word(PPI, 20, 1)]) line(box, irq);
    expect(box.chip.pendingPins).toEqual([1, 9, pinOfIntid(20, 1)]);
  });

  it("a word without a route returns 0 and does nothing; before, what the GIC does not have is EINVAL", async () => {
    const box = await open();
    expect(line(box, word(SPI, 900))).toBe("EINVAL");
    setRouting(box.api);
    expect([line(box, word(SPI, 900)), line(box, word(SPI, 40)), box.chip.pendingPins]).toEqual([0, 0, []]);
  });

  it("initialising the GIC neither installs nor discards one", async () => {
    const [plain, routed] = [await open({ chips: [{ initialised: false, edge: [8, 3] }] }), await open({ chips: [{ initialised: false, edge: [8, 3] }] })];
    setRouting(routed.api, irqchipEntry(word(SPI, 40), spi(3, 1)));
    for (const box of [plain, routed]) {
      box.chip.initialise();
      line(box, word(SPI, 40));
    }
    expect([plain.chip.pendingPins, routed.chip.pendingPins]).toEqual([[8], [3]]);
  });
});

describe("rule 5: a pin is the OR of its GSIs", () => {
  const [A, B] = [word(SPI, 40), word(SPI, 41)];

  it("rises with the first GSI and falls with the last", async () => {
    const box = await open();
    setRouting(box.api, irqchipEntry(A, spi(7, 1)), irqchipEntry(B, spi(7, 1)));
    const seen = watch(box);
    for (const [irq, level] of [[A, 1], [B, 1], [A, 0], [B, 0], [B, 0]] as const) line(box, irq, level);
    expect(seen).toEqual(["7 high", "7 low"]);
  });

  it("does not show an edge on a pin that another GSI holds high", async () => {
    const box = await open({ chips: [{ edge: [7] }] });
    setRouting(box.api, irqchipEntry(A, spi(7, 1)), irqchipEntry(B, spi(7, 1)));
    const seen = watch(box);
    line(box, A);
    expect(box.router.gsi$.emit(B, PULSE)).toBe(0);
    line(box, A, 0);
    expect(box.router.gsi$.emit(B, PULSE)).toBe(0); // the latch of the first edge is still set
    expect(seen).toEqual(["7 high", "7 low", "7 pulse"]);
  });

  //  routes before            routes after              the chip is told
  it.each([
    ["moves", [[A, 1], [B, 2]], [[A, 2], [B, 1]], []],
    ["lowers before it raises", [[A, 1], [B, 1]], [[A, 2], [B, 2]], ["1 low", "2 high"]],
    ["keeps what another still holds", [[A, 1], [B, 1]], [[A, 1], [B, 2]], ["2 high"]],
    ["lowers what is unrouted", [[A, 1], [B, 2]], [[B, 2]], ["1 low"]],
    ["changes nothing that stays", [[A, 1], [B, 2]], [[B, 2], [A, 1]], []],
  ] as [string, [number, number][], [number, number][], string[]][])("a reroute of two high GSIs %s", async (_what, before, after, told) => {
    const box = await open();
    const set = (routes: [number, number][]): unknown => setRouting(box.api, ...routes.map(([gsi, pin]) => irqchipEntry(gsi, spi(pin, 1))));
    set(before);
    line(box, A);
    line(box, B);
    const seen = watch(box);
    expect(set(after)).toBe(0);
    expect(seen).toEqual(told);
    line(box, A, 0);
    line(box, B, 0);
    expect(box.chip.pendingPins).toEqual([]);
  });

  it("a GSI that is high when its route comes back drives the pin again", async () => {
    const box = await open();
    line(box, A);
    setRouting(box.api);
    expect(box.chip.pendingPins).toEqual([]);
    setRouting(box.api, irqchipEntry(A, spi(5, 1)));
    expect(box.chip.pendingPins).toEqual([5]);
  });

  it("a high GSI that moves from a pin to a message sends it once", async () => {
    const events = new Map([["1 3", 5]]);
    const box = await open({ chips: [{ edge: [5], its: { address: 0x1000, enabled: true, events } }] });
    let sent = 0;
    box.router.msi$.subscribe(() => sent++);
    line(box, A);
    setRouting(box.api, msiEntry(A, 0x1000, 3, 1));
    setRouting(box.api, msiEntry(A, 0x1000, 3, 1));
    expect([sent, box.chip.pendingPins]).toEqual([1, [5]]);
  });

  it("a completion reaches all GSIs of the pin, in the order of their entries", async () => {
    const box = await open();
    setRouting(box.api, irqchipEntry(B, spi(7, 1)), irqchipEntry(A, spi(7, 1)));
    const told: string[] = [];
    for (const [name, gsi] of [["A", A], ["B", B]] as const) {
      const [fire, resample] = [box.eventFd(), box.eventFd()];
      box.api.irqfd({ fd: fire.fd, gsi, flags: abi.KVM_IRQFD_FLAG_RESAMPLE, resamplefd: resample.fd });
      resample.signals$.own("test", () => void told.push(name));
      fire.signal();
    }
    const seen = watch(box);
    expect([box.chip.serve(), told, seen]).toEqual([7, ["B", "A"], ["7 low"]]);
  });
});
