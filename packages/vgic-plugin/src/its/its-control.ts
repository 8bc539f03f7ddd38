/**
 * The ITS as a KVM device (Linux, Documentation/virt/kvm/devices/arm-vgic-its.rst; kvm-irq-abi H.2, H.6): the attribute
 * groups ADDR, CTRL and ITS_REGS, with KVM's order of checks and errnos. Save and restore in KVM's way go through here.
 *
 * Restore in this order: guest memory and redistributors, the address, GITS_CBASER, the other registers with GITS_CREADR,
 * the tables, GITS_CTLR last.
 */
import { hex, KvmError, lo32, type U64 } from "@trapline/core";
import type { KvmVm } from "../kvm/kvm-vm.ts";
import type { Its } from "./its.ts";
import { GITS_IIDR_VALUE, GITS_PIDR4, gitsRegisters, GITS_TRANSLATER, ITS_FRAME_BYTES } from "./its.registers.ts";
import { restoreTables } from "./restore-tables.ts";
import { saveTables } from "./save-tables.ts";

/** Attribute groups, KVM_DEV_ARM_VGIC_GRP_*. */
export const ITS_GROUP = { ADDR: 0, CTRL: 4, ITS_REGS: 8 } as const;
/** The one attribute of the group ADDR. */
export const ITS_ADDR_TYPE = 4;
/** Attributes of the group CTRL. */
export const ITS_CTRL = { INIT: 0, SAVE_TABLES: 1, RESTORE_TABLES: 2, RESET: 4 } as const;
/** What ADDR reads while no address is set. */
export const ADDRESS_UNSET: U64 = 0xffff_ffff_ffff_ffffn;

const GITS_IIDR = 0x04;
const GITS_TYPER = 0x08;
const GITS_CREADR = 0x90;
/** Host access: no vCPU. */
const HOST = -1;

/** What it asks of the virtual machine. */
export type ItsVm = Pick<KvmVm, "ipaBits" | "running">;

/** Nothing runs, and guest-physical addresses have KVM's default size. */
const STOPPED: ItsVm = { ipaBits: 40, running: false };

export class ItsControl {
  private readonly its: Its;
  private readonly vm: ItsVm;
  private readonly place: (base: number) => void;

  /**
   * @param place puts the ITS at its address: claims the frames, routes MSIs to it
   * @param vm while a vCPU of it runs, what needs them stopped is refused
   */
  constructor(its: Its, place: (base: number) => void, vm: ItsVm = STOPPED) {
    this.its = its;
    this.place = place;
    this.vm = vm;
  }

  /** KVM_HAS_DEVICE_ATTR. @throws KvmError ENXIO, or EINVAL for a misaligned register */
  has(group: number, attr: number): void {
    if (group === ITS_GROUP.ADDR && attr === ITS_ADDR_TYPE) return;
    if (group === ITS_GROUP.CTRL && Object.values<number>(ITS_CTRL).includes(attr)) return;
    if (group === ITS_GROUP.ITS_REGS) return void this.registerAt(attr);
    throw unknownAttribute(group, attr);
  }

  /**
   * KVM_GET_DEVICE_ATTR of ADDR and ITS_REGS.
   * @throws KvmError ENXIO, ENODEV for another address type, EINVAL for a misaligned register, EBUSY while a vCPU runs
   */
  get(group: number, attr: number): U64 {
    if (group === ITS_GROUP.ADDR) {
      this.checkAddressType(attr);
      return this.its.base < 0 ? ADDRESS_UNSET : this.its.base;
    }
    if (group !== ITS_GROUP.ITS_REGS) throw unknownAttribute(group, attr);
    const register = this.reachable(attr);
    return register.read(this.its, register.n, HOST);
  }

  /**
   * KVM_SET_DEVICE_ATTR. `value` is ignored for CTRL.
   * @throws KvmError as `get`, and: ADDR EEXIST, EINVAL, E2BIG; CTRL what saving and restoring tables throw; ITS_REGS
   * EINVAL for a table ABI other than 0 or a GITS_CREADR beyond the queue, EBUSY for GITS_CREADR while enabled
   */
  set(group: number, attr: number, value: U64 = 0): void {
    if (group === ITS_GROUP.ADDR) this.setAddress(attr, value);
    else if (group === ITS_GROUP.CTRL) this.control(attr);
    else if (group === ITS_GROUP.ITS_REGS) this.setRegister(attr, value);
    else throw unknownAttribute(group, attr);
  }

  private setAddress(attr: number, value: U64): void {
    this.checkAddressType(attr);
    const { name, base } = this.its;
    if (base >= 0) {
      throw new KvmError("EEXIST", `${name} is at ${hex(base)} already`, {
        subject: name,
        other: hex(base),
        value: hex(value),
        remedy: "an address is set once",
      });
    }
    if (lo32(value) % 0x1_0000 !== 0) {
      throw new KvmError("EINVAL", `${name} at ${hex(value)} is not aligned`, {
        subject: name,
        value: hex(value),
        limit: "0x1_0000",
        remedy: "use a multiple of 64 KiB",
      });
    }
    if (typeof value === "bigint" || value + ITS_FRAME_BYTES > 2 ** this.vm.ipaBits) {
      throw new KvmError("E2BIG", `${name} at ${hex(value)} ends beyond guest-physical memory`, {
        subject: name,
        value: hex(value),
        limit: hex(2 ** this.vm.ipaBits),
        remedy: "place it lower",
      });
    }
    this.place(value);
  }

  private control(attr: number): void {
    if (attr === ITS_CTRL.INIT) return;
    if (!Object.values<number>(ITS_CTRL).includes(attr)) throw unknownAttribute(ITS_GROUP.CTRL, attr);
    this.refuseWhileRunning();
    if (attr === ITS_CTRL.SAVE_TABLES) saveTables(this.its);
    else if (attr === ITS_CTRL.RESTORE_TABLES) this.its.takeMappings(restoreTables(this.its));
    else this.its.reset();
  }

  private setRegister(offset: number, value: U64): void {
    const register = this.reachable(offset);
    if (offset === GITS_IIDR) return this.selectAbi(value);
    if (offset === GITS_CREADR) return this.setCreadr(value);
    if (register.writable) register.write(this.its, value, register.n, HOST);
  }

  /** GITS_IIDR.Revision selects the format of saved tables; there is one. */
  private selectAbi(value: U64): void {
    const revision = (lo32(value) >>> 12) & 0xf;
    if (revision === 0) return;
    throw new KvmError("EINVAL", `table ABI revision ${revision} is not known`, {
      subject: "GITS_IIDR",
      value: revision,
      limit: 0,
      remedy: `write ${hex(GITS_IIDR_VALUE)}`,
    });
  }

  private setCreadr(value: U64): void {
    const facts = { subject: "GITS_CREADR", value: hex(value) };
    if (this.its.isEnabled) throw new KvmError("EBUSY", `${this.its.name} is enabled`, { ...facts, remedy: "write it before GITS_CTLR" });
    if (this.its.queue.writeCreadr(value)) return;
    throw new KvmError("EINVAL", `${hex(value)} is beyond the command queue`, { ...facts, remedy: "write GITS_CBASER first" });
  }

  private reachable(offset: number): ReturnType<ItsControl["registerAt"]> {
    checkAlignment(offset);
    const { name, base } = this.its;
    if (base < 0) throw new KvmError("ENXIO", `${name} has no address`, { subject: name, remedy: "set its address first" });
    const register = this.registerAt(offset);
    this.refuseWhileRunning();
    return register;
  }

  private registerAt(offset: number): NonNullable<ReturnType<typeof gitsRegisters.at>> {
    checkAlignment(offset);
    const register = offset >= 0 && offset < GITS_TRANSLATER ? gitsRegisters.at(offset) : undefined;
    if (register === undefined || register.offset !== offset) throw unknownAttribute(ITS_GROUP.ITS_REGS, offset);
    return register;
  }

  private checkAddressType(attr: number): void {
    if (attr === ITS_ADDR_TYPE) return;
    throw new KvmError("ENODEV", `address type ${attr} is none of an ITS`, {
      subject: this.its.name,
      value: attr,
      limit: ITS_ADDR_TYPE,
      remedy: `use ${ITS_ADDR_TYPE}`,
    });
  }

  private refuseWhileRunning(): void {
    if (this.vm.running) throw new KvmError("EBUSY", "a vCPU is running", { subject: this.its.name, remedy: "stop the machine first" });
  }
}

/** Offsets below GITS_TYPER and from GITS_PIDR4 on are 32-bit registers, the rest 64-bit ones. */
function checkAlignment(offset: number): void {
  const alignment = offset < GITS_TYPER || offset >= GITS_PIDR4 ? 4 : 8;
  if (offset % alignment === 0) return;
  throw new KvmError("EINVAL", `ITS register offset ${hex(offset)} is not aligned`, {
    subject: "ITS_REGS",
    value: hex(offset),
    limit: alignment,
    remedy: `use a multiple of ${alignment}`,
  });
}

function unknownAttribute(group: number, attr: number): KvmError {
  return new KvmError("ENXIO", `an ITS has no attribute ${hex(attr)} in group ${group}`, {
    subject: `group ${group}`,
    value: hex(attr),
    remedy: "ask with has first",
  });
}
