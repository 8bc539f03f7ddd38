/** `trapline check`: composes a machine without running it, and says what its device tree would trip over. */
import { lintDeviceTree } from "@trapline/core";
import { STATUS } from "./exit-status.ts";
import type { CommandHost } from "./host.ts";
import { type MachineOptions, makeMachine } from "./machine-options.ts";

export async function checkCommand(name: string, options: MachineOptions, host: CommandHost): Promise<number> {
  const machine = await makeMachine(name, options, []);
  try {
    const findings = lintDeviceTree(machine.deviceTree());
    for (const { path, rule, message } of findings) host.stderr.write(`${path}: ${rule}: ${message}\n`);
    if (findings.length > 0) return STATUS.USAGE;
    host.stdout.write(`${machine.name}: ${machine.vcpus.length} vCPUs, ${machine.bus.claims.length} regions, no findings\n`);
    return STATUS.OK;
  } finally {
    await machine.close();
  }
}
