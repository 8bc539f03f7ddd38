/** One program, three machine files, three meanings of a GSI. See README.md. */
import { fileURLToPath } from "node:url";
import { createMachine, EventFdFactoryToken, type GsiRoute, GsiRoutingToken, hex, IrqfdsToken, type Machine } from "@trapline/core";
import { loadMachineFile } from "@trapline/core/machine-file";
import { KvmIrqApi, TableRouterToken } from "@trapline/irqfd-plugin";

const SPI_33 = 0x0100_0021; // words of KVM_IRQ_LINE: type 1, INTID 33
const PPI_20_OF_VCPU1 = 0x0201_0014; //              type 2, vCPU 1, INTID 20
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const settle = (machine: Machine): Promise<unknown> => machine.run({ timeoutMs: 10_000 }); // until both vCPUs sleep

for (const profile of ["mainline", "rfc2014", "wide"]) {
  const machine = await createMachine(await loadMachineFile(fileURLToPath(new URL(`${profile}.yaml`, import.meta.url))));
  const api = new KvmIrqApi(machine);
  const routing = machine.get(GsiRoutingToken);
  const { profile: rules } = machine.get(TableRouterToken);
  await settle(machine);

  print(`${profile}: ${routing.routes.length} routes stored, the default table has ${routing.defaultRoutes().length}`);
  for (const gsi of [1, SPI_33, PPI_20_OF_VCPU1]) print(`  GSI ${gsi < 4096 ? gsi : hex(gsi, 8)} → ${leadsTo(machine, gsi)}`);

  print("  KVM_IRQ_LINE of SPI 33, while the table leads it to 40");
  const { target } = routing.defaultRoutes().find(({ gsi }) => gsi === rules.defaultGsi({ intid: 40, vcpu: 0 }))!;
  const moved = (route: GsiRoute): GsiRoute => (route.gsi === rules.defaultGsi({ intid: 33, vcpu: 0 }) ? { gsi: route.gsi, target } : route);
  routing.replace(routing.defaultRoutes().map(moved));
  if (api.irqLine({ irq: SPI_33, level: 1 }) < 0) throw api.lastError!;
  await settle(machine);

  print(`  an irqfd on GSI ${hex(PPI_20_OF_VCPU1, 8)}`);
  const eventFd = machine.get(EventFdFactoryToken).create({ name: "ppi" });
  machine.get(IrqfdsToken).assign({ eventFd, gsi: PPI_20_OF_VCPU1 });
  eventFd.signal();
  if (machine.router.resolve(PPI_20_OF_VCPU1).length === 0) print("    lost: no such route");
  await settle(machine);
  await machine.close();
}

function leadsTo(machine: Machine, gsi: number): string {
  const [target] = machine.router.resolve(gsi);
  if (target === undefined || "msi" in target) return "nowhere";
  return `pin ${target.pin}, ${machine.irqchips[target.irqchip]!.describePin(target.pin)}`;
}
