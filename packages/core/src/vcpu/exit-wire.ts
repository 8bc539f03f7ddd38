/** Makes the `exits$` wire of a vCPU, so that every backend's exits look alike to taps. */
import { EXTERNAL_ABORT, type Width } from "../bus/bus-device.ts";
import { lo32, type U64 } from "../u64.ts";
import { Wire } from "../wire/wire.ts";
import type { WireOrder } from "../wire/wire-order.ts";
import * as kinds from "./vcpu-exit.ts";
import type { ExitArgs, ExitKind, ExitOrigin, VcpuExit } from "./vcpu-exit.ts";

/**
 * @param faultMessage tells in words why the vCPU faulted; asked only for FAULT exits that somebody sees
 * @param origin tells which instruction the exit comes from, after the owner answered; asked only for exits that somebody sees
 */
export function exitWire(
  order: WireOrder, vcpu: number, faultMessage: () => string, origin: () => ExitOrigin | undefined = () => undefined,
): Wire<ExitArgs, U64, VcpuExit> {
  return new Wire<ExitArgs, U64, VcpuExit>(order, {
    name: `vcpu${vcpu}.exits`,
    unowned: EXTERNAL_ABORT,
    describe(seq, atNs, answer, kind, address, width, value) {
      const at = origin();
      return {
        ...({ seq, atNs, kind: "exit", vcpu } as const),
        ...describe(kind, address, width, value, answer, faultMessage),
        ...(at === undefined ? {} : { at }),
      };
    },
  });
}

type ExitBody = VcpuExit extends infer E ? (E extends VcpuExit ? Omit<E, "seq" | "atNs" | "kind" | "vcpu" | "at"> : never) : never;

function describe(kind: ExitKind, address: number, width: number, value: U64, answer: U64, faultMessage: () => string): ExitBody {
  switch (kind) {
    case kinds.MMIO_READ:
    case kinds.PIO_READ:
      return {
        reason: kind === kinds.MMIO_READ ? "mmio" : "pio",
        direction: "read",
        address,
        width: width as Width,
        ...(answer === EXTERNAL_ABORT ? { aborted: true } : { value: answer }),
      };
    case kinds.MMIO_WRITE:
    case kinds.PIO_WRITE:
      return {
        reason: kind === kinds.MMIO_WRITE ? "mmio" : "pio",
        direction: "write",
        address,
        width: width as Width,
        value,
        ...(answer === EXTERNAL_ABORT ? { aborted: true } : {}),
      };
    case kinds.SYSREG_READ:
      return { reason: "sysreg", direction: "read", encoding: address, ...(answer === kinds.UNDEFINED ? { undefined: true } : { value: answer }) };
    case kinds.SYSREG_WRITE:
      return { reason: "sysreg", direction: "write", encoding: address, value, ...(answer === kinds.UNDEFINED ? { undefined: true } : {}) };
    case kinds.HYPERCALL:
      return { reason: "hypercall", conduit: width === kinds.SMC ? "smc" : "hvc", functionId: address, immediate: lo32(value), result: answer };
    case kinds.WFI:
      return { reason: "wfi" };
    case kinds.RESET:
      return { reason: "reset" };
    case kinds.SHUTDOWN:
      return { reason: "shutdown", status: lo32(value) };
    case kinds.DEBUG:
      return { reason: "debug", pc: address };
    case kinds.FAULT:
      return { reason: "fault", pc: address, message: faultMessage() };
  }
}
