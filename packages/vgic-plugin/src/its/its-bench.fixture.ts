/**
 * An ITS with its LPIs on a test bench: guest memory, a clock, four vCPUs, and in place of the GIC a list of what is filed,
 * from which `acknowledge` takes the best by priority and INTID, as slowly and plainly as that can be written.
 */
import {
  GuestMemory,
  hex,
  type IrqResult,
  lo32,
  topology,
  type U64,
  u64,
  VirtualClock,
  type VcpuTopology,
  type Width,
  WireOrder,
} from "@trapline/core";
import { Its } from "./its.ts";
import { itsConfig, type ItsOptions } from "./its-config.ts";
import type { LpiPort } from "../lpi/lpi-controller.ts";
import { type LpiOptions, Lpis } from "../lpi/lpis.ts";
import type { CommandWords } from "./its-command-words.ts";

/** Where the bench keeps things, all inside 16 MiB of RAM. */
export const RAM = { base: 0x4000_0000, size: 0x100_0000 } as const;
export const QUEUE = 0x4010_0000;
export const DEVICE_TABLE_AT = 0x4020_0000;
export const COLLECTION_TABLE_AT = 0x4030_0000;
export const CONFIG_TABLE = 0x4040_0000;
export const ITT = 0x4050_0000;
/** The pending table of vCPU n is at PENDING_TABLES + n × 0x1_0000 × 2. */
export const PENDING_TABLES = 0x4080_0000;
/** Outside RAM. */
export const NOWHERE = 0x9000_0000;

export const CTLR = 0x00;
export const CBASER = 0x80;
export const CWRITER = 0x88;
export const CREADR = 0x90;
export const BASER0 = 0x100;
export const BASER1 = 0x108;

/** A Valid register with this address, and low bits as given: size − 1 of a table or queue. */
export const valid = (address: number, lowBits = 0): U64 => u64(0x8000_0000 + Math.floor(address / 2 ** 32), address + lowBits);

/** Nothing to acknowledge. */
export const SPURIOUS = 1023;

/** The GIC's side of the seam: what is filed where. */
export class BenchPort implements LpiPort {
  readonly intidBits: number;
  readonly topology: VcpuTopology;
  readonly order: WireOrder;
  readonly filed: Map<number, { readonly vcpu: number; readonly priority: number }> = new Map();
  lpis: Lpis | undefined;

  constructor(intidBits: number, vcpus: VcpuTopology, order: WireOrder) {
    this.intidBits = intidBits;
    this.topology = vcpus;
    this.order = order;
  }

  file(intid: number, vcpu: number, priority: number): void {
    this.filed.set(intid, { vcpu, priority });
  }

  withdraw(intid: number): void {
    this.filed.delete(intid);
  }

  filedAt(intid: number): number {
    return this.filed.get(intid)?.vcpu ?? -1;
  }

  /** What ICC_IAR1 does for an LPI: the best one of the vCPU, or SPURIOUS. */
  acknowledge(vcpu: number): number {
    const here = [...this.filed].filter(([, at]) => at.vcpu === vcpu);
    const [best] = here.sort(([a, x], [b, y]) => (x.priority & 0xf8) - (y.priority & 0xf8) || a - b);
    if (best === undefined) return SPURIOUS;
    this.withdraw(best[0]);
    this.lpis!.acknowledged(best[0], vcpu);
    return best[0];
  }
}

export interface BenchOptions extends Partial<ItsOptions>, LpiOptions {
  readonly vcpus?: number;
  readonly intidBits?: number;
}

export class ItsBench {
  readonly order: WireOrder;
  readonly clock: VirtualClock = new VirtualClock();
  readonly memory: GuestMemory;
  readonly port: BenchPort;
  readonly lpis: Lpis;
  readonly its: Its;

  constructor(options: BenchOptions = {}) {
    const { vcpus = 4, intidBits = 16 } = options;
    this.order = new WireOrder(() => this.clock.nowNs());
    this.memory = new GuestMemory(this.order, [RAM]);
    const vcpuTopology = topology(vcpus);
    this.port = new BenchPort(intidBits, vcpuTopology, this.order);
    this.lpis = this.port.lpis = new Lpis(this.port, this.memory, options);
    const config = itsConfig({ base: 0x0808_0000, ...options }, intidBits);
    const { memory, order, clock, lpis } = this;
    this.its = new Its(config, { memory, order, clock, topology: vcpuTopology, intidBits, lpis });
    this.lpis.addMapper(this.its);
  }

  /** What Linux does at boot: tables, queue, LPIs of every vCPU, ITS. Every LPI is enabled at priority 0xA0. */
  boot(): this {
    this.memory.window(CONFIG_TABLE, 2 ** this.port.intidBits - 8192)!.fill(0xa1);
    this.write(BASER0, valid(DEVICE_TABLE_AT, 7)); // 65 536 devices
    this.write(BASER1, valid(COLLECTION_TABLE_AT));
    this.write(CBASER, valid(QUEUE, 15)); // 64 KiB
    for (let vcpu = 0; vcpu < this.port.topology.count; vcpu++) this.enableLpis(vcpu);
    this.write(CTLR, 1, 4);
    return this;
  }

  enableLpis(vcpu: number, { idBits = this.port.intidBits, ptz = false }: { readonly idBits?: number; readonly ptz?: boolean } = {}): void {
    this.lpis.writePropbaser(vcpu, CONFIG_TABLE + idBits - 1);
    this.lpis.writePendbaser(vcpu, u64(ptz ? 0x4000_0000 : 0, pendingTable(vcpu)));
    this.lpis.writeCtlr(vcpu, 1);
  }

  write(offset: number, value: U64, width: Width = 8): void {
    this.its.frame.write(offset, width, value, 0);
  }

  read(offset: number, width: Width = 8): U64 {
    return this.its.frame.read(offset, width, 0);
  }

  /** Puts commands where CWRITER points and rings CWRITER once. */
  commands(...commands: readonly CommandWords[]): void {
    const queueBytes = ((lo32(this.its.queue.cbaser) & 0xff) + 1) * 4096;
    const queueBase = lo32(this.its.queue.cbaser) - (lo32(this.its.queue.cbaser) % 4096);
    let at = this.its.queue.cwriter;
    for (const words of commands) {
      for (const [n, word] of words.entries()) this.memory.write(queueBase + at + 4 * n, 4, word);
      at = (at + 32) % queueBytes;
    }
    this.write(CWRITER, at);
  }

  /** An MSI as the routing side sends it. */
  msi(deviceId: number, eventId: number): IrqResult {
    return this.its.deliver(0x1_0040, eventId, deviceId);
  }

  setConfig(intid: number, byte: number): void {
    this.memory.write(CONFIG_TABLE + intid - 8192, 1, byte);
  }

  iar(vcpu: number): number {
    return this.port.acknowledge(vcpu);
  }

  /** Fires the timer of the queue until nothing waits. */
  drain(): void {
    while (this.clock.skipIdle(Infinity));
  }

  /** 8 bytes of guest memory, for table entries. */
  entry(address: number): string {
    return hex(BigInt(this.memory.read(address, 8) ?? -1));
  }
}

export function pendingTable(vcpu: number): number {
  return PENDING_TABLES + vcpu * 0x2_0000;
}
