/** The device both plugins put on the bus: a register whose bit 0 is a lamp. It knows no bus, no plugin, no container. */
import { compileRegisters, lo32, type PlainData, type RegisterBank } from "@trapline/core";

export const ledRegisters: RegisterBank<Led> = compileRegisters<Led>("LED", 0x1000, [
  { name: "LED", offset: 0x00, access: "RW", read: (led) => Number(led.on), write: (led, value) => led.set((lo32(value) & 1) === 1), fields: { ON: 0 } },
]);

export class Led {
  on = false;
  private readonly show: (on: boolean) => void;

  constructor(show: (on: boolean) => void) {
    this.show = show;
  }

  set(on: boolean): void {
    if (on === this.on) return;
    this.on = on;
    this.show(on);
  }

  save(): PlainData {
    return { on: this.on };
  }

  restore(state: PlainData): void {
    this.on = (state as { on: boolean }).on;
  }
}
