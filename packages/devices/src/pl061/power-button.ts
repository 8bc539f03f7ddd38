/**
 * A push button on a GPIO pin: pressed, it holds the pin high for a moment, as QEMU's `gpio-key` does, long enough for a
 * driver that debounces. Cold.
 */
import type { Clock, ClockTimer, PlainData } from "@trapline/core";
import { readTimer, savedRecord } from "../saved-words.ts";
import type { GpioInputs } from "./pl061.ts";

const HELD_NS = 100e6;

/** Asks the guest to shut down. */
export interface PowerButton {
  press(): void;
}

/** A button on a GPIO input: pressed, the pin is high for 100 ms. */
export class GpioButton implements PowerButton {
  private readonly name: string;
  private readonly gpio: GpioInputs;
  private readonly pin: number;
  private readonly clock: Clock;
  private readonly release: ClockTimer;

  constructor(name: string, gpio: GpioInputs, pin: number, clock: Clock) {
    this.name = name;
    this.gpio = gpio;
    this.pin = pin;
    this.clock = clock;
    this.release = clock.timer(`${name} release`, () => gpio.set(pin, false));
  }

  press(): void {
    this.gpio.set(this.pin, true);
    this.release.armAt(this.clock.nowNs() + HELD_NS);
  }

  reset(): void {
    this.release.disarm();
    this.gpio.set(this.pin, false);
  }

  save(): PlainData {
    return { release: this.release.save() };
  }

  /** @throws SnapshotError, with nothing changed. */
  restore(state: PlainData): void {
    this.release.restore(readTimer(this.name, "release", savedRecord(this.name, state)));
  }
}
