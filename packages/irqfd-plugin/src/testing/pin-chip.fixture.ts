/**
 * A small but whole irqchip, written from core's contract: level and edge pins, acknowledge, end of interrupt, completions,
 * messages, KVM's view of it. Its own pin numbers are unlike those of any profile, so that nothing can rely on them.
 */
import {
  COALESCED,
  DELIVERED,
  type Deferred,
  ERRNO,
  HIGH,
  IGNORED,
  IRQ_LINE,
  type Irqchip,
  type IrqchipWires,
  irqchipWires,
  type IrqResult,
  type IrqSignal,
  type KvmIrqchip,
  LOW,
  NO_DEVICE_ID,
  type PinState,
  type PlainData,
  type U64,
  type WireOrder,
} from "@trapline/core";
import { Subscription } from "rxjs";

export interface PinChipOptions {
  readonly name?: string;
  /** SPIs 0 … spis − 1. Default 32. */
  readonly spis?: number;
  /** These SPIs (0-based) are edge-configured; all others, and PPIs, are level. LPIs are edge. */
  readonly edge?: readonly number[];
  /** vCPUs with PPIs. Default 1. */
  readonly vcpus?: number;
  /** Extended PPIs and SPIs, and as many LPIs by pin. */
  readonly extended?: boolean;
  readonly lpis?: number;
  /** PPIs that a device of the machine drives. */
  readonly owned?: readonly number[];
  /** How the kernel's GIC of that version is initialised; "none" for a chip that is no GIC. Default 3. */
  readonly gic?: 2 | 3 | "none";
  /** Default true. */
  readonly initialised?: boolean;
  /** Takes messages at this doorbell; those of (device, event) make an SPI pending. */
  readonly its?: { readonly address: number; enabled: boolean; readonly events: Map<string, number> };
}

const PPI_BASE = 0x1_0000;
const ESPI_BASE = 0x100_0000;
const LPI_BASE = 0x200_0000;
const NO_PIN = -1;

interface PinRow {
  readonly pin: number;
  readonly edge: boolean;
  readonly vcpu: number;
  line: boolean;
  latch: boolean;
  active: boolean;
}

export class PinChip implements Irqchip, Deferred {
  readonly name: string;
  readonly pinCount: number;
  readonly capabilities: { msi: boolean; completions: boolean; synchronous: boolean };
  readonly kvm?: KvmIrqchip;
  readonly pins$: IrqchipWires["pins$"];
  readonly privateLines$: IrqchipWires["privateLines$"];
  readonly msi$: IrqchipWires["msi$"];
  readonly vcpuLines$: IrqchipWires["vcpuLines$"];
  readonly completions$: IrqchipWires["completions$"];
  deferred = false;
  initialised: boolean;
  private readonly order: WireOrder;
  private readonly options: PinChipOptions;
  private readonly rows = new Map<number, PinRow>();
  private readonly pending = new Set<PinRow>();
  private readonly lines: boolean[];
  private readonly waiting: (() => void)[] = [];

  constructor(order: WireOrder, options: PinChipOptions = {}) {
    const { spis = 32, vcpus = 1, gic = 3, lpis = 0 } = options;
    this.order = order;
    this.options = options;
    this.name = options.name ?? "chip";
    this.initialised = options.initialised ?? true;
    this.capabilities = { msi: options.its !== undefined, completions: true, synchronous: true };
    this.pinCount = gic === "none" ? spis : LPI_BASE + lpis;
    this.lines = Array.from({ length: Math.max(1, vcpus) }, () => false);
    const wires = irqchipWires(order, this.name);
    this.pins$ = wires.pins$;
    this.privateLines$ = wires.privateLines$;
    this.msi$ = wires.msi$;
    this.vcpuLines$ = wires.vcpuLines$;
    this.completions$ = wires.completions$;
    this.pins$.own(this.name, (pin, signal) => this.accept(pin, signal));
    this.msi$.own(this.name, (address, data, deviceId) => this.message(address, data, deviceId));
    if (gic !== "none") this.kvm = this.kvmView(gic, spis, vcpus);
  }

  /** INIT of the VGIC device. */
  initialise(): void {
    if (this.initialised) return;
    this.initialised = true;
    for (const listener of this.waiting.splice(0)) listener();
  }

  /** What the vCPU reads from IAR: the lowest pending pin, now active; −1 when there is none. */
  acknowledge(vcpu = 0): number {
    const row = [...this.pending].filter((it) => it.vcpu === vcpu && !it.active).toSorted((a, b) => a.pin - b.pin)[0];
    if (row === undefined) return NO_PIN;
    row.active = true;
    row.latch = false;
    this.changed(row);
    return row.pin;
  }

  /** EOIR: its own work first, then it tells. */
  endOfInterrupt(pin: number): void {
    const row = this.rows.get(pin);
    if (row?.active !== true) return;
    row.active = false;
    this.changed(row);
    this.completions$.emit(pin);
  }

  /** Acknowledges and ends one interrupt. */
  serve(vcpu = 0): number {
    const pin = this.acknowledge(vcpu);
    this.endOfInterrupt(pin);
    return pin;
  }

  evaluate(): void {
    for (const vcpu of this.lines.keys()) {
      let high = false;
      for (const row of this.pending) if (row.vcpu === vcpu && !row.active) high = true;
      if (this.lines[vcpu] === high) continue;
      this.lines[vcpu] = high;
      this.vcpuLines$.emit(vcpu, IRQ_LINE, high);
    }
  }

  describePin(pin: number): string {
    if (pin >= LPI_BASE) return `LPI ${pin - LPI_BASE}`;
    if (pin >= ESPI_BASE) return `ESPI ${pin - ESPI_BASE}`;
    if (pin >= PPI_BASE) return `PPI ${(pin - PPI_BASE) % 80} of vcpu${Math.floor((pin - PPI_BASE) / 80)}`;
    return `SPI ${pin} (INTID ${pin + 32})`;
  }

  peekPin(pin: number): PinState | undefined {
    const row = this.row(pin);
    if (row === undefined) return undefined;
    return { line: row.line, pending: this.pending.has(row), active: row.active, enabled: true, vcpu: row.vcpu };
  }

  /** Pins that are pending now, by the chip's own numbers. */
  get pendingPins(): readonly number[] {
    return [...this.pending].map((row) => row.pin).toSorted((a, b) => a - b);
  }

  reset(): void {
    for (const row of this.rows.values()) {
      row.latch = row.active = false;
      this.changed(row);
    }
  }

  save(): PlainData {
    return [...this.rows.values()].map(({ pin, line, latch, active }) => ({ pin, line, latch, active }));
  }

  restore(state: PlainData): void {
    this.rows.clear();
    this.pending.clear();
    for (const { pin, ...saved } of state as unknown as readonly PinRow[]) {
      const row = this.row(pin)!;
      Object.assign(row, saved);
      this.changed(row);
    }
  }

  private accept(pin: number, signal: IrqSignal): IrqResult {
    const row = this.row(pin);
    if (row === undefined) return IGNORED;
    const was = this.pending.has(row);
    if (!row.edge) row.line = signal === HIGH;
    else if (signal !== LOW) row.latch = true;
    this.changed(row);
    return was || !this.pending.has(row) ? COALESCED : DELIVERED;
  }

  private changed(row: PinRow): void {
    if (row.edge ? row.latch : row.line) this.pending.add(row);
    else this.pending.delete(row);
    this.order.defer(this);
  }

  private message(address: U64, data: number, deviceId: number): IrqResult {
    const { its } = this.options;
    if (its === undefined) return IGNORED;
    if (deviceId === NO_DEVICE_ID) return -ERRNO.EINVAL;
    if (address !== its.address) return IGNORED;
    if (!its.enabled) return -ERRNO.EBUSY;
    const spi = its.events.get(`${deviceId} ${data}`);
    if (spi === undefined) return 0;
    this.accept(spi, HIGH);
    return DELIVERED;
  }

  private row(pin: number): PinRow | undefined {
    let row = this.rows.get(pin);
    if (row !== undefined || !this.exists(pin)) return row;
    const isPpi = pin >= PPI_BASE && pin < ESPI_BASE;
    const edge = pin >= LPI_BASE || (this.options.edge?.includes(pin) ?? false);
    row = { pin, edge, vcpu: isPpi ? Math.floor((pin - PPI_BASE) / 80) : 0, line: false, latch: false, active: false };
    this.rows.set(pin, row);
    return row;
  }

  private exists(pin: number): boolean {
    const { spis = 32, vcpus = 1, extended = false, lpis = 0, gic = 3 } = this.options;
    if (pin < spis) return pin >= 0;
    if (gic === "none") return false;
    if (pin >= LPI_BASE) return pin < LPI_BASE + lpis;
    if (pin >= ESPI_BASE) return extended && pin < ESPI_BASE + 1024;
    return pin >= PPI_BASE && pin < PPI_BASE + 80 * vcpus && (extended || (pin - PPI_BASE) % 80 < 16);
  }

  private kvmView(gic: 2 | 3, spis: number, vcpus: number): KvmIrqchip {
    const isInitialised = (): boolean => this.initialised;
    return {
      get initialised() {
        return isInitialised();
      },
      onInitialised: (listener) => {
        if (this.initialised) {
          listener();
          return Subscription.EMPTY;
        }
        this.waiting.push(listener);
        return new Subscription(() => void this.waiting.splice(this.waiting.indexOf(listener), 1));
      },
      vcpuCapacity: vcpus,
      spis,
      pinOf: (intid, vcpu) => {
        const pin = ownPin(intid, vcpu);
        return this.exists(pin) ? pin : NO_PIN;
      },
      prepareInjection: () => {
        if (this.initialised) return 0;
        if (gic === 3) return -ERRNO.EBUSY;
        this.initialise();
        return 0;
      },
      injectIntid: (intid, vcpu, level) => {
        const pin = ownPin(intid, vcpu);
        if (!this.exists(pin)) return -ERRNO.EINVAL;
        if (this.options.owned?.includes(intid) !== true) this.accept(pin, level ? HIGH : LOW);
        return 0;
      },
    };
  }
}

function ownPin(intid: number, vcpu: number): number {
  if (intid < 16) return NO_PIN;
  if (intid < 32) return PPI_BASE + 80 * vcpu + intid - 16;
  if (intid < 1020) return intid - 32;
  if (intid >= 1056 && intid < 1120) return PPI_BASE + 80 * vcpu + 16 + intid - 1056;
  if (intid >= 4096 && intid < 5120) return ESPI_BASE + intid - 4096;
  return intid >= 8192 ? LPI_BASE + intid - 8192 : NO_PIN;
}

/** The chip's own number of an interrupt, for expectations. */
export const pinOfIntid = ownPin;
