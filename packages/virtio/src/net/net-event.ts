/** What taps see of a network device: every frame that passed, what became of those that did not, and the link. */
import { Wire, type WireEvent, type WireOrder } from "@trapline/core";

/**
 * - `sent`, `received`: a frame went to the network, or into the driver's buffers
 * - `dropped`: a frame went nowhere, and the driver was not told why
 * - `link`: the link went up or down, or will be announced
 */
export type NetStep = "sent" | "received" | "dropped" | "link";

export interface NetEvent extends WireEvent {
  readonly kind: "net";
  readonly device: string;
  readonly step: NetStep;
  /** Why it was dropped; "up" or "down". */
  readonly reason?: string;
  /** Bytes of the frame. */
  readonly length?: number;
  /** The frame, in hexadecimal. Absent where it was too long or too short to be one. */
  readonly frame?: string;
}

declare module "@trapline/core" {
  interface TraceEvents {
    net: NetEvent;
  }
}

type NetWireArgs = readonly [step: NetStep, reason: string, length: number, frame: Uint8Array | undefined];
export type NetWire = Wire<NetWireArgs, void, NetEvent>;

/** The wire `NAME.net`. Nobody needs to own it: it only tells. */
export function netWire(order: WireOrder, device: string): NetWire {
  return new Wire<NetWireArgs, void, NetEvent>(order, {
    name: `${device}.net`,
    unowned: undefined,
    describe: (seq, atNs, _answer, step, reason, length, frame) => ({
      ...{ seq, atNs, kind: "net", device, step },
      ...(reason === "" ? {} : { reason }),
      ...(step === "link" ? {} : { length }),
      ...(frame === undefined ? {} : { frame: hexOf(frame) }),
    }),
  });
}

function hexOf(frame: Uint8Array): string {
  let text = "";
  for (const byte of frame) text += (byte + 0x100).toString(16).slice(1);
  return text;
}
