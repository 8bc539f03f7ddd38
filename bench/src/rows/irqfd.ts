/**
 * From an eventfd to the line of a vCPU, and the replacement of a whole routing table.
 *
 * Each of 64 vCPUs has an edge SPI of its own and an irqfd for it, so every signal of a round raises a line: signal →
 * irqfd → resolved route → pin → GICv3 → vCPU line. The guests' acknowledge and end of interrupt between the rounds are not
 * timed. The reference looks the way an irqfd is first written: a Subject, and a search through the list of routes.
 */
import {
  createMachine,
  EventFdFactoryToken,
  type GsiRoute,
  GsiRoutingToken,
  IrqfdsToken,
  type Machine,
  PULSE,
  scripted,
  SysregsToken,
} from "@trapline/core";
import { kvmInterrupts } from "@trapline/irqfd-plugin";
import { iccEncoding, vgicV3, VgicToken } from "@trapline/vgic-plugin";
import { Subject } from "rxjs";
import { atMost, type PreparedRow, type Row } from "../harness/row.ts";

const VCPUS = 64;
const ROUTES = 4096;
const ROUNDS = 300;
const GICD = 0x0800_0000;
const icc = (name: string): number => iccEncoding(name)!;

/** A machine whose SPI n is an edge, in group 1, enabled and routed to vCPU n. */
async function manyVcpus(): Promise<Machine> {
  const redistributors = [{ base: 0x10_0000_0000, size: VCPUS * 0x2_0000 }];
  const plugins = [scripted(), ...kvmInterrupts({ profile: "mainline" }), vgicV3({ spis: VCPUS, redistributors })];
  const machine = await createMachine({ vcpus: VCPUS, plugins });
  const { bus, vcpus } = machine;
  const { topology } = machine.get(VgicToken);
  const sysregs = machine.get(SysregsToken);
  bus.write(GICD, 4, 2, 0); // GICD_CTLR.EnableGrp1
  for (let word = 1; word <= VCPUS / 32; word++) {
    bus.write(GICD + 0x080 + 4 * word, 4, 0xffff_ffff, 0); // GICD_IGROUPR
    for (const half of [0, 4]) bus.write(GICD + 0xc00 + 8 * word + half, 4, 0xaaaa_aaaa, 0); // GICD_ICFGR: edge
  }
  for (const { id } of vcpus) {
    bus.write(GICD + 0x400 + 32 + id, 1, 0xa0, 0); // GICD_IPRIORITYR
    bus.write(GICD + 0x6000 + 8 * (32 + id), 8, topology.affinity(id), 0); // GICD_IROUTER
    sysregs.write(icc("ICC_PMR_EL1"), 0xf8, id);
    sysregs.write(icc("ICC_IGRPEN1_EL1"), 1, id);
  }
  for (let word = 1; word <= VCPUS / 32; word++) bus.write(GICD + 0x100 + 4 * word, 4, 0xffff_ffff, 0); // GICD_ISENABLER
  return machine;
}

/** Times `signal(n)` for every vCPU n, and lets the guests take what came in between. */
function rounds(machine: Machine, signal: (n: number) => void): PreparedRow {
  const sysregs = machine.get(SysregsToken);
  const gic = machine.get(VgicToken);
  const [iar, eoir] = [icc("ICC_IAR1_EL1"), icc("ICC_EOIR1_EL1")];
  const round = (): number => {
    const start = process.hrtime.bigint();
    for (let n = 0; n < VCPUS; n++) signal(n);
    const ns = Number(process.hrtime.bigint() - start);
    for (let n = 0; n < VCPUS; n++) {
      if (!gic.peekLine(n, "irq")) throw new Error(`the line of vCPU ${n} is low`);
      sysregs.write(eoir, sysregs.read(iar, n), n);
    }
    return ns;
  };
  return {
    warmUp: () => {
      for (let n = 0; n < 4 * ROUNDS; n++) round();
    },
    sample() {
      let ns = 0;
      for (let n = 0; n < ROUNDS; n++) ns += round();
      return ns / (ROUNDS * VCPUS);
    },
    close: () => machine.close(),
  };
}

async function irqfds(): Promise<PreparedRow> {
  const machine = await manyVcpus();
  const factory = machine.get(EventFdFactoryToken);
  const eventFds = Array.from({ length: VCPUS }, (_, gsi) => {
    const eventFd = factory.create({ name: `device${gsi}` });
    machine.get(IrqfdsToken).assign({ eventFd, gsi });
    return eventFd;
  });
  return rounds(machine, (n) => eventFds[n]!.signal());
}

async function searchedRoutes(): Promise<PreparedRow> {
  const machine = await manyVcpus();
  const routes = Array.from({ length: VCPUS }, (_, gsi) => ({ gsi, irqchip: 0, pin: gsi }));
  const subjects = routes.map(({ gsi }) => {
    const subject = new Subject<number>();
    subject.subscribe(() => {
      for (const { irqchip, pin } of routes.filter((route) => route.gsi === gsi)) machine.irqchips[irqchip]!.pins$.emit(pin, PULSE);
    });
    return subject;
  });
  return rounds(machine, (n) => subjects[n]!.next(1));
}

/** 4096 routes, each GSI to another pin in every second table. */
function tables(): readonly (readonly GsiRoute[])[] {
  return [0, 1].map((shift) => Array.from({ length: ROUTES }, (_, gsi) => ({ gsi, target: { irqchip: 0, pin: (gsi + shift) % VCPUS } })));
}

function timedMs(replace: (table: readonly GsiRoute[]) => void, close: () => Promise<void> | void = () => {}): PreparedRow {
  const both = tables();
  let turn = 0;
  return {
    warmUp: () => {
      for (let n = 0; n < 60; n++) replace(both[n & 1]!);
    },
    sample() {
      const start = process.hrtime.bigint();
      replace(both[turn++ & 1]!);
      return Number(process.hrtime.bigint() - start) / 1e6;
    },
    close,
  };
}

async function replaceTable(): Promise<PreparedRow> {
  const machine = await manyVcpus();
  const factory = machine.get(EventFdFactoryToken);
  for (let gsi = 0; gsi < VCPUS; gsi++) machine.get(IrqfdsToken).assign({ eventFd: factory.create({}), gsi });
  const routing = machine.get(GsiRoutingToken);
  return timedMs((table) => routing.replace(table), () => machine.close());
}

/** Checks each entry against all before it, and searches the new table for every irqfd. */
function replaceBySearching(): PreparedRow {
  let inForce: readonly GsiRoute[] = [];
  const resolved: (GsiRoute | undefined)[] = [];
  return timedMs((table) => {
    for (const [n, { gsi }] of table.entries()) {
      if (table.findIndex((other) => other.gsi === gsi) < n) throw new Error(`GSI ${gsi} is routed twice`);
    }
    inForce = table;
    for (let gsi = 0; gsi < VCPUS; gsi++) resolved[gsi] = inForce.find((route) => route.gsi === gsi);
  });
}

export const rows: readonly Row[] = [
  { name: "irqfd/signal-to-vcpu-line", unit: "ns", reference: "irqfd/searched-routes", targets: [atMost(150)], prepare: irqfds },
  { name: "irqfd/searched-routes", unit: "ns", prepare: searchedRoutes },
  { name: "routing/replace-4096", unit: "ms", reference: "routing/replace-by-searching", targets: [atMost(1)], prepare: replaceTable },
  { name: "routing/replace-by-searching", unit: "ms", prepare: replaceBySearching },
];
