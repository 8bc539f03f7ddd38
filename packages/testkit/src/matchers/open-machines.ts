/** Machines that a test has made: closed together, the last first, even where one fails, and what they reported meanwhile is told. */
import { fileURLToPath } from "node:url";
import { createMachine, type Machine, type MachineConfig, messageOf, type PluginDefinition, type TraplineError } from "@trapline/core";
import { loadMachineFile } from "@trapline/core/machine-file";

/** What a machine may report in a test. */
export interface BootOptions {
  /** `ignore`: what the machine reports on `errors$` is the test's own business. Default `fail`. */
  readonly errors?: "fail" | "ignore";
}

/** A configuration, just plugins, or a machine file by its path (relative to the current folder) or URL. */
export type Bootable = MachineConfig | readonly PluginDefinition[] | string | URL;

export class OpenMachines {
  private readonly open: { readonly machine: Machine; readonly errors: readonly TraplineError[] }[] = [];

  async boot(what: Bootable, { errors: policy = "fail" }: BootOptions = {}): Promise<Machine> {
    const machine = await createMachine(await configOf(what));
    const errors: TraplineError[] = [];
    if (policy === "fail") machine.errors$.subscribe((error) => errors.push(error));
    this.open.push({ machine, errors });
    return machine;
  }

  /** @throws what a machine threw while it closed, or reported while it was open; an AggregateError where that is more than one */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    const open = this.open.splice(0);
    for (const { machine } of open.toReversed()) await machine.close().catch((error: unknown) => failures.push(error));
    for (const { machine, errors } of open) {
      for (const error of errors) failures.push(new Error(`machine ${machine.name} reported: ${messageOf(error)}`, { cause: error }));
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, failures.map(messageOf).join("; "));
  }
}

async function configOf(what: Bootable): Promise<MachineConfig> {
  if (typeof what === "string" || what instanceof URL) return loadMachineFile(what instanceof URL ? fileURLToPath(what) : what);
  return "plugins" in what ? what : { plugins: what };
}
