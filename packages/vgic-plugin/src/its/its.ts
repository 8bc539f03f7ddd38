/**
 * One Interrupt Translation Service of a GICv3 (Arm IHI 0069, "Locality-specific Peripheral Interrupts and the ITS";
 * gic.md C): turns (DeviceID, EventID) into an LPI at a redistributor, as commands in guest memory told it to.
 *
 * Physical LPIs only: no GICv4 (virtual LPIs, vPEs), no HCC. An ITS with KVM's parameters (GITS_TYPER 0x1EF71: 8-byte
 * entries, RDbase is a processor number), so that its tables are exchangeable with KVM's (docs/adr/0009-its-tables.md).
 *
 * Work per vCPU exit is bounded: at most {@link SLICE_UNITS} units of commands run in the exit that wrote GITS_CWRITER or
 * enabled the ITS, and the rest in slices of as much on a timer, so that GITS_CREADR always advances. A command is one unit;
 * INVALL and MOVALL one more per {@link LPIS_PER_UNIT} LPIs of the GIC, and a slice ends after the command that exhausts it.
 *
 * Hot: `deliver`.
 */
import {
  type Clock,
  type ClockTimer,
  ERRNO,
  type GuestMemory,
  hex,
  type IrqResult,
  type PlainData,
  RegisterFrame,
  SnapshotError,
  type SavedTimer,
  type U64,
  type VcpuTopology,
  Wire,
  type WireEnd,
  type WireOrder,
} from "@trapline/core";
import type { MsiTarget } from "../lpi/lpi-controller.ts";
import * as lpiSide from "../lpi/lpis.ts";
import { CommandQueue } from "./command-queue.ts";
import type { ItsCommand } from "./its-command.ts";
import { commandErrorName, commandRow, type CommandResult, type CommandTarget, runCommand } from "./its-commands.ts";
import type { ItsConfig } from "./its-config.ts";
import type { ItsCommandEvent, ItsTranslationEvent } from "./its-events.ts";
import * as itsMappings from "./its-mappings.ts";
import { gitsRegisters, ITS_FRAME_BYTES, type ItsRegisters } from "./its.registers.ts";
import { COLLECTION_TABLE, DEVICE_TABLE, ItsTable } from "./its-table.ts";
import { restoreMappings, type SavedMappings, saveMappings } from "./mapping-state.ts";

// docs/adr/0023-interrupt-delivery.md
const { LPIS_DISABLED, PENDED } = lpiSide;
const { UNMAPPED } = itsMappings;

/** Units of commands per slice: in one vCPU exit, and per firing of the timer afterwards. */
export const SLICE_UNITS = 256;
/** LPIs of the GIC that cost INVALL and MOVALL one unit. */
export const LPIS_PER_UNIT = 512;
/** Machine time between slices, nanoseconds: 40 ns a command. */
export const SLICE_NS = 10_240;

const ENABLED = 0x1;
const QUIESCENT = 0x8000_0000;
const NOT_THIS_VM = -ERRNO.EINVAL;
const BUSY = -ERRNO.EBUSY;
const BLOCKED = 0;

/** What an ITS needs of its machine. */
export interface ItsSurroundings {
  readonly memory: GuestMemory;
  readonly order: WireOrder;
  readonly clock: Clock;
  readonly topology: VcpuTopology;
  /** GICD_TYPER.IDbits + 1. */
  readonly intidBits: number;
  readonly lpis: lpiSide.Lpis;
}

export class Its implements CommandTarget, ItsRegisters, MsiTarget, lpiSide.LpiMapper {
  declare readonly name: string;
  /** Guest-physical base of the control frame, where the translation frame follows it; −1 while it has no address. */
  declare base: number;
  readonly size: number = ITS_FRAME_BYTES;
  declare readonly config: ItsConfig;
  declare readonly frame: RegisterFrame<ItsRegisters>;
  declare readonly queue: CommandQueue;
  declare readonly memory: GuestMemory;
  declare readonly lpis: lpiSide.Lpis;
  declare readonly deviceTable: ItsTable;
  declare readonly collectionTable: ItsTable;
  declare readonly vcpuCount: number;
  declare readonly eventIdBits: number;
  declare readonly intidLimit: number;
  declare readonly typer: number;
  /** Command queue → ITS. */
  declare readonly commands$: WireEnd<readonly [command: ItsCommand], CommandResult, ItsCommandEvent>;
  /** Doorbell → ITS: (DeviceID, −1 when the sender has none; EventID). */
  declare readonly translations$: WireEnd<readonly [deviceId: number, eventId: number], IrqResult, ItsTranslationEvent>;
  /** Replaced as a whole when tables are restored. */
  declare mappings: itsMappings.ItsMappings;

  declare private readonly order: WireOrder;
  declare private readonly clock: Clock;
  declare private readonly timer: ClockTimer;
  declare private readonly commands: Wire<readonly [command: ItsCommand], CommandResult, ItsCommandEvent>;
  declare private readonly translations: Wire<readonly [deviceId: number, eventId: number], IrqResult, ItsTranslationEvent>;
  declare private readonly linearUnits: number;
  private enabled = false;

  constructor(config: ItsConfig, { memory, order, clock, topology, intidBits, lpis }: ItsSurroundings) {
    const { name, deviceIdBits, eventIdBits } = config;
    this.name = name;
    this.base = config.base;
    this.config = config;
    this.memory = memory;
    this.lpis = lpis;
    this.order = order;
    this.clock = clock;
    this.vcpuCount = topology.count;
    this.eventIdBits = eventIdBits;
    this.intidLimit = 2 ** intidBits;
    this.typer = (deviceIdBits - 1) * 0x2000 + (eventIdBits - 1) * 0x100 + 0x71;
    this.linearUnits = 1 + Math.ceil(lpis.count / LPIS_PER_UNIT);
    this.mappings = new itsMappings.ItsMappings(config);
    this.deviceTable = new ItsTable(memory, DEVICE_TABLE, 2 ** deviceIdBits);
    this.collectionTable = new ItsTable(memory, COLLECTION_TABLE, config.maxCollections);
    this.queue = new CommandQueue(memory);
    this.frame = new RegisterFrame<ItsRegisters>(this, gitsRegisters);
    this.timer = clock.timer(`${name}.queue`, () => this.slice());
    this.commands = this.commands$ = new Wire<readonly [command: ItsCommand], CommandResult, ItsCommandEvent>(order, {
      name: `${name}.commands`,
      unowned: 0,
      describe: (seq, atNs, error, command) => ({ seq, atNs, kind: "its.command", its: name, ...describeCommand(command, error) }),
    });
    this.translations = this.translations$ = new Wire<readonly [deviceId: number, eventId: number], IrqResult, ItsTranslationEvent>(order, {
      name: `${name}.translations`,
      unowned: 0,
      describe: (seq, atNs, result, deviceId, eventId) => ({
        seq,
        atNs,
        kind: "its.translation",
        its: name,
        deviceId,
        eventId,
        ...this.peekTranslation(deviceId, eventId),
        result,
      }),
    });
    this.commands.own(name, (command) => runCommand(this, command));
    this.translations.own(name, (deviceId, eventId) => this.translate(deviceId, eventId));
  }

  // ---- doorbell -------------------------------------------------------------------------------------------------------

  /**
   * A message-signalled interrupt from the routing side; `data` is the EventID. Any address inside the two frames serves as
   * doorbell, as in KVM. @returns 1 delivered; 0 blocked; −EINVAL without a DeviceID; −EBUSY while the ITS, or LPIs at the
   * target, are disabled (kvm-irq-abi C.5)
   */
  deliver(_offset: number, data: number, deviceId: number): IrqResult {
    const owner = this.translations.direct; // nobody taps; and the message is an emission already, so the number will do
    if (owner === undefined || this.order.depth === 0) return this.translations.emit(deviceId, data >>> 0);
    this.order.sequence++;
    return owner(deviceId, data >>> 0);
  }

  /** A CPU wrote GITS_TRANSLATER over the bus, where no DeviceID travels: it is the configured one, or nobody's. */
  cpuDoorbell(eventId: number): void {
    if (this.config.cpuDeviceId !== "none") this.translations.emit(this.config.cpuDeviceId, eventId);
  }

  private translate(deviceId: number, eventId: number): IrqResult {
    if (deviceId < 0) return NOT_THIS_VM;
    if (!this.enabled) return BUSY;
    const { mappings } = this;
    const page = mappings.find(deviceId)?.pageOf(eventId);
    if (page === undefined) return BLOCKED;
    const at = (eventId & 31) << 1;
    const intid = page[at]!;
    if (intid === 0) return BLOCKED;
    const vcpu = mappings.vcpuOf(page[at + 1]!);
    if (vcpu === UNMAPPED) return BLOCKED;
    const result = this.lpis.pend(intid, vcpu, true);
    return result === PENDED ? 1 : result === LPIS_DISABLED ? BUSY : BLOCKED;
  }

  /** Where an event leads now; without side effects. */
  peekTranslation(deviceId: number, eventId: number): { readonly intid?: number; readonly icid?: number; readonly vcpu?: number } {
    const device = this.mappings.find(deviceId);
    const intid = device?.intidAt(eventId) ?? 0;
    if (device === undefined || intid === 0) return {};
    const icid = device.icidAt(eventId);
    const vcpu = this.mappings.vcpuOf(icid);
    return vcpu === UNMAPPED ? { intid, icid } : { intid, icid, vcpu };
  }

  targetOf(intid: number): number | undefined {
    return this.mappings.targetOf(intid);
  }

  // ---- registers ------------------------------------------------------------------------------------------------------

  get isEnabled(): boolean {
    return this.enabled;
  }

  /** Quiescent whenever no command waits; a disabled ITS has nothing under way. */
  get ctlr(): number {
    return ((this.enabled ? ENABLED : 0) | (!this.enabled || this.queue.drained ? QUIESCENT : 0)) >>> 0;
  }

  /** Enabling is ignored until both tables and the queue are valid, as in KVM (I.9). */
  writeCtlr(value: number): void {
    const enable = (value & ENABLED) !== 0;
    if (enable && !(this.deviceTable.valid && this.collectionTable.valid && this.queue.valid)) return;
    this.enabled = enable;
    if (enable) this.work();
    else this.timer.disarm();
  }

  writeCbaser(value: U64): void {
    if (!this.enabled) this.queue.writeCbaser(value);
  }

  writeCwriter(value: U64): void {
    this.queue.writeCwriter(value);
    this.work();
  }

  /** GITS_BASER<n>, n = 0 (devices) or 1 (collections). */
  table(n: number): ItsTable {
    return n === 0 ? this.deviceTable : this.collectionTable;
  }

  /** A table that moves takes its mappings with it: what was mapped in the old one is gone. */
  writeBaser(n: number, value: U64): void {
    if (this.enabled || !this.table(n).write(value)) return;
    if (n === 0) this.mappings.clearDevices();
    else this.mappings.clearCollections();
  }

  // ---- command queue --------------------------------------------------------------------------------------------------

  /** Runs a slice now, unless an earlier backlog waits for its timer. */
  private work(): void {
    if (this.timer.deadlineNs === Infinity) this.slice();
  }

  private slice(): void {
    for (let units = SLICE_UNITS; this.enabled && units > 0; ) {
      const command = this.queue.take();
      if (command === undefined) return;
      units -= commandRow(command.opcode)?.linear === true ? this.linearUnits : 1;
      this.commands.emit(command);
    }
    if (this.enabled && this.queue.backlog) this.timer.armAt(this.clock.nowNs() + SLICE_NS);
  }

  // ---- life -----------------------------------------------------------------------------------------------------------

  /** Restored tables take the place of all mappings. */
  takeMappings(mappings: itsMappings.ItsMappings): void {
    this.mappings = mappings;
    for (const device of mappings.sortedDevices()) for (const { intid } of device.events()) this.lpis.mapped(intid);
  }

  /** KVM_DEV_ARM_ITS_CTRL_RESET, and both resets of the machine: disabled, quiescent, nothing valid, nothing mapped. */
  reset(): void {
    this.timer.disarm();
    this.enabled = false;
    this.queue.reset();
    this.deviceTable.write(0);
    this.collectionTable.write(0);
    this.mappings.clearDevices();
    this.mappings.clearCollections();
  }

  save(): PlainData {
    return {
      enabled: this.enabled,
      queue: this.queue.save(),
      basers: [this.deviceTable.register, this.collectionTable.register],
      timer: this.timer.save() as PlainData,
      mappings: saveMappings(this.mappings),
    };
  }

  restore(state: PlainData): void {
    const saved = state as unknown as SavedIts;
    if (typeof saved?.enabled !== "boolean" || saved.queue?.length !== 3 || saved.basers?.length !== 2) {
      throw new SnapshotError(`what was saved for ${this.name} at ${hex(this.base)} is no state of an ITS`, { subject: this.name });
    }
    const mappings = restoreMappings(saved.mappings, this); // throws before anything changed
    this.reset();
    this.mappings = mappings;
    this.deviceTable.write(saved.basers[0]!);
    this.collectionTable.write(saved.basers[1]!);
    this.queue.restore(saved.queue);
    this.enabled = saved.enabled;
    this.timer.restore(saved.timer);
  }

  close(): void {
    this.timer.disarm();
    this.commands.complete();
    this.translations.complete();
  }
}

interface SavedIts {
  readonly enabled: boolean;
  readonly queue: readonly U64[];
  readonly basers: readonly U64[];
  readonly timer: SavedTimer | null;
  readonly mappings: SavedMappings;
}

function describeCommand(command: ItsCommand, error: CommandResult): Omit<ItsCommandEvent, "seq" | "atNs" | "kind" | "its"> {
  const row = commandRow(command.opcode);
  return {
    command: row?.name ?? `reserved ${hex(command.opcode)}`,
    ...Object.fromEntries((row?.operands ?? []).map((operand) => [operand, command[operand]])),
    ...(error === 0 ? {} : { error: commandErrorName(error) }),
  };
}
