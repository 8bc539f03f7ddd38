/**
 * The header of a function's configuration space, type 0 (PCI Local Bus 3.0, 6.2; PCI Express Base, 7.5.1.1 and 7.5.1.2): what
 * software may change in it. Errors are never detected, so the W1C bits of Status stay 0. Cold.
 */
import type { PciIds } from "@trapline/core";
import type { BaseAddresses } from "./base-addresses.ts";

/** Bits of Command. */
export const COMMAND = { IO: 0x0001, MEMORY: 0x0002, MASTER: 0x0004, INTX_DISABLE: 0x0400 } as const;
/** Those, Parity Error Response and SERR# Enable. */
export const COMMAND_WRITABLE = 0x0547;
const STATUS = { INTERRUPT: 0x0008, CAPABILITIES: 0x0010 } as const;
const MULTI_FUNCTION = 0x80;

/** What the header asks of its function. */
export interface HeaderOwner {
  /** The level of the function's interrupt, before Interrupt Disable. */
  readonly intxPending: boolean;
  /** Bits of Command changed. */
  commandChanged(changed: number): void;
  /** A base address register was written. */
  baseAddressChanged(): void;
}

export class ConfigHeader {
  readonly ids: Required<PciIds>;
  readonly bars: BaseAddresses;
  readonly interruptPin: number;
  command = 0;
  cacheLineSize = 0;
  interruptLine = 0;
  /** Offset of the first capability, 0 for none. */
  capabilities = 0;
  /** Its device has more than this function. */
  multiFunction = false;
  private readonly owner: HeaderOwner;

  constructor(ids: PciIds, bars: BaseAddresses, interruptPin: number, owner: HeaderOwner) {
    this.ids = { revision: 0, subsystemVendor: 0x1af4, subsystem: 0x1100, ...ids };
    this.bars = bars;
    this.interruptPin = interruptPin;
    this.owner = owner;
  }

  reset(): void {
    this.command = 0;
    this.cacheLineSize = 0;
    this.interruptLine = 0;
    this.bars.words.fill(0);
  }

  get status(): number {
    return (this.owner.intxPending ? STATUS.INTERRUPT : 0) | (this.capabilities === 0 ? 0 : STATUS.CAPABILITIES);
  }

  get headerType(): number {
    return this.multiFunction ? MULTI_FUNCTION : 0;
  }

  writeCommand(value: number): void {
    const changed = (value ^ this.command) & COMMAND_WRITABLE;
    this.command ^= changed;
    if (changed !== 0) this.owner.commandChanged(changed);
  }

  writeBaseAddress(n: number, value: number): void {
    const before = this.bars.words[n];
    this.bars.write(n, value);
    if (this.bars.words[n] !== before) this.owner.baseAddressChanged();
  }
}
