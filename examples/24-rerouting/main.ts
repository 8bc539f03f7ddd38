/** The table is replaced inside an interrupt handler, while signals are in flight. See README.md. */
import { createMachine, EventFdFactoryToken, GsiRoutingToken, IoeventfdsToken, IrqfdsToken, scripted, wfi, write32 } from "@trapline/core";
import { acknowledge, enableCpuInterface, enableDistributor, enableSpi, endOfInterrupt } from "@trapline/example-guest-gic";
import { dumpRouting, kvmInterrupts } from "@trapline/irqfd-plugin";
import { vgicV3 } from "@trapline/vgic-plugin";

const GICD_ICFGR2 = 0x0800_0c08; // SPIs 0 … 15
const REROUTE = 0x0a00_0000; // a doorbell: the guest asks for the other table
const print = (line: string): void => void process.stdout.write(`${line}\n`);

let interrupts = 0;
const guest = scripted({
  *main() {
    yield* enableDistributor();
    for (const spi of [1, 2, 3, 4]) yield* enableSpi(spi);
    yield write32(GICD_ICFGR2, 0x2a8); // edges, as irqfds without resamplefd send them
    yield* enableCpuInterface();
    for (;;) yield wfi();
  },
  *irq() {
    const intid = yield* acknowledge();
    if (interrupts++ === 0) yield write32(REROUTE, 1); // 33 is active, 34 pending
    print(`guest: INTID ${intid}`);
    yield endOfInterrupt(intid);
  },
});

const machine = await createMachine({ plugins: [guest, ...kvmInterrupts({ profile: "mainline" }), vgicV3({ spis: 32 })] });
const { router } = machine;
const factory = machine.get(EventFdFactoryToken);
const eventFds = new Map(["eth", "disk", "uart"].map((name, n) => [24 + n, factory.create({ name })]));
for (const [gsi, eventFd] of eventFds) machine.get(IrqfdsToken).assign({ eventFd, gsi });

function route(...pins: readonly (readonly [gsi: number, pin: number])[]): void {
  machine.get(GsiRoutingToken).replace(pins.map(([gsi, pin]) => ({ gsi, target: { irqchip: 0, pin } })));
  print(dumpRouting({ router, find: (token) => machine.find(token) }).replaceAll(/^/gm, "  "));
}

const sent = { routed: 0, unrouted: 0 };
function signalAll(when: string): void {
  print(`${when}: every eventfd is signalled`);
  for (const [gsi, eventFd] of eventFds) {
    sent[router.resolve(gsi).length === 0 ? "unrouted" : "routed"]++;
    eventFd.signal();
  }
}

route([24, 1], [25, 2]);
const reroute = factory.create({ name: "reroute" });
machine.get(IoeventfdsToken).assign({ eventFd: reroute, space: "mmio", address: REROUTE, length: 4 });
reroute.signals$.own("host", () => {
  route([24, 3], [26, 4]); // eth moves, disk has no route any more, uart has its first
  signalAll("between");
});
machine.clock.timer("before", () => signalAll("before")).armAt(1_000_000);
machine.clock.timer("after", () => signalAll("after")).armAt(2_000_000);
await machine.run({ timeoutMs: 10_000 }); // until the guest sleeps for good
print(`${sent.routed} signals had a route, ${sent.unrouted} had none: ${interrupts} interrupts`);
await machine.close();
