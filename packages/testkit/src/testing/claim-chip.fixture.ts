/**
 * A small irqchip for the specs of this package: eight level inputs, an enable word, CLAIM and DONE for vCPU 0. It tells of its
 * acknowledges by an event of its own kind, as the matchers ask of chips.
 */
import {
  definePlugin,
  DELIVERED,
  HIGH,
  IGNORED,
  IRQ_LINE,
  type Irqchip,
  IrqchipToken,
  irqchipWires,
  type PinState,
  type PlainData,
  type PluginDefinition,
  provideAlso,
  type Vmm,
  Wire,
  type WireEvent,
} from "@trapline/core";

interface ClaimAcknowledge extends WireEvent {
  readonly kind: "claim.acknowledge";
  readonly vcpu: number;
  readonly intid: number;
}

declare module "@trapline/core" {
  interface TraceEvents {
    "claim.acknowledge": ClaimAcknowledge;
  }
}

export const CHIP = 0x0800_0000;
export const ENABLE: number = CHIP + 0;
/** Reads the lowest pin that waits, or 255. */
export const CLAIM: number = CHIP + 4;
export const DONE: number = CHIP + 8;
const NONE = 255;
const PINS = 8;
/** What the guest calls pin 0. */
export const FIRST_INTID = 32;

export interface ClaimChipOptions {
  /** It tells of acknowledges. Default true. */
  readonly tells?: boolean;
  /** It can explain itself. Default false. */
  readonly explains?: boolean;
  /** Its inputs are called by INTIDs. Default true. */
  readonly intids?: boolean;
}

export function claimChip(options: ClaimChipOptions = {}): PluginDefinition {
  const chips: { device?: Parameters<Vmm["bus"]["claim"]>[1] } = {};
  return definePlugin({
    name: "claim-chip",
    provides: [
      provideAlso(IrqchipToken, (vmm) => {
        const { chip, device } = makeChip(vmm, options);
        chips.device = device;
        return chip;
      }),
    ],
    create: (vmm) => ({ attach: (scope) => scope.add(vmm.bus.claim({ name: "claim-chip", base: CHIP, size: 0x1000 }, chips.device!)) }),
  });
}

function makeChip(
  { order }: Vmm,
  { tells = true, explains = false, intids = true }: ClaimChipOptions,
): { readonly chip: Irqchip; readonly device: Parameters<Vmm["bus"]["claim"]>[1] } {
  const wires = irqchipWires(order, "claim");
  const acknowledged = new Wire<readonly [intid: number], void, ClaimAcknowledge>(order, {
    name: "claim.acknowledges",
    unowned: undefined,
    describe: (seq, atNs, _answer, intid) => ({ seq, atNs, kind: "claim.acknowledge", vcpu: 0, intid }),
  });
  let [lines, enabled, active, driven] = [0, 0, 0, false];
  const best = (): number => [...Array(PINS).keys()].find((pin) => (lines & enabled & ~active & (1 << pin)) !== 0) ?? NONE;
  const evaluation = {
    deferred: false,
    evaluate() {
      if (driven === (best() !== NONE)) return;
      driven = !driven;
      wires.vcpuLines$.emit(0, IRQ_LINE, driven);
    },
  };
  wires.pins$.own("claim", (pin, signal) => {
    if (!(pin >= 0 && pin < PINS)) return IGNORED;
    lines = signal === HIGH ? lines | (1 << pin) : lines & ~(1 << pin);
    order.defer(evaluation);
    return DELIVERED;
  });
  const peekPin = (pin: number): PinState | undefined => {
    if (!(pin >= 0 && pin < PINS)) return undefined;
    const has = (word: number): boolean => (word & (1 << pin)) !== 0;
    return { line: has(lines), pending: has(lines & ~active), active: has(active), enabled: has(enabled) };
  };
  const chip: Irqchip = {
    ...wires,
    name: "claim",
    pinCount: PINS,
    capabilities: { msi: false, completions: true, synchronous: true },
    describePin: (pin) => (intids ? `input ${pin} (INTID ${FIRST_INTID + pin})` : `input ${pin}`),
    peekPin,
    ...(explains
      ? { explain: (intid: number) => ({ signalled: false, steps: [], text: `INTID ${intid} is held back\nby the test` }) }
      : {}),
    reset: () => void ([enabled, active] = [0, 0]),
    save: (): PlainData => ({ lines, enabled, active, driven }),
    restore: (state) =>
      void ({ lines, enabled, active, driven } = state as { lines: number; enabled: number; active: number; driven: boolean }),
  };
  return {
    chip,
    device: {
      read(offset) {
        const pin = best();
        if (offset !== 4 || pin === NONE) return NONE;
        active |= 1 << pin;
        order.defer(evaluation);
        if (tells) acknowledged.emit(FIRST_INTID + pin);
        return pin;
      },
      write(offset, _width, value) {
        if (offset === 0) enabled = Number(value);
        if (offset === 8) {
          active &= ~(1 << Number(value));
          wires.completions$.emit(Number(value));
        }
        order.defer(evaluation);
      },
    },
  };
}
