/**
 * KVM_DEV_ARM_ITS_SAVE_TABLES: writes the mappings into the guest's tables in KVM's format (table-entry.ts; kvm-irq-abi
 * H.6, K.7 156). Devices and their events first, then collections; a table whose GITS_BASER is not valid is skipped.
 *
 * Only entries of what is mapped are written, and in the collection table the invalid entry that ends the list: MAPD with
 * V = 0 and DISCARD have cleared the others already.
 */
import { KvmError, hex } from "@trapline/core";
import type { CommandTarget } from "./its-commands.ts";
import type { ItsDevice } from "./its-mappings.ts";
import { ENTRY_BYTES, NO_ENTRY } from "./its-table.ts";
import { encodeCollection, encodeDevice, encodeEvent, NO_TARGET } from "./table-entry.ts";

/**
 * @throws KvmError EINVAL when a DeviceID has no place in its table, EFAULT when a table is not in RAM; what was written
 * before stays written, as in KVM
 */
export function saveTables(its: CommandTarget): void {
  const devices = its.mappings.sortedDevices();
  if (its.deviceTable.valid) {
    for (const [n, device] of devices.entries()) saveDevice(its, device, (devices[n + 1]?.id ?? device.id) - device.id);
  }
  if (its.collectionTable.valid) saveCollections(its, devices);
}

function saveDevice(its: CommandTarget, device: ItsDevice, distance: number): void {
  const at = its.deviceTable.entryAddress(device.id);
  if (at === NO_ENTRY) {
    throw new KvmError("EINVAL", `device ${hex(device.id)} has no place in the device table`, {
      subject: `device ${hex(device.id)}`,
      limit: its.deviceTable.capacity,
      remedy: "save before the guest takes its tables away",
    });
  }
  const events = device.events();
  for (const [n, { eventId, intid, icid }] of events.entries()) {
    const next = (events[n + 1]?.eventId ?? eventId) - eventId;
    write(its, device.ittAddress + eventId * ENTRY_BYTES, encodeEvent({ distance: next, intid, icid }));
  }
  write(its, at, encodeDevice({ distance, ittAddress: device.ittAddress, eventBits: device.eventBits }));
}

/** Mapped collections, and those that events name without anybody having mapped them: a restore must know them too. */
function saveCollections(its: CommandTarget, devices: readonly ItsDevice[]): void {
  const targets = new Map<number, number>(its.mappings.collections().map(({ icid, vcpu }) => [icid, vcpu]));
  for (const device of devices) for (const { icid } of device.events()) if (!targets.has(icid)) targets.set(icid, NO_TARGET);
  const { address, bytes } = its.collectionTable;
  const end = address + bytes;
  let at = address;
  for (const [icid, target] of [...targets].sort(([a], [b]) => a - b)) {
    if (at === end) return; // cannot be: every id is below the table's capacity
    write(its, at, encodeCollection({ target, icid }));
    at += ENTRY_BYTES;
  }
  if (at < end) write(its, at, 0);
}

function write(its: CommandTarget, address: number, entry: number | bigint): void {
  if (its.memory.write(address, ENTRY_BYTES, entry)) return;
  throw new KvmError("EFAULT", `an ITS table entry at ${hex(address)} is not in RAM`, {
    subject: "ITS tables",
    value: hex(address),
    remedy: "save before the guest takes its tables away",
  });
}
