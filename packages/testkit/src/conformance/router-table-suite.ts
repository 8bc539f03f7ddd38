/** The part of the router suite about routers with a table: GsiRouting (@trapline/core, irq/gsi-router.ts). */
import { DELIVERED, type GsiRoute, HIGH, IGNORED, isTraplineError, LOW, PULSE } from "@trapline/core";
import { expect, it } from "vitest";
import { type ListeningChipOptions, type RouterBench, routerBench } from "./router-bench.ts";
import type { RouterFactory } from "./router-under-test.ts";

type TableBench = RouterBench & { readonly routing: NonNullable<RouterBench["routing"]> };

/** Registers its tests in the describe block that is open. */
export function describeRoutingTable(factory: RouterFactory): void {
  const open = (...chips: readonly ListeningChipOptions[]): TableBench => routerBench(factory, ...chips) as TableBench;
  const wiredOr = factory().wiredOr ?? true;

  it("leads one GSI to several chips, whose results add up", () => {
    const { router, routing, gsiOf, log } = open({}, {}, { answer: () => IGNORED });
    routing.replace([0, 1, 2].map((irqchip) => ({ gsi: gsiOf(1), target: { irqchip, pin: 4 + irqchip } })));
    expect(router.gsi$.emit(gsiOf(1), PULSE)).toBe(2 * DELIVERED);
    expect(log).toEqual(["chip0 pin 4 pulse", "chip1 pin 5 pulse", "chip2 pin 6 pulse"]);
    expect(router.resolve(gsiOf(1))).toEqual([0, 1, 2].map((irqchip) => ({ irqchip, pin: 4 + irqchip })));
  });

  it("replaces all routes at once: what it does not name leads nowhere", () => {
    const { router, routing, gsiOf, log } = open({});
    routing.replace([{ gsi: gsiOf(1), target: { irqchip: 0, pin: 6 } }]);
    expect([router.gsi$.emit(gsiOf(1), PULSE), router.gsi$.emit(gsiOf(2), PULSE)]).toEqual([DELIVERED, IGNORED]);
    expect([log, routing.routes]).toEqual([["chip0 pin 6 pulse"], [{ gsi: gsiOf(1), target: { irqchip: 0, pin: 6 } }]]);
    routing.replace([]);
    expect([router.resolve(gsiOf(1)), routing.routes]).toEqual([[], []]);
  });

  it("gives its default as entries, which lead where the default did", () => {
    const { router, routing, gsiOf } = open({});
    const before = [0, 3, 7].map((pin) => router.resolve(gsiOf(pin)));
    const defaults = routing.defaultRoutes();
    routing.replace([]);
    routing.replace(defaults);
    expect([0, 3, 7].map((pin) => router.resolve(gsiOf(pin)))).toEqual(before);
  });

  it("is followed by ports and lines that were taken before", () => {
    const { router, routing, gsiOf, log } = open({});
    const [port, line] = [router.port(gsiOf(1)), router.line(gsiOf(2), "device")];
    routing.replace([
      { gsi: gsiOf(1), target: { irqchip: 0, pin: 6 } },
      { gsi: gsiOf(2), target: { irqchip: 0, pin: 7 } },
    ]);
    port.pulse();
    line.set(true);
    line.set(false);
    expect(log).toEqual(["chip0 pin 6 pulse", "chip0 pin 7 high", "chip0 pin 7 low"]);
  });

  const move = wiredOr ? "moves a level to the new pin, lowering before raising" : "leaves a level where it is, as Linux does";
  it(`${move}, when a GSI that is high is led elsewhere`, () => {
    const { router, routing, gsiOf, log } = open({});
    router.line(gsiOf(1), "device").set(true);
    log.length = 0;
    routing.replace([{ gsi: gsiOf(1), target: { irqchip: 0, pin: 6 } }]);
    expect(log).toEqual(wiredOr ? ["chip0 pin 1 low", "chip0 pin 6 high"] : []);
  });

  it("sends the message of a GSI to the chips that take messages", () => {
    const { router, routing, gsiOf, log } = open({}, { msiResult: DELIVERED });
    routing.replace([{ gsi: gsiOf(1), target: { msi: { address: 0x808_0040n, data: 7, deviceId: 5 } } }]);
    expect(router.gsi$.emit(gsiOf(1), PULSE)).toBe(DELIVERED);
    expect(log).toEqual(["chip1 msi 0x8080040 7 5"]);
  });

  it("refuses a table that cannot be, by a KvmError EINVAL, and keeps the one it had", () => {
    const bad = (gsi: number): readonly (readonly GsiRoute[])[] => [
      [{ gsi, target: { irqchip: 7, pin: 0 } }],
      [{ gsi, target: { irqchip: 0, pin: 1_000_000 } }],
      [{ gsi, target: { irqchip: 0, pin: -1 } }],
      [{ gsi: -1, target: { irqchip: 0, pin: 0 } }],
      [{ gsi: 0.5, target: { irqchip: 0, pin: 0 } }],
    ];
    const { router, routing, gsiOf } = open({});
    const before = { routes: routing.routes, target: router.resolve(gsiOf(1)) };
    for (const table of bad(gsiOf(1))) {
      expect(() => routing.replace(table)).toThrow(
        expect.toSatisfy((error) => isTraplineError(error, "kvm") && error.message.startsWith("EINVAL")),
      );
      expect({ routes: routing.routes, target: router.resolve(gsiOf(1)) }).toEqual(before);
    }
  });

  it("allocates GSIs that nobody has, routes each alone, and takes them back", () => {
    const { router, routing, gsiOf, log } = open({});
    const [a, b] = [routing.allocate("nvme"), routing.allocate("net")];
    expect(a.gsi).not.toBe(b.gsi);
    expect(router.sources.map(({ owner }) => owner)).toEqual(["nvme", "net"]);
    const port = router.port(a.gsi);
    expect(port.pulse()).toBe(IGNORED);
    a.route([{ irqchip: 0, pin: 6 }]);
    expect([port.pulse(), router.gsi$.emit(gsiOf(1), PULSE)]).toEqual([DELIVERED, DELIVERED]); // the rest of the table is as it was
    expect(log).toEqual(["chip0 pin 6 pulse", "chip0 pin 1 pulse"]);
    a.release();
    a.release();
    expect([port.pulse(), router.sources.map(({ owner }) => owner)]).toEqual([IGNORED, ["net"]]);
    expect(() => a.route([])).toThrow(expect.toSatisfy((error) => isTraplineError(error, "kvm")));
  });

  it("restores its table with the router", () => {
    const from = open({});
    from.routing.replace([{ gsi: from.gsiOf(1), target: { irqchip: 0, pin: 6 } }]);
    const to = open({});
    to.router.restore(from.router.save());
    expect(to.routing.routes).toEqual(from.routing.routes);
    to.router.gsi$.emit(to.gsiOf(1), PULSE);
    expect(to.log).toEqual(["chip0 pin 6 pulse"]);
  });

  if (!wiredOr) return;
  it("ORs the GSIs of one pin", () => {
    const { router, routing, gsiOf, log } = open({});
    routing.replace([1, 2].map((pin) => ({ gsi: gsiOf(pin), target: { irqchip: 0, pin: 6 } })));
    for (const [pin, signal] of [
      [1, HIGH],
      [2, HIGH],
      [1, LOW],
      [2, LOW],
    ] as const)
      router.gsi$.emit(gsiOf(pin), signal);
    expect(log).toEqual(["chip0 pin 6 high", "chip0 pin 6 low"]);
  });
}
