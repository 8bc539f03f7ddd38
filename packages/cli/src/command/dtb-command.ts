/** `trapline dtb`: the device tree of a machine, as source on standard output or as a blob in a file. */
import { HostError, messageOf, printDts, writeDtb } from "@trapline/core";
import { writeFile } from "node:fs/promises";
import { STATUS } from "./exit-status.ts";
import type { CommandHost } from "./host.ts";
import type { MachineOptions } from "./machine-options.ts";
import { makeMachine } from "./make-machine.ts";

export interface DtbCommandOptions extends MachineOptions {
  readonly output?: string;
}

export async function dtbCommand(name: string, options: DtbCommandOptions, host: CommandHost): Promise<number> {
  const machine = await makeMachine(name, options, { host, fetch: false });
  try {
    const tree = machine.deviceTree();
    if (options.output === undefined) host.stdout.write(printDts(tree));
    else await save(options.output, writeDtb(tree));
    return STATUS.OK;
  } finally {
    await machine.close();
  }
}

async function save(file: string, bytes: Uint8Array): Promise<void> {
  await writeFile(file, bytes).catch((cause: unknown) => {
    throw new HostError(`--output ${file} cannot be written: ${messageOf(cause)}`, { subject: "--output", value: file, remedy: "check the path", cause });
  });
}
