/** Wired-OR: a GSI is high while any of its lines is. The oracle is `some`. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SharedLines } from "./shared-lines.ts";

describe("lines that share a GSI", () => {
  it("drive it high with the first that rises and low with the last that falls", () => {
    const driven: string[] = [];
    const shared = new SharedLines((gsi, high) => driven.push(`${gsi}${high ? "+" : "-"}`));
    const [a, b, other] = [shared.line(5), shared.line(5), shared.line(6)];
    a.set(true);
    b.set(true);
    b.set(true);
    other.set(true);
    a.set(false);
    expect(driven).toEqual(["5+", "6+"]);
    b.set(false);
    b.set(false);
    expect(driven).toEqual(["5+", "6+", "5-"]);
    expect([shared.isHigh(5), shared.isHigh(6), shared.isHigh(7)]).toEqual([false, true, false]);
  });

  it("agree with the OR of their levels at every step, and drive only changes", () => {
    const step = fc.record({ line: fc.nat(7), high: fc.boolean() });
    fc.assert(fc.property(fc.array(step), (steps) => {
      const level = [false, false, false];
      const shared = new SharedLines((gsi, high) => {
        expect(high).toBe(!level[gsi]);
        level[gsi] = high;
      });
      const lines = Array.from({ length: 8 }, (_, n) => shared.line(n % 3));
      for (const { line, high } of steps) {
        lines[line]!.set(high);
        for (const gsi of [0, 1, 2]) {
          const any = lines.some((l, n) => n % 3 === gsi && l.high);
          expect([level[gsi], shared.isHigh(gsi)]).toEqual([any, any]);
        }
      }
    }));
  });

  it("are restored without driving anything, and count from there", () => {
    const driven: string[] = [];
    const make = (): { readonly shared: SharedLines; readonly lines: ReturnType<SharedLines["line"]>[] } => {
      const shared = new SharedLines((gsi, high) => driven.push(`${gsi}${high ? "+" : "-"}`));
      return { shared, lines: [shared.line(1), shared.line(1), shared.line(2)] };
    };
    const first = make();
    first.lines[0]!.set(true);
    first.lines[1]!.set(true);
    driven.length = 0;
    const second = make();
    second.lines[2]!.set(true);
    driven.length = 0;
    second.shared.restore(first.shared.save());
    expect([driven, second.lines.map(({ high }) => high)]).toEqual([[], [true, true, false]]);
    second.lines[0]!.set(false);
    expect(driven).toEqual([]);
    second.lines[1]!.set(false);
    expect(driven).toEqual(["1-"]);
  });

  it("may be driven from inside `drive`: a chip that answers at once", () => {
    const driven: string[] = [];
    const shared: SharedLines = new SharedLines((gsi, high) => {
      driven.push(`${gsi}${high ? "+" : "-"}`);
      if (high) line.set(false);
    });
    const line = shared.line(3);
    line.set(true);
    expect([driven, line.high, shared.isHigh(3)]).toEqual([["3+", "3-"], false, false]);
  });
});
