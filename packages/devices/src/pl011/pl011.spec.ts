/** PL011, by the sections of Arm DDI 0183G. */
import { SERIAL_BREAK, type SerialPort } from "@trapline/core";
import { beforeEach, describe, expect, it } from "vitest";
import { checkHostileGuest, checkRestoreRefuses, checkRows, DeviceRig } from "../device-rig.fixture.ts";
import { pl011Registers } from "./pl011.registers.ts";
import { Pl011 } from "./pl011.ts";

const [DR, RSR, FR, IBRD, FBRD, LCR_H, CR, IFLS, IMSC, RIS, MIS, ICR] = [0x00, 0x04, 0x18, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x3c, 0x40, 0x44];
const [RXIS, TXIS, RTIS, BEIS, OEIS] = [0x10, 0x20, 0x40, 0x200, 0x400];
const [ENABLED, LOOPBACK] = [0x301, 0x381];
const [FIFO_8N1, NO_FIFO_8N1] = [0x70, 0x60];
const RXFE = 0x10;
const RXFF = 0x40;

class TestPort implements SerialPort {
  sent = "";
  private readonly queue: number[] = [];
  private input: () => void = () => {};
  send(byte: number): void {
    this.sent += String.fromCharCode(byte);
  }
  get waiting(): boolean {
    return this.queue.length > 0;
  }
  take(): number {
    return this.queue.shift()!;
  }
  listen(input: () => void): () => void {
    this.input = input;
    return () => {};
  }
  type(text: string | readonly number[]): void {
    this.queue.push(...(typeof text === "string" ? new TextEncoder().encode(text) : text));
    this.input();
  }
}

class UartRig extends DeviceRig<Pl011> {
  readonly port: TestPort;
  constructor(port: TestPort = new TestPort()) {
    super(pl011Registers, ({ line, clock }) => new Pl011("uart0", line, port, clock));
    this.port = port;
    port.listen(() => this.device.listen());
  }
  /** 115200 baud 8N1 and enabled, as Linux and U-Boot program it: 24 MHz / (16 × 13 1/64). */
  open(lcrH: number = FIFO_8N1): void {
    this.w(IBRD, 13);
    this.w(FBRD, 1);
    this.w(LCR_H, lcrH);
    this.w(CR, ENABLED);
  }
  typed(text: string | readonly number[]): void {
    this.port.type(text);
    for (let n = 0; n < text.length; n++) this.advance(CHARACTER_NS);
  }
}
const BIT_NS = (16 * (13 + 1 / 64) * 1e9) / 24e6;
const CHARACTER_NS = Math.ceil(10 * BIT_NS);

let uart: UartRig;
beforeEach(() => {
  uart = new UartRig();
});

describe("rows (table 3-1)", () => {
  it("have their reset values, and RO ignores writes", () => checkRows(() => new UartRig()));

  //   register  written      reads
  it.each([
    ["UARTILPR", 0x20, 0xffff_ffff, 0xff],
    ["UARTIBRD", IBRD, 0xffff_ffff, 0xffff],
    ["UARTFBRD", FBRD, 0xffff_ffff, 0x3f],
    ["UARTLCR_H", LCR_H, 0xffff_ffff, 0xff],
    ["UARTCR", CR, 0xffff_ffff, 0xff87],
    ["UARTIFLS", IFLS, 0xffff_ffff, 0x3f],
    ["UARTIMSC", IMSC, 0xffff_ffff, 0x7ff],
    ["UARTDMACR", 0x48, 0xffff_ffff, 0x7],
  ])("%s keeps the bits it has", (_name, offset, written, reads) => {
    uart.w(offset, written);
    expect(uart.r(offset)).toBe(reads);
  });

  it("identify the part: 0x00141011 and 0xb105f00d", () => {
    const word = (offset: number): number => [0, 1, 2, 3].reduce((sum, n) => (sum | (uart.r(offset + 4 * n) << (8 * n))) >>> 0, 0);
    expect([word(0xfe0), word(0xff0)]).toEqual([0x0014_1011, 0xb105_f00d]);
  });
});

describe("sending", () => {
  it.each([1, 2, 4] as const)("a guest that only stores to UARTDR is heard, %d bytes wide", (width) => {
    for (const byte of "Hi\n") uart.w(DR, byte.charCodeAt(0), width);
    expect(uart.port.sent).toBe("Hi\n");
  });

  it("UARTFR always says that there is room: what earlycon polls", () => {
    uart.w(DR, 0x41);
    expect(uart.r(FR)).toBe(0x97); // TXFE, RXFE, DCD, DSR, CTS; not BUSY, not TXFF
  });

  it("UARTTXINTR is not asserted until something was sent (2.8.2)", () => {
    uart.open();
    uart.w(IMSC, TXIS);
    expect([uart.r(RIS), uart.line.high]).toEqual([0, false]);
    uart.w(DR, 0x41);
    expect([uart.r(RIS), uart.r(MIS), uart.line.high]).toEqual([TXIS, TXIS, true]);
    uart.w(ICR, TXIS);
    expect([uart.r(RIS), uart.line.high]).toEqual([0, false]);
  });

  it("a masked interrupt shows in UARTRIS only", () => {
    uart.w(DR, 0x41);
    expect([uart.r(RIS), uart.r(MIS), uart.line.high]).toEqual([TXIS, 0, false]);
  });
});

describe("receiving", () => {
  it("waits until UART and receiver are enabled, and loses nothing meanwhile", () => {
    uart.typed("ab");
    expect(uart.r(FR) & RXFE).toBe(RXFE);
    uart.open();
    uart.advance(2 * CHARACTER_NS);
    expect([uart.r(DR), uart.r(DR), uart.r(DR)]).toEqual([0x61, 0x62, 0]);
  });

  it("takes the time of its bits, one character after the other", () => {
    uart.open();
    uart.port.type("ab");
    uart.advance(CHARACTER_NS - 1);
    expect(uart.r(FR) & RXFE).toBe(RXFE);
    uart.advance(1);
    expect(uart.r(DR)).toBe(0x61);
    expect(uart.r(FR) & RXFE).toBe(RXFE);
    uart.advance(CHARACTER_NS);
    expect(uart.r(DR)).toBe(0x62);
  });

  //   RXIFLSEL  asserted by entry (3.3.9)
  it.each([
    [0b000, 2],
    [0b001, 4],
    [0b010, 8],
    [0b011, 12],
    [0b100, 14],
  ])("UARTRXINTR at level %d: entry %d asserts it, reading below clears it (2.8.1)", (select, entry) => {
    uart.open();
    uart.w(IFLS, select << 3);
    uart.w(IMSC, RXIS);
    uart.typed("x".repeat(entry - 1));
    expect(uart.line.high).toBe(false);
    uart.typed("x");
    expect(uart.line.high).toBe(true);
    uart.r(DR);
    expect(uart.line.high).toBe(false);
  });

  it("without FIFO, one character asserts UARTRXINTR and reading it clears it (2.8.1)", () => {
    uart.open(NO_FIFO_8N1);
    uart.typed("ab");
    expect([uart.r(RIS) & RXIS, uart.r(FR) & RXFF]).toEqual([RXIS, RXFF]);
    expect([uart.r(DR), uart.r(RIS) & RXIS]).toEqual([0x61, 0]);
    uart.advance(CHARACTER_NS);
    expect([uart.r(DR), uart.r(RIS) & RXIS]).toEqual([0x62, 0]);
  });

  it("a full FIFO holds the sender back", () => {
    uart.open();
    uart.typed("0123456789abcdefXY");
    expect(uart.r(FR) & RXFF).toBe(RXFF);
    const first = Array.from({ length: 16 }, () => String.fromCharCode(uart.r(DR))).join("");
    uart.advance(2 * CHARACTER_NS);
    expect(first + String.fromCharCode(uart.r(DR), uart.r(DR))).toBe("0123456789abcdefXY");
    expect(uart.r(RIS) & OEIS).toBe(0);
  });

  it("peeking at UARTDR takes nothing", () => {
    uart.open();
    uart.typed("a");
    expect([uart.frame.peek(DR, 4, 0), uart.frame.peek(DR, 4, 0), uart.r(DR)]).toEqual([0x61, 0x61, 0x61]);
  });

  it("a break is a character with BE, and asserts UARTBEINTR", () => {
    uart.open();
    uart.typed([SERIAL_BREAK]);
    expect([uart.r(RIS) & BEIS, uart.r(DR), uart.r(RSR)]).toEqual([BEIS, 0x400, 0x4]);
    uart.w(RSR, 0);
    expect(uart.r(RSR)).toBe(0);
  });

  it("turning the FIFO off and on empties it", () => {
    uart.open();
    uart.typed("abcdefgh");
    uart.w(LCR_H, NO_FIFO_8N1);
    expect([uart.r(FR) & RXFE, uart.r(RIS)]).toEqual([RXFE, 0]);
  });
});

describe("receive timeout (2.8.3)", () => {
  const TIMEOUT_NS = Math.ceil(32 * BIT_NS);
  beforeEach(() => {
    uart.open();
    uart.w(IMSC, RTIS);
    uart.typed("ab");
  });

  it("comes 32 bit periods after the last character", () => {
    uart.advance(TIMEOUT_NS - 1);
    expect(uart.line.high).toBe(false);
    uart.advance(1);
    expect(uart.line.high).toBe(true);
  });

  it("starts again with another character", () => {
    uart.advance(TIMEOUT_NS - 2 * CHARACTER_NS);
    uart.typed("c");
    uart.advance(TIMEOUT_NS - 1);
    expect(uart.line.high).toBe(false);
    uart.advance(1);
    expect(uart.line.high).toBe(true);
  });

  it("ends when the FIFO is read empty, not before", () => {
    uart.advance(TIMEOUT_NS);
    uart.r(DR);
    expect(uart.line.high).toBe(true);
    uart.r(DR);
    expect(uart.line.high).toBe(false);
    uart.advance(10 * TIMEOUT_NS);
    expect(uart.line.high).toBe(false);
  });

  it("comes again when it was cleared and the characters are still there", () => {
    uart.advance(TIMEOUT_NS);
    uart.w(ICR, RTIS);
    expect(uart.line.high).toBe(false);
    uart.advance(TIMEOUT_NS);
    expect(uart.line.high).toBe(true);
  });

  it("does not come when the FIFO was emptied in time", () => {
    uart.r(DR);
    uart.r(DR);
    uart.advance(10 * TIMEOUT_NS);
    expect(uart.r(RIS) & RTIS).toBe(0);
  });
});

describe("loopback (UARTCR.LBE)", () => {
  it("brings back what is sent, and loses what does not fit", () => {
    uart.open();
    uart.w(CR, LOOPBACK);
    for (let n = 0; n < 17; n++) uart.w(DR, n);
    expect(uart.port.sent).toBe("");
    expect(uart.r(RIS) & OEIS).toBe(OEIS);
    expect(uart.r(DR)).toBe(0x800); // OE with the oldest
    expect(uart.r(RSR)).toBe(0x8);
  });

  it("feeds the modem inputs from the outputs, and changes assert their interrupts", () => {
    uart.w(CR, LOOPBACK);
    expect([uart.r(FR) & 0x107, uart.r(RIS) & 0xf]).toEqual([0, 0xe]); // CTS, DCD and DSR fell
    uart.w(ICR, 0xf);
    uart.w(CR, LOOPBACK | 0x2800); // RTS → CTS, Out2 → RI
    expect([uart.r(FR) & 0x107, uart.r(RIS) & 0xf]).toEqual([0x101, 0x3]);
  });
});

describe("the device", () => {
  it("is as new after a reset", () => {
    const fresh = new UartRig().device.save();
    uart.open();
    uart.w(IMSC, 0x7ff);
    uart.typed("abc");
    uart.w(DR, 0x41);
    uart.device.reset();
    expect([uart.device.save(), uart.line.high]).toEqual([fresh, false]);
  });

  it("goes on identically when restored in the middle of a character", () => {
    uart.open();
    uart.w(IMSC, RTIS);
    uart.typed("a");
    const copy = new UartRig();
    copy.clock.restore(uart.clock.save());
    copy.device.restore(uart.device.save());
    for (const rig of [uart, copy]) rig.advance(1e6);
    expect([copy.device.save(), copy.line.high]).toEqual([uart.device.save(), true]);
  });

  it("refuses a state that is none", () => checkRestoreRefuses(() => new UartRig()));

  it("withstands any guest", () => {
    const busy = (): UartRig => {
      const rig = new UartRig();
      rig.port.type("some input that waits");
      return rig;
    };
    checkHostileGuest(busy, ({ device }) => (device.ris & device.imsc) !== 0);
  });
});
