/** Real guest code in a text file: assembled here, run by the soft CPU, heard through a PL011. See README.md. */
import { readFileSync } from "node:fs";
import { createMachine, type SerialPort, UNPLUGGED } from "@trapline/core";
import { pl011 } from "@trapline/devices";
import { softCpu } from "@trapline/soft-cpu";
import { assemble } from "@trapline/testkit/assembler";

/** The other end of the cable: whatever the guest sends goes to the terminal. */
const terminal: SerialPort = { ...UNPLUGGED, send: (byte) => void process.stdout.write(String.fromCharCode(byte)) };

const program = assemble(readFileSync(new URL("guest.s", import.meta.url), "utf8"), { base: 0x4008_0000, file: "guest.s" });

const machine = await createMachine({
  name: "hello",
  memory: [{ base: 0x4000_0000, size: 0x10_0000 }], // the CPU begins 512 KiB into it
  plugins: [softCpu(), pl011({ port: terminal })],
});
program.loadInto(machine.memory);

const { reason } = await machine.run({ timeoutMs: 10_000 });
process.stdout.write(`${reason} after ${machine.vcpus[0]!.retired} instructions, of ${program.bytes.length} bytes of program\n`);
await machine.close();
