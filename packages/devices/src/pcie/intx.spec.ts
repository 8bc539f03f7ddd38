/** INTx: four level wires, shared, and all that keeps a pin from them (PCI Local Bus 3.0, 2.2.6, 6.2.2, 6.2.3). */
import { afterEach, describe, expect, it } from "vitest";
import { card, INTX_DISABLE, memoryBar, PciRig } from "./pci-rig.fixture.ts";

const opened: PciRig[] = [];
afterEach(async () => {
  for (const rig of opened.splice(0)) await rig.machine.close();
});
async function rigOf(...args: Parameters<typeof PciRig.make>): Promise<PciRig> {
  const rig = await PciRig.make(...args);
  opened.push(rig);
  return rig;
}
const pinCard = (name: string, interruptPin: 1 | 2 | 3 | 4 = 1): ReturnType<typeof card> => card(name, { interruptPin });

describe("the wire of a pin: (device + pin) mod 4 over GSIs 3 … 6, as the interrupt-map says", () => {
  //       device  pin  GSI
  it.each([[1, 1, 4], [1, 4, 3], [2, 1, 5], [3, 1, 6], [4, 1, 3], [4, 2, 4], [31, 4, 5]] as const)("device %i, pin %i: GSI %i", async (device, pin, gsi) => {
    const rig = await rigOf([{ card: pinCard("card", pin), place: { device } }]);
    rig.slots[0]!.intx.set(true);
    rig.slots[0]!.intx.set(true);
    rig.slots[0]!.intx.set(false);
    expect(rig.heard("wires")).toEqual([`${gsi} high`, `${gsi} low`]);
    expect(rig.machine.router.sources).toEqual([{ gsi, owner: "card", trigger: "level" }]);
  });

  it("is high while any pin on it is", async () => {
    const rig = await rigOf([
      { card: pinCard("a"), place: { device: 1 } },
      { card: pinCard("b"), place: { device: 5 } },
    ]);
    rig.slots[0]!.intx.set(true);
    rig.slots[1]!.intx.set(true);
    rig.slots[0]!.intx.set(false);
    expect(rig.heard("wires")).toEqual(["4 high"]);
    rig.slots[1]!.intx.set(false);
    expect(rig.heard("wires")).toEqual(["4 low"]);
  });

  it("goes where the options say", async () => {
    const rig = await rigOf([pinCard("card")], { gsis: [80, 81, 82, 83] });
    rig.slots[0]!.intx.set(true);
    expect(rig.heard("wires")).toEqual(["81 high"]);
  });
});

it("Interrupt Disable keeps the pin from the wire, and Status says that it is pending all the same", async () => {
  const rig = await rigOf([pinCard("card")]);
  rig.slots[0]!.intx.set(true);
  rig.command(1, INTX_DISABLE);
  expect([rig.heard("wires"), rig.config(1, 0x06, 2)]).toEqual([["4 high", "4 low"], 0x08]);
  rig.command(1, 0);
  rig.slots[0]!.intx.set(false);
  expect([rig.heard("wires"), rig.config(1, 0x06, 2)]).toEqual([["4 high", "4 low"], 0]);
});

it("messages take its place: the wire drops when they are enabled and follows the pin when they are not", async () => {
  const rig = await rigOf([card("card", { interruptPin: 1, bars: [memoryBar(0)], msix: { vectors: 1, bar: 0 } })]);
  rig.slots[0]!.intx.set(true);
  rig.setConfig(1, 0x42, 0x8000, 2);
  expect([rig.heard("wires"), rig.config(1, 0x06, 2), rig.slots[0]!.intx.high]).toEqual([["4 high", "4 low"], 0x10, true]);
  rig.setConfig(1, 0x42, 0, 2);
  expect([rig.heard("wires"), rig.config(1, 0x06, 2)]).toEqual([["4 high"], 0x18]);
});

it("a function without a pin has no wire", async () => {
  const rig = await rigOf([card("card")]);
  rig.slots[0]!.intx.set(true);
  expect([rig.heard("wires"), rig.machine.router.sources]).toEqual([[], []]);
});

it("a snapshot keeps level and wire: the copy lowers what the first one raised", async () => {
  const rig = await rigOf([pinCard("card")]);
  rig.slots[0]!.intx.set(true);
  const twin = await rigOf([pinCard("card")]);
  await twin.machine.restore(await rig.machine.save());
  expect([twin.heard("wires"), twin.slots[0]!.intx.high]).toEqual([[], true]);
  twin.slots[0]!.intx.set(false);
  expect(twin.heard("wires")).toEqual(["4 low"]);
});
