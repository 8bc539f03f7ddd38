/**
 * A virtio device on PCI for specs, without a host bridge: the slot here is the spec's, which says what software has chosen, and the
 * BARs are accessed at their offsets. The real bridge is in another package; both together are in examples/41-virtio-pci.
 */
import {
  type BusDevice,
  compileRegisters,
  createMachine,
  definePlugin,
  type LevelLine,
  type Machine,
  type PciFunction,
  type PciHost,
  PciHostToken,
  type PciInterrupts,
  type PciPlace,
  type PciSlot,
  type PciVector,
  provideAlso,
  RegisterFrame,
  type U64,
  type Width,
} from "@trapline/core";
import { EchoDevice } from "../testing/echo-device.fixture.ts";
import type { VirtioPlacement } from "../transport/placement.ts";
import { placeOnPci } from "./place-on-pci.ts";

export const RAM = 0x4000_0000;

class BenchSlot implements PciSlot {
  requesterId = 8;
  busMaster = true;
  interrupts: PciInterrupts = "msix";
  readonly intx: LevelLine & { high: boolean };
  readonly vectors: readonly PciVector[];
  /** Vectors that were signalled or taken back, and what the pin did. */
  readonly heard: string[] = [];

  constructor({ msix }: PciFunction) {
    const { heard } = this;
    this.vectors = Array.from({ length: msix?.vectors ?? 0 }, (_, index) => ({
      index,
      pending: false,
      signal: () => void heard.push(`vector ${index}`),
      cancel: () => {},
    }));
    this.intx = {
      high: false,
      set(high) {
        if (high !== this.high) heard.push(high ? "INTA high" : "INTA low");
        this.high = high;
      },
    };
  }
}

class BenchHost implements PciHost {
  readonly name = "bench";
  plugged: { readonly pciFunction: PciFunction; readonly place: PciPlace; readonly slot: BenchSlot } | undefined;

  plug(pciFunction: PciFunction, place: PciPlace = {}): PciSlot {
    const slot = new BenchSlot(pciFunction);
    this.plugged = { pciFunction, place, slot };
    return slot;
  }
}

export class PciBench {
  readonly machine: Machine;
  readonly device: EchoDevice;
  readonly pciFunction: PciFunction;
  readonly place: PciPlace;
  readonly slot: BenchSlot;

  private constructor(machine: Machine, device: EchoDevice, { plugged }: BenchHost) {
    this.machine = machine;
    this.device = device;
    ({ pciFunction: this.pciFunction, place: this.place, slot: this.slot } = plugged!);
  }

  static async make(place: Omit<VirtioPlacement, "transport"> = {}, device: EchoDevice = new EchoDevice()): Promise<PciBench> {
    const host = new BenchHost();
    const bench = definePlugin({ name: "bench", provides: [provideAlso(PciHostToken, () => host)] });
    const plugins = [bench, definePlugin({ name: device.name, create: (vmm) => placeOnPci(vmm, device, place) })];
    return new PciBench(await createMachine({ memory: [{ base: RAM, size: 0x1_0000 }], plugins }), device, host);
  }

  bar(index: number): BusDevice {
    return this.pciFunction.bars.find((bar) => bar.index === index)!.device!;
  }
  /** BAR4: the modern structures. */
  r(offset: number, width: Width = 4): U64 {
    return this.bar(4).read(offset, width, 0);
  }
  w(offset: number, value: U64, width: Width = 4): void {
    this.bar(4).write(offset, width, value, 0);
  }
  /** BAR0: the legacy interface. */
  in(offset: number, width: Width): number {
    return Number(this.bar(0).read(offset, width, 0));
  }
  out(offset: number, value: number, width: Width): void {
    this.bar(0).write(offset, width, value, 0);
  }

  /** The nth capability, as configuration space would show it. */
  capability(n: number): RegisterFrame<unknown> {
    const { length, registers } = this.pciFunction.capabilities![n]!;
    return new RegisterFrame<unknown>(undefined, compileRegisters("capability", (length + 7) & ~7, registers.map((row) => ({ widths: [1, 2, 4], ...row }))));
  }

  heard(): readonly string[] {
    return this.slot.heard.splice(0);
  }

  /** 3.1.1 through the modern interface: features, vectors (0 for the configuration, n + 1 for queue n), queue 0 at RAM with 8 entries. */
  bringUp(features: bigint = 0x1_3000_0003n): void {
    for (const status of [0, 1, 3]) this.w(0x14, status, 1);
    for (const half of [0, 1]) {
      this.w(0x08, half);
      this.w(0x0c, Number((features >> BigInt(32 * half)) & 0xffff_ffffn));
    }
    this.w(0x14, 11, 1);
    this.w(0x10, 0, 2);
    this.w(0x16, 0, 2);
    this.w(0x18, 8, 2);
    this.w(0x1a, 1, 2);
    for (const [n, address] of [RAM, RAM + 0x100, RAM + 0x200].entries()) {
      this.w(0x20 + 8 * n, address);
      this.w(0x24 + 8 * n, 0);
    }
    this.w(0x1c, 1, 2);
    this.w(0x14, 15, 1);
  }

  /** Makes `entries` chains of one byte to read and one to write available in the ring that begins at `ring`, without a notification. */
  offer(entries: number, available: number = RAM + 0x100, table: number = RAM): void {
    const { memory } = this.machine;
    for (const [n, flags] of [1, 2].entries()) {
      memory.store(table + 16 * n, 8, RAM + 0x8000 + n);
      memory.store(table + 16 * n + 8, 4, 1);
      memory.store(table + 16 * n + 12, 2, flags);
      memory.store(table + 16 * n + 14, 2, 1);
    }
    memory.store(available + 2, 2, entries);
  }

  /** The index of the used ring. */
  used(ring: number = RAM + 0x200): number {
    return Number(this.machine.memory.read(ring + 2, 2));
  }
}
