/** The mappings of an ITS as plain data, for snapshots: exact, whatever the guest's tables hold. KVM's format is save-tables.ts. */
import { SnapshotError } from "@trapline/core";
import { FIRST_LPI } from "../intid-space.ts";
import { ItsDevice, ItsMappings, type MappingLimits } from "./its-mappings.ts";

export interface SavedMappings {
  /** Pairs of collection id and vCPU. */
  readonly collections: readonly number[];
  readonly devices: readonly SavedDevice[];
  readonly [key: string]: readonly number[] | readonly SavedDevice[];
}

export interface SavedDevice {
  readonly id: number;
  readonly eventBits: number;
  readonly ittAddress: number;
  /** Triples of EventID, INTID and collection id. */
  readonly events: readonly number[];
  readonly [key: string]: number | readonly number[];
}

/** What mappings must fit into. */
export interface MappingBounds {
  readonly name: string;
  readonly vcpuCount: number;
  readonly eventIdBits: number;
  readonly intidLimit: number;
  readonly config: MappingLimits;
}

export function saveMappings(mappings: ItsMappings): SavedMappings {
  return {
    collections: mappings.collections().flatMap(({ icid, vcpu }) => [icid, vcpu]),
    devices: mappings.sortedDevices().map((device) => ({
      id: device.id,
      eventBits: device.eventBits,
      ittAddress: device.ittAddress,
      events: device.events().flatMap(({ eventId, intid, icid }) => [eventId, intid, icid]),
    })),
  };
}

/** @throws SnapshotError when they do not fit this ITS */
export function restoreMappings(saved: SavedMappings, bounds: MappingBounds): ItsMappings {
  const mappings = new ItsMappings(bounds.config);
  const refuse = (what: string): never => {
    throw new SnapshotError(`saved mappings of ${bounds.name}: ${what}`, {
      subject: bounds.name,
      remedy: "restore into a machine configured alike",
    });
  };
  if (!Array.isArray(saved?.collections) || !Array.isArray(saved.devices)) refuse("no lists of collections and devices");
  for (let n = 0; n < saved.collections.length; n += 2) {
    const [icid, vcpu] = [saved.collections[n]!, saved.collections[n + 1]!];
    const exists = icid < bounds.config.maxCollections && vcpu < bounds.vcpuCount;
    if (!exists) refuse(`collection ${icid} leads to vCPU ${vcpu} of ${bounds.vcpuCount}`);
    mappings.setCollection(icid, vcpu);
  }
  for (const { id, eventBits, ittAddress, events } of saved.devices) {
    const device = new ItsDevice(id, eventBits, ittAddress);
    if (eventBits > bounds.eventIdBits || !mappings.addDevice(device)) refuse(`device ${id} with ${eventBits} EventID bits`);
    for (let n = 0; n < events.length; n += 3) {
      const [eventId, intid, icid] = [events[n]!, events[n + 1]!, events[n + 2]!];
      const fits = eventId < 2 ** eventBits && intid >= FIRST_LPI && intid < bounds.intidLimit && icid < bounds.config.maxCollections;
      if (!fits || !mappings.setEvent(device, eventId, intid, icid)) refuse(`event ${eventId} of device ${id} as INTID ${intid}`);
    }
  }
  return mappings;
}
