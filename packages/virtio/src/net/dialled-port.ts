/**
 * Connections that this side makes: to a listening socket, to a process it starts. Without `reconnectMs` the first one must succeed and
 * is the only one; with it the link is down until one succeeds, and again after each that ends. Time here is the host's.
 */
import { HostError, isTraplineError, messageOf, type TraplineError } from "@trapline/core";
import type { Duplex } from "node:stream";
import type { NetworkPlug, NetworkPort } from "./network-backend.ts";
import { StreamPort } from "./stream-port.ts";

export interface Dialling {
  /** For messages: what is dialled. */
  readonly peer: string;
  /** From the end of one connection, or a failed attempt, to the next attempt, milliseconds. */
  readonly reconnectMs: number | undefined;
  /** A new connection. @throws HostError */
  readonly dial: () => Promise<Duplex>;
}

/** @throws HostError when the first attempt fails and there is no second */
export async function dialledPort(plug: NetworkPlug, { peer, reconnectMs, dial }: Dialling): Promise<NetworkPort> {
  let timer: NodeJS.Timeout | undefined;
  let isReported = false;
  const port = new StreamPort(plug, peer, {
    ended: () => later(),
    closed: () => clearTimeout(timer),
  });
  const later = (): void => {
    if (reconnectMs !== undefined && port.expectsConnection) timer = setTimeout(() => void attempt(), reconnectMs);
  };
  const attempt = async (): Promise<void> => {
    try {
      port.open(await dial());
      isReported = false;
    } catch (cause) {
      if (!isReported) plug.report(asError(peer, cause)); // once an outage
      isReported = true;
      later();
    }
  };
  port.expectsConnection = reconnectMs !== undefined;
  if (reconnectMs === undefined) port.open(await dial());
  else await attempt();
  return port;
}

function asError(peer: string, cause: unknown): TraplineError {
  return isTraplineError(cause) ? cause : new HostError(`${peer} cannot be reached: ${messageOf(cause)}`, { subject: peer, cause });
}
