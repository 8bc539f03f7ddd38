/**
 * The out-of-kernel shape: the interrupt controller lives elsewhere (here: in this program), and the machine has only the
 * IRQ and FIQ lines of its vCPU. See README.md.
 */
import { compute, createMachine, HIGH, LOW, powerOff, read32, scripted, write32 } from "@trapline/core";
import { cpuLines } from "@trapline/vgic-plugin";

const MAILBOX = 0x0900_0000;
const IRQ_OF_VCPU0 = 0; // pin 2·v is IRQ of vCPU v, pin 2·v + 1 its FIQ
let handled = 0;

const guest = scripted({
  *main() {
    while (handled < 3) yield compute(10);
    yield powerOff(handled);
  },
  *irq() {
    const letter = yield* read32(MAILBOX);
    yield write32(MAILBOX, letter); // taken
    handled++;
  },
});

const machine = await createMachine({ name: "cpu-lines", plugins: [guest, cpuLines()] });

// The controller that lives elsewhere: it sees the guest's accesses and drives the line through the router.
const letters = [11, 12, 13];
const drive = (): void => void machine.router.gsi$.emit(IRQ_OF_VCPU0, letters.length > 0 ? HIGH : LOW);
const mailbox = machine.bus.region({ name: "mailbox", base: MAILBOX, size: 4 });
mailbox.accesses$.own("the program", (isWrite) => {
  if (isWrite) letters.shift();
  drive();
  return letters[0] ?? 0;
});
mailbox.accesses$.subscribe(({ direction, value }) => process.stdout.write(`guest ${direction}s ${value}\n`));
drive();

process.stdout.write(`${JSON.stringify(await machine.run({ timeoutMs: 10_000 }))}\n`);
await machine.close();
