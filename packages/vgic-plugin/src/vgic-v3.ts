/**
 * A GICv3 without ITS (Arm IHI 0069): distributor, redistributors, CPU interface by system registers, affinity routing.
 * LPIs come from whoever attaches an `LpiController`.
 *
 * Off by default, as guests expect of a virtual machine: extended SPIs and PPIs, message-based SPIs, 1-of-N, the range
 * selector. Not modelled: NMIs, two security states, GICv4, the hypervisor's virtual interface (ICH_*).
 */
import { ConfigError, IGNORED, type IrqResult, type PlainData, type ResetKind, type VcpuTopology, type WireOrder } from "@trapline/core";
import { DistributorV3 } from "./distributor-v3.ts";
import { IccInterface } from "./icc.registers.ts";
import { FIRST_LPI } from "./intid-space.ts";
import { EDGE, MESSAGE_HIGH } from "./irq-state.ts";
import { FiledLpis } from "./lpi/filed-lpis.ts";
import type { LpiController, LpiControllerFactory, LpiState } from "./lpi/lpi-controller.ts";
import { OneOfN } from "./one-of-n.ts";
import { Redistributors } from "./redistributors.ts";
import type { SavedState } from "./saved-state.ts";
import { Vgic } from "./vgic.ts";
import { type CheckedV3Options, checkV3Options, type VgicV3Options } from "./vgic-v3-options.ts";

/** GICD_IROUTER.Interrupt_Routing_Mode, in the low word. */
const ROUTE_ANY = 0x8000_0000;

export class VgicV3 extends Vgic {
  readonly options: CheckedV3Options;
  readonly distributor: DistributorV3;
  readonly redistributors: Redistributors;
  readonly icc: IccInterface;
  /** Where the LPIs come from, if the GIC has any. */
  lpis: LpiController | undefined;
  private filedLpis: FiledLpis | undefined;
  /** One past the last LPI; 0 without any. Kept, because a power costs more than an end of interrupt. */
  private lpiLimit = 0;
  private readonly oneOfN: OneOfN | undefined;
  /** GICD_IROUTER of each shared slot: the affinity, packed as MPIDR_EL1 packs it. */
  private readonly routes: Uint32Array;

  /** @throws ConfigError for options that no GICv3 can have, or regions that do not hold all vCPUs. */
  constructor(topology: VcpuTopology, order: WireOrder, options: VgicV3Options = {}) {
    const checked = checkV3Options(options);
    const oneOfN = checked.oneOfN ? new OneOfN(topology.count) : undefined;
    super({ ...checked, version: 3, vcpuCount: topology.count, vcpuCapacity: topology.count, chooser: oneOfN }, topology, order);
    this.options = checked;
    this.oneOfN = oneOfN;
    this.routes = new Uint32Array(this.space.sharedSlots);
    this.distributor = new DistributorV3(this);
    this.redistributors = new Redistributors(this, topology, checked.redistributors);
    this.icc = new IccInterface(this);
    if (checked.messageSpis) this.addMsiTarget(this.messageDoorbell(checked.distributor));
    this.reset("power-on");
  }

  /**
   * Gives the GIC its LPIs. Once, while the machine is composed.
   * @throws ConfigError when it has some already, or too few INTID bits
   */
  attachLpis(make: LpiControllerFactory): LpiController {
    const { intidBits } = this.options;
    if (this.lpis !== undefined || intidBits < 14) {
      throw new ConfigError(this.lpis === undefined ? `${this.name} has ${intidBits} INTID bits, and LPIs begin at 8192` : `${this.name} has LPIs already`, {
        subject: this.name,
        value: intidBits,
        limit: 14,
        remedy: this.lpis === undefined ? "raise intidBits" : "leave one of the two sources of LPIs out",
      });
    }
    this.lpiLimit = 2 ** intidBits;
    this.arbitration.widen(this.lpiLimit);
    this.filedLpis = new FiledLpis(intidBits, this.topology, this.order, this.arbitration);
    return (this.lpis = make(this.filedLpis));
  }

  isLpi(intid: number): boolean {
    return intid >= FIRST_LPI && intid < this.lpiLimit;
  }

  override peekLpi(intid: number): LpiState | undefined {
    return this.isLpi(intid) ? this.lpis!.peek(intid) : undefined;
  }

  override get distributorBase(): number {
    return this.options.distributor;
  }

  get typer(): number {
    const { intidBits, messageSpis, oneOfN, rangeSelector, extendedSpis } = this.options;
    const lines = Math.ceil((32 + this.space.spis) / 32) - 1;
    const extended = extendedSpis === 0 ? 0 : ((extendedSpis / 32 - 1) << 27) | (1 << 8);
    const lpis = this.lpis !== undefined && (this.lpis.typer(0) & 1) !== 0;
    const flags = (Number(rangeSelector) << 26) | (Number(!oneOfN) << 25) | (1 << 24) | (Number(lpis) << 17) | (Number(messageSpis) << 16);
    return (extended | flags | ((intidBits - 1) << 19) | lines) >>> 0;
  }

  /** What of ICC_CTLR_EL1 never changes: PRIbits, IDbits, A3V, and RSS and ExtRange as in GICD_TYPER. */
  get cpuControlFixed(): number {
    const { intidBits, rangeSelector, extendedSpis, extendedPpis } = this.options;
    const extended = extendedSpis > 0 || extendedPpis > 0;
    return (4 << 8) | (Number(intidBits > 16) << 11) | (1 << 15) | (Number(rangeSelector) << 18) | (Number(extended) << 19);
  }

  /** The low word of GICD_IROUTER. */
  routeLow(slot: number): number {
    return ((this.routes[slot]! & 0xff_ffff) | (this.table.anyTarget[slot] === 1 ? ROUTE_ANY : 0)) >>> 0;
  }

  /** The high word: Aff3. */
  routeHigh(slot: number): number {
    return this.routes[slot]! >>> 24;
  }

  /** Affinities of no vCPU leave the interrupt pending and forwarded nowhere. Without 1-of-N the routing mode is RAZ/WI. */
  setRoute(slot: number, low: number, high: number): void {
    this.routes[slot] = ((high & 0xff) << 24) | (low & 0xff_ffff);
    if (this.oneOfN !== undefined && (low & ROUTE_ANY) !== 0) this.table.setAnyTarget(slot);
    else this.table.setTarget(slot, this.topology.vcpuAt(this.routes[slot]!));
  }

  /** ICC_IGRPEN0_EL1 and ICC_IGRPEN1_EL1. */
  setCpuGroups(vcpu: number, groups: number): void {
    this.cpus.setGroups(vcpu, groups);
    this.updateParticipants(vcpu);
  }

  override resetVcpu(vcpu: number): void {
    super.resetVcpu(vcpu);
    if (vcpu >= 0 && vcpu < this.space.vcpuCount) this.updateParticipants(vcpu);
  }

  /** GICD_SETSPI_NSR and CLRSPI_NSR: an edge latches, a level is held until it is cleared. */
  messageSpi(intid: number, set: boolean): IrqResult {
    const slot = this.options.messageSpis ? this.space.sharedSlot(intid) : -1;
    if (slot < 0) return IGNORED;
    if ((this.table.flags(slot) & EDGE) === 0) return this.table.setLevel(slot, MESSAGE_HIGH, set);
    if (set) return this.table.latch(slot);
    this.table.unlatch(slot);
    return this.table.setLevel(slot, MESSAGE_HIGH, false);
  }

  protected override takeLpi(vcpu: number, intid: number): void {
    this.filedLpis!.taken(intid);
    this.lpis!.acknowledged(intid, vcpu);
  }

  protected override initialTarget(vcpu: number): number {
    return vcpu >= 0 ? vcpu : this.topology.vcpuAt(0);
  }

  protected override resetVersion(kind: ResetKind): void {
    this.routes.fill(0);
    this.redistributors.reset();
    this.oneOfN?.clear();
    this.filedLpis?.clear();
    this.lpis?.reset(kind);
  }

  protected override saveVersion(): { readonly [key: string]: PlainData } {
    return {
      routes: Array.from(this.routes),
      anyTarget: this.table.anyTarget.slice(),
      oneOfNLast: Array.from(this.oneOfN?.last ?? []),
      asleep: this.redistributors.save(),
      lpis: this.lpis?.save() ?? null,
    };
  }

  protected override restoreVersion(state: SavedState): () => void {
    const { space, table, oneOfN } = this;
    const routes = state.numbers("routes", space.sharedSlots, 0, 0xffff_ffff);
    const anyTarget = state.bytes("anyTarget", space.sharedSlots);
    const last = state.numbers("oneOfNLast", oneOfN === undefined ? 0 : 2, -1, space.vcpuCount - 1);
    const asleep = state.bytes("asleep", space.vcpuCount);
    const lpis = state.value("lpis");
    this.lpis?.check(lpis);
    return () => {
      this.routes.set(routes);
      for (const [slot, any] of anyTarget.entries()) table.anyTarget[slot] = oneOfN === undefined ? 0 : any & 1;
      if (oneOfN !== undefined) {
        oneOfN.clear();
        for (let vcpu = 0; vcpu < space.vcpuCount; vcpu++) {
          for (const group of [0, 1]) oneOfN.setParticipates(vcpu, group, ((this.cpus.groups[vcpu]! >> group) & 1) === 1);
        }
        oneOfN.last.set(last);
      }
      this.redistributors.restore(asleep);
      this.filedLpis?.clear();
      this.lpis?.restore(lpis);
    };
  }

  /** Who joins or leaves 1-of-N makes its interrupts choose again. O(SPIs), only with 1-of-N. */
  private updateParticipants(vcpu: number): void {
    const { oneOfN, table, space } = this;
    if (oneOfN === undefined) return;
    let changed = false;
    for (const group of [0, 1]) {
      if (oneOfN.setParticipates(vcpu, group, ((this.cpus.groups[vcpu]! >> group) & 1) === 1)) changed = true;
    }
    if (!changed) return;
    for (let slot = 0; slot < space.sharedSlots; slot++) if (table.anyTarget[slot] === 1) table.reconsider(slot);
  }

  /** Message-based SPIs as MSIs: the address is the register's, the data the INTID. */
  private messageDoorbell(base: number): { base: number; size: number; deliver(offset: number, data: number): IrqResult } {
    return {
      base: base + 0x40,
      size: 0xc,
      deliver: (offset, data) => (offset === 0 ? this.messageSpi(data, true) : offset === 8 ? this.messageSpi(data, false) : IGNORED),
    };
  }
}

