/**
 * PrimeCell GPIO PL061, its state (Arm DDI 0190B); the rows are in pl061.registers.ts.
 *
 * Eight pins. Others drive its inputs with `set`; outputs can be watched with `output`. An interrupt is raised by an input's
 * level or edges, as the guest chose. Not modelled: what hardware does with a pin that GPIOAFSEL hands to it.
 */
import type { LevelLine, PlainData } from "@trapline/core";
import { readWords, savedRecord, saveWords, type WordLimits } from "../saved-words.ts";

export const GPIO_PINS = 8;

/** A GPIO block, for whoever drives its inputs. */
export interface GpioInputs {
  readonly name: string;
  /** Drives pin 0 … 7 from outside. A pin that does not exist, or that the guest drives, shows nothing of it. */
  set(pin: number, high: boolean): void;
}

type Word = "dir" | "is" | "ibe" | "iev" | "ie" | "afsel" | "latch" | "inputs" | "edges";
const WORDS: WordLimits<Word> = { dir: 0xff, is: 0xff, ibe: 0xff, iev: 0xff, ie: 0xff, afsel: 0xff, latch: 0xff, inputs: 0xff, edges: 0xff };

export class Pl061 implements GpioInputs {
  readonly name: string;
  /** GPIODIR: ones are outputs. */
  dir = 0;
  /** GPIOIS: ones sense levels, zeros edges. */
  is = 0;
  /** GPIOIBE: ones sense both edges. */
  ibe = 0;
  /** GPIOIEV: ones sense rising edges and high levels. */
  iev = 0;
  /** GPIOIE: ones are not masked. */
  ie = 0;
  afsel = 0;
  /** What was last written to each bit of GPIODATA. */
  latch = 0;
  /** Levels from outside. A reset of this block does not change them. */
  inputs = 0;
  /** Edges seen and not cleared. */
  edges = 0;
  /** Told of outputs that changed: their mask and all levels. */
  output: (changed: number, levels: number) => void = () => {};

  /** Told when the guest cleared an edge. */
  completed: (pin: number) => void = () => {};

  private readonly irq: LevelLine;

  constructor(name: string, irq: LevelLine) {
    this.name = name;
    this.irq = irq;
  }

  reset(): void {
    const before = this.latch & this.dir;
    this.dir = this.is = this.ibe = this.iev = this.ie = this.afsel = this.latch = this.edges = 0;
    this.updateLine();
    if (before !== 0) this.output(before, 0);
  }

  set(pin: number, high: boolean): void {
    if (!Number.isInteger(pin) || pin < 0 || pin >= GPIO_PINS) return;
    const before = this.levels;
    this.inputs = high ? this.inputs | (1 << pin) : this.inputs & ~(1 << pin);
    this.sense(before);
  }

  /** What GPIODATA reads: outputs as written, inputs as driven (3.3.1). */
  get levels(): number {
    return (this.latch & this.dir) | (this.inputs & ~this.dir);
  }

  /** Address bits 9:2 say which bits a write changes. */
  writeData(mask: number, value: number): void {
    const before = this.latch & this.dir;
    this.latch = (this.latch & ~mask) | (value & mask);
    this.tellOutputs(before);
  }

  writeDir(value: number): void {
    const before = this.latch & this.dir;
    const levels = this.levels;
    this.dir = value & 0xff;
    this.sense(levels);
    this.tellOutputs(before);
  }

  /** GPIOIS, GPIOIBE, GPIOIEV and GPIOIE. */
  configure(register: "is" | "ibe" | "iev" | "ie", value: number): void {
    this[register] = value & 0xff;
    this.updateLine();
  }

  /** GPIORIS: an edge stays until it is cleared, a level only as long as it lasts (3.3.7). */
  get ris(): number {
    const asWanted = ~(this.levels ^ this.iev) & ~this.dir & 0xff;
    return (this.edges & ~this.is) | (asWanted & this.is);
  }

  /** GPIOIC. */
  clear(value: number): void {
    const ended = this.edges & value & ~this.is;
    this.edges &= ~value;
    this.updateLine();
    for (let pin = 0; pin < GPIO_PINS; pin++) if ((ended & (1 << pin)) !== 0) this.completed(pin);
  }

  save(): PlainData {
    return saveWords(this, WORDS);
  }

  /** @throws SnapshotError, with nothing changed. */
  restore(state: PlainData): void {
    Object.assign(this, readWords(this.name, savedRecord(this.name, state), WORDS));
  }

  /** Latches the edges that inputs made. */
  private sense(before: number): void {
    const changed = (before ^ this.levels) & ~this.dir & ~this.is;
    this.edges |= changed & (this.ibe | ~(this.levels ^ this.iev));
    this.updateLine();
  }

  private tellOutputs(before: number): void {
    const after = this.latch & this.dir;
    if (after !== before) this.output(after ^ before, after);
  }

  private updateLine(): void {
    this.irq.set((this.ris & this.ie) !== 0);
  }
}
