/**
 * What each ITS command does, one row per command (Arm IHI 0069, "ITS commands"; gic.md C.3 and C.4).
 *
 * A command that cannot be carried out has no effect and is skipped; its answer is the manual's command error number, which
 * only traces see. Checks come in the order of gic.md C.4, and nothing is changed before the last of them.
 *
 * Three choices where the manual leaves one: MAPTI and MAPI over a mapped event do nothing; MAPD, of a mapped device too,
 * unmaps its events and leaves pending LPIs to their redistributor (software DISCARDs what it wants gone); MAPC of a mapped
 * collection changes where future events go, and MOVALL moves what waits.
 */
import type { GuestMemory } from "@trapline/core";
import { FIRST_LPI } from "../intid-space.ts";
import type { Lpis } from "../lpi/lpis.ts";
import { type ItsCommand, OPCODE } from "./its-command.ts";
import { ItsDevice, type ItsMappings, UNMAPPED } from "./its-mappings.ts";
import { ENTRY_BYTES, type ItsTable, NO_ENTRY } from "./its-table.ts";

/** Everything a command works on. */
export interface CommandTarget {
  readonly memory: GuestMemory;
  readonly lpis: Lpis;
  readonly mappings: ItsMappings;
  readonly deviceTable: ItsTable;
  readonly collectionTable: ItsTable;
  readonly vcpuCount: number;
  /** GITS_TYPER.IDbits + 1. */
  readonly eventIdBits: number;
  /** One past the last INTID of the GIC: 2^(GICD_TYPER.IDbits + 1). */
  readonly intidLimit: number;
}

/** Command errors by the manual's names and numbers; negative ones are this ITS's own. */
export const ITS_ERROR = {
  MOVI_UNMAPPED_INTERRUPT: 0x01_0107,
  MOVI_UNMAPPED_COLLECTION: 0x01_0109,
  INT_UNMAPPED_INTERRUPT: 0x01_0307,
  INT_UNMAPPED_COLLECTION: 0x01_0309,
  CLEAR_UNMAPPED_INTERRUPT: 0x01_0507,
  MAPD_DEVICE_OOR: 0x01_0801,
  MAPD_ITTSIZE_OOR: 0x01_0802,
  MAPC_PROCNUM_OOR: 0x01_0902,
  MAPC_COLLECTION_OOR: 0x01_0903,
  MAPTI_COLLECTION_OOR: 0x01_0a03,
  MAPTI_UNMAPPED_DEVICE: 0x01_0a04,
  MAPTI_ID_OOR: 0x01_0a05,
  MAPTI_PHYSICALID_OOR: 0x01_0a06,
  INV_UNMAPPED_INTERRUPT: 0x01_0c07,
  INVALL_UNMAPPED_COLLECTION: 0x01_0d09,
  MOVALL_PROCNUM_OOR: 0x01_0e01,
  DISCARD_UNMAPPED_INTERRUPT: 0x01_0f07,
  /** No command of this ITS, or one of GICv4. */
  RESERVED_COMMAND: -1,
  /** The interrupt translation table entry is not in RAM. */
  ITT_NOT_IN_RAM: -2,
  /** The machine's configuration allows no more devices or events. */
  LIMIT_REACHED: -3,
} as const;
/** 0 when the command was carried out, or one of {@link ITS_ERROR}. */
export type CommandResult = number;
const DONE = 0;

/** "MAPTI_ID_OOR (0x1_0a05)" */
export function commandErrorName(error: CommandResult): string {
  const name = Object.entries(ITS_ERROR).find(([, number]) => number === error)?.[0] ?? "unknown";
  return error < 0 ? name : `${name} (0x${error.toString(16).padStart(6, "0")})`;
}

/** Operands of a command, for traces. */
export type Operand = Exclude<keyof ItsCommand, "opcode">;

export interface CommandRow {
  readonly name: keyof typeof OPCODE;
  readonly operands: readonly Operand[];
  /** True when its cost grows with the number of LPIs: such a command counts for more than one in a slice. */
  readonly linear?: true;
  readonly run: (its: CommandTarget, command: ItsCommand) => CommandResult;
}

const ROWS: readonly CommandRow[] = [
  { name: "MOVI", operands: ["deviceId", "eventId", "icid"], run: movi },
  { name: "INT", operands: ["deviceId", "eventId"], run: int },
  { name: "CLEAR", operands: ["deviceId", "eventId"], run: clear },
  { name: "SYNC", operands: ["rdbase"], run: () => DONE }, // commands are carried out in order, one at a time
  { name: "MAPD", operands: ["deviceId", "eventBits", "ittAddress", "valid"], run: mapd },
  { name: "MAPC", operands: ["icid", "rdbase", "valid"], run: mapc },
  { name: "MAPTI", operands: ["deviceId", "eventId", "intid", "icid"], run: (its, c) => mapEvent(its, c, c.intid) },
  { name: "MAPI", operands: ["deviceId", "eventId", "icid"], run: (its, c) => mapEvent(its, c, c.eventId) },
  { name: "INV", operands: ["deviceId", "eventId"], run: inv },
  { name: "INVALL", operands: ["icid"], linear: true, run: invall },
  { name: "MOVALL", operands: ["rdbase", "rdbase2"], linear: true, run: movall },
  { name: "DISCARD", operands: ["deviceId", "eventId"], run: discard },
];

const BY_OPCODE: ReadonlyMap<number, CommandRow> = new Map(ROWS.map((row) => [OPCODE[row.name], row]));

/** The row of an opcode; undefined for reserved ones. */
export function commandRow(opcode: number): CommandRow | undefined {
  return BY_OPCODE.get(opcode);
}

/** Carries out one command. Never throws, whatever the guest wrote. */
export function runCommand(its: CommandTarget, command: ItsCommand): CommandResult {
  return BY_OPCODE.get(command.opcode)?.run(its, command) ?? ITS_ERROR.RESERVED_COMMAND;
}

function movi(its: CommandTarget, { deviceId, eventId, icid }: ItsCommand): CommandResult {
  const device = its.mappings.find(deviceId);
  const intid = device?.intidAt(eventId) ?? 0;
  if (device === undefined || intid === 0) return ITS_ERROR.MOVI_UNMAPPED_INTERRUPT;
  const vcpu = its.mappings.vcpuOf(icid);
  if (vcpu === UNMAPPED) return ITS_ERROR.MOVI_UNMAPPED_COLLECTION;
  its.mappings.setEvent(device, eventId, intid, icid);
  its.lpis.move(intid, vcpu);
  return DONE;
}

function int(its: CommandTarget, { deviceId, eventId }: ItsCommand): CommandResult {
  const device = its.mappings.find(deviceId);
  const intid = device?.intidAt(eventId) ?? 0;
  if (device === undefined || intid === 0) return ITS_ERROR.INT_UNMAPPED_INTERRUPT;
  const vcpu = its.mappings.vcpuOf(device.icidAt(eventId));
  if (vcpu === UNMAPPED) return ITS_ERROR.INT_UNMAPPED_COLLECTION;
  its.lpis.pend(intid, vcpu);
  return DONE;
}

function clear(its: CommandTarget, { deviceId, eventId }: ItsCommand): CommandResult {
  const intid = its.mappings.find(deviceId)?.intidAt(eventId) ?? 0;
  if (intid === 0) return ITS_ERROR.CLEAR_UNMAPPED_INTERRUPT;
  its.lpis.clear(intid);
  return DONE;
}

function mapd(its: CommandTarget, { deviceId, eventBits, ittAddress, valid }: ItsCommand): CommandResult {
  const entry = its.deviceTable.entryAddress(deviceId);
  if (entry === NO_ENTRY) return ITS_ERROR.MAPD_DEVICE_OOR;
  if (!valid) {
    its.mappings.removeDevice(deviceId);
    its.memory.write(entry, ENTRY_BYTES, 0); // or tables saved earlier would bring the device back
    return DONE;
  }
  if (eventBits > its.eventIdBits) return ITS_ERROR.MAPD_ITTSIZE_OOR;
  its.mappings.removeDevice(deviceId);
  return its.mappings.addDevice(new ItsDevice(deviceId, eventBits, ittAddress)) ? DONE : ITS_ERROR.LIMIT_REACHED;
}

function mapc(its: CommandTarget, { icid, rdbase, valid }: ItsCommand): CommandResult {
  if (its.collectionTable.entryAddress(icid) === NO_ENTRY) return ITS_ERROR.MAPC_COLLECTION_OOR;
  if (valid && rdbase >= its.vcpuCount) return ITS_ERROR.MAPC_PROCNUM_OOR;
  its.mappings.setCollection(icid, valid ? rdbase : UNMAPPED); // V = 0 ignores RDbase (gic.md J 219)
  return DONE;
}

function mapEvent(its: CommandTarget, { deviceId, eventId, icid }: ItsCommand, intid: number): CommandResult {
  const device = its.mappings.find(deviceId);
  if (device === undefined) return ITS_ERROR.MAPTI_UNMAPPED_DEVICE;
  if (eventId >= 2 ** device.eventBits) return ITS_ERROR.MAPTI_ID_OOR;
  if (icid >= its.collectionTable.capacity) return ITS_ERROR.MAPTI_COLLECTION_OOR;
  if (intid < FIRST_LPI || intid >= its.intidLimit) return ITS_ERROR.MAPTI_PHYSICALID_OOR;
  if (its.memory.wasmOffset(device.ittAddress + eventId * ENTRY_BYTES, ENTRY_BYTES) < 0) return ITS_ERROR.ITT_NOT_IN_RAM;
  if (device.intidAt(eventId) !== 0) return DONE;
  if (!its.mappings.setEvent(device, eventId, intid, icid)) return ITS_ERROR.LIMIT_REACHED;
  its.lpis.mapped(intid);
  return DONE;
}

function inv(its: CommandTarget, { deviceId, eventId }: ItsCommand): CommandResult {
  const intid = its.mappings.find(deviceId)?.intidAt(eventId) ?? 0;
  if (intid === 0) return ITS_ERROR.INV_UNMAPPED_INTERRUPT;
  its.lpis.invalidate(intid);
  return DONE;
}

function invall(its: CommandTarget, { icid }: ItsCommand): CommandResult {
  const vcpu = its.mappings.vcpuOf(icid);
  if (vcpu === UNMAPPED) return ITS_ERROR.INVALL_UNMAPPED_COLLECTION;
  its.lpis.invalidateAll(vcpu);
  return DONE;
}

function movall(its: CommandTarget, { rdbase, rdbase2 }: ItsCommand): CommandResult {
  if (rdbase >= its.vcpuCount || rdbase2 >= its.vcpuCount) return ITS_ERROR.MOVALL_PROCNUM_OOR;
  its.lpis.moveAll(rdbase, rdbase2);
  return DONE;
}

function discard(its: CommandTarget, { deviceId, eventId }: ItsCommand): CommandResult {
  const device = its.mappings.find(deviceId);
  const intid = device?.intidAt(eventId) ?? 0;
  if (device === undefined || intid === 0) return ITS_ERROR.DISCARD_UNMAPPED_INTERRUPT;
  its.mappings.removeEvent(device, eventId);
  its.memory.write(device.ittAddress + eventId * ENTRY_BYTES, ENTRY_BYTES, 0); // as for MAPD: nothing may bring it back
  its.lpis.clear(intid);
  return DONE;
}
