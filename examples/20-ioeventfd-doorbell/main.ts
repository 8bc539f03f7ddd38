/** A doorbell: the guest's write signals an eventfd and stops there; the device behind it never sees it. See README.md. */
import { createMachine, definePlugin, EventFdFactoryToken, IoeventfdsToken, powerOff, scripted, write32 } from "@trapline/core";
import { eventfd, ioeventfd } from "@trapline/irqfd-plugin";

const DEVICE = 0x0a00_0000;
const QUEUE_NOTIFY = DEVICE + 0x50;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const device = definePlugin({
  name: "device",
  create: (vmm) => ({
    attach(scope) {
      const write = (offset: number, _width: number, value: number | bigint): void => print(`device: write of ${value} at +0x${offset.toString(16)}`);
      scope.add(vmm.bus.claim({ name: "device", base: DEVICE, size: 0x1000 }, { read: () => 0, write }));
    },
  }),
});

const guest = scripted(function* () {
  yield write32(QUEUE_NOTIFY, 0); // queue 0
  yield write32(QUEUE_NOTIFY, 1); // queue 1
  yield write32(QUEUE_NOTIFY, 1);
  yield write32(QUEUE_NOTIFY, 2); // nobody registered 2: the device gets it
  yield powerOff();
});

const machine = await createMachine({ plugins: [guest, eventfd(), ioeventfd(), device] });

// Queue 0 has a worker that is told at once; queue 1 one that looks when it has time.
const eventFds = machine.get(EventFdFactoryToken);
const [queue0, queue1] = [eventFds.create({ name: "queue 0" }), eventFds.create({ name: "queue 1" })];
queue0.signals$.own("worker 0", () => print(`worker 0: ${queue0.read()} kick`));

const ioeventfds = machine.get(IoeventfdsToken);
ioeventfds.assign({ eventFd: queue0, space: "mmio", address: QUEUE_NOTIFY, length: 4, datamatch: 0 });
ioeventfds.assign({ eventFd: queue1, space: "mmio", address: QUEUE_NOTIFY, length: 4, datamatch: 1 });

await machine.run({ timeoutMs: 10_000 });
print(`worker 1: ${await queue1.readAsync()} kicks`);
await machine.close();
