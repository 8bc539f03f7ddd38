/**
 * What a network device lets its driver see (virtio 1.2, 5.1.6.5.1 … 5.1.6.5.3): modes, a table of addresses, a table of VLANs. Its own
 * address and broadcast are always let through unless a mode says otherwise.
 *
 * A driver that did not negotiate CTRL_RX cannot ask for anything, so it sees everything. Of each table 64 addresses are kept; who
 * gives more sees all unicast, or all multicast (the standard's footnote: the device may switch silently). Hot: `accepts`.
 */
import type { PlainData } from "@trapline/core";
import { misfit, savedFlag, type SavedRecord, savedRecord, savedWords } from "../saved-state.ts";
import { BROADCAST, ETHER_TYPE_VLAN, etherTypeAt, isGroupAddress, macAt, type MacAddress } from "./ethernet.ts";

/** Addresses kept of each table. */
export const MAX_FILTERED = 64;
export const MAX_VLANS = 4096;
const MAX_MAC = 2 ** 48 - 1;

/** In the order of VIRTIO_NET_CTRL_RX's commands. */
export const RX_MODES = ["promiscuous", "allMulticast", "allUnicast", "noMulticast", "noUnicast", "noBroadcast"] as const;
export type RxMode = (typeof RX_MODES)[number];

/** One of the two tables; `everything` when it did not fit. */
export interface AddressTable {
  readonly macs: ReadonlySet<MacAddress>;
  readonly everything: boolean;
}

const EMPTY: AddressTable = { macs: new Set(), everything: false };

export interface SavedFilter {
  readonly modes: Readonly<Record<RxMode, boolean>>;
  readonly unicast: AddressTable;
  readonly multicast: AddressTable;
  readonly vlans: Uint8Array;
}

export class RxFilter {
  /** CTRL_RX is negotiated. */
  filtersAddresses = false;
  /** CTRL_VLAN is negotiated. */
  filtersVlans = false;
  readonly modes: Record<RxMode, boolean> = noModes();
  private unicast: AddressTable = EMPTY;
  private multicast: AddressTable = EMPTY;
  /** A bit each. */
  private readonly vlans = new Uint8Array(MAX_VLANS / 8);

  /** @param own the device's address; the frame has a whole header */
  accepts(frame: Uint8Array, own: MacAddress): boolean {
    const { modes } = this;
    if (modes.promiscuous) return true;
    if (this.filtersVlans && etherTypeAt(frame) === ETHER_TYPE_VLAN && !this.hasVlan(etherTypeAt(frame, 14) & 0xfff)) return false;
    if (!this.filtersAddresses) return true;
    const to = macAt(frame, 0);
    if (to === BROADCAST) return !modes.noBroadcast;
    if (isGroupAddress(to)) return !modes.noMulticast && (modes.allMulticast || contains(this.multicast, to));
    return !modes.noUnicast && (modes.allUnicast || to === own || contains(this.unicast, to));
  }

  setTables(unicast: AddressTable, multicast: AddressTable): void {
    this.unicast = unicast;
    this.multicast = multicast;
  }

  /** @param vlan 0 … 4095 */
  setVlan(vlan: number, on: boolean): void {
    const bit = 1 << (vlan & 7);
    this.vlans[vlan >> 3] = on ? this.vlans[vlan >> 3]! | bit : this.vlans[vlan >> 3]! & ~bit;
  }

  reset(): void {
    this.filtersAddresses = this.filtersVlans = false;
    Object.assign(this.modes, noModes());
    this.setTables(EMPTY, EMPTY);
    this.vlans.fill(0);
  }

  save(): PlainData {
    return { modes: { ...this.modes }, unicast: saveTable(this.unicast), multicast: saveTable(this.multicast), vlans: this.vlans.slice() };
  }

  /** Takes what `readFilter` read. What is negotiated is the device's to say. */
  load({ modes, unicast, multicast, vlans }: SavedFilter): void {
    Object.assign(this.modes, modes);
    this.setTables(unicast, multicast);
    this.vlans.set(vlans);
  }

  private hasVlan(vlan: number): boolean {
    return (this.vlans[vlan >> 3]! & (1 << (vlan & 7))) !== 0;
  }
}

/** @throws SnapshotError naming what does not fit */
export function readFilter(owner: string, state: PlainData | undefined): SavedFilter {
  const record = savedRecord(owner, state);
  const modes = savedRecord(owner, record["modes"]);
  const { vlans } = record;
  if (!(vlans instanceof Uint8Array) || vlans.length !== MAX_VLANS / 8) throw misfit(owner, "vlans", `${MAX_VLANS / 8} bytes`);
  return {
    modes: Object.fromEntries(RX_MODES.map((mode) => [mode, savedFlag(owner, modes, mode)])) as Record<RxMode, boolean>,
    unicast: readTable(owner, record, "unicast"),
    multicast: readTable(owner, record, "multicast"),
    vlans,
  };
}

function noModes(): Record<RxMode, boolean> {
  return Object.fromEntries(RX_MODES.map((mode) => [mode, false])) as Record<RxMode, boolean>;
}

function contains({ macs, everything }: AddressTable, mac: MacAddress): boolean {
  return everything || macs.has(mac);
}

function saveTable({ macs, everything }: AddressTable): PlainData {
  return { macs: [...macs], everything };
}

function readTable(owner: string, record: SavedRecord, key: string): AddressTable {
  const table = savedRecord(owner, record[key]);
  return { macs: new Set(savedWords(owner, table, "macs", MAX_FILTERED, MAX_MAC)), everything: savedFlag(owner, table, "everything") };
}
