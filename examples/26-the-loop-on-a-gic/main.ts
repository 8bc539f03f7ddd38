/** The whole loop: guest → doorbell → device model → irqfd → route → GICv3 → guest. See README.md. */
import { createMachine, EventFdFactoryToken, formatTrace, GsiRoutingToken, IoeventfdsToken, IrqfdsToken, ofKind, powerOff, read32, scripted, wfi, write32 } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";
import { dumpRouting, kvmInterrupts } from "@trapline/irqfd-plugin";
import { vgicV3 } from "@trapline/vgic-plugin";

const NOTIFY = 0x0a00_0050;
const MAILBOX = 0x4000_0000;
const GSI = 5;
const SPI = 3; // pin 3, INTID 35
const print = (line: string): void => void process.stdout.write(`${line}\n`);

let served = 0;
const guest = scripted({
  *main() {
    yield* enableDistributor();
    yield* enableSpi(SPI);
    yield* enableCpuInterface();
    yield write32(NOTIFY, 2); // two jobs, please
    while (served < 2) yield wfi();
    yield powerOff();
  },
  *irq() {
    const intid = yield* acknowledge();
    const result = yield* read32(MAILBOX);
    print(`guest: INTID ${intid}, job ${result} done`);
    served++;
    yield endOfInterrupt(intid); // the line drops, then the device is told
  },
});

const machine = await createMachine({
  memory: [{ base: MAILBOX, size: 0x1_0000 }],
  plugins: [guest, ...kvmInterrupts(), vgicV3({ spis: 32 })],
});

const eventFds = machine.get(EventFdFactoryToken);
const [kick, interrupt, completed] = ["kick", "interrupt", "completed"].map((name) => eventFds.create({ name })) as [Fd, Fd, Fd];
type Fd = ReturnType<typeof eventFds.create>;
machine.get(GsiRoutingToken).replace([{ gsi: GSI, target: { irqchip: 0, pin: SPI } }]);
machine.get(IoeventfdsToken).assign({ eventFd: kick, space: "mmio", address: NOTIFY, length: 4 });
machine.get(IrqfdsToken).assign({ eventFd: interrupt, gsi: GSI, resample: completed });

// The device model: it knows three eventfds and the mailbox, and no irqchip.
let jobs = 2;
const finishOne = (): void => {
  machine.memory.write(MAILBOX, 4, jobs--);
  interrupt.signal();
};
kick.signals$.own("device", finishOne);
completed.signals$.own("device", () => (jobs > 0 ? finishOne() : print("device: nothing left")));

print(dumpRouting({ router: machine.router, find: (token) => machine.find(token) }).split("\n")[0]!);
const tap = machine.trace$.pipe(ofKind("doorbell", "signal", "gsi", "pin", "gic.acknowledge", "completion")).subscribe((event) => print(`  ${formatTrace(event).replace(/^ *#\d+ +[\d.]+ µs {2}/, "")}`));
print(JSON.stringify(await machine.run({ timeoutMs: 10_000 })));
tap.unsubscribe();
await machine.close();
