/** The whole loop: guest → doorbell → device model → irqfd → route → an irqchip that is no GIC → guest. See README.md. */
import { createMachine, EventFdFactoryToken, formatTrace, GsiRoutingToken, IoeventfdsToken, IrqfdsToken, ofKind, powerOff, read32, scripted, wfi, write32 } from "@trapline/core";
import { dumpRouting, kvmInterrupts } from "@trapline/irqfd-plugin";
import { inputChip } from "./input-chip.ts";

const INPUTS = 0x0800_0000;
const NOTIFY = 0x0a00_0050;
const MAILBOX = 0x4000_0000;
const GSI = 5;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

let served = 0;
const guest = scripted({
  *main() {
    yield write32(NOTIFY, 2); // two jobs, please
    while (served < 2) yield wfi();
    yield powerOff();
  },
  *irq() {
    const pin = yield* read32(INPUTS); // TAKE
    const result = yield* read32(MAILBOX);
    print(`guest: input ${pin}, job ${result} done`);
    served++;
    yield write32(INPUTS + 4, pin); // END: the line drops, then the device is told
  },
});

const machine = await createMachine({
  memory: [{ base: MAILBOX, size: 0x1_0000 }],
  plugins: [guest, ...kvmInterrupts(), inputChip(INPUTS)],
});

const eventFds = machine.get(EventFdFactoryToken);
const [kick, interrupt, completed] = ["kick", "interrupt", "completed"].map((name) => eventFds.create({ name })) as [Fd, Fd, Fd];
type Fd = ReturnType<typeof eventFds.create>;
machine.get(GsiRoutingToken).replace([{ gsi: GSI, target: { irqchip: 0, pin: 3 } }]);
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

print(dumpRouting({ router: machine.router, find: (token) => machine.find(token) }));
const tap = machine.trace$.pipe(ofKind("doorbell", "signal", "gsi", "pin", "completion")).subscribe((event) => print(`  ${formatTrace(event).replace(/^ *#\d+ +[\d.]+ µs {2}/, "")}`));
print(JSON.stringify(await machine.run({ timeoutMs: 10_000 })));
tap.unsubscribe();
await machine.close();
