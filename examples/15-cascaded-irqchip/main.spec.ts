/** The story as a user sees it, and the combiner by itself: its output, its completions, its state. */
import { createMachine, definePlugin, HIGH, IrqchipToken, LOW, type PlainData, provideAlso, WireOrder } from "@trapline/core";
import { RecordedLine } from "@trapline/testkit";
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";
import { Combiner, combiner } from "./combiner.ts";

it("prints the story of its README", () => {
  expect(runExample("15-cascaded-irqchip").stdout.trimEnd().split("\n")).toEqual([
    "INTID 37: inputs 0",
    "INTID 37: inputs 1 and 2",
    "GSI 8           --h----l",
    "combiner pin 0  --h----l",
    "GSI 5           --hlhl",
    "gic pin 5       --hlhl",
    "IRQ of vcpu0    --hlhl",
    "GSI 9           ----h--l",
    "combiner pin 1  ----h--l",
    "GSI 10          ----h-l",
    "combiner pin 2  ----h-l",
  ]);
});

it("has its output high while an enabled input is", () => {
  const chip = new Combiner(new WireOrder());
  const output = (chip.output = new RecordedLine());
  chip.pins$.emit(3, HIGH);
  expect([output.high, chip.peekPin(3)]).toEqual([false, { line: true, pending: true, active: false, enabled: false }]);
  chip.enable(1 << 3);
  chip.pins$.emit(9, HIGH); // no such input
  expect([output.edges, chip.status]).toEqual(["h", 1 << 3]);
  chip.pins$.emit(3, LOW);
  expect(output.edges).toBe("hl");
});

it("tells of the completions of its inputs when the next chip completes its output", async () => {
  const machine = await createMachine({ plugins: [parentChip, combiner({ base: 0x1000, gsi: 2 })] });
  const [parent, chip] = machine.irqchips as [Combiner, Combiner];
  const completed: number[] = [];
  chip.completions$.subscribe(({ pin }) => completed.push(pin));
  machine.bus.write(0x1008, 4, 0xff, -1);
  for (const pin of [1, 6]) chip.pins$.emit(pin, HIGH);
  expect([parent.lines, machine.bus.read(0x1000, 4, -1)]).toEqual([1 << 2, 0b100_0010]);
  parent.completions$.emit(2);
  expect(completed).toEqual([1, 6]);
  await machine.close();
});

/** A second combiner will do for a parent: GSI 2 is its input 2. */
const parentChip = definePlugin({ name: "parent", provides: [provideAlso(IrqchipToken, ({ order }) => new Combiner(order))] });

it("is restored as it was saved", () => {
  const [from, to] = [new Combiner(new WireOrder()), new Combiner(new WireOrder())];
  from.enable(0x55);
  from.pins$.emit(2, HIGH);
  to.restore(from.save() as PlainData);
  expect([to.save(), to.status]).toEqual([from.save(), 4]);
});
