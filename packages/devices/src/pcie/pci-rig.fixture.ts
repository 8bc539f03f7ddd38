/** A machine with a host bridge and functions for specs, software's view of it, and everything that its interrupts did. */
import {
  type BusDevice,
  createMachine,
  definePlugin,
  findPciHost,
  type GsiEvent,
  type Machine,
  type MsiEvent,
  type PciBar,
  type PciFunction,
  type PciPlace,
  type PciSlot,
  type PluginDefinition,
  type U64,
  u64,
  type Width,
} from "@trapline/core";
import { pcieHost } from "./pcie-host.plugin.ts";
import type { PcieHostOptions } from "./pcie-options.ts";

export const ECAM = 0x40_1000_0000;
export const [IO_ENABLE, MEMORY_ENABLE, MASTER_ENABLE, INTX_DISABLE] = [0x001, 0x002, 0x004, 0x400] as const;

/** Keeps bytes, and what was asked of it. */
export class Scratch implements BusDevice {
  readonly bytes: Uint8Array;
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }
  read(offset: number, width: Width): U64 {
    const word = (at: number, count: number): number => this.bytes.slice(at, at + count).reduceRight((value, byte) => value * 256 + byte, 0);
    return width === 8 ? u64(word(offset + 4, 4), word(offset, 4)) : word(offset, width);
  }
  write(offset: number, width: Width, value: U64): void {
    for (let n = 0; n < width; n++) this.bytes[offset + n] = Number((BigInt(value) >> BigInt(8 * n)) & 0xffn);
  }
}

export const memoryBar = (index: number, size = 0x1000, more: Partial<PciBar> = {}): PciBar => ({
  index,
  space: "memory",
  size,
  device: new Scratch(Math.min(size, 0x1000)),
  ...more,
});

/** A network card of nobody's, unless told otherwise. */
export const card = (name: string, more: Partial<PciFunction> = {}): PciFunction => ({
  name,
  ids: { vendor: 0x1234, device: 0x5678, classCode: 0x02_00_00, revision: 3, subsystemVendor: 0xabcd, subsystem: 0x4321 },
  bars: [memoryBar(0)],
  ...more,
});

export interface PluggedCard {
  readonly card: PciFunction;
  readonly place?: PciPlace;
}

export class PciRig {
  readonly machine: Machine;
  readonly slots: readonly PciSlot[];
  readonly messages: string[] = [];
  readonly wires: string[] = [];

  private constructor(machine: Machine, slots: readonly PciSlot[]) {
    this.machine = machine;
    this.slots = slots;
    machine.router.msi$.subscribe(({ address, data, deviceId }: MsiEvent) => void this.messages.push(`${deviceId}: ${address.toString(16)} = ${data}`));
    machine.router.gsi$.subscribe(({ gsi, signal }: GsiEvent) => void this.wires.push(`${gsi} ${signal}`));
  }

  static async make(cards: readonly (PciFunction | PluggedCard)[] = [], options: PcieHostOptions = {}, others: readonly PluginDefinition[] = []): Promise<PciRig> {
    const slots: PciSlot[] = [];
    const plugs = cards.map((each) => {
      const { card: pciFunction, place }: PluggedCard = "card" in each ? each : { card: each };
      return definePlugin({
        name: pciFunction.name,
        create(vmm) {
          slots.push(findPciHost(vmm, pciFunction.name).plug(pciFunction, place));
          // What guests write into a card is the card's own to save.
          const memories = (pciFunction.bars ?? []).flatMap(({ device }) => (device instanceof Scratch ? [device.bytes] : []));
          return {
            save: () => memories.map((bytes) => bytes.slice()),
            restore: (state) => (state as readonly Uint8Array[]).forEach((bytes, n) => memories[n]!.set(bytes)),
          };
        },
      });
    });
    return new PciRig(await createMachine({ plugins: [...plugs, pcieHost(options), ...others] }), slots);
  }

  /** What was told since the last call. */
  heard(list: "messages" | "wires"): readonly string[] {
    return this[list].splice(0);
  }

  r(address: number, width: Width = 4): U64 {
    return this.machine.bus.read(address, width, -1);
  }
  w(address: number, value: U64, width: Width = 4): void {
    this.machine.bus.write(address, width, value, -1);
  }

  /** Configuration space of function `fn` of device `device`. */
  config(device: number, offset: number, width: Width = 4, fn = 0): number {
    return Number(this.r(ECAM + device * 0x8000 + fn * 0x1000 + offset, width));
  }
  setConfig(device: number, offset: number, value: number, width: Width = 4, fn = 0): void {
    this.w(ECAM + device * 0x8000 + fn * 0x1000 + offset, value, width);
  }

  command(device: number, value: number, fn = 0): void {
    this.setConfig(device, 0x04, value, 2, fn);
  }

  /** Offset of the capability `id`, as software finds it; 0 when there is none. */
  capability(device: number, id: number): number {
    if ((this.config(device, 0x06, 2) & 0x10) === 0) return 0;
    let at = this.config(device, 0x34, 1);
    while (at !== 0 && this.config(device, at, 1) !== id) at = this.config(device, at + 1, 1);
    return at;
  }

  /** "10000000 card BAR0" for all but empty windows. */
  claims(): readonly string[] {
    const { bus, ports } = this.machine;
    return [...bus.claims, ...ports.claims].filter(({ name }) => name.includes("BAR")).map(({ base, name }) => `${base.toString(16)} ${name}`);
  }
}
