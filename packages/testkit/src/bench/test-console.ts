/**
 * A terminal for tests: it keeps what the guest says, says what the test types, and runs the machine until the guest has said what
 * the test waits for, in the way of `expect` scripts. The machine stops at the very instruction, so such tests are deterministic.
 *
 * Bytes are Latin-1 here: what a guest sends beyond ASCII is one character a byte.
 */
import {
  definePlugin,
  type Machine,
  type PluginDefinition,
  provide,
  type RunResult,
  SerialConsoleToken,
  type SerialPort,
  type Vmm,
} from "@trapline/core";
import { describeEnd, describeTime } from "./run-end.ts";

/** Characters of output that are kept; of more, the last. */
export const MAX_OUTPUT = 1_048_576;
/** Characters behind the last match that a pattern is looked for in, while the guest talks. */
const WINDOW = 4096;

/** How long to wait for what the guest is to say. */
export interface ConsoleExpectOptions {
  /** Machine time, nanoseconds. Default: ten seconds. */
  readonly withinNs?: number;
  /** Host time, milliseconds. Default: ten seconds. */
  readonly timeoutMs?: number;
}

/** The part of a machine that the console needs. */
export type RunnableMachine = Pick<Machine, "run" | "stop" | "clock" | "vcpus">;

const TAIL_LINES = 12;

export class TestConsole implements SerialPort {
  /** Everything the guest said so far. */
  output = "";
  private readonly typed: number[] = [];
  private input: (() => void) | undefined;
  private vmm: Vmm | undefined;
  /** Where the next `expect` begins to look. */
  private seen = 0;
  private onOutput: (() => void) | undefined;

  /** A plugin that makes it the machine's terminal: the first serial device that asks gets it. One machine a console. */
  plugin(): PluginDefinition {
    return definePlugin({
      name: "test-console",
      provides: [provide(SerialConsoleToken, () => ({ connect: () => this }))],
      create: (vmm) => {
        this.vmm = vmm;
      },
    });
  }

  /** What the guest said since the last `expect` matched. */
  get unread(): string {
    return this.output.slice(this.seen);
  }

  /** Types text: the guest's serial device takes it when it has room. */
  type(text: string): void {
    const wasEmpty = this.typed.length === 0;
    for (const character of text) this.typed.push(character.charCodeAt(0) & 0xff);
    if (!wasEmpty || this.typed.length === 0) return;
    this.input?.();
    this.vmm?.wake();
  }

  /**
   * Runs the machine until the guest has said `pattern`, and takes it: the next call looks behind it.
   * @returns what matched
   * @throws Error that tells what was said instead, and how the run ended
   */
  async expect(machine: RunnableMachine, pattern: string | RegExp, options: ConsoleExpectOptions = {}): Promise<string> {
    const { withinNs = 10e9, timeoutMs = 10_000 } = options;
    const begun = machine.clock.nowNs();
    let found = this.find(pattern);
    if (found !== undefined) return found;
    this.onOutput = () => {
      found = this.find(pattern, Math.max(this.seen, this.output.length - WINDOW));
      if (found === undefined) return;
      this.onOutput = undefined;
      machine.stop();
    };
    let end: RunResult;
    try {
      end = await machine.run({ untilNs: begun + withinNs, timeoutMs });
    } finally {
      this.onOutput = undefined;
    }
    if (found !== undefined) return found;
    const took = describeTime(machine.clock.nowNs() - begun);
    throw new Error(`the guest did not say ${String(pattern)}: ${describeEnd(machine, end)} after ${took}\n${this.tail()}`);
  }

  // ------------------------------------------------------------------------------------------- the UART's side: SerialPort

  send(byte: number): void {
    this.output += String.fromCharCode(byte);
    if (this.output.length > 2 * MAX_OUTPUT) {
      this.seen = Math.max(0, this.seen - (this.output.length - MAX_OUTPUT));
      this.output = this.output.slice(-MAX_OUTPUT);
    }
    this.onOutput?.();
  }

  get waiting(): boolean {
    return this.typed.length > 0;
  }

  take(): number {
    return this.typed.shift() ?? 0;
  }

  listen(input: () => void): () => void {
    this.input = input;
    return () => {
      if (this.input === input) this.input = undefined;
    };
  }

  // ------------------------------------------------------------------------------------------------------------------------

  /** Looks from index `from` on, and takes what it finds. */
  private find(pattern: string | RegExp, from: number = this.seen): string | undefined {
    if (typeof pattern === "string") {
      const at = this.output.indexOf(pattern, from);
      if (at < 0) return undefined;
      this.seen = at + pattern.length;
      return pattern;
    }
    const match = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).exec(this.output.slice(from));
    if (match === null) return undefined;
    this.seen = from + match.index + match[0].length;
    return match[0];
  }

  private tail(): string {
    const text = this.unread;
    if (text === "") return this.output === "" ? "it said nothing" : "it said nothing since";
    const lines = text.split("\n");
    const shown = lines.slice(-TAIL_LINES).map((line) => `  | ${JSON.stringify(line).slice(1, -1)}`);
    return `it said${lines.length > TAIL_LINES ? `, at last` : ""}:\n${shown.join("\n")}`;
  }
}
