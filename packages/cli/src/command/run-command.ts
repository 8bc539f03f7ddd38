/** `trapline run`: the machine, its terminal, and how it ended. */
import { ConfigError, definePlugin, type Machine, provide, type Vmm } from "@trapline/core";
import { PowerButtonToken, SerialConsoleToken } from "@trapline/devices";
import { StdioConsole } from "../console/stdio-console.ts";
import { statusOf } from "./exit-status.ts";
import type { CommandHost } from "./host.ts";
import { type MachineOptions, makeMachine } from "./machine-options.ts";
import { TraceFile } from "./trace-file.ts";

export interface RunCommandOptions extends MachineOptions {
  readonly timeout?: number;
  readonly trace?: string;
  readonly json?: boolean;
}

/** Runs until the guest, the user or the clock ends it. Returns the exit status. */
export async function runCommand(name: string, options: RunCommandOptions, host: CommandHost): Promise<number> {
  const { timeout } = options;
  if (name === "virt" && options.kernel === undefined && options.firmware === undefined) {
    throw new ConfigError("there is nothing to run on the virt board", { subject: "virt", remedy: "name a kernel with --kernel, or --firmware" });
  }
  // Somebody at a terminal wants to type in real time; everything else should repeat.
  const clock = options.clock ?? (name === "virt" && host.stdin.isTTY === true ? "host" : undefined);
  const terminal = new StdioConsole(host.stdin, host.stdout);
  let vmm: Vmm | undefined;
  const plugin = definePlugin({
    name: "terminal",
    provides: [provide(SerialConsoleToken, () => terminal)],
    create: (given) => void (vmm = given),
  });
  const machine = await makeMachine(name, { ...options, ...(clock === undefined ? {} : { clock }) }, [plugin]);
  const endTrace = await follow(machine, options.trace);
  const forget = host.onSignal(() => machine.stop());
  const errors = machine.errors$.subscribe((error) => host.stderr.write(`trapline: ${error.message}\n`));
  try {
    terminal.open({
      hold: () => vmm!.hold(),
      command(command) {
        if (command === "quit") machine.stop();
        else if (command === "reset") vmm!.requestReset();
        else if (command === "powerdown") pressPower(machine, vmm!);
      },
    });
    const result = await machine.run(timeout === undefined ? {} : { timeoutMs: timeout * 1000 });
    terminal.close();
    const { status, sentence } = statusOf(result, timeout);
    if (sentence !== undefined) host.stderr.write(`trapline: ${sentence}\n`);
    if (options.json === true) host.stdout.write(`${JSON.stringify(report(machine, result, status))}\n`);
    return status;
  } finally {
    terminal.close();
    errors.unsubscribe();
    forget();
    try {
      endTrace();
    } finally {
      await machine.close();
    }
  }
}

async function follow(machine: Machine, file: string | undefined): Promise<() => void> {
  if (file === undefined) return () => {};
  try {
    return new TraceFile(file).follow(machine);
  } catch (error) {
    await machine.close();
    throw error;
  }
}

function pressPower(machine: Machine, vmm: Vmm): void {
  machine.find(PowerButtonToken)?.press();
  vmm.wake();
}

function report(machine: Machine, result: object, exitStatus: number): object {
  const retired = machine.vcpus.map((vcpu) => vcpu.retired);
  return { machine: machine.name, ...result, exitStatus, machineNs: machine.clock.nowNs(), retired };
}
