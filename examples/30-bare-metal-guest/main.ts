/** A guest of 26 instructions sets a timer, sleeps, and takes its interrupt. The trace tells which instruction did what. See README.md. */
import { createMachine, formatTrace, ofKind } from "@trapline/core";
import { softCpu, softCpuStatistics } from "@trapline/soft-cpu";
import { vgicV3 } from "@trapline/vgic-plugin";
import { GUEST } from "./guest.ts";

const machine = await createMachine({
  name: "bare-metal",
  memory: [{ base: 0x4000_0000, size: 0x10_0000 }],
  plugins: [softCpu({ disassemble: true }), vgicV3()],
});
for (const [address, word] of GUEST) machine.memory.copyIn(address, new Uint8Array(Uint32Array.of(word).buffer));

const say = (line: string): void => void process.stdout.write(`${line}\n`);
machine.trace$
  .pipe(ofKind("exit", "private-line", "vcpu-line", "gic.acknowledge", "gic.eoi"))
  .subscribe((event) => say(formatTrace(event).replace(/^#\d+ +/, ""))); // without its number in the order of the machine

const { reason } = await machine.run({ timeoutMs: 10_000 });
const { vcpus, exceptions } = softCpuStatistics(machine);
say(`${reason} after ${vcpus[0]?.retired} instructions; exceptions taken: ${JSON.stringify(exceptions)}`);
await machine.close();
