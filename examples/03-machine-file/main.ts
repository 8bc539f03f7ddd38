/** Loads machine.yaml, which names its plugins by path, and runs it. See README.md. */
import { fileURLToPath } from "node:url";
import { createMachine } from "@trapline/core";
import { formatMachineFileErrors, isMachineFileError, loadMachineFile } from "@trapline/core/machine-file";

const file = process.argv[2] ?? fileURLToPath(new URL("machine.yaml", import.meta.url));

try {
  const machine = await createMachine(await loadMachineFile(file));
  for (const { name, base, size } of machine.bus.claims) process.stdout.write(`${base.toString(16).padStart(8, "0")} ${size.toString(16).padStart(8)} ${name}\n`);
  process.stdout.write(`${JSON.stringify(await machine.run({ timeoutMs: 10_000 }))}\n`);
  await machine.close();
} catch (error) {
  if (!isMachineFileError(error)) throw error;
  process.stdout.write(formatMachineFileErrors(error));
  process.exitCode = 2;
}
