/** A receiver with a FIFO: it holds its line while packets wait. And its node in the device tree, which says something else. */
import {
  addCpu,
  compileRegisters,
  definePlugin,
  gicSpi,
  type LevelLine,
  type PluginDefinition,
  type RegisterBank,
  RegisterFrame,
  type SpiTrigger,
} from "@trapline/core";

export interface RadioOptions {
  readonly base: number;
  readonly gsi: number;
  /** What the device tree says of the interrupt. */
  readonly says: SpiTrigger;
  /** When packets come in, nanoseconds. */
  readonly packetsNs: readonly number[];
}

const registers: RegisterBank<Radio> = compileRegisters<Radio>("RADIO", 0x1000, [
  { name: "DATA", offset: 0x00, access: "RO", read: (device) => device.take(), peek: (device) => device.fifo[0] ?? 0 },
]);

class Radio {
  readonly fifo: number[] = [];
  private readonly line: LevelLine;

  constructor(line: LevelLine) {
    this.line = line;
  }

  receive(packet: number): void {
    this.fifo.push(packet);
    this.line.set(true);
  }

  /** Reading the last packet lowers the line. */
  take(): number {
    const packet = this.fifo.shift() ?? 0;
    this.line.set(this.fifo.length > 0);
    return packet;
  }
}

export function radio({ base, gsi, says, packetsNs }: RadioOptions): PluginDefinition {
  return definePlugin({
    name: "radio",
    create(vmm) {
      const device = new Radio(vmm.router.line(gsi, "radio"));
      const timers = packetsNs.map((_, n) => vmm.clock.timer(`radio packet ${n + 1}`, () => device.receive(n + 1)));
      return {
        attach: (scope) =>
          scope.add(vmm.bus.claim({ name: "radio", base, size: registers.frameSize }, new RegisterFrame(device, registers))),
        start: () => timers.forEach((timer, n) => timer.armAt(packetsNs[n]!)),
        deviceTree(tree) {
          tree.node("/", "radio").compatible("example,radio-board").set("model", "A board with a radio");
          addCpu(tree, { mpidr: 0, compatible: ["arm,armv8"] }, "radio");
          tree
            .node(`/radio@${base.toString(16)}`, "radio")
            .compatible("example,radio")
            .reg({ base, size: registers.frameSize })
            .interrupts(gicSpi(gsi, says));
        },
      };
    },
  });
}
