/**
 * The GIC as KVM's user space controls it: KVM_CREATE_DEVICE and the attribute groups of the device, with the kernel's ranges,
 * ordering and errnos (kvm-irq-abi.md A.6, H; Documentation/virt/kvm/devices/arm-vgic.rst and arm-vgic-v3.rst).
 *
 * CTRL_INIT makes the chip; before it there is only configuration. ITS_REGS and the ITS's controls are src/its. Of answers
 * that depend on the kernel's age the newer one is given (kvm-irq-abi.md K.9).
 */
import { type U64, toBigint } from "@trapline/core";
import { IccInterface, iccEncoding } from "../icc.registers.ts";
import { ANY_HIGH, EDGE, MESSAGE_HIGH, PIN_HIGH, PRIVATE_HIGH } from "../irq-state.ts";
import { VgicV2 } from "../vgic-v2.ts";
import { savePendingTables } from "../lpi/save-pending-tables.ts";
import { VgicV3 } from "../vgic-v3.ts";
import { KvmAddresses } from "./kvm-addresses.ts";
import { KVM_IIDR, readGicc, UserFrame, writeGicc } from "./kvm-registers.ts";
import { CTRL_INIT, CTRL_SAVE_PENDING_TABLES, GROUP, type KvmVm, MAX_VCPUS_V2, MAX_VCPUS_V3, refuse } from "./kvm-vm.ts";

const FRAME = 0x2_0000;
const SGI_BASE = 0x1_0000;
/** What CPU_SYSREGS saves; the further APRs exist only with more priority bits. */
const SYSREGS: ReadonlySet<number | undefined> = new Set(
  ["PMR", "BPR0", "BPR1", "AP0R0", "AP1R0", "CTLR", "SRE", "IGRPEN0", "IGRPEN1"].map((name) => iccEncoding(`ICC_${name}_EL1`)),
);
const MISSING_APRS: ReadonlySet<number> = new Set([0xc645, 0xc646, 0xc647, 0xc649, 0xc64a, 0xc64b]);

/** KVM_CREATE_DEVICE for a VGIC. @throws KvmError ENODEV, EBUSY, EEXIST, E2BIG in the kernel's order */
export function createVgic(vm: KvmVm, version: 2 | 3): KvmVgic {
  const most = version === 2 ? MAX_VCPUS_V2 : MAX_VCPUS_V3;
  const subject = "KVM_CREATE_DEVICE";
  if (!vm.versions.includes(version)) refuse("ENODEV", subject, `the host cannot virtualise a GICv${version}`, "use another version", version);
  if (vm.running) refuse("EBUSY", subject, "a vCPU is running", "create the GIC before the first run");
  if (vm.vgic !== undefined) refuse("EEXIST", subject, "the VM has a GIC", "use that one");
  if (vm.hasRun) refuse("EBUSY", subject, "a vCPU has run", "create the GIC before the first run");
  if (vm.topology.count > most) refuse("E2BIG", subject, `a GICv${version} has at most ${most} vCPUs`, "create fewer vCPUs", vm.topology.count);
  const vgic = new KvmVgic(vm, version);
  vm.vgic = vgic;
  return vgic;
}

export class KvmVgic {
  readonly version: 2 | 3;
  readonly addresses: KvmAddresses;
  /** The chip, once it is initialised. */
  gic: VgicV2 | VgicV3 | undefined;
  private readonly vm: KvmVm;
  private nrIrqs = 0;
  private distributor: UserFrame | undefined;
  private redistributors: UserFrame | undefined;

  constructor(vm: KvmVm, version: 2 | 3) {
    this.vm = vm;
    this.version = version;
    this.addresses = new KvmAddresses(vm, version);
  }

  /** Before KVM_CREATE_VCPU. @throws KvmError EINVAL for an id beyond the model, EBUSY when it is initialised */
  checkVcpuCreation(id: number): void {
    const most = this.version === 2 ? MAX_VCPUS_V2 : MAX_VCPUS_V3;
    if (id >= most) refuse("EINVAL", "KVM_CREATE_VCPU", `a GICv${this.version} has at most ${most} vCPUs`, "use lower ids", id);
    if (this.gic !== undefined) refuse("EBUSY", "KVM_CREATE_VCPU", "the GIC is initialised", "create all vCPUs before CTRL_INIT", id);
  }

  /** At the first KVM_RUN. A GICv2 initialises itself. @throws KvmError ENXIO, EINVAL, EBUSY; the VM is dead then */
  checkRun(): void {
    this.addresses.checkComplete();
    if (this.version === 3 && this.gic === undefined) refuse("EBUSY", "KVM_RUN", "the GICv3 is not initialised", "CTRL_INIT first");
    const gic = this.initialised();
    if (gic instanceof VgicV3) gic.redistributors.place(this.addresses.redistributors);
  }

  /** KVM_HAS_DEVICE_ATTR. @throws KvmError ENXIO */
  has(group: number, attr: U64): void {
    if (!this.known(group, toBigint(attr))) refuse("ENXIO", "KVM_HAS_DEVICE_ATTR", `group ${group} has no such attribute`, "see arm-vgic.rst", toBigint(attr));
  }

  /** KVM_SET_DEVICE_ATTR. @throws KvmError with the kernel's errno */
  set(group: number, attr: U64, value: U64 = 0): void {
    const word = Number(toBigint(value) & 0xffff_ffffn);
    switch (group) {
      case GROUP.ADDR:
        return this.addresses.set(Number(attr), toBigint(value));
      case GROUP.NR_IRQS:
        return this.setNrIrqs(word);
      case GROUP.CTRL:
        return this.control(Number(attr));
      case GROUP.CPU_SYSREGS:
        return this.setSysreg(toBigint(attr), toBigint(value));
      case GROUP.LEVEL_INFO:
        return this.setLevels(toBigint(attr), word);
      default: {
        const { offset, vcpu } = this.locate(group, toBigint(attr));
        if (group === GROUP.DIST_REGS) this.distributor!.write(offset, word, vcpu);
        else if (group === GROUP.REDIST_REGS) this.redistributors!.write(offset, word, vcpu);
        else writeGicc(this.gic as VgicV2, offset, word, vcpu);
      }
    }
  }

  /** KVM_GET_DEVICE_ATTR. @param preset what the caller's buffer holds (V3_REDIST_REGION reads its index there) @throws KvmError */
  get(group: number, attr: U64, preset = 0n): bigint {
    switch (group) {
      case GROUP.ADDR:
        return this.addresses.get(Number(attr), preset);
      case GROUP.NR_IRQS:
        return BigInt(Math.max(this.nrIrqs, 32));
      case GROUP.CTRL:
        return refuse("ENXIO", "CTRL", "controls cannot be read", "set them");
      case GROUP.CPU_SYSREGS:
        return this.sysreg(toBigint(attr));
      case GROUP.LEVEL_INFO:
        return BigInt(this.levels(toBigint(attr)));
      default: {
        const { offset, vcpu } = this.locate(group, toBigint(attr));
        if (group === GROUP.DIST_REGS) return BigInt(this.distributor!.read(offset, vcpu));
        if (group === GROUP.REDIST_REGS) return BigInt(this.redistributors!.read(offset, vcpu));
        return BigInt(readGicc(this.gic as VgicV2, offset, vcpu));
      }
    }
  }

  private control(attr: number): void {
    if (attr === CTRL_INIT) return void this.initialised();
    if (attr !== CTRL_SAVE_PENDING_TABLES) refuse("ENXIO", "CTRL", "not a control of this device", "use CTRL_INIT", attr);
    if (!(this.gic instanceof VgicV3)) refuse("ENXIO", "CTRL", "no GICv3 with pending tables", "use an initialised GICv3", attr);
    savePendingTables(this.gic.lpis, this.vm.running);
  }

  private setNrIrqs(total: number): void {
    if (total < 64 || total > 1023 || total % 32 !== 0) refuse("EINVAL", "NR_IRQS", "not a multiple of 32 from 64 to 992", "correct it", total);
    if (this.nrIrqs !== 0 || this.gic !== undefined) refuse("EBUSY", "NR_IRQS", "the number of interrupts is fixed", "set it once, before CTRL_INIT", total);
    this.nrIrqs = total;
  }

  /** CTRL_INIT; again it does nothing. */
  private initialised(): VgicV2 | VgicV3 {
    if (this.gic !== undefined) return this.gic;
    const { topology, order } = this.vm;
    if (this.nrIrqs === 0) this.nrIrqs = 256;
    const spis = this.nrIrqs - 32;
    if (this.version === 2) {
      const gic = new VgicV2(topology, order, { spis });
      this.distributor = new UserFrame(gic, gic, gic.distributor as never);
      this.gic = gic;
    } else {
      // Where the frames stand is decided by the first KVM_RUN; until then they need only be enough.
      const room = [{ base: 0, size: Math.max(1, topology.count) * FRAME }];
      const gic = new VgicV3(topology, order, { spis, redistributors: room, initialGroup: 1 });
      this.distributor = new UserFrame(gic, gic.distributor, gic.distributor.frame as never);
      this.redistributors = new UserFrame(gic, gic.redistributors, gic.redistributors.frame as never, SGI_BASE);
      this.gic = gic;
    }
    this.gic.iidr = KVM_IIDR | (3 << 12);
    return this.gic;
  }

  private known(group: number, attr: bigint): boolean {
    const offset = Number(attr & 0xffff_ffffn);
    switch (group) {
      case GROUP.ADDR:
        return this.addresses.has(Number(attr));
      case GROUP.NR_IRQS:
        return true;
      case GROUP.CTRL:
        return Number(attr) === CTRL_INIT || (this.version === 3 && Number(attr) === CTRL_SAVE_PENDING_TABLES);
      case GROUP.CPU_SYSREGS:
        return this.version === 3 && SYSREGS.has(offset & 0xffff);
      case GROUP.LEVEL_INFO:
        return this.version === 3 && ((attr >> 10n) & 0x3f_ffffn) === 0n;
      case GROUP.DIST_REGS:
        this.initialised();
        return this.distributor!.has(offset);
      case GROUP.REDIST_REGS:
        this.initialised();
        return this.redistributors?.has(offset) ?? false;
      case GROUP.CPU_REGS:
        return this.version === 2 && offset % 4 === 0 && (this.initialised() as VgicV2).cpuInterface.nameAt(offset) !== undefined;
      default:
        return false;
    }
  }

  /** Who and where; checks in the kernel's order: the vCPU, then whether it is initialised, then whether one runs. */
  private locate(group: number, attr: bigint): { offset: number; vcpu: number } {
    const offset = Number(attr & 0xffff_ffffn);
    const { topology } = this.vm;
    const mine = this.version === 2 ? [GROUP.DIST_REGS, GROUP.CPU_REGS] : [GROUP.DIST_REGS, GROUP.REDIST_REGS];
    if (!(mine as readonly number[]).includes(group)) refuse("ENXIO", "group", `a GICv${this.version} has no group ${group}`, "see arm-vgic.rst", group);
    const named = this.version === 2 ? Number((attr >> 32n) & 0xffn) : group === GROUP.DIST_REGS ? 0 : this.byMpidr(attr);
    const vcpu = named < topology.count ? named : -1;
    if (vcpu < 0) refuse("EINVAL", "attr", "there is no such vCPU", "name one that exists", attr);
    if (this.version === 3) this.requireInitialised();
    if (this.vm.running) refuse("EBUSY", "attr", "a vCPU is running", "stop all vCPUs first");
    this.initialised();
    return { offset, vcpu };
  }

  private byMpidr(attr: bigint): number {
    return this.vm.topology.vcpuAt(Number(attr >> 32n));
  }

  private requireInitialised(): void {
    if (this.gic === undefined) refuse("EBUSY", "attr", "the GICv3 is not initialised", "CTRL_INIT first");
  }

  /** The vCPU of a GICv3 attribute, with the checks all of its groups share. */
  private v3Vcpu(group: string, attr: bigint): VgicV3 {
    if (this.version !== 3) refuse("ENXIO", group, "a GICv2 has no such group", "see arm-vgic.rst");
    if (this.byMpidr(attr) < 0) refuse("EINVAL", group, "no vCPU has that affinity", "name one that exists", attr);
    this.requireInitialised();
    if (this.vm.running) refuse("EBUSY", group, "a vCPU is running", "stop all vCPUs first");
    return this.gic as VgicV3;
  }

  private sysreg(attr: bigint): bigint {
    const gic = this.v3Vcpu("CPU_SYSREGS", attr);
    const encoding = this.sysregOf(attr);
    return toBigint(new IccInterface(gic).peekSysreg(encoding, this.byMpidr(attr))!);
  }

  private setSysreg(attr: bigint, value: bigint): void {
    const gic = this.v3Vcpu("CPU_SYSREGS", attr);
    const encoding = this.sysregOf(attr);
    const wrong = (what: string): never => refuse("EINVAL", "CPU_SYSREGS", what, "restore on a host that has what was saved", value);
    if (encoding === iccEncoding("ICC_SRE_EL1") && (value & 1n) === 0n) wrong("ICC_SRE_EL1.SRE cannot be 0");
    if (encoding === iccEncoding("ICC_CTLR_EL1")) {
      const fixed = BigInt(gic.cpuControlFixed);
      if (((value >> 8n) & 7n) > ((fixed >> 8n) & 7n)) wrong("ICC_CTLR_EL1 announces more priority bits than there are");
      if (((value ^ fixed) & 0xf800n) !== 0n) wrong("ICC_CTLR_EL1 announces other features than there are");
    }
    new IccInterface(gic).writeSysreg(encoding, value, this.byMpidr(attr));
  }

  private sysregOf(attr: bigint): number {
    const encoding = Number(attr & 0xffffn);
    if (MISSING_APRS.has(encoding)) refuse("EINVAL", "CPU_SYSREGS", "with 5 priority bits that register does not exist", "leave it out", encoding);
    if (!SYSREGS.has(encoding)) refuse("ENOENT", "CPU_SYSREGS", "not a register that is saved", "leave it out", encoding);
    return encoding;
  }

  /** info 31:10 must be LINE_LEVEL (0); INTID 9:0 a multiple of 32. */
  private levelSlots(attr: bigint, use: (gic: VgicV3, slot: number, bit: number) => void): void {
    const gic = this.v3Vcpu("LEVEL_INFO", attr);
    const first = Number(attr & 0x3ffn);
    if (first % 32 !== 0) refuse("EINVAL", "LEVEL_INFO", "the INTID is not a multiple of 32", "align it", first);
    if (((attr >> 10n) & 0x3f_ffffn) !== 0n) refuse("EINVAL", "LEVEL_INFO", "the only info is LINE_LEVEL", "use 0", attr);
    for (let bit = 0; bit < 32; bit++) {
      const slot = first + bit < 16 ? -1 : gic.space.slot(first + bit, this.byMpidr(attr));
      if (slot >= 0) use(gic, slot, bit);
    }
  }

  private levels(attr: bigint): number {
    let word = 0;
    this.levelSlots(attr, ({ table }, slot, bit) => {
      const flags = table.flags(slot);
      if ((flags & EDGE) === 0 && (flags & ANY_HIGH) !== 0) word |= 1 << bit;
    });
    return word >>> 0;
  }

  private setLevels(attr: bigint, word: number): void {
    this.levelSlots(attr, ({ table, space }, slot, bit) => {
      if ((word & (1 << bit)) === 0) for (const source of [PIN_HIGH, PRIVATE_HIGH, MESSAGE_HIGH]) table.putLevel(slot, source, false);
      else table.putLevel(slot, slot < space.sharedSlots ? PIN_HIGH : PRIVATE_HIGH, true);
    });
  }
}
