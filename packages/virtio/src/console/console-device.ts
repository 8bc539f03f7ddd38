/**
 * The console device (virtio 1.2, 5.3): consoles and other serial ports, one or up to 31. With one port it is as old drivers know it; with
 * several the driver learns of them by control messages (MULTIPORT). Also SIZE and EMERG_WRITE.
 *
 * The data of a port is console-port.ts, the messages are console-messages.ts. Not modelled: ports that come and go while the machine runs.
 */
import { type Clock, type ClockTimer, lo32, type PlainData, type SavedTimer, type TerminalSize, type U64, type Width, type WireOrder } from "@trapline/core";
import { readConfigBytes } from "../device/config-bytes.ts";
import type { VirtioConfigSpace, VirtioDevice, VirtioHost } from "../device/virtio-device.ts";
import { misfit, savedList, savedRecord } from "../saved-state.ts";
import { type ControlWire, controlWire, sizeBytes } from "./console-control.ts";
import { ConsoleMessages, CONTROL_IN, CONTROL_OUT } from "./console-messages.ts";
import { ConsolePort, type ConsolePortSetup, isSameSize, OWED, readSavedPort } from "./console-port.ts";

const CONSOLE_TYPE = 3;
/** Queues of all kinds; QEMU's size, on which kvm-unit-tests insist. */
const QUEUE_SIZE = 128;
export const MAX_PORTS = 31;

export const VIRTIO_CONSOLE_F_SIZE: bigint = 1n << 0n;
export const VIRTIO_CONSOLE_F_MULTIPORT: bigint = 1n << 1n;
export const VIRTIO_CONSOLE_F_EMERG_WRITE: bigint = 1n << 2n;

// Configuration space (5.3.4).
const CONFIG_BYTES = 12;
const MAX_NR_PORTS = 4;
const EMERG_WR = 8;

/** Machine time until output goes on that was too much for one call: 64 KiB every 10 µs. */
const OUTPUT_PAUSE_NS = 10_000;

/** What the device needs of its machine. */
export interface ConsoleServices {
  readonly clock: Clock;
  readonly order: WireOrder;
}

/** The console device (virtio 1.2, 5.3): consoles and ports, whatever the transport. */
export class VirtioConsole implements VirtioDevice, VirtioConfigSpace {
  readonly name: string;
  readonly type: number = CONSOLE_TYPE;
  readonly features: bigint;
  readonly queueSizes: readonly number[];
  readonly config: VirtioConfigSpace = this;
  readonly size: number = CONFIG_BYTES;
  readonly ports: readonly ConsolePort[];
  /** Control messages, for who watches. */
  readonly control$: ControlWire;
  private readonly messages: ConsoleMessages;
  private readonly clock: Clock;
  private host: VirtioHost | undefined;
  /** Output goes on; part of the machine. */
  private readonly outputTimer: ClockTimer;
  /** After a restore: what the far ends want is not what was saved. */
  private readonly outsideTimer: ClockTimer;

  /** @param ports one to MAX_PORTS; of several, or where one has a name or is no console, the driver has to know MULTIPORT to see them */
  constructor(name: string, ports: readonly Omit<ConsolePortSetup, "id">[], { clock, order }: ConsoleServices) {
    this.name = name;
    this.ports = ports.map((setup, id) => new ConsolePort({ ...setup, id }));
    const isMultiport = ports.length > 1 || ports.some((port) => port.name !== "" || !port.isConsole);
    const hasConsole = ports.some(({ isConsole }) => isConsole);
    this.features = VIRTIO_CONSOLE_F_EMERG_WRITE | (hasConsole ? VIRTIO_CONSOLE_F_SIZE : 0n) | (isMultiport ? VIRTIO_CONSOLE_F_MULTIPORT : 0n);
    this.queueSizes = new Array<number>(isMultiport ? 2 * ports.length + 2 : 2).fill(QUEUE_SIZE);
    this.control$ = controlWire(order, name);
    this.messages = new ConsoleMessages(this.ports, this.control$);
    this.clock = clock;
    this.outputTimer = clock.timer(`${name}.output`, () => this.eachPort((port, host) => this.transmit(port, host)));
    this.outsideTimer = clock.timer(`${name}.outside`, () => this.lookOutside());
  }

  // ------------------------------------------------------------------------------------------------------------- the driver

  start(host: VirtioHost): void {
    this.host = host;
    if (!this.isMultiport) {
      const first = this.ports[0]!;
      first.guestOpen = true; // nobody could say so
      first.size = undefined; // told anew: some drivers (Linux 6.1) read the size when it changes, and only then
    }
    this.lookOutside();
  }

  notify(index: number): void {
    const { host } = this;
    if (host === undefined) return;
    if (index === CONTROL_IN || index === CONTROL_OUT) {
      if (!this.isMultiport) return;
      if (index === CONTROL_OUT) this.messages.read(host, this.knowsSize);
      return this.messages.write(host);
    }
    const port = this.ports.find(({ inputQueue, outputQueue }) => index === inputQueue || index === outputQueue);
    if (port === undefined || (port.id > 0 && !this.isMultiport)) return;
    if (index === port.inputQueue) port.receive(host);
    else if (!port.isBlocked && this.outputTimer.deadlineNs === Infinity) this.transmit(port, host);
  }

  reset(): void {
    this.host = undefined;
    this.outputTimer.disarm();
    this.outsideTimer.disarm();
    for (const port of this.ports) port.reset();
  }

  read(offset: number, width: Width): U64 {
    const bytes = new Uint8Array(CONFIG_BYTES);
    bytes.set(sizeBytes(this.ports[0]!.size));
    bytes[MAX_NR_PORTS] = this.ports.length;
    return readConfigBytes(bytes, offset, width);
  }

  /** Only emerg_wr: its low byte goes out, whether or not there is a driver. */
  write(offset: number, _width: Width, value: U64): void {
    if (offset === EMERG_WR) this.ports[0]!.emergency(lo32(value) & 0xff);
  }

  // ------------------------------------------------------------------------------------------------------------- the outside

  /** Input waits at a port. */
  inputCame(port: ConsolePort): void {
    if (this.host !== undefined) port.receive(this.host);
  }

  /** A port that refused output has room. */
  roomCame(port: ConsolePort): void {
    if (this.host !== undefined && port.isBlocked) this.transmit(port, this.host);
  }

  /** The size of a port's terminal, or whether somebody is there, may have changed. */
  outsideChanged(port: ConsolePort): void {
    const { size, connected = true } = port.plug;
    if (!isSameSize(size, port.size)) this.resize(port, size);
    if (connected !== port.connected) this.connect(port, connected);
    if (this.host !== undefined && this.isMultiport) this.messages.write(this.host);
  }

  // --------------------------------------------------------------------------------------------------------------- snapshots

  save(): PlainData {
    return { ports: this.ports.map((port) => port.save()), output: this.outputTimer.save() };
  }

  restore(state: PlainData, host: VirtioHost | undefined): void {
    const record = savedRecord(this.name, state);
    const saved = savedList(this.name, record, "ports", this.ports.length).map((port) => readSavedPort(this.name, port));
    const output = readTimer(this.name, record["output"]);
    const before = this.ports.map((port) => port.savePlug());
    try {
      for (const port of this.ports) port.loadPlug(saved[port.id]!.plug);
    } catch (error) {
      for (const port of this.ports) port.loadPlug(before[port.id]!);
      throw error;
    }
    for (const port of this.ports) port.load(saved[port.id]!, host);
    this.host = host;
    this.outputTimer.restore(output);
    this.outsideTimer.disarm();
    // What waits at the far ends is not part of the machine. Memory is, and comes later.
    if (host !== undefined && this.ports.some((port) => port.isOutOfDate)) this.outsideTimer.armAt(this.clock.nowNs());
  }

  private get isMultiport(): boolean {
    return this.host !== undefined && (this.host.features & VIRTIO_CONSOLE_F_MULTIPORT) !== 0n;
  }

  private get knowsSize(): boolean {
    return this.host !== undefined && (this.host.features & VIRTIO_CONSOLE_F_SIZE) !== 0n;
  }

  private eachPort(visit: (port: ConsolePort, host: VirtioHost) => void): void {
    const { host } = this;
    if (host !== undefined) for (const port of this.ports) visit(port, host);
  }

  private lookOutside(): void {
    for (const port of this.ports) this.outsideChanged(port);
    this.eachPort((port, host) => {
      if (port.isBlocked) this.transmit(port, host);
      port.receive(host);
    });
  }

  private transmit(port: ConsolePort, host: VirtioHost): void {
    if (port.transmit(host) || this.outputTimer.deadlineNs !== Infinity) return;
    this.outputTimer.armAt(this.clock.nowNs() + OUTPUT_PAUSE_NS);
  }

  private resize(port: ConsolePort, size: TerminalSize | undefined): void {
    port.size = size;
    if (!this.knowsSize) return;
    if (port.id === 0) this.host!.configChanged();
    if (port.isReady && port.isConsole && size !== undefined) port.owed |= OWED.RESIZE;
  }

  private connect(port: ConsolePort, connected: boolean): void {
    port.connected = connected;
    if (port.isReady) port.owed |= OWED.OPEN;
    if (!connected && this.host !== undefined) this.transmit(port, this.host); // what was held is lost
  }
}

/** @throws SnapshotError */
function readTimer(owner: string, state: PlainData | undefined): SavedTimer | null {
  if (state === null) return null;
  const { deadlineNs, order } = savedRecord(owner, state);
  if (typeof deadlineNs === "number" && typeof order === "number") return { deadlineNs, order };
  throw misfit(owner, "output", "a timer");
}
