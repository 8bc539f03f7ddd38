/** One machine, one device, two styles of plugin: the guest cannot tell them apart. See README.md. */
import { createMachine, powerOff, read32, scripted, write32 } from "@trapline/core";
import { decoratedLedPlugin } from "./decorator-style.ts";
import { ledPlugin } from "./function-style.ts";

const RED = 0x0900_0000;
const GREEN = 0x0900_1000;

function show(name: string): (on: boolean) => void {
  return (on) => process.stdout.write(`${name} ${on ? "on" : "off"}\n`);
}

const machine = await createMachine({
  name: "two-styles",
  plugins: [
    scripted(function* () {
      for (const base of [RED, GREEN]) {
        yield write32(base, 1);
        const lamp = yield* read32(base);
        yield write32(base, lamp ^ 1);
      }
      yield powerOff();
    }),
    ledPlugin({ name: "red", base: RED, show: show("red") }),
    decoratedLedPlugin({ name: "green", base: GREEN, show: show("green") }),
  ],
});

process.stdout.write(`${JSON.stringify(await machine.run({ timeoutMs: 10_000 }))}\n`);
await machine.close();
