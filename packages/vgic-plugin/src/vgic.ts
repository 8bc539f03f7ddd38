/**
 * What GICv2 and GICv3 have in common: interrupts, arbitration, CPU interfaces, and the irqchip contract around them.
 *
 * Latch, then evaluate once (docs/adr/0002-latch-and-evaluate.md): whatever comes in changes state and marks vCPUs; marked
 * vCPUs are evaluated when the outermost emission ends, or driven at once where that is now (arbitration.ts), and `vcpuLines$`
 * tells only what changed. A completion is emitted at
 * the moment of deactivation, also with split end of interrupt, so a resampler lowers the line before it is looked at again.
 *
 * One security state, 5 priority bits, fully synchronous (gic.md 0.3). Hot: pins, `take`, `end`, `deactivate`, `evaluate`.
 */
import * as core from "@trapline/core";
import {
  type Deferred,
  describeIntid,
  type Irqchip,
  type IrqchipCapabilities,
  type IrqchipWires,
  irqchipWires,
  type IrqResult,
  type IrqSignal,
  type PinState,
  type PlainData,
  type ResetKind,
  type VcpuLine,
  type VcpuTopology,
  type Wire,
  type WireOrder,
} from "@trapline/core";
import type { Observable } from "rxjs";
import { Arbitration } from "./arbitration.ts";
import * as candidates from "./candidate.ts";
import { NO_CANDIDATE } from "./candidate.ts";
import { CpuInterfaces, FIQ_EN } from "./cpu-interfaces.ts";
import { explain, type Explanation } from "./explain.ts";
import type * as events from "./gic-event.ts";
import { ACKNOWLEDGE, DEACTIVATE, EOI, gicWire } from "./gic-event.ts";
import { FIRST_LPI, FIRST_PPI, IntidSpace } from "./intid-space.ts";
import { ANY_HIGH, EDGE, ENABLED, GROUP1, PIN_HIGH, PRIVATE_HIGH } from "./irq-state.ts";
import { IrqTable } from "./irq-table.ts";
import { KvmIrqchipView } from "./kvm/kvm-irqchip-view.ts";
import type { LpiState, MsiTarget } from "./lpi/lpi-controller.ts";
import { MsiTargets } from "./msi-targets.ts";
import { PinLayout } from "./pin-layout.ts";
import { SavedState } from "./saved-state.ts";
import type { VcpuStates } from "./vcpu-states.ts";
import type { VgicShape } from "./vgic-shape.ts";

// docs/adr/0023-interrupt-delivery.md
const { FIQ_LINE, HIGH, IGNORED, IRQ_LINE, PULSE } = core;
const { groupOf, intidOf, priorityOf } = candidates;

export abstract class Vgic implements Irqchip, Deferred {
  declare readonly name: string;
  declare readonly version: 2 | 3;
  declare readonly pinCount: number;
  declare readonly pinLayout: PinLayout;
  declare readonly pins$: IrqchipWires["pins$"];
  declare readonly privateLines$: IrqchipWires["privateLines$"];
  declare readonly msi$: IrqchipWires["msi$"];
  declare readonly vcpuLines$: IrqchipWires["vcpuLines$"];
  declare readonly completions$: IrqchipWires["completions$"];
  /** Acknowledges, ends, deactivations and SGIs, for taps. */
  declare readonly cpu$: Observable<events.GicEvent>;

  declare readonly order: WireOrder;
  declare readonly topology: VcpuTopology;
  declare readonly space: IntidSpace;
  declare readonly arbitration: Arbitration;
  declare readonly table: IrqTable;
  declare readonly cpus: CpuInterfaces;
  /** The chip as KVM's injection ioctls see it. */
  readonly kvm: KvmIrqchipView = new KvmIrqchipView(this);
  deferred = false; // for the wire order
  /** GICD_IIDR: QEMU's, unless the KVM-shaped interface made the chip. */
  iidr = 0x0000_043b;

  declare protected readonly initialGroup: 0 | 1;
  declare private readonly wires: IrqchipWires;
  declare private readonly cpuWire: Wire<events.GicArgs, void, events.GicEvent>;
  declare private readonly slotOfPin: Int32Array;
  declare private readonly pinOfSlot: Int32Array;
  declare readonly states: VcpuStates;
  private readonly doorbells = new MsiTargets();
  /** PPIs that a timer or PMU of the machine has driven: theirs for good. */
  private readonly deviceDriven = new Set<number>();

  constructor(shape: VgicShape, topology: VcpuTopology, order: WireOrder) {
    this.name = shape.name;
    this.version = shape.version;
    this.initialGroup = shape.initialGroup;
    this.topology = topology;
    this.order = order;
    this.space = new IntidSpace(shape);
    this.arbitration = new Arbitration(shape.vcpuCount, [this.space.limit, this.space.limit], order, this);
    this.table = new IrqTable(this.space, this.arbitration, shape.version === 2, shape.chooser);
    this.cpus = new CpuInterfaces(shape.vcpuCount, this.arbitration);
    this.states = this.arbitration.states;
    this.pinLayout = new PinLayout(shape.pins, shape.vcpuCapacity);
    this.pinCount = this.pinLayout.pinCount;
    this.slotOfPin = this.pinLayout.slots(this.space);
    this.pinOfSlot = new Int32Array(this.space.slots).fill(-1);
    for (const [pin, slot] of this.slotOfPin.entries()) if (slot >= 0) this.pinOfSlot[slot] = pin;
    this.wires = irqchipWires(order, shape.name, (owner) => (this.arbitration.lineOwner = owner));
    ({ pins$: this.pins$, privateLines$: this.privateLines$, msi$: this.msi$, vcpuLines$: this.vcpuLines$, completions$: this.completions$ } = this.wires);
    this.cpu$ = this.cpuWire = gicWire(order, shape.name);
    this.pins$.own(this.name, (pin, signal) => this.signalPin(pin, signal));
    this.privateLines$.own(this.name, (vcpu, intid, level) => this.drivePrivateLine(vcpu, intid, level));
    this.msi$.own(this.name, (address, data, deviceId) => this.doorbells.deliver(address, data, deviceId));
  }

  get capabilities(): IrqchipCapabilities {
    return { msi: this.doorbells.any, completions: true, synchronous: true };
  }

  /**
   * Puts a doorbell behind `msi$`: messages to its range go to it. Returns the undo.
   * @throws ConfigError when the range overlaps another one's
   */
  addMsiTarget(target: MsiTarget): () => void {
    return this.doorbells.add(this.name, target);
  }

  /** Latches an SPI by message, however it is configured: a message must not be lost (gic.md D.3). */
  latchSpi(intid: number): IrqResult {
    const slot = this.space.sharedSlot(intid);
    return slot < 0 ? IGNORED : this.table.latch(slot);
  }

  /** Drives lines for what was marked. Called by the wire order, inside its boundary. */
  evaluate(): void {
    const { arbitration } = this;
    arbitration.driving = true;
    try {
      for (let vcpu = arbitration.takeMarked(); vcpu >= 0; vcpu = arbitration.takeMarked()) {
        const lines = this.linesOf(vcpu);
        const changed = lines ^ this.states.driven(vcpu);
        if (changed === 0) continue;
        this.states.setDriven(vcpu, lines);
        if ((changed & 1) !== 0) this.driveLine(vcpu, IRQ_LINE, (lines & 1) !== 0);
        if ((changed & 2) !== 0) this.driveLine(vcpu, FIQ_LINE, (lines & 2) !== 0);
      }
    } catch (cause) {
      if (arbitration.anyMarked) this.order.defer(this); // one vCPU's bug is no reason to leave the others' lines as they were
      throw cause;
    } finally {
      arbitration.driving = false;
    }
  }

  /** As `vcpuLines$.emit`, but while nobody taps it calls the owner itself: the boundary is an emission already, so the number will do. */
  private driveLine(vcpu: number, line: VcpuLine, high: boolean): void {
    const { lineOwner } = this.arbitration;
    if (lineOwner === undefined) return this.vcpuLines$.emit(vcpu, line, high);
    this.order.sequence++;
    lineOwner(vcpu, line, high);
  }

  /** The lines as they should be. Group 1 is IRQ. */
  private linesOf(vcpu: number): number {
    const signalled = this.states.signalled(vcpu);
    return signalled === NO_CANDIDATE ? 0 : groupOf(signalled) === 1 ? 1 : this.group0Line(vcpu);
  }

  /** Group 0 is FIQ, on GICv2 only where GICC_CTLR.FIQEn says so. */
  private group0Line(vcpu: number): number {
    return this.version === 3 || (this.cpus.control[vcpu]! & FIQ_EN) !== 0 ? 2 : 1;
  }

  /** The CPU interface takes what is signalled, by an access in which nothing else happens. */
  take(vcpu: number, candidate: candidates.Candidate): void {
    const { arbitration } = this;
    const intid = intidOf(candidate);
    if (this.cpuWire.tapped) this.tellTaken(vcpu, candidate);
    else this.order.sequence++;
    arbitration.acknowledge(vcpu, candidate);
    if (intid >= FIRST_LPI) this.takeLpi(vcpu, intid);
    else this.table.acknowledge(this.space.slot(intid, vcpu), vcpu);
    arbitration.acknowledged(vcpu);
  }

  /**
   * Priority drop, and deactivation unless end of interrupt is split, by an access in which nothing else happens.
   * @param slot −1 for an LPI, which has no active state
   */
  end(vcpu: number, intid: number, slot: number, group: number): void {
    if (this.cpuWire.tapped) this.tellEnded(vcpu, intid, group);
    else this.order.sequence++;
    // A drop lets candidates through and holds none back: without one, which is what most find, the lines are right as they are.
    if (this.states.drop(vcpu, group)) return this.endBeforeOthers(vcpu, slot);
    if (slot >= 0 && !this.states.splitEoi(vcpu)) this.deactivate(vcpu, slot);
  }

  /** The end where another interrupt is signalled then; unless the completion, which comes first, has seen to it. */
  private endBeforeOthers(vcpu: number, slot: number): void {
    try {
      if (slot >= 0 && !this.states.splitEoi(vcpu)) this.deactivate(vcpu, slot);
    } catch (cause) {
      this.arbitration.mark(vcpu); // who resamples has failed; the drop has happened all the same
      throw cause;
    }
    if (this.states.signalled(vcpu) !== NO_CANDIDATE) this.arbitration.rise(vcpu);
  }

  /** Whoever deactivates, the one active bit of the interrupt is cleared, and its pin completes. */
  deactivate(vcpu: number, slot: number): void {
    if (!this.table.deactivate(slot)) return;
    if (this.cpuWire.tapped) this.tellDeactivated(vcpu, slot);
    else this.order.sequence++;
    const pin = this.pinOfSlot[slot]!;
    if (pin >= 0) this.complete(pin);
  }

  private tellTaken(vcpu: number, candidate: candidates.Candidate): void {
    this.cpuWire.emit(ACKNOWLEDGE, vcpu, intidOf(candidate), (priorityOf(candidate) << 1) | groupOf(candidate));
  }

  private tellEnded(vcpu: number, intid: number, group: number): void {
    this.cpuWire.emit(EOI, vcpu, intid, group);
  }

  private tellDeactivated(vcpu: number, slot: number): void {
    this.cpuWire.emit(DEACTIVATE, vcpu, this.table.intid(slot), 0);
  }

  /** As `completions$.emit`; see `driveLine`. */
  private complete(pin: number): void {
    const owner = this.completions$.direct;
    if (owner === undefined || this.order.depth === 0) return this.completions$.emit(pin);
    this.order.sequence++;
    owner(pin);
  }

  /** Tells the taps of `cpu$`. Nobody owns that wire, so without taps only its number is taken, which saves 4 ns a step. */
  tell(step: events.GicStep, vcpu: number, intid: number, detail: number): void {
    if (this.cpuWire.tapped) this.cpuWire.emit(step, vcpu, intid, detail);
    else this.order.sequence++;
  }

  /** Groups enabled in GICD_CTLR. */
  setDistributorGroups(groups: number): void {
    this.cpus.distributorGroups = groups & 3;
    this.arbitration.markAll();
  }

  /** The reset state of one vCPU's CPU interface: what PSCI CPU_ON finds. Banked interrupts keep theirs (gic.md H.2.4). */
  resetVcpu(vcpu: number): void {
    if (!(vcpu >= 0 && vcpu < this.space.vcpuCount)) return;
    this.cpus.reset(vcpu);
    this.arbitration.mark(vcpu);
  }

  /** Registers take their reset values, warm or not; wires stay as they are driven. */
  reset(kind: ResetKind): void {
    this.whole(() => {
      const { table, space } = this;
      for (let slot = 0; slot < space.slots; slot++) {
        const sgi = slot >= space.sharedSlots && table.intid(slot) < FIRST_PPI;
        const wires = table.flags(slot) & (PIN_HIGH | PRIVATE_HIGH);
        const flags = wires | (sgi ? EDGE | ENABLED : 0) | (this.initialGroup === 1 ? GROUP1 : 0);
        table.put(slot, flags, 0, this.initialTarget(space.vcpuOf(slot)));
      }
      table.sources.fill(0);
      table.anyTarget.fill(0);
      this.cpus.distributorGroups = 0;
      for (let vcpu = 0; vcpu < space.vcpuCount; vcpu++) this.cpus.reset(vcpu);
      this.resetVersion(kind);
    }, true);
  }

  save(): PlainData {
    const { table, cpus, space } = this;
    return {
      flags: Uint8Array.from({ length: space.slots }, (_, slot) => table.flags(slot)),
      priority: Uint8Array.from({ length: space.slots }, (_, slot) => table.priority(slot)),
      target: Array.from({ length: space.sharedSlots }, (_, slot) => table.target(slot)),
      sources: table.sources.slice(),
      groups: cpus.distributorGroups,
      cpus: cpus.save(),
      ...this.saveVersion(),
    };
  }

  /** Silent: the vCPUs restore their own view of the lines. */
  restore(data: PlainData): void {
    const { table, cpus, space } = this;
    const state = new SavedState(this.name, data);
    const flags = state.bytes("flags", space.slots);
    const priority = state.bytes("priority", space.slots);
    const [noTarget, lastTarget] = this.version === 2 ? [0, (1 << space.vcpuCount) - 1] : [-1, space.vcpuCount - 1];
    const target = state.numbers("target", space.sharedSlots, noTarget, lastTarget);
    const sources = state.bytes("sources", table.sources.length);
    const groups = state.number("groups", 0, 3);
    const restoreCpus = cpus.restoring(new SavedState(`${this.name}'s CPU interfaces`, state.value("cpus")));
    const restoreVersion = this.restoreVersion(state);
    const before = this.save();
    const apply = (): void => {
      for (let slot = 0; slot < space.slots; slot++) table.put(slot, flags[slot]!, priority[slot]!, target[slot] ?? table.target(slot));
      table.sources.set(sources);
      cpus.distributorGroups = groups;
      restoreCpus();
      restoreVersion();
    };
    try {
      this.whole(apply, false);
    } catch (misfit) {
      this.restore(before); // only the LPI side can refuse this late
      throw misfit;
    }
  }

  describePin(pin: number): string {
    if (!this.hasPin(pin)) return `no pin ${pin}`;
    const intid = this.pinLayout.intid(pin);
    const vcpu = this.pinLayout.vcpu(pin);
    return `${describeIntid(intid)}${vcpu < 0 ? "" : ` of vCPU ${vcpu}`} (INTID ${intid})${this.slotOfPin[pin]! < 0 ? ", not implemented" : ""}`;
  }

  peekPin(pin: number): PinState | undefined {
    const slot = this.hasPin(pin) ? this.slotOfPin[pin]! : -1;
    if (slot < 0) return undefined;
    const flags = this.table.flags(slot);
    return {
      line: (flags & ANY_HIGH) !== 0,
      pending: this.table.pending(slot),
      active: this.table.active(slot),
      enabled: (flags & ENABLED) !== 0,
      intid: this.table.intid(slot),
      edge: (flags & EDGE) !== 0,
      group: this.table.group(slot),
      priority: this.table.priority(slot),
      target: this.table.target(slot),
    };
  }

  /** Why `intid` is or is not signalled to `vcpu` now, in the manual's terms. Changes nothing. */
  explain(intid: number, vcpu: number): Explanation {
    return explain(this, intid, vcpu);
  }

  /** State of an LPI; undefined for a GIC without LPIs, and for an INTID that is none. */
  peekLpi(_intid: number): LpiState | undefined {
    return undefined;
  }

  /** The vCPUs a slot may go to now. Cold. */
  targetsOf(slot: number): readonly number[] {
    const target = this.table.target(slot);
    if (this.version === 3) return target < 0 ? [] : [target];
    return Array.from({ length: this.space.vcpuCount }, (_, vcpu) => vcpu).filter((vcpu) => (target & (1 << vcpu)) !== 0);
  }

  /** Has a device of the machine driven this PPI by its private line? */
  isDeviceDriven(slot: number): boolean {
    return this.deviceDriven.has(slot);
  }

  /** Is the vCPU's line driven high? */
  peekLine(vcpu: number, line: "irq" | "fiq"): boolean {
    return (this.states.driven(vcpu) & (line === "irq" ? 1 : 2)) !== 0;
  }

  /** Completes the wires. */
  close(): void {
    this.wires.close();
    this.cpuWire.complete();
  }

  /** Base address of GICD. */
  abstract get distributorBase(): number;
  /** An LPI was taken. */
  protected takeLpi(_vcpu: number, _intid: number): void {}
  /** Who gets an interrupt after reset; `vcpu` is its bank, −1 for a shared one. */
  protected abstract initialTarget(vcpu: number): number;
  protected abstract resetVersion(kind: ResetKind): void;
  protected abstract saveVersion(): { readonly [key: string]: PlainData };
  /** Checks, then returns what sets it; that must not fail. */
  protected abstract restoreVersion(state: SavedState): () => void;

  /** Replaces state as a whole: files everything anew afterwards. @param drive whether the lines follow; restored vCPUs know theirs */
  private whole(replace: () => void, drive: boolean): void {
    this.arbitration.hold();
    try {
      replace();
      this.table.refileAll();
    } finally {
      this.arbitration.release();
    }
    if (drive) return this.order.defer(this);
    for (let vcpu = this.arbitration.takeMarked(); vcpu >= 0; vcpu = this.arbitration.takeMarked()) this.states.setDriven(vcpu, this.linesOf(vcpu));
  }

  private hasPin(pin: number): boolean {
    return Number.isInteger(pin) && pin >= 0 && pin < this.pinCount;
  }

  private signalPin(pin: number, signal: IrqSignal): IrqResult {
    const slot = this.slotOfPin[pin] ?? -1;
    if (slot < 0) return IGNORED;
    if (signal === HIGH) return this.table.raise(slot, PIN_HIGH, true);
    return signal === PULSE ? this.table.pulse(slot, true) : this.table.setLevel(slot, PIN_HIGH, false);
  }

  private drivePrivateLine(vcpu: number, intid: number, level: boolean): void {
    const exists = vcpu >= 0 && vcpu < this.space.vcpuCount && intid >= FIRST_PPI;
    const slot = exists ? this.space.privateSlot(intid, vcpu) : -1;
    if (slot < 0) return;
    this.deviceDriven.add(slot);
    this.table.setLevel(slot, PRIVATE_HIGH, level);
  }
}
