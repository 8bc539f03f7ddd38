/** What taps of an ITS see: every command it takes from its queue, and every event it translates. */
import type { IrqResult, WireEvent } from "@trapline/core";

/** A command left the queue. Operands are those the command has. */
export interface ItsCommandEvent extends WireEvent {
  readonly kind: "its.command";
  readonly its: string;
  /** The manual's name, or "reserved 0x55". */
  readonly command: string;
  readonly deviceId?: number;
  readonly eventId?: number;
  readonly intid?: number;
  readonly icid?: number;
  /** Processor number (PTA = 0). */
  readonly rdbase?: number;
  readonly rdbase2?: number;
  readonly eventBits?: number;
  readonly ittAddress?: number;
  readonly valid?: boolean;
  /** Why it had no effect: the manual's command error. Absent when it was carried out. */
  readonly error?: string;
}

/** A message-signalled interrupt was translated, or blocked. */
export interface ItsTranslationEvent extends WireEvent {
  readonly kind: "its.translation";
  readonly its: string;
  readonly deviceId: number;
  readonly eventId: number;
  /** Absent when the event is not mapped. */
  readonly intid?: number;
  readonly icid?: number;
  /** Absent when the collection has no vCPU. */
  readonly vcpu?: number;
  /** 1 delivered, 0 blocked, or the negated errno of KVM_SIGNAL_MSI. */
  readonly result: IrqResult;
}

declare module "@trapline/core" {
  interface TraceEvents {
    "its.command": ItsCommandEvent;
    "its.translation": ItsTranslationEvent;
  }
}
