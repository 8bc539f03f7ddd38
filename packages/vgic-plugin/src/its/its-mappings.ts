/**
 * What an ITS translates: devices → events → INTID and collection, collections → vCPU. Host structures, not guest memory
 * (docs/adr/0009-its-tables.md), so a guest that scribbles on its tables changes nothing here.
 *
 * Memory is bounded by the limits given, not by what a guest declares: a device costs some 200 bytes however many EventIDs
 * it asks for, events come in pages of 32 (256 bytes and some 250 of book-keeping), and there are at most `maxEvents` of
 * them, so at most that many pages. Collections take 4 bytes for each id. Hot: `find`, `pageOf`, `vcpuOf`.
 */

const PAGE_EVENTS = 32;
/** Where no vCPU is. */
export const UNMAPPED = -1;

export interface MappingLimits {
  readonly maxDevices: number;
  readonly maxEvents: number;
  readonly maxCollections: number;
}

/** An interrupt translation entry. */
export interface ItsEvent {
  readonly eventId: number;
  readonly intid: number;
  readonly icid: number;
}

/** A device, mapped by MAPD, and its events. */
export class ItsDevice {
  readonly id: number;
  /** EventIDs are 0 … 2^eventBits − 1. */
  readonly eventBits: number;
  /** Where the guest keeps the interrupt translation table; used when tables are saved. */
  readonly ittAddress: number;
  eventCount = 0;
  /** Events 0 … 31, which is all that most devices have: found without a look-up. */
  private firstPage: Uint32Array | undefined;
  /** The other events by EventID / 32: pairs of INTID (0 while unmapped) and collection id. Made when needed. */
  private otherPages: Map<number, Uint32Array> | undefined;

  constructor(id: number, eventBits: number, ittAddress: number) {
    this.id = id;
    this.eventBits = eventBits;
    this.ittAddress = ittAddress;
  }

  /** Pages held: for the bound on memory. */
  get pageCount(): number {
    return (this.firstPage === undefined ? 0 : 1) + (this.otherPages?.size ?? 0);
  }

  /** The page an event is on, if any event of it is mapped: pairs of INTID and collection id, the event's at 2 × (EventID mod 32). */
  pageOf(eventId: number): Uint32Array | undefined {
    return eventId < PAGE_EVENTS ? this.firstPage : this.otherPages?.get(eventId >>> 5);
  }

  /** The INTID of an event; 0 when it is not mapped. */
  intidAt(eventId: number): number {
    const page = this.pageOf(eventId);
    return page === undefined ? 0 : page[(eventId & 31) << 1]!;
  }

  /** The collection of a mapped event. */
  icidAt(eventId: number): number {
    return this.pageOf(eventId)![((eventId & 31) << 1) + 1]!;
  }

  set(eventId: number, intid: number, icid: number): void {
    const page = this.pageOf(eventId) ?? this.addPage(eventId);
    const at = (eventId & 31) << 1;
    if (page[at] === 0) this.eventCount++;
    page[at] = intid;
    page[at + 1] = icid;
  }

  delete(eventId: number): void {
    const page = this.pageOf(eventId);
    const at = (eventId & 31) << 1;
    if (page === undefined || page[at] === 0) return;
    this.eventCount--;
    page[at] = page[at + 1] = 0;
    if (page.some((word) => word !== 0)) return;
    if (eventId < PAGE_EVENTS) this.firstPage = undefined;
    else this.otherPages!.delete(eventId >>> 5);
  }

  /** By ascending EventID. Cold. */
  events(): ItsEvent[] {
    const events: ItsEvent[] = [];
    const pages = [...(this.otherPages ?? [])].sort(([a], [b]) => a - b);
    if (this.firstPage !== undefined) pages.unshift([0, this.firstPage]);
    for (const [key, page] of pages) {
      for (let n = 0; n < PAGE_EVENTS; n++) {
        if (page[2 * n] !== 0) events.push({ eventId: key * PAGE_EVENTS + n, intid: page[2 * n]!, icid: page[2 * n + 1]! });
      }
    }
    return events;
  }

  private addPage(eventId: number): Uint32Array {
    const page = new Uint32Array(2 * PAGE_EVENTS);
    if (eventId < PAGE_EVENTS) this.firstPage = page;
    else (this.otherPages ??= new Map()).set(eventId >>> 5, page);
    return page;
  }
}

export class ItsMappings {
  declare readonly limits: MappingLimits;
  eventCount = 0;
  private readonly devices = new Map<number, ItsDevice>();
  /** By collection id: its vCPU, or UNMAPPED. */
  declare private readonly targets: Int32Array;
  /** The device found last: interrupts come in bursts. */
  private recent: ItsDevice | undefined;

  constructor(limits: MappingLimits) {
    this.limits = limits;
    this.targets = new Int32Array(limits.maxCollections).fill(UNMAPPED);
  }

  get deviceCount(): number {
    return this.devices.size;
  }

  /** The device with that id, or undefined. */
  find(deviceId: number): ItsDevice | undefined {
    const { recent } = this;
    if (recent !== undefined && recent.id === deviceId) return recent;
    const device = this.devices.get(deviceId);
    if (device !== undefined) this.recent = device;
    return device;
  }

  /** The vCPU of a collection, or UNMAPPED. */
  vcpuOf(icid: number): number {
    return this.targets[icid] ?? UNMAPPED;
  }

  /** Adds a device without events. @returns false, having done nothing, when there are `maxDevices` */
  addDevice(device: ItsDevice): boolean {
    if (this.devices.size >= this.limits.maxDevices) return false;
    this.devices.set(device.id, device);
    return true;
  }

  /** Removes a device and its events. */
  removeDevice(deviceId: number): void {
    const device = this.devices.get(deviceId);
    if (device === undefined) return;
    this.eventCount -= device.eventCount;
    this.devices.delete(deviceId);
    this.recent = undefined;
  }

  /** Maps an event, or maps it to another collection. @returns false, having done nothing, when there are `maxEvents` */
  setEvent(device: ItsDevice, eventId: number, intid: number, icid: number): boolean {
    const isNew = device.intidAt(eventId) === 0;
    if (isNew && this.eventCount >= this.limits.maxEvents) return false;
    device.set(eventId, intid, icid);
    if (isNew) this.eventCount++;
    return true;
  }

  removeEvent(device: ItsDevice, eventId: number): void {
    if (device.intidAt(eventId) === 0) return;
    device.delete(eventId);
    this.eventCount--;
  }

  setCollection(icid: number, vcpu: number): void {
    if (icid < this.targets.length) this.targets[icid] = vcpu;
  }

  clearDevices(): void {
    this.devices.clear();
    this.recent = undefined;
    this.eventCount = 0;
  }

  clearCollections(): void {
    this.targets.fill(UNMAPPED);
  }

  /** By ascending DeviceID. Cold. */
  sortedDevices(): ItsDevice[] {
    return [...this.devices.values()].sort((a, b) => a.id - b.id);
  }

  /** The mapped collections by ascending id. Cold. */
  collections(): { readonly icid: number; readonly vcpu: number }[] {
    const collections: { icid: number; vcpu: number }[] = [];
    for (const [icid, vcpu] of this.targets.entries()) if (vcpu !== UNMAPPED) collections.push({ icid, vcpu });
    return collections;
  }

  /** The vCPU to which some event sends `intid`, UNMAPPED when its collection has none; undefined when no event does. Cold. */
  targetOf(intid: number): number | undefined {
    let target: number | undefined;
    for (const device of this.devices.values()) {
      for (const event of device.events()) {
        if (event.intid !== intid) continue;
        target = this.vcpuOf(event.icid);
        if (target !== UNMAPPED) return target;
      }
    }
    return target;
  }
}
