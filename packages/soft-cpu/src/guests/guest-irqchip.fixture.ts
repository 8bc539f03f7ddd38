/**
 * An interrupt controller for tests, written from core's contract: INTIDs 0 … 31 of each vCPU, enabled and routed to IRQ or FIQ by
 * system registers of its own (board.inc); FIQs before IRQs, the lowest first. INTIDs 0 … 15 are SGIs, latched; the others are level
 * lines, which private sources (the timers) drive. No priorities: an INTID that is active is not signalled again until it is ended.
 */
import {
  definePlugin, FIQ_LINE, IGNORED, IRQ_LINE, type Irqchip, IrqchipToken, irqchipWires, lo32, type PlainData, type PluginDefinition,
  provideAlso, type SysregDevice, sysregEncoding, type U64, type Vmm,
} from "@trapline/core";

const ACKNOWLEDGE = sysregEncoding(3, 0, 15, 1, 0);
const ENABLE = sysregEncoding(3, 0, 15, 1, 1);
const SELECT_FIQ = sysregEncoding(3, 0, 15, 1, 2);
const SEND_SGI = sysregEncoding(3, 0, 15, 1, 3);
const NONE = 1023;

interface Bank {
  lines: number;
  latches: number;
  active: number;
  enabled: number;
  fiq: number;
  /** What the vCPU's lines were told: IRQ in bit 0, FIQ in bit 1. */
  driven: number;
}

class GuestIrqchip implements Irqchip, SysregDevice {
  readonly name = "guest-irqchip";
  readonly pinCount = 0;
  readonly capabilities = { msi: false, completions: false, synchronous: true } as const;
  readonly pins$: Irqchip["pins$"];
  readonly privateLines$: Irqchip["privateLines$"];
  readonly msi$: Irqchip["msi$"];
  readonly vcpuLines$: Irqchip["vcpuLines$"];
  readonly completions$: Irqchip["completions$"];
  private readonly banks: Bank[];
  private readonly vmm: Vmm;
  private readonly evaluation = { deferred: false, evaluate: (): void => this.drive() };

  constructor(vmm: Vmm) {
    this.vmm = vmm;
    const wires = irqchipWires(vmm.order, this.name);
    ({ pins$: this.pins$, privateLines$: this.privateLines$, msi$: this.msi$ } = wires);
    ({ vcpuLines$: this.vcpuLines$, completions$: this.completions$ } = wires);
    this.pins$.own(this.name, () => IGNORED);
    this.banks = Array.from({ length: vmm.topology.count }, () => ({ lines: 0, latches: 0, active: 0, enabled: 0, fiq: 0, driven: 0 }));
    this.privateLines$.own(this.name, (vcpu, intid, level) => {
      const bank = this.banks[vcpu]!;
      bank.lines = level ? bank.lines | (1 << intid) : bank.lines & ~(1 << intid);
      this.changed();
    });
  }

  readSysreg(encoding: number, vcpu: number): U64 {
    const bank = this.banks[vcpu]!;
    if (encoding === ENABLE) return bank.enabled >>> 0;
    if (encoding === SELECT_FIQ) return bank.fiq >>> 0;
    const ready = readyOf(bank);
    if (ready === 0) return NONE;
    const first = (ready & bank.fiq) === 0 ? ready : ready & bank.fiq;
    const intid = 31 - Math.clz32(first & -first);
    bank.active |= 1 << intid;
    bank.latches &= ~(1 << intid);
    this.changed();
    return intid;
  }

  writeSysreg(encoding: number, value: U64, vcpu: number): void {
    const bank = this.banks[vcpu]!;
    const word = lo32(value);
    if (encoding === ACKNOWLEDGE) bank.active &= ~(1 << word);
    else if (encoding === ENABLE) bank.enabled = word;
    else if (encoding === SELECT_FIQ) bank.fiq = word;
    else {
      const target = this.banks[word >>> 8];
      if (target !== undefined) target.latches |= 1 << (word & 15);
    }
    this.changed();
  }

  reset(): void {
    for (const bank of this.banks) bank.latches = bank.active = bank.enabled = bank.fiq = 0;
    this.changed();
  }

  save(): PlainData {
    return this.banks.map((bank) => ({ ...bank }));
  }

  restore(state: PlainData): void {
    for (const [vcpu, bank] of (state as unknown as Bank[]).entries()) Object.assign(this.banks[vcpu]!, bank);
  }

  describePin(): string {
    return "none";
  }

  peekPin(): undefined {
    return undefined;
  }

  private changed(): void {
    this.vmm.order.defer(this.evaluation);
  }

  private drive(): void {
    for (const [vcpu, bank] of this.banks.entries()) {
      const ready = readyOf(bank);
      const wanted = ((ready & ~bank.fiq) === 0 ? 0 : 1) | ((ready & bank.fiq) === 0 ? 0 : 2);
      const before = bank.driven;
      bank.driven = wanted;
      if (((before ^ wanted) & 1) !== 0) this.vcpuLines$.emit(vcpu, IRQ_LINE, (wanted & 1) !== 0);
      if (((before ^ wanted) & 2) !== 0) this.vcpuLines$.emit(vcpu, FIQ_LINE, (wanted & 2) !== 0);
    }
  }
}

function readyOf({ lines, latches, enabled, active }: Bank): number {
  return (lines | latches) & enabled & ~active;
}

export function guestIrqchip(): PluginDefinition {
  let chip: GuestIrqchip | undefined;
  return definePlugin({
    name: "guest-irqchip",
    provides: [provideAlso(IrqchipToken, (vmm) => (chip = new GuestIrqchip(vmm)))],
    create: (vmm) => ({
      attach(scope) {
        const registers = [
          { name: "ACKNOWLEDGE", encoding: ACKNOWLEDGE },
          { name: "ENABLE", encoding: ENABLE },
          { name: "SELECT_FIQ", encoding: SELECT_FIQ },
          { name: "SEND_SGI", encoding: SEND_SGI },
        ];
        scope.add(vmm.sysregs.claim("guest-irqchip", registers, chip!));
      },
    }),
  });
}
