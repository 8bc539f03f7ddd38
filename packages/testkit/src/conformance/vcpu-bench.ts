/**
 * The bench that a backend's vCPUs are put on: a machine with one device, whose registers make things happen inside an access
 * (a line rises, a timer is armed, the vCPU is kicked) and which writes down every access with the time and the number of
 * instructions at which it came. And registers and hypercalls of its own.
 */
import {
  type ClockTimer,
  definePlugin,
  IRQ_LINE,
  type Machine,
  type PlainData,
  type PluginDefinition,
  type RunResult,
  type SavedTimer,
  sysregEncoding,
  type U64,
  type Width,
} from "@trapline/core";
import type { GuestListing } from "../vcpu/guest-steps.ts";
import { GUEST_RAM, GUEST_ROM, type VcpuBackendUnderTest } from "./vcpu-under-test.ts";

/** Registers of the device. Reads give the register's value; anything else is only written down. */
export const DEVICE = 0x0a00_0000;
/** Write: IRQ of the writing vCPU rises, falls. */
export const RAISE: number = DEVICE + 0x100;
export const LOWER: number = DEVICE + 0x108;
/** Write: a timer goes off after so many nanoseconds, raises IRQ of vCPU 0 and writes down that it did. */
export const ARM: number = DEVICE + 0x110;
/** Write: the writing vCPU is kicked. */
export const KICK: number = DEVICE + 0x118;
/** Write: IRQ of vCPU n rises. */
export const RAISE_OF: number = DEVICE + 0x120;
/** Reads here give 0x8877_6655_4433_2211, the bytes of which tell width and place. */
export const PATTERN: number = DEVICE + 0x200;
/** Nobody's. */
export const NOWHERE = 0x0b00_0000;

/** IMPLEMENTATION DEFINED in the architecture, so that no backend has them itself: one that remembers, one that nobody claims. */
export const SYSREG: number = sysregEncoding(3, 0, 15, 2, 0);
export const NO_SYSREG: number = sysregEncoding(3, 0, 15, 2, 1);
/** A hypercall of a vendor, which answers with all 64 bits, and one that nobody claims. */
export const HYPERCALL_ID = 0xc600_0001;
export const NO_HYPERCALL_ID = 0xc600_00ff;
export const HYPERCALL_ANSWER = 0xfedc_ba98_7654_3210n;

const BYTES = 0x8877_6655_4433_2211n;

/** What reached the device. */
export interface Access {
  readonly what: string;
  readonly vcpu: number;
  readonly retired: number;
  readonly atNs: number;
}

export interface VcpuBench {
  readonly machine: Machine;
  readonly listings: readonly GuestListing[];
  readonly accesses: Access[];
  /** The accesses as text: "write 8 at 0x0 = 0x12". */
  readonly log: readonly string[];
  /** Runs until something ends it; ten seconds of host time at most. */
  run(untilNs?: number): Promise<RunResult>;
  close(): Promise<void>;
}

/** @param quantum as in a machine's configuration */
export async function vcpuBench(under: VcpuBackendUnderTest, listings: readonly GuestListing[], quantum?: number): Promise<VcpuBench> {
  const accesses: Access[] = [];
  const machine = await under.boot(listings, {
    memory: [GUEST_ROM, GUEST_RAM],
    vcpus: listings.length,
    ...(quantum === undefined ? {} : { quantum }),
    plugins: [benchDevice(accesses)],
  });
  return {
    machine,
    listings,
    accesses,
    get log() {
      return accesses.map(({ what }) => what);
    },
    run: (untilNs = Infinity) => machine.run({ untilNs, timeoutMs: 10_000 }),
    close: () => machine.close(),
  };
}

function benchDevice(accesses: Access[]): PluginDefinition {
  return definePlugin({
    name: "bench-device",
    create(vmm) {
      let remembered: U64 = 0;
      const note = (what: string, vcpu: number): void =>
        void accesses.push({ what, vcpu, retired: vmm.vcpus[vcpu]?.retired ?? -1, atNs: vmm.clock.nowNs() });
      const timer: ClockTimer = vmm.clock.timer("bench", () => {
        note("timer", 0);
        vmm.vcpus[0]!.setLine(IRQ_LINE, true);
      });
      const act = (address: number, value: U64, vcpu: number): void => {
        const self = vmm.vcpus[vcpu]!;
        if (address === RAISE || address === LOWER) self.setLine(IRQ_LINE, address === RAISE);
        else if (address === ARM) timer.armAt(vmm.clock.nowNs() + Number(value));
        else if (address === KICK) self.kick();
        else if (address === RAISE_OF) vmm.vcpus[Number(value)]?.setLine(IRQ_LINE, true);
      };
      const device = {
        read(offset: number, width: Width, vcpu: number): U64 {
          note(`read ${width} at 0x${offset.toString(16)}`, vcpu);
          const value = (BYTES >> BigInt(8 * (offset % 8))) & ((1n << BigInt(8 * width)) - 1n);
          return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
        },
        write(offset: number, width: Width, value: U64, vcpu: number): void {
          note(`write ${width} at 0x${offset.toString(16)} = 0x${value.toString(16)}`, vcpu);
          act(DEVICE + offset, value, vcpu);
        },
      };
      const registers = {
        readSysreg(_encoding: number, vcpu: number): U64 {
          note("mrs", vcpu);
          return remembered;
        },
        writeSysreg(_encoding: number, value: U64, vcpu: number): void {
          note(`msr 0x${value.toString(16)}`, vcpu);
          remembered = value;
        },
      };
      return {
        attach(scope) {
          scope.add(vmm.bus.claim({ name: "bench", base: DEVICE, size: 0x1000 }, device));
          scope.add(vmm.sysregs.claim("bench", [{ name: "BENCH", encoding: SYSREG }], registers));
          scope.add(
            vmm.hypercalls.claim("bench", HYPERCALL_ID, 1, (id, vcpu) => {
              note(`hvc 0x${id.toString(16)}`, vcpu);
              return HYPERCALL_ANSWER;
            }),
          );
        },
        reset() {
          remembered = 0;
          timer.disarm();
          for (const vcpu of vmm.vcpus) vcpu.setLine(IRQ_LINE, false);
        },
        save: (): PlainData => ({ timer: timer.save(), remembered }),
        restore(state) {
          const saved = state as { readonly timer: SavedTimer | null; readonly remembered: U64 };
          timer.restore(saved.timer);
          remembered = saved.remembered;
        },
      };
    },
  });
}
