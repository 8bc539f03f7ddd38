/**
 * `trapline check`: composes a machine without running it, and says what its guest would trip over: in the device tree, and between the
 * tree and the devices.
 */
import { lintDeviceTree, lintMachine, parseDtb } from "@trapline/core";
import { STATUS } from "./exit-status.ts";
import type { CommandHost } from "./host.ts";
import type { MachineOptions } from "./machine-options.ts";
import { makeMachine } from "./make-machine.ts";
import { readImage } from "./read-image.ts";

/** 2 when there are errors; warnings alone are no failure. */
export async function checkCommand(name: string, options: MachineOptions, host: CommandHost): Promise<number> {
  const machine = await makeMachine(name, options, { host, fetch: false });
  try {
    const tree = options.dtb === undefined ? machine.deviceTree() : parseDtb((await readImage("--dtb", options.dtb)).bytes);
    const ofTree = lintDeviceTree(tree).map(({ severity, path, rule, message }) => ({ severity, text: `${path}: ${rule}: ${message}` }));
    const ofMachine = lintMachine(machine, tree).map(({ severity, subject, rule, message, remedy }) => ({
      severity,
      text: `${subject}: ${rule}: ${message}; ${remedy}`,
    }));
    const findings = [...ofTree, ...ofMachine];
    for (const { severity, text } of findings) host.stderr.write(`${severity}: ${text}\n`);
    const count = (which: "error" | "warning"): number => findings.filter(({ severity }) => severity === which).length;
    if (count("error") > 0) return STATUS.USAGE;
    const summary = findings.length === 0 ? "no findings" : `${count("warning")} warnings`;
    host.stdout.write(`${machine.name}: ${machine.vcpus.length} vCPUs, ${machine.bus.claims.length} regions, ${summary}\n`);
    return STATUS.OK;
  } finally {
    await machine.close();
  }
}
