/** Two devices share one level interrupt of a GICv3: the line drops once, then both are told. See README.md. */
import { createMachine, EventFdFactoryToken, formatTrace, IrqfdsToken, ofKind, powerOff, read32, scripted, wfi } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";
import { dumpRouting, kvmInterrupts } from "@trapline/irqfd-plugin";
import { vgicV3 } from "@trapline/vgic-plugin";

const DEVICES = 0x0a00_0000; // one word for each device: the next job that is done, 0 when there is none
const GSI = 1; // pin 1 is SPI 1, INTID 33
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const done = { disk: [11, 12], net: [21] };
const names = ["disk", "net"] as const;

const guest = scripted({
  *main() {
    yield* enableDistributor();
    yield* enableSpi(GSI);
    yield* enableCpuInterface();
    while (names.some((name) => done[name].length > 0)) yield wfi();
    yield powerOff();
  },
  *irq() {
    const intid = yield* acknowledge();
    for (const [n, name] of names.entries()) {
      const job = yield* read32(DEVICES + 4 * n);
      if (job !== 0) print(`guest: INTID ${intid}, ${name} has done job ${job}`);
    }
    yield endOfInterrupt(intid);
  },
});

const machine = await createMachine({ plugins: [guest, ...kvmInterrupts({ profile: "mainline" }), vgicV3({ spis: 32 })] });
machine.bus.claim({ name: "devices", base: DEVICES, size: 8 }, { read: (offset) => done[names[offset / 4]!].shift() ?? 0, write() {} });

const eventFds = machine.get(EventFdFactoryToken);
// A device model knows two eventfds and no irqchip: it signals one while it has something to say, and asks itself again at the other.
for (const name of names) {
  const [trigger, completed] = [eventFds.create({ name: `${name}-trigger` }), eventFds.create({ name: `${name}-completed` })];
  machine.get(IrqfdsToken).assign({ eventFd: trigger, gsi: GSI, resample: completed });
  const update = (): void => (done[name].length > 0 ? trigger.signal() : print(`${name}: quiet`));
  completed.signals$.own(name, () => (completed.read(), update()));
  machine.clock.timer(name, update).armAt(1000);
}

print(dumpRouting({ router: machine.router, find: (token) => machine.find(token) }).split("\n")[GSI]!);
const life$ = machine.trace$.pipe(ofKind("signal", "gsi", "pin", "gic.acknowledge", "gic.eoi", "completion"));
const tap = life$.subscribe((event) => print(`  ${formatTrace(event).replace(/^ *#\d+ +[\d.]+ µs {2}/, "")}`));
print(JSON.stringify(await machine.run({ timeoutMs: 10_000 })));
tap.unsubscribe();
print(`the line is ${machine.irqchips[0]!.peekPin(GSI)!.line ? "high" : "low"}`);
await machine.close();
