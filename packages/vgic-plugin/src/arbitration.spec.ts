/** Arbitration against a slow, obvious oracle, over random sequences of everything guests and devices do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RigV3 } from "./gic-rig.fixture.ts";
import { ChunkPool } from "./chunk-pool.ts";
import { PendingQueue } from "./pending-queue.ts";
import { candidateOf, intidOf, levelOf, NO_CANDIDATE } from "./candidate.ts";
import { anyOp, applyToOracle, applyToRig, BANKED, type Op, PES, PROLOGUE, SHARED } from "./random-ops.fixture.ts";
import { SlowGic } from "./slow-gic.fixture.ts";

const OPTIONS = { extendedSpis: 32, pins: "wide" } as const;

/** Everything a guest can observe without side effects, of the model and of the oracle. */
function seen(g: RigV3): unknown {
  return {
    lines: g.lines.map((lines) => lines.join()),
    running: Array.from({ length: PES }, (_, pe) => g.rpr(pe)),
    best: Array.from({ length: PES }, (_, pe) => [g.mrs("HPPIR0", pe), g.mrs("HPPIR1", pe)]),
    irqs: [...SHARED.map((intid) => [intid, -1]), ...Array.from({ length: PES }, (_, pe) => BANKED.map((intid) => [intid, pe])).flat()].map(([intid, bank]) => {
      const slot = g.gic.space.slot(intid!, Math.max(bank!, 0));
      return `${intid}@${bank} ${g.gic.table.pending(slot)} ${g.gic.table.active(slot)}`;
    }),
  };
}

function wanted(gic: SlowGic): unknown {
  const best = (pe: number, group: number): number => {
    const irq = gic.candidate(pe);
    return irq?.group === group ? irq.intid : 1023;
  };
  const pes = Array.from({ length: PES }, (_, pe) => pe);
  return {
    lines: pes.map((pe) => [gic.signalled(pe)?.group === 1, gic.signalled(pe)?.group === 0].join()),
    running: pes.map((pe) => gic.runningPriority(pe)),
    best: pes.map((pe) => [best(pe, 0), best(pe, 1)]),
    irqs: gic.irqs.map((irq) => `${irq.intid}@${irq.bank} ${gic.pending(irq)} ${irq.active}`),
  };
}

describe("arbitration", () => {
  it("answers as the oracle after every operation of any sequence", () => {
    fc.assert(
      fc.property(fc.array(anyOp, { maxLength: 80 }), (ops) => {
        const g = new RigV3(PES, OPTIONS, false);
        const oracle = new SlowGic(PES, SHARED, BANKED);
        for (const op of [...PROLOGUE, ...ops]) {
          expect([op, applyToRig(g, op)]).toEqual([op, applyToOracle(oracle, op)]);
          expect(seen(g)).toEqual(wanted(oracle));
        }
      }),
      { numRuns: 150 },
    );
  });

  it("goes on identically when saved and restored between any two operations", () => {
    const options = { ...OPTIONS, oneOfN: true, messageSpis: true };
    const route: fc.Arbitrary<Op> = fc.tuple(fc.constant("route"), fc.constant(0), fc.constantFrom(...SHARED), fc.constantFrom(0, 1, 0x8000_0000));
    const ops = fc.array(fc.oneof({ weight: 8, arbitrary: anyOp }, route), { maxLength: 50 });
    fc.assert(
      fc.property(ops, ops, (before, after) => {
        const g = new RigV3(PES, options, false);
        for (const op of [...PROLOGUE, ...before]) applyToRig(g, op);
        const saved = g.gic.save();
        const other = new RigV3(PES, options, false);
        for (const op of after) applyToRig(other, op); // whatever it was before
        other.gic.restore(saved);
        other.lines.splice(0, PES, ...g.lines.map((lines) => [...lines])); // vCPUs restore their own view
        expect(g.gic.save()).toEqual(saved);
        expect(other.gic.save()).toEqual(saved);
        expect(seen(other)).toEqual(seen(g));
        for (const op of after) {
          expect(applyToRig(other, op)).toBe(applyToRig(g, op));
          expect(seen(other)).toEqual(seen(g));
        }
        expect(other.gic.save()).toEqual(g.gic.save());
      }),
      { numRuns: 100 },
    );
  });
});

describe("a pending queue", () => {
  it.each([96, 1020, 1024, 1025, 4128, 2 ** 17, 2 ** 20])("knows its best as a sorted list would, with %i INTIDs", (limit) => {
    const edges = [0, 31, 32, 1023, 1024, 1055, 4096, 8192, 8193, 65_535, 65_536, limit - 1].filter((intid) => intid < limit);
    const intid = fc.oneof(fc.nat(Math.min(2000, limit - 1)), fc.constantFrom(...edges), fc.nat(limit - 1));
    const step = fc.tuple(fc.constantFrom("insert", "insert", "remove", "take"), fc.nat(31), intid);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new PendingQueue(new ChunkPool(2), 1, limit);
        const list = new Set<number>();
        const best = (): number => Math.min(NO_CANDIDATE, ...list);
        for (const [what, level, id] of steps) {
          if (what === "take") {
            const taken = best();
            expect(queue.takeBest()).toBe(taken);
            list.delete(taken);
          } else {
            queue[what as "insert" | "remove"](level, id);
            list[what === "insert" ? "add" : "delete"](candidateOf(level, id, 1));
            expect(queue.has(level, id)).toBe(what === "insert");
          }
          expect(queue.best()).toBe(best());
        }
        for (const packed of [...list].sort((x, y) => x - y)) {
          expect(queue.best()).toBe(packed);
          queue.remove(levelOf(packed), intidOf(packed));
        }
        expect([queue.empty, queue.takeBest()]).toEqual([true, NO_CANDIDATE]);
      }),
      { numRuns: 60 },
    );
  });

  it("gives its memory back: the pool does not grow with what came and went", () => {
    const pool = new ChunkPool(4);
    const queue = new PendingQueue(pool, 1, 2 ** 17);
    for (let round = 0; round < 200_000; round++) {
      const intid = 8192 + ((round * 977) % 100_000);
      queue.insert(round % 32, intid);
      queue.remove(round % 32, intid);
    }
    expect(pool.words.length).toBe(4 * 33);
  });
});
