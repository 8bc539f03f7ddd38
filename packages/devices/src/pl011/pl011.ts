/**
 * PrimeCell UART PL011, its state (Arm DDI 0183G, r1p5); the rows are in pl011.registers.ts.
 *
 * Sending takes no time, so the transmit FIFO is always empty; a guest that only stores to UARTDR, with the UART never
 * enabled, is heard too, and always with eight bits. Receiving happens at the programmed line rate, one character after
 * the other, and only into an enabled receiver with room, as if the far end watched nUARTRTS: input is never lost.
 * Not modelled: DMA, IrDA, parity and framing errors, sending a break. The FIFOs have 16 entries, as before r1p5.
 */
import { type Clock, type ClockTimer, type LevelLine, type PlainData, SERIAL_BREAK, type SerialPort } from "@trapline/core";
import { readQueue, readTimer, readWords, savedRecord, saveWords, type WordLimits } from "../saved-words.ts";

export const FIFO_DEPTH = 16;
/** The fixed clock of QEMU's `virt` board, and of its device tree. */
export const UARTCLK_HZ = 24_000_000;
/** Line rate while the guest has programmed none. */
const DEFAULT_BAUD = 115_200;

/** Bits of UARTRIS, UARTIMSC, UARTMIS and UARTICR. */
export const INT = { RI: 0x1, CTS: 0x2, DCD: 0x4, DSR: 0x8, RX: 0x10, TX: 0x20, RT: 0x40, FE: 0x80, PE: 0x100, BE: 0x200, OE: 0x400 } as const;
/** Bits of UARTFR. */
export const FR = { CTS: 0x1, DSR: 0x2, DCD: 0x4, BUSY: 0x8, RXFE: 0x10, TXFF: 0x20, RXFF: 0x40, TXFE: 0x80, RI: 0x100 } as const;
/** Bits of UARTCR. */
export const CR = { UARTEN: 0x1, LBE: 0x80, TXE: 0x100, RXE: 0x200, DTR: 0x400, RTS: 0x800, OUT1: 0x1000, OUT2: 0x2000 } as const;
const MODEM = FR.CTS | FR.DSR | FR.DCD | FR.RI;
const LCR_H = { PEN: 1 << 1, STP2: 1 << 3, FEN: 1 << 4 } as const;
/** Errors of one character: UARTDR[11:8], UARTRSR[3:0] shifted. */
const DR = { BE: 1 << 10, OE: 1 << 11 } as const;
const RSR_OE = 1 << 3;

/** UARTIFLS.RXIFLSEL → entries at which UARTRXINTR is asserted: 1/8, 1/4, 1/2, 3/4, 7/8 of the FIFO; the rest is reserved. */
const RX_TRIGGER = [2, 4, 8, 12, 14, 14, 14, 14] as const;

const WORDS: WordLimits<"rsr" | "ilpr" | "ibrd" | "fbrd" | "lcrH" | "cr" | "ifls" | "imsc" | "ris" | "dmacr"> = {
  ...{ rsr: 0xf, ilpr: 0xff, ibrd: 0xffff, fbrd: 0x3f, lcrH: 0xff, cr: 0xffff, ifls: 0x3f, imsc: 0x7ff, ris: 0x7ff, dmacr: 7 },
};

export class Pl011 {
  readonly name: string;
  /** UARTRSR[3:0]. */
  rsr = 0;
  ilpr = 0;
  ibrd = 0;
  fbrd = 0;
  lcrH = 0;
  cr = 0;
  ifls = 0;
  imsc = 0;
  ris = 0;
  dmacr = 0;

  private readonly irq: LevelLine;
  private readonly port: SerialPort;
  private readonly clock: Clock;
  /** Ends when the next character has come in. */
  private readonly characterTimer: ClockTimer;
  /** Ends when nothing has come for 32 bit periods. */
  private readonly timeoutTimer: ClockTimer;
  /** Characters as UARTDR shows them, errors included; oldest first. */
  private rx: number[] = [];
  /** A character was lost; shown by UARTDR until one is taken again. */
  private overrun = 0;

  constructor(name: string, irq: LevelLine, port: SerialPort, clock: Clock) {
    this.name = name;
    this.irq = irq;
    this.port = port;
    this.clock = clock;
    this.characterTimer = clock.timer(`${name} character`, () => this.characterCame());
    this.timeoutTimer = clock.timer(`${name} receive timeout`, () => this.raise(INT.RT));
    this.reset();
  }

  reset(): void {
    this.rsr = this.ilpr = this.ibrd = this.fbrd = this.lcrH = this.imsc = this.ris = this.dmacr = this.overrun = 0;
    this.cr = CR.TXE | CR.RXE;
    this.ifls = 0x12;
    this.rx = [];
    this.characterTimer.disarm();
    this.timeoutTimer.disarm();
    this.updateLine();
  }

  /** UARTDR, read: takes a character out of the FIFO. */
  receive(): number {
    const entry = this.rx.shift();
    if (entry === undefined) return 0;
    this.rsr = (this.rsr & RSR_OE) | (entry >> 8) | (this.overrun === 0 ? 0 : RSR_OE);
    if (this.rx.length < this.rxTrigger) this.ris &= ~INT.RX;
    if (this.rx.length === 0) this.ris &= ~INT.RT;
    this.watchTimeout();
    this.updateLine();
    this.listen();
    return entry | this.overrun;
  }

  /** What `receive` would give. */
  peekData(): number {
    const entry = this.rx[0];
    return entry === undefined ? 0 : entry | this.overrun;
  }

  /** UARTDR, written. The FIFO falls through its trigger level at once, and only that transition asserts UARTTXINTR (2.8.2). */
  transmit(value: number): void {
    if ((this.cr & CR.LBE) === 0) this.port.send(value & 0xff);
    else this.arrive(value & 0xff);
    this.raise(INT.TX);
  }

  /** UARTFR. A line is always plugged in: CTS, DSR and DCD are asserted unless loopback feeds them from UARTCR (3.3.8, LBE). */
  get flags(): number {
    const { cr, rx } = this;
    const loop = (cr & CR.RTS ? FR.CTS : 0) | (cr & CR.DTR ? FR.DSR : 0) | (cr & CR.OUT1 ? FR.DCD : 0) | (cr & CR.OUT2 ? FR.RI : 0);
    const modem = (cr & CR.LBE) === 0 ? FR.CTS | FR.DSR | FR.DCD : loop;
    return modem | FR.TXFE | (rx.length === 0 ? FR.RXFE : 0) | (rx.length >= this.depth ? FR.RXFF : 0);
  }

  /** Turning the FIFOs on or off empties them; so Linux gets rid of what they hold. */
  writeLcrH(value: number): void {
    const changed = (this.lcrH ^ value) & LCR_H.FEN;
    this.lcrH = value & 0xff;
    if (changed === 0) return;
    this.rx = [];
    this.overrun = 0;
    this.clear(INT.RX | INT.RT);
    this.timeoutTimer.disarm();
    this.listen();
  }

  writeCr(value: number): void {
    const before = this.flags;
    this.cr = value & 0xff87;
    const changed = (before ^ this.flags) & MODEM;
    const { RI, CTS, DCD, DSR } = INT;
    this.raise((changed & FR.RI ? RI : 0) | (changed & FR.CTS ? CTS : 0) | (changed & FR.DCD ? DCD : 0) | (changed & FR.DSR ? DSR : 0));
    this.listen();
  }

  writeImsc(value: number): void {
    this.imsc = value & 0x7ff;
    this.updateLine();
  }

  /** UARTICR. */
  clear(value: number): void {
    const again = (this.ris & value & INT.RT) !== 0;
    this.ris &= ~value;
    if (again) this.watchTimeout();
    this.updateLine();
  }

  /** Something waits at the port. */
  listen(): void {
    const ready = this.receiving && this.port.waiting && this.rx.length < this.depth;
    if (ready && this.characterTimer.deadlineNs === Infinity) this.characterTimer.armAt(this.clock.nowNs() + Math.ceil(this.characterBits * this.bitNs));
  }

  save(): PlainData {
    const { rx, overrun } = this;
    return { ...saveWords(this, WORDS), rx: [...rx], overrun, character: this.characterTimer.save(), timeout: this.timeoutTimer.save() };
  }

  /** @throws SnapshotError, with nothing changed. The line is not driven: the router restores its own view of it. */
  restore(state: PlainData): void {
    const record = savedRecord(this.name, state);
    const words = readWords(this.name, record, WORDS);
    const { overrun } = readWords(this.name, record, { overrun: DR.OE });
    const rx = readQueue(this.name, "rx", record, FIFO_DEPTH, 0xfff);
    const character = readTimer(this.name, "character", record);
    const timeout = readTimer(this.name, "timeout", record);
    Object.assign(this, words, { overrun, rx });
    this.characterTimer.restore(character);
    this.timeoutTimer.restore(timeout);
    this.listen(); // what waits at the port is not part of the machine
  }

  private get depth(): number {
    return (this.lcrH & LCR_H.FEN) === 0 ? 1 : FIFO_DEPTH;
  }

  private get rxTrigger(): number {
    return (this.lcrH & LCR_H.FEN) === 0 ? 1 : RX_TRIGGER[(this.ifls >> 3) & 7]!;
  }

  private get receiving(): boolean {
    const on = CR.UARTEN | CR.RXE;
    return (this.cr & (on | CR.LBE)) === on;
  }

  /** Start, five to eight data bits, parity, stop. */
  private get characterBits(): number {
    return 7 + ((this.lcrH >> 5) & 3) + (this.lcrH & LCR_H.PEN ? 1 : 0) + (this.lcrH & LCR_H.STP2 ? 1 : 0);
  }

  /** Baud rate = UARTCLK / (16 × (IBRD + FBRD / 64)) (3.3.6). */
  private get bitNs(): number {
    const divisor64 = this.ibrd * 64 + this.fbrd;
    return divisor64 === 0 ? 1e9 / DEFAULT_BAUD : (divisor64 * 1e9) / (4 * UARTCLK_HZ);
  }

  private characterCame(): void {
    if (!this.receiving || !this.port.waiting || this.rx.length >= this.depth) return;
    const taken = this.port.take();
    this.arrive(taken === SERIAL_BREAK ? DR.BE : taken & 0xff);
    this.listen();
  }

  /** A character is complete: 2.8.1 for UARTRXINTR, 2.8.3 for UARTRTINTR. */
  private arrive(entry: number): void {
    if (this.rx.length >= this.depth) {
      this.overrun = DR.OE;
      this.rsr |= RSR_OE;
      this.raise(INT.OE);
      return;
    }
    this.overrun = 0;
    this.rx.push(entry);
    this.timeoutTimer.disarm();
    this.watchTimeout();
    this.raise((this.rx.length === this.rxTrigger ? INT.RX : 0) | (entry & DR.BE ? INT.BE : 0));
  }

  /** While characters lie in the FIFO and none comes, UARTRTINTR follows after 32 bit periods. */
  private watchTimeout(): void {
    if (this.rx.length === 0 || (this.ris & INT.RT) !== 0) this.timeoutTimer.disarm();
    else this.timeoutTimer.armAt(this.clock.nowNs() + Math.ceil(32 * this.bitNs));
  }

  private raise(interrupts: number): void {
    this.ris |= interrupts;
    this.updateLine();
  }

  /** UARTINTR, the OR of all; the only place that drives it. */
  private updateLine(): void {
    this.irq.set((this.ris & this.imsc) !== 0);
  }
}
