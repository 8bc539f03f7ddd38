/** The first machine: a scripted guest, a console, a ticker with a level interrupt, and an irqchip. See README.md. */
import { createMachine, formatTrace, ofKind, powerOff, read32, scripted, wfi, write32 } from "@trapline/core";
import { consolePlugin } from "./console.ts";
import { tickerPlugin } from "./ticker.ts";
import { tinyIrqchip } from "./tiny-irqchip.ts";

const IRQCHIP = 0x0800_0000;
const CONSOLE = 0x0900_0000;
const TICKER = 0x0a00_0000;

function* print(text: string) {
  for (const character of text) yield write32(CONSOLE, character.charCodeAt(0));
}

let ticks = 0;

const guest = scripted({
  *main() {
    yield* print("hello from the guest\n");
    yield write32(IRQCHIP + 0x4, 1 << 1); // ENABLE pin 1
    yield write32(TICKER, 1_000_000); //     PERIOD 1 ms
    while (ticks < 3) yield wfi();
    yield powerOff();
  },
  *irq() {
    const pin = yield* read32(IRQCHIP + 0x8); // CLAIM
    ticks = yield* read32(TICKER + 0x4); //      COUNT
    yield write32(TICKER + 0x8, 1); //           ACK: the line drops
    yield* print(`tick ${ticks} on pin ${pin}\n`);
    yield write32(IRQCHIP + 0xc, pin); //        DONE
  },
});

const machine = await createMachine({
  name: "first",
  memory: [{ base: 0x4000_0000, size: 0x1_0000 }],
  plugins: [
    guest,
    tinyIrqchip({ base: IRQCHIP }),
    consolePlugin({ base: CONSOLE, output: (text) => process.stdout.write(text) }),
    tickerPlugin({ base: TICKER, gsi: 1 }), // GSI 1 → pin 1
  ],
});

// Where did the interrupt go? Tap the trace and read.
const interrupts$ = machine.trace$.pipe(ofKind("gsi", "pin", "vcpu-line", "completion"));
interrupts$.subscribe((event) => process.stdout.write(`  ${formatTrace(event)}\n`));

const result = await machine.run({ timeoutMs: 10_000 });
process.stdout.write(`${JSON.stringify(result)}\n`);
await machine.close();
