/**
 * A generic PCI Express host bridge as QEMU's `virt` board has it (hw/pci-host/gpex.c): configuration space by ECAM, windows for
 * memory and ports, four interrupt wires. Functions sit on its one bus; 00:00.0 is the bridge itself, 1b36:0008.
 *
 * Not modelled: buses behind bridges, extended configuration space (AER, ACS, SR-IOV), errors, power management, hot-plug, and
 * messages to addresses where no interrupt controller takes them. At most 256 functions. Cold; what is warm is in the slots.
 */
import { ConfigError, type PciFunction, type PciHost, type PciPlace, type PciSlot, type PlainData, SnapshotError, type Vmm } from "@trapline/core";
import type { Subscription } from "rxjs";
import { savedRecord } from "../saved-words.ts";
import { BarMap, type MemoryWindow } from "./bar-map.ts";
import { checkFunction } from "./check-function.ts";
import { BUS_BYTES, Ecam } from "./ecam.ts";
import type { PcieConfig } from "./pcie-options.ts";
import { placeFunctions, type Plugged } from "./place-functions.ts";
import { PortWindow } from "./port-window.ts";
import { Slot } from "./slot.ts";
import { readSlot, saveSlot } from "./slot-state.ts";

const HOST_BRIDGE = { vendor: 0x1b36, device: 0x0008, classCode: 0x06_00_00 } as const;

export class PcieHost implements PciHost {
  readonly name: string;
  readonly config: PcieConfig;
  /** By device << 3 | function. */
  private readonly slots = new Map<number, Slot>();
  private readonly plugged: Plugged<Slot>[] = [];
  private attached: { readonly vmm: Vmm; readonly scope: Subscription; readonly bars: BarMap } | undefined;
  private started = false;

  constructor(config: PcieConfig) {
    this.name = config.name;
    this.config = config;
    this.plug({ name: config.name, ids: HOST_BRIDGE, bars: [] }, { device: 0, function: 0 });
  }

  plug(pciFunction: PciFunction, place: PciPlace = {}): PciSlot {
    checkFunction(pciFunction);
    this.refuse(pciFunction.name);
    const slot = new Slot(pciFunction, () => this.moveBars());
    const plugged = { name: pciFunction.name, place, what: slot };
    placeFunctions(this.name, [...this.plugged, plugged], false);
    this.plugged.push(plugged);
    if (this.attached !== undefined) this.connect();
    return slot;
  }

  /** @throws ConfigError when somebody else has its addresses, or a device has no function 0 */
  attach(vmm: Vmm, scope: Subscription): void {
    const { name, ecam, buses, memory, memory64, io } = this.config;
    const space = (requesterId: number): { name: string; frame: Slot["config"] } | undefined => {
      const slot = this.slots.get(requesterId);
      return slot === undefined ? undefined : { name: slot.pciFunction.name, frame: slot.config };
    };
    scope.add(vmm.bus.claim({ name: `${name} ECAM`, base: ecam, size: buses * BUS_BYTES }, new Ecam(space)));
    if (io !== null) scope.add(vmm.bus.claim({ name: `${name} ports`, ...io }, new PortWindow(vmm.ports)));
    const windows: MemoryWindow[] = [{ name: `${name} memory`, ...memory }];
    if (memory64 !== null) windows.push({ name: `${name} memory64`, ...memory64 });
    const bars = new BarMap(vmm.bus, vmm.ports, windows, io?.size ?? 0);
    scope.add(() => bars.close());
    this.attached = { vmm, scope, bars };
    this.connect();
    bars.update(this.inOrder);
  }

  /** Messages get their ends. @throws ConfigError for a device without a function 0: software would never look at the others */
  start(): void {
    this.started = true;
    const { vmm, scope } = this.attached!;
    for (const slot of this.inOrder) slot.start(this.config.firstDeviceId + slot.requesterId, vmm, scope);
    for (const [place, { pciFunction }] of this.slots) {
      if (this.slots.has(place & ~7)) continue;
      throw new ConfigError(`${pciFunction.name} is function ${place & 7} of device ${place >>> 3} of ${this.name}, which has no function 0`, {
        subject: pciFunction.name,
        other: this.name,
        remedy: "make it, or another function of that device, function 0",
      });
    }
  }

  reset(): void {
    for (const slot of this.slots.values()) slot.reset();
    this.moveBars();
  }

  save(): PlainData {
    return Object.fromEntries(this.inOrder.map((slot) => [label(slot), saveSlot(slot)]));
  }

  restore(state: PlainData): void {
    const record = savedRecord(this.name, state);
    const ours = this.inOrder.map(label).join(", ");
    const theirs = Object.keys(record).toSorted().join(", ");
    if (ours !== theirs) {
      throw new SnapshotError(`the saved functions of ${this.name} are not those of this machine`, {
        subject: this.name,
        value: theirs,
        limit: ours,
        remedy: "plug the same functions in the same places before restoring",
      });
    }
    const takes = this.inOrder.map((slot) => readSlot(slot, record[label(slot)]!));
    for (const take of takes) take();
    this.moveBars();
  }

  /** By ascending requester id. */
  private get inOrder(): readonly Slot[] {
    return [...this.slots.values()].toSorted((a, b) => a.requesterId - b.requesterId);
  }

  private moveBars(): void {
    this.attached?.bars.update(this.inOrder);
  }

  /** Gives numbers to whoever has none yet, and their wires. */
  private connect(): void {
    const { vmm } = this.attached!;
    const { gsis } = this.config;
    for (const [place, { name, what: slot }] of [...placeFunctions(this.name, this.plugged, true)].toSorted(([a], [b]) => a - b)) {
      if (this.slots.has(place)) continue;
      const pin = slot.pciFunction.interruptPin;
      const line = pin === undefined ? undefined : vmm.router.line(gsis[((place >>> 3) + pin - 1) % 4]!, name);
      slot.connect(place, line);
      this.slots.set(place, slot);
    }
    const devices = [...this.slots.keys()].map((place) => place >>> 3);
    for (const [place, { header }] of this.slots) header.multiFunction = devices.filter((device) => device === place >>> 3).length > 1;
  }

  private refuse(name: string): void {
    if (this.plugged.some((other) => other.name === name)) {
      throw new ConfigError(`${this.name} has a function ${name} already`, { subject: name, other: this.name, remedy: "give each function a name of its own" });
    }
    if (!this.started) return;
    throw new ConfigError(`${name} comes too late to ${this.name}: the machine has started`, {
      subject: name,
      other: this.name,
      remedy: "plug it while the plugins are made or attach",
    });
  }
}

/** "01.0 disk0": place and name, as lspci writes places. Sorts by place. */
function label({ requesterId, pciFunction }: Slot): string {
  return `${(requesterId >>> 3).toString(16).padStart(2, "0")}.${requesterId & 7} ${pciFunction.name}`;
}
