/**
 * Where a GSI leads, resolved: a pin of a chip, a message, or nothing. Made when the table changes, so that a signal only
 * calls. A pin is one object for all GSIs that lead to it and for as long as any does: it carries the OR.
 *
 * Hot: `signal`, `raise`, `lower`, `pulse`.
 */
import { COALESCED, HIGH, IGNORED, type Irqchip, type IrqResult, type IrqSignal, LOW, PULSE, type RouteTarget, type U64, type Wire } from "@trapline/core";

export interface Target {
  /** The pin, unless it is a message or a pin the chip does not implement. */
  readonly pin: SharedPin | undefined;
  /** The message, as the routing entry named it. */
  readonly message: RouteTarget | undefined;
  /** Straight through, as Linux does it. */
  signal(signal: IrqSignal): IrqResult;
  /** One more of the GSIs that lead here is high, or one less. */
  raise(): IrqResult;
  lower(): IrqResult;
  /** An edge while its own GSI is low. */
  pulse(): IrqResult;
}

/** A GSI as a pin knows it: see TablePort. */
export interface PinSource {
  readonly high: boolean;
  readonly listeners: readonly (() => void)[];
}

/** An input of a chip and the GSIs that lead to it. */
export class SharedPin implements Target {
  readonly message = undefined;
  /** Itself as a list: the targets of every GSI that leads here alone, so that a table of thousands makes no lists. */
  readonly alone: readonly Target[] = [this];
  readonly irqchip: Irqchip;
  /** The chip's place in machine order. */
  readonly index: number;
  /** The chip's own number for it. */
  readonly number: number;
  /** GSIs that lead here, in the order of their entries. Replaced, not changed, once the table is in force. */
  sources: PinSource[] = [];
  /** How many of them are high. */
  highSources = 0;
  /** What the chip was last told, where the profile has pins as ORs. */
  driven = false;
  private readonly wire: Irqchip["pins$"];

  constructor(irqchip: Irqchip, index: number, number: number) {
    this.irqchip = irqchip;
    this.index = index;
    this.number = number;
    this.wire = irqchip.pins$;
  }

  signal(signal: IrqSignal): IrqResult {
    return this.wire.emit(this.number, signal);
  }

  get pin(): SharedPin {
    return this;
  }

  raise(): IrqResult {
    this.highSources++;
    return this.settle();
  }

  lower(): IrqResult {
    this.highSources--;
    return this.settle();
  }

  /** An edge on a wire that another GSI holds high cannot be seen. */
  pulse(): IrqResult {
    return this.highSources !== 0 ? COALESCED : this.signal(PULSE);
  }

  /** No route leads here, and the chip was told so. */
  get unused(): boolean {
    return this.sources.length === 0 && !this.driven;
  }

  /** `port` leads elsewhere now. */
  removeSource(port: PinSource): void {
    this.sources = this.sources.filter((source) => source !== port);
    if (port.high) this.highSources--;
  }

  /** Tells the chip when the OR is not what it was last told. State first: what the chip does meanwhile sees it. */
  settle(): IrqResult {
    const high = this.highSources !== 0;
    if (high === this.driven) return COALESCED;
    this.driven = high;
    return this.wire.emit(this.number, high ? HIGH : LOW);
  }
}

/** A message goes out when its GSI rises; a level 0 sends nothing (kvm-irq-abi.md, C.4 rule 4). */
export class MsiTarget implements Target {
  readonly message: RouteTarget;
  readonly pin = undefined;
  private readonly wire: Wire<readonly [address: U64, data: number, deviceId: number], IrqResult, never>;
  private readonly address: U64;
  private readonly data: number;
  private readonly deviceId: number;

  constructor(message: RouteTarget, wire: MsiTarget["wire"], address: U64, data: number, deviceId: number) {
    this.message = message;
    this.wire = wire;
    this.address = address;
    this.data = data;
    this.deviceId = deviceId;
  }

  signal(signal: IrqSignal): IrqResult {
    return signal === LOW ? IGNORED : this.wire.emit(this.address, this.data, this.deviceId);
  }

  raise(): IrqResult {
    return this.signal(HIGH);
  }

  lower(): IrqResult {
    return IGNORED;
  }

  pulse(): IrqResult {
    return this.signal(PULSE);
  }
}

const ignored = (): IrqResult => IGNORED;

/** A pin the chip does not implement swallows its input. */
export const DEAD_TARGET: Target = { pin: undefined, message: undefined, signal: ignored, raise: ignored, lower: ignored, pulse: ignored };
