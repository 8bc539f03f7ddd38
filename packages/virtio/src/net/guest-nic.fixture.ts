/**
 * A guest with a network card, for specs of whole machines: generators that bring up a device on virtio-mmio slot 0, send and receive
 * frames as a small driver would (virtio 1.2, 3.1.1, 2.7.13), and sleep until interrupted. And the one irqchip they need: any line is IRQ.
 */
import {
  DELIVERED, definePlugin, type GuestCode, type GuestOp, HIGH, IRQ_LINE, type Irqchip, IrqchipToken, irqchipWires, type PlainData,
  type PluginDefinition, provideAlso, read8, read16, read32, wfi, type WireOrder, write8, write16, write32, write64,
} from "@trapline/core";
import { RX, TX } from "./net-rig.fixture.ts";

export const GUEST_RAM = { base: 0x4000_0000, size: 0x1_0000 } as const;
const BASE = 0x0a00_0000;
const [QUEUE_NOTIFY, INTERRUPT_STATUS, INTERRUPT_ACK, STATUS, CONFIG] = [0x050, 0x060, 0x064, 0x070, 0x100] as const;
/** Each queue has a page: descriptors, available ring, used ring; then its buffers, 256 bytes each. */
const ENTRIES = 8;
const page = (queue: number): number => GUEST_RAM.base + 0x1000 * (queue + 1);
const available = (queue: number): number => page(queue) + 0x100;
const used = (queue: number): number => page(queue) + 0x200;
const buffer = (queue: number, n: number): number => page(queue) + 0x400 + 0x100 * (n % ENTRIES);
const HEADER_BYTES = 12;

/** What the driver of one card remembers. Made anew in each program, as a restored program plays from its beginning. */
export class GuestNic {
  private sent = 0;
  private received = 0;

  /** Negotiates VERSION_1 and STATUS, sets up both queues and gives ENTRIES receive buffers. */
  *bringUp(): GuestCode {
    for (const status of [0, 1, 3]) yield write32(BASE + STATUS, status);
    for (const [select, features] of [[1, 1], [0, 1 << 16]] as const) {
      yield write32(BASE + 0x024, select);
      yield write32(BASE + 0x020, features);
    }
    yield write32(BASE + STATUS, 11);
    for (const queue of [RX, TX]) {
      yield write32(BASE + 0x030, queue);
      yield write32(BASE + 0x038, ENTRIES);
      for (const [offset, address] of [[0x080, page(queue)], [0x090, available(queue)], [0x0a0, used(queue)]] as const) {
        yield write32(BASE + offset, address);
      }
      yield write32(BASE + 0x044, 1);
    }
    yield write16(available(TX), 1); // no interrupts for what was sent
    yield write32(BASE + STATUS, 15);
    for (let n = 0; n < ENTRIES; n++) yield* this.giveBuffer(n);
    yield write32(BASE + QUEUE_NOTIFY, RX);
  }

  *send(frame: Uint8Array): GuestCode {
    const n = this.sent++;
    for (let at = 0; at < HEADER_BYTES; at += 4) yield write32(buffer(TX, n) + at, 0);
    for (const [at, byte] of frame.entries()) yield write8(buffer(TX, n) + HEADER_BYTES + at, byte);
    yield* describeBuffer(TX, n, HEADER_BYTES + frame.length, 0);
    yield write32(BASE + QUEUE_NOTIFY, TX);
  }

  /** The next frame; sleeps until there is one. */
  *receive(): Generator<GuestOp, Uint8Array, unknown> {
    while ((yield* read16(used(RX) + 2)) === (this.received & 0xffff)) yield* this.sleep();
    const n = this.received++;
    const length = yield* read32(used(RX) + 4 + 8 * (n % ENTRIES) + 4);
    const frame = new Uint8Array(length - HEADER_BYTES);
    for (let at = 0; at < frame.length; at++) frame[at] = yield* read8(buffer(RX, n) + HEADER_BYTES + at);
    yield* this.giveBuffer(n + ENTRIES);
    yield write32(BASE + QUEUE_NOTIFY, RX);
    return frame;
  }

  /** Until the next interrupt, which it acknowledges. Evaluates to InterruptStatus. */
  *sleep(): Generator<GuestOp, number, unknown> {
    yield wfi();
    const status = yield* read32(BASE + INTERRUPT_STATUS);
    yield write32(BASE + INTERRUPT_ACK, status);
    return status;
  }

  /** `status` of the configuration. */
  *linkStatus(): Generator<GuestOp, number, unknown> {
    return yield* read16(BASE + CONFIG + 6);
  }

  private *giveBuffer(n: number): GuestCode {
    yield* describeBuffer(RX, n, 0x100, 2);
  }
}

function* describeBuffer(queue: number, n: number, length: number, flags: number): GuestCode {
  const descriptor = page(queue) + 16 * (n % ENTRIES);
  yield write64(descriptor, buffer(queue, n));
  yield write32(descriptor + 8, length);
  yield write32(descriptor + 12, flags);
  yield write16(available(queue) + 4 + 2 * (n % ENTRIES), n % ENTRIES);
  yield write16(available(queue) + 2, (n + 1) & 0xffff);
}

class AnyLine implements Irqchip {
  readonly name = "any-line";
  readonly pinCount = 32;
  readonly capabilities = { msi: false, completions: false, synchronous: true } as const;
  readonly pins$: Irqchip["pins$"];
  readonly privateLines$: Irqchip["privateLines$"];
  readonly msi$: Irqchip["msi$"];
  readonly vcpuLines$: Irqchip["vcpuLines$"];
  readonly completions$: Irqchip["completions$"];
  private high = 0;

  constructor(order: WireOrder) {
    const wires = irqchipWires(order, this.name);
    ({ pins$: this.pins$, privateLines$: this.privateLines$, msi$: this.msi$ } = wires);
    ({ vcpuLines$: this.vcpuLines$, completions$: this.completions$ } = wires);
    this.pins$.own(this.name, (pin, signal) => {
      const before = this.high;
      this.high = signal === HIGH ? before | (1 << pin) : before & ~(1 << pin);
      if ((before === 0) !== (this.high === 0)) this.vcpuLines$.emit(0, IRQ_LINE, this.high !== 0);
      return DELIVERED;
    });
  }

  reset(): void {}
  save(): PlainData {
    return this.high;
  }
  restore(state: PlainData): void {
    this.high = state as number;
  }
  describePin(pin: number): string {
    return `line ${pin}`;
  }
  peekPin(): undefined {}
}

export function anyLine(): PluginDefinition {
  return definePlugin({ name: "any-line", provides: [provideAlso(IrqchipToken, (vmm) => new AnyLine(vmm.order))] });
}
