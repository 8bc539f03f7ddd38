/**
 * A plugged function: its configuration space, its BARs, its interrupts (PCI Local Bus 3.0, chapter 6). What software does there
 * changes something here; the host is told when that moves BARs.
 *
 * INTx is driven only while software neither forbids it (Command, bit 10) nor has switched messages on; with both kinds of messages
 * on, MSI-X is used. Warm: `PciVector.signal`, `intx.set`. Everything else is cold.
 */
import {
  type BusDevice,
  compileRegisters,
  type LevelLine,
  type PciBar,
  type PciFunction,
  type PciInterrupts,
  type PciSlot,
  type PciVector,
  RegisterFrame,
  type Vmm,
} from "@trapline/core";
import type { Subscription } from "rxjs";
import { BaseAddresses } from "./base-addresses.ts";
import { CONFIG_SIZE, capabilityList } from "./capability-list.ts";
import { msixPlaces } from "./check-function.ts";
import { COMMAND, ConfigHeader, type HeaderOwner } from "./config-header.ts";
import { headerRows } from "./config-header.registers.ts";
import { Express, expressCapability } from "./express.ts";
import { MessageSource } from "./message-source.ts";
import type { MessageGate, Messages } from "./messages.ts";
import { Msi } from "./msi.ts";
import { msiCapability } from "./msi.registers.ts";
import { Msix } from "./msix.ts";
import { MsixBar, RAZ_WI } from "./msix-bar.ts";
import { msixCapability } from "./msix.registers.ts";

/** A BAR as the bus sees it. */
export interface SlotBar {
  readonly bar: PciBar;
  readonly device: BusDevice;
  /** For claims: "disk0 BAR4". */
  readonly name: string;
}

export class Slot implements PciSlot, HeaderOwner, MessageGate {
  readonly pciFunction: PciFunction;
  readonly header: ConfigHeader;
  readonly config: RegisterFrame<ConfigHeader>;
  readonly bars: readonly SlotBar[];
  readonly msix: Msix | undefined;
  readonly msi: Msi | undefined;
  readonly express: Express = new Express();
  readonly intx: IntxPin;
  readonly vectors: readonly PciVector[];
  requesterId = -1;
  private sources: readonly MessageSource[] = [];
  private readonly barsMoved: () => void;

  /** @param barsMoved called when BARs may answer elsewhere than before */
  constructor(pciFunction: PciFunction, barsMoved: () => void) {
    const { name, ids, bars, msix, msi, express, interruptPin = 0, capabilities = [] } = pciFunction;
    this.pciFunction = pciFunction;
    this.barsMoved = barsMoved;
    this.header = new ConfigHeader(ids, new BaseAddresses(bars), interruptPin, this);
    this.intx = new IntxPin(() => this.intxAllowed);
    this.msix = msix === undefined ? undefined : new Msix(msix.vectors, this);
    this.msi = msi === undefined ? undefined : new Msi(msi.vectors, msi.maskable ?? true, this);
    const list = [...capabilities];
    if (express !== undefined) list.unshift(expressCapability(this.express, express, () => this.resetFunction()));
    if (this.msi !== undefined) list.unshift(msiCapability(this.msi));
    const msixBar = bars.find(({ index }) => index === msix?.bar);
    const places = msixBar === undefined || msix === undefined ? undefined : msixPlaces(msixBar, msix);
    if (places !== undefined) list.unshift(msixCapability(this.msix!, msix!.bar, places.table, places.pending));
    this.bars = bars.map((bar) => ({
      bar,
      device: places !== undefined && bar === msixBar ? new MsixBar(bar, this.msix!, places) : (bar.device ?? RAZ_WI),
      name: `${name} BAR${bar.index}`,
    }));
    const { first, rows } = capabilityList(name, list);
    this.header.capabilities = first;
    this.config = new RegisterFrame(this.header, compileRegisters(`${name} configuration space`, CONFIG_SIZE, [...headerRows, ...rows]));
    const vectors = msix?.vectors ?? msi?.vectors ?? 0;
    this.vectors = Array.from({ length: vectors }, (_, index) => new Vector(index, () => this.messages));
  }

  get busMaster(): boolean {
    return (this.header.command & COMMAND.MASTER) !== 0;
  }

  get interrupts(): PciInterrupts {
    return this.msix?.enabled === true ? "msix" : this.msi?.enabled === true ? "msi" : "intx";
  }

  get intxPending(): boolean {
    return this.intx.high && this.interrupts === "intx";
  }

  /** The host knows where it is. */
  connect(requesterId: number, line: LevelLine | undefined): void {
    this.requesterId = requesterId;
    this.intx.line = line;
  }

  /**
   * Messages get their ends, once every irqchip is ready for irqfds.
   * @throws KvmError ENOSPC when there are not enough GSIs
   */
  start(deviceId: number, vmm: Vmm, scope: Subscription): void {
    const count = Math.max(this.msix?.vectors ?? 0, this.msi?.vectors ?? 0);
    this.sources = Array.from({ length: count }, (_, n) => new MessageSource(`${this.pciFunction.name} vector ${n}`, deviceId, vmm, scope));
    this.msix?.connect(this.sources);
    this.msi?.connect(this.sources);
  }

  /** Where software has put the BAR; undefined while its space is disabled. */
  decoded({ bar }: SlotBar): number | undefined {
    const enabled = this.header.command & (bar.space === "io" ? COMMAND.IO : COMMAND.MEMORY);
    return enabled === 0 ? undefined : this.header.bars.addressOf(bar);
  }

  /** The pin's level is the function's own and stays: it resets by itself. */
  reset(): void {
    this.header.reset();
    this.msix?.reset();
    this.msi?.reset();
    this.express.reset();
    for (const source of this.sources) source.unroute();
    this.intx.settle();
  }

  /** After a restore: routes come back with the router, lines with theirs. */
  restored(): void {
    for (const source of this.sources) source.restored();
  }

  commandChanged(changed: number): void {
    if ((changed & (COMMAND.IO | COMMAND.MEMORY)) !== 0) this.barsMoved();
    if ((changed & COMMAND.INTX_DISABLE) !== 0) this.intx.settle();
    if ((changed & COMMAND.MASTER) === 0) return;
    this.messages?.flush();
    this.pciFunction.busMasterChanged?.(this.busMaster);
  }

  baseAddressChanged(): void {
    if ((this.header.command & (COMMAND.IO | COMMAND.MEMORY)) !== 0) this.barsMoved();
  }

  messagesChanged(): void {
    this.intx.settle();
  }

  private get messages(): Messages | undefined {
    return this.msix?.enabled === true ? this.msix : this.msi?.enabled === true ? this.msi : undefined;
  }

  private get intxAllowed(): boolean {
    return (this.header.command & COMMAND.INTX_DISABLE) === 0 && this.interrupts === "intx";
  }

  private resetFunction(): void {
    this.reset();
    this.barsMoved();
    this.pciFunction.reset?.();
  }
}

/** The function's end of its interrupt pin: keeps the level, and drives the wire while it may. */
class IntxPin implements LevelLine {
  high = false;
  /** Undefined for a function without a pin, and until the host has attached. */
  line: LevelLine | undefined;
  private readonly allowed: () => boolean;

  constructor(allowed: () => boolean) {
    this.allowed = allowed;
  }

  set(high: boolean): void {
    if (high === this.high) return;
    this.high = high;
    this.settle();
  }

  settle(): void {
    this.line?.set(this.high && this.allowed());
  }
}

class Vector implements PciVector {
  readonly index: number;
  private readonly messages: () => Messages | undefined;

  constructor(index: number, messages: () => Messages | undefined) {
    this.index = index;
    this.messages = messages;
  }

  get pending(): boolean {
    return this.messages()?.isPending(this.index) ?? false;
  }

  signal(): void {
    this.messages()?.signal(this.index);
  }

  cancel(): void {
    this.messages()?.cancel(this.index);
  }
}
