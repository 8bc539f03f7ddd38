/** The part of the router suite about state: lines are wires and survive resets, a restored router counts on from there. */
import { expect, it } from "vitest";
import { listeningChip, type RouterBench, routerBench } from "./router-bench.ts";
import type { RouterFactory } from "./router-under-test.ts";

/** Registers its tests in the describe block that is open. */
export function describeRouterState(factory: RouterFactory): void {
  const withLines = (): RouterBench & { readonly a: Line; readonly b: Line; readonly c: Line } => {
    const bench = routerBench(factory, {});
    const [a, b, c] = [2, 2, 5].map((pin, n) => bench.router.line(bench.gsiOf(pin), `device${n}`)) as [Line, Line, Line];
    return { ...bench, a, b, c };
  };
  type Line = ReturnType<RouterBench["router"]["line"]>;

  it("a reset leaves lines as their devices drive them, and tells nobody", () => {
    for (const kind of ["warm", "power-on"] as const) {
      const { router, a, log } = withLines();
      a.set(true);
      log.length = 0;
      router.reset(kind);
      expect([a.high, log]).toEqual([true, []]);
      a.set(false);
      expect(log).toEqual(["chip0 pin 2 low"]);
    }
  });

  it("saving changes nothing", () => {
    const { router, a, log } = withLines();
    a.set(true);
    const saved = router.save();
    expect(router.save()).toEqual(saved);
    expect(log).toEqual(["chip0 pin 2 high"]);
  });

  it("restoring is silent, and the lines go on from what was saved", () => {
    const from = withLines();
    from.a.set(true);
    from.b.set(true);
    const to = withLines();
    to.c.set(true);
    to.log.length = 0;
    to.router.restore(from.router.save());
    expect([to.a.high, to.b.high, to.c.high, to.log]).toEqual([true, true, false, []]);
    to.a.set(false);
    expect(to.log).toEqual([]);
    to.b.set(false);
    expect(to.log).toEqual(["chip0 pin 2 low"]);
    expect(to.router.save()).toEqual(withLines().router.save());
  });

  it("a chip that is taken away has its completions free again", () => {
    const { router, order } = factory();
    const chip = listeningChip(order, [], { name: "chip0" });
    const added = router.addIrqchip(chip);
    expect(chip.completions$.ownerName).toBeDefined();
    added.unsubscribe();
    expect(chip.completions$.ownerName).toBeUndefined();
  });
}
