/**
 * KVM_DEV_ARM_ITS_RESTORE_TABLES: builds mappings from the guest's tables (table-entry.ts; kvm-irq-abi H.6, K.7 157).
 *
 * The tables are hostile input: everything is checked against this ITS before it counts, distances strictly advance, and
 * no more than {@link MAX_SCANNED} entries are looked at, however often level-1 entries name one page or devices one ITT.
 * The result is a new set of mappings; the ITS takes it only when all of it was good. (KVM keeps what it read before an error.)
 */
import { hex, KvmError, type U64 } from "@trapline/core";
import { FIRST_LPI } from "../intid-space.ts";
import type { CommandTarget } from "./its-commands.ts";
import { ItsDevice, ItsMappings, UNMAPPED } from "./its-mappings.ts";
import { ENTRIES_PER_PAGE, ENTRY_BYTES, NO_ENTRY } from "./its-table.ts";
import { decodeCollection, decodeDevice, decodeEvent, NO_TARGET } from "./table-entry.ts";

/** Entries one restore looks at: as many as 256 devices of 65 536 events each have. */
export const MAX_SCANNED: number = 2 ** 24;

/**
 * @throws KvmError EINVAL for what does not fit this ITS, EEXIST for a collection or device that is there already, EFAULT
 * for a table outside RAM, E2BIG beyond MAX_SCANNED or the configured limits; nothing changed then
 */
export function restoreTables(its: CommandTarget): ItsMappings {
  return new TableReader(its).read();
}

class TableReader {
  private readonly its: CommandTarget;
  private readonly mappings: ItsMappings;
  /** Collections the table names, mapped or not: events may only name these. */
  private readonly known = new Set<number>();
  private scanned = 0;

  constructor(its: CommandTarget) {
    this.its = its;
    this.mappings = new ItsMappings(its.mappings.limits);
    for (const { icid, vcpu } of its.mappings.collections()) {
      this.mappings.setCollection(icid, vcpu);
      this.known.add(icid);
    }
    for (const device of its.mappings.sortedDevices()) this.mappings.addDevice(device);
    this.mappings.eventCount = its.mappings.eventCount;
  }

  read(): ItsMappings {
    if (this.its.collectionTable.valid) this.readCollections();
    if (this.its.deviceTable.valid) this.readDevices();
    return this.mappings;
  }

  /** A packed list: the first invalid entry ends it. */
  private readCollections(): void {
    const { vcpuCount, collectionTable } = this.its;
    const { address, bytes, capacity } = collectionTable;
    for (let at = address; at < address + bytes; at += ENTRY_BYTES) {
      const { valid, target, icid } = decodeCollection(this.load(at));
      if (!valid) return;
      if (target !== NO_TARGET && target >= vcpuCount) refuse("EINVAL", `collection ${icid} leads to vCPU ${target} of ${vcpuCount}`);
      if (this.known.has(icid)) refuse("EEXIST", `collection ${icid} is there already`);
      if (icid >= capacity) refuse("EINVAL", `collection ${icid} is beyond its table of ${capacity}`);
      this.known.add(icid);
      this.mappings.setCollection(icid, target === NO_TARGET ? UNMAPPED : target);
    }
  }

  private readDevices(): void {
    const { deviceTable } = this.its;
    const ids = deviceTable.capacity;
    const visit = (id: number, entry: U64): number => this.readDevice(id, entry);
    if (!deviceTable.indirect) {
      this.scan(deviceTable.address, 0, ids, visit);
      return;
    }
    // A distance may reach beyond its page: then the pages in between are skipped, as in KVM.
    for (let id = 0; id < ids; ) {
      const pageStart = Math.floor(id / ENTRIES_PER_PAGE) * ENTRIES_PER_PAGE;
      const pageEnd = Math.min(ids, pageStart + ENTRIES_PER_PAGE);
      this.count();
      const page = deviceTable.levelTwo(pageStart / ENTRIES_PER_PAGE);
      const next = page === NO_ENTRY ? pageEnd : this.scan(page - pageStart * ENTRY_BYTES, id, pageEnd, visit);
      if (next < 0) return;
      id = next;
    }
  }

  /**
   * Visits entries `from` … `to` − 1 of the table at `base`. `visit` answers how far the next one is, 0 for none.
   * @returns the id at which it left the range, or −1 when the last entry was seen
   */
  private scan(base: number, from: number, to: number, visit: (id: number, entry: U64) => number): number {
    let id = from;
    while (id < to) {
      const distance = visit(id, this.load(base + id * ENTRY_BYTES));
      if (distance === 0) return -1;
      id += distance;
    }
    return id;
  }

  private readDevice(id: number, entry: U64): number {
    const { valid, distance, ittAddress, eventBits } = decodeDevice(entry);
    if (!valid) return 1;
    const { eventIdBits } = this.its;
    if (eventBits > eventIdBits) refuse("EINVAL", `device ${hex(id)} has ${eventBits} EventID bits, the ITS ${eventIdBits}`);
    if (this.mappings.find(id) !== undefined) refuse("EEXIST", `device ${hex(id)} is there already`);
    const device = new ItsDevice(id, eventBits, ittAddress);
    if (!this.mappings.addDevice(device)) refuse("E2BIG", `more than ${this.mappings.limits.maxDevices} devices`);
    this.scan(ittAddress, 0, 2 ** eventBits, (eventId, event) => this.readEvent(device, eventId, event));
    return distance;
  }

  private readEvent(device: ItsDevice, eventId: number, entry: U64): number {
    const { distance, intid, icid } = decodeEvent(entry);
    if (intid === 0) return 1;
    const event = `event ${eventId} of device ${hex(device.id)}`;
    const last = this.its.intidLimit - 1;
    if (intid < FIRST_LPI || intid > last) refuse("EINVAL", `${event} has INTID ${intid}, LPIs are 8192 … ${last}`);
    const next = eventId + distance;
    if (next >= 2 ** device.eventBits) refuse("EINVAL", `${event} leads to event ${next}, beyond ${device.eventBits} bits`);
    if (!this.known.has(icid)) refuse("EINVAL", `${event} is in collection ${icid}, which the collection table does not have`);
    if (!this.mappings.setEvent(device, eventId, intid, icid)) refuse("E2BIG", `more than ${this.mappings.limits.maxEvents} events`);
    return distance;
  }

  private load(address: number): U64 {
    this.count();
    return this.its.memory.read(address, ENTRY_BYTES) ?? refuse("EFAULT", `an ITS table entry at ${hex(address)} is not in RAM`);
  }

  private count(): void {
    if (++this.scanned > MAX_SCANNED) refuse("E2BIG", `more than ${MAX_SCANNED} table entries to look at`);
  }
}

function refuse(errno: "EINVAL" | "EEXIST" | "EFAULT" | "E2BIG", what: string): never {
  throw new KvmError(errno, `the ITS tables cannot be restored: ${what}`, {
    subject: "ITS tables",
    remedy: "restore guest memory and GITS_BASER as they were saved, first",
  });
}
