/**
 * The two control queues of a console with several ports (virtio 1.2, 5.3.6.2): obeys what the driver says, and tells it what it is owed.
 *
 * Messages to the driver are owed, not queued: each port has one bit for each kind, so that a terminal resized a thousand times owes one
 * message, and a driver without buffers costs nothing. They go port by port, in the order in which a driver wants to know.
 */
import type { VirtioHost } from "../device/virtio-device.ts";
import * as control from "./console-control.ts";
import { type ConsolePort, OWED } from "./console-port.ts";

export const CONTROL_IN = 2;
export const CONTROL_OUT = 3;

export class ConsoleMessages {
  /** For who watches. */
  readonly events$: control.ControlWire;
  private readonly ports: readonly ConsolePort[];

  constructor(ports: readonly ConsolePort[], events$: control.ControlWire) {
    this.ports = ports;
    this.events$ = events$;
  }

  /** @param sizes the driver knows SIZE */
  read(host: VirtioHost, sizes: boolean): void {
    const queue = host.queue(CONTROL_OUT);
    for (let chain = queue.pop(); chain !== undefined; chain = queue.pop()) {
      const message = control.readControl(chain.read(0, control.CONTROL_BYTES));
      if (message !== undefined) this.obey(message, host, sizes);
      queue.push(chain, 0);
    }
  }

  /** As many of the messages owed as there are buffers for. */
  write(host: VirtioHost): void {
    const queue = host.queue(CONTROL_IN);
    for (const port of this.ports) {
      while (port.owed !== 0) {
        const chain = queue.pop();
        if (chain === undefined) return;
        queue.push(chain, chain.write(0, this.next(port)));
      }
    }
  }

  private obey({ port: id, event, value }: control.ControlMessage, host: VirtioHost, sizes: boolean): void {
    this.events$.emit("driver", id, event, value);
    if (event === control.DEVICE_READY && value === 1) for (const each of this.ports) each.owed |= OWED.ADD;
    const port = this.ports[id];
    if (port === undefined) return;
    if (event === control.PORT_READY && value === 1) {
      port.isReady = true;
      if (port.isConsole) port.owed |= OWED.CONSOLE | (sizes && port.size !== undefined ? OWED.RESIZE : 0);
      if (port.name !== "") port.owed |= OWED.NAME;
      if (port.connected) port.owed |= OWED.OPEN;
    } else if (event === control.PORT_OPEN) {
      port.guestOpen = value !== 0;
      port.receive(host);
    }
  }

  private next(port: ConsolePort): Uint8Array {
    const kind = port.owed & -port.owed;
    port.owed &= ~kind;
    switch (kind) {
      case OWED.ADD:
        return this.say(port, control.PORT_ADD, 1);
      case OWED.CONSOLE:
        return this.say(port, control.CONSOLE_PORT, 1);
      case OWED.RESIZE:
        return this.say(port, control.RESIZE, 0, control.sizeBytes(port.size));
      case OWED.NAME:
        return this.say(port, control.PORT_NAME, 1, new TextEncoder().encode(port.name));
      default:
        return this.say(port, control.PORT_OPEN, port.connected ? 1 : 0);
    }
  }

  private say({ id }: ConsolePort, event: number, value: number, rest?: Uint8Array): Uint8Array {
    this.events$.emit("device", id, event, value);
    return control.writeControl({ port: id, event, value }, rest);
  }
}
