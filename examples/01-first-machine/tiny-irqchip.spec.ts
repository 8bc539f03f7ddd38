/** The chip of the first machine, written from the contract alone, keeps it. */
import { lo32, RegisterFrame, WireOrder } from "@trapline/core";
import { describeIrqchip } from "@trapline/testkit";
import { TinyIrqchip, tinyRegisters } from "./tiny-irqchip.ts";

const ENABLE = 0x4;
const CLAIM = 0x8;
const DONE = 0xc;

describeIrqchip("the tiny irqchip", () => {
  const order = new WireOrder();
  const irqchip = new TinyIrqchip(order);
  const frame = new RegisterFrame(irqchip, tinyRegisters);
  const read = (offset: number): number => lo32(frame.read(offset, 4, 0));
  return {
    irqchip,
    order,
    pins: [1, 2, 31],
    triggers: ["level"],
    enable: (pin) => frame.write(ENABLE, 4, (read(ENABLE) | (1 << pin)) >>> 0, 0),
    disable: (pin) => frame.write(ENABLE, 4, (read(ENABLE) & ~(1 << pin)) >>> 0, 0),
    acknowledge() {
      const pin = read(CLAIM);
      return pin === 0xffff_ffff ? undefined : pin;
    },
    complete: (pin) => frame.write(DONE, 4, pin, 0),
  };
});
