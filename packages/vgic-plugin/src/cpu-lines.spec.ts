/** Plain CPU lines: the out-of-kernel shape. */
import { createMachine, HIGH, LOW, unmaskInterrupts, powerOff, PULSE, scripted, WireOrder } from "@trapline/core";
import { expect, it } from "vitest";
import { CpuLines, cpuLines } from "./cpu-lines.ts";

it("drives IRQ and FIQ of each vCPU by two pins, only on change", () => {
  const chip = new CpuLines(2, new WireOrder());
  const lines: string[] = [];
  chip.vcpuLines$.own("test", (vcpu, line, level) => void lines.push(`${vcpu} ${line} ${level}`));
  const results = ([[0, HIGH], [0, HIGH], [3, HIGH], [0, LOW], [1, PULSE], [4, HIGH], [-1, HIGH]] as const).map(([pin, signal]) => chip.pins$.emit(pin, signal));
  expect(results).toEqual([1, 0, 1, 1, -1, -1, -1]);
  expect(lines).toEqual(["0 0 true", "1 1 true", "0 0 false"]);
  expect([chip.describePin(3), chip.describePin(4), chip.peekPin(3)?.line, chip.peekPin(4)]).toEqual(["FIQ of vCPU 1", "no pin 4", true, undefined]);
});

it("is saved and restored in silence: the vCPUs restore their own view", () => {
  const make = (): [CpuLines, boolean[]] => {
    const chip = new CpuLines(1, new WireOrder());
    const line = [false, false];
    chip.vcpuLines$.own("test", (_vcpu, which, level) => void (line[which] = level));
    return [chip, line];
  };
  const [one] = make();
  one.pins$.emit(1, HIGH);
  const [two, line] = make();
  two.pins$.emit(0, HIGH);
  two.restore(one.save());
  expect(line).toEqual([true, false]);
  expect([two.peekPin(0)?.line, two.peekPin(1)?.line]).toEqual([false, true]);
  two.pins$.emit(1, LOW);
  expect(line).toEqual([true, false]);
  expect(() => two.restore({ levels: new Uint8Array(4) })).toThrow(/should be 2 bytes/);
});

it("lets a controller elsewhere interrupt a guest", async () => {
  const seen: string[] = [];
  const machine = await createMachine({
    plugins: [
      scripted({
        *main() {
          for (;;) yield* unmaskInterrupts();
        },
        *irq() {
          seen.push("irq");
          yield* powerOff();
        },
      }),
      cpuLines(),
    ],
  });
  machine.router.line(0, "controller elsewhere").set(true);
  await machine.run();
  expect(seen).toEqual(["irq"]);
  await machine.close();
});
