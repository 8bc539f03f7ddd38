/** `trapline run`: the machine, its terminal, and how it ended. */
import { ConfigError, definePlugin, type Machine, type PluginDefinition, provide, type RunResult, SerialConsoleToken, type Vmm } from "@trapline/core";
import { StdioConsole } from "../console/stdio-console.ts";
import { controlTerminal } from "./control-terminal.ts";
import { statusOf } from "./exit-status.ts";
import type { CommandHost } from "./host.ts";
import type { MachineOptions } from "./machine-options.ts";
import { makeMachine } from "./make-machine.ts";
import { naming, readSaved, savedClock } from "./saved-machine.ts";
import { Session } from "./session.ts";

export interface RunCommandOptions extends MachineOptions {
  readonly load?: string;
  readonly saveOnExit?: string;
  readonly timeout?: number;
  readonly trace?: string;
  readonly json?: boolean;
}

/** Runs until the guest, the user or the clock ends it. Returns the exit status. */
export async function runCommand(name: string, options: RunCommandOptions, host: CommandHost): Promise<number> {
  if (name === "virt" && options.kernel === undefined && options.image === undefined && options.firmware === undefined) {
    throw new ConfigError("there is nothing to run on the virt board", { subject: "virt", remedy: "name a kernel with --kernel, --image debian, or --firmware" });
  }
  const saved = options.load === undefined ? undefined : { file: options.load, bytes: await readSaved("--load", options.load) };
  const terminal = new StdioConsole(host.stdin, host.stdout);
  let vmm: Vmm | undefined;
  const plugin: PluginDefinition = definePlugin({
    name: "terminal",
    provides: [provide(SerialConsoleToken, () => terminal)],
    create: (given) => void (vmm = given),
  });
  const clock = saved === undefined ? clockOf(host) : await savedClock(saved.file, saved.bytes);
  const machine = await makeMachine(name, options, { host, fetch: true, clock, plugins: [plugin] });
  try {
    if (saved !== undefined) await naming(saved.file, machine.restore(saved.bytes));
    return await runMachine(machine, terminal, vmm!, options, host);
  } finally {
    await machine.close();
  }
}

/** Somebody at a terminal wants to type in real time; everything else should repeat. */
const clockOf = ({ stdin }: CommandHost): "host" | "virtual" => (stdin.isTTY === true ? "host" : "virtual");

async function runMachine(machine: Machine, terminal: StdioConsole, vmm: Vmm, options: RunCommandOptions, host: CommandHost): Promise<number> {
  const session = new Session(machine, vmm);
  const endTrace = options.trace === undefined ? () => {} : await followTo(options.trace, machine);
  const forget = host.onSignal(() => session.quit());
  const errors = machine.errors$.subscribe((error) => host.stderr.write(`trapline: ${error.message}\n`));
  let giveBack = (): void => {};
  try {
    giveBack = controlTerminal(terminal, session, vmm, host);
    const result = await session.run(options.timeout === undefined ? Infinity : options.timeout * 1000);
    giveBack();
    if (options.saveOnExit !== undefined && goesOn(result)) await session.save("--save-on-exit", options.saveOnExit);
    const { status, sentence } = statusOf(result, options.timeout);
    if (sentence !== undefined) host.stderr.write(`trapline: ${sentence}\n`);
    // A line of its own, whatever the guest printed last.
    if (options.json === true) host.stdout.write(`${terminal.atLineStart ? "" : "\n"}${JSON.stringify(report(machine, result, status))}\n`);
    return status;
  } finally {
    giveBack();
    errors.unsubscribe();
    forget();
    endTrace();
  }
}

async function followTo(file: string, machine: Machine): Promise<() => void> {
  const { TraceFile } = await import("./trace-file.ts");
  return new TraceFile(file).follow(machine);
}

/** Could the guest have gone on? One that is off, or cannot, is not worth keeping. */
const goesOn = ({ reason }: RunResult): boolean => reason === "stopped" || reason === "timeout";

function report(machine: Machine, result: object, exitStatus: number): object {
  const retired = machine.vcpus.map((vcpu) => vcpu.retired);
  return { machine: machine.name, ...result, exitStatus, machineNs: machine.clock.nowNs(), retired };
}
