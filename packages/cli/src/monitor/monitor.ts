/**
 * The monitor's terminal: a prompt with editing, history and completion by node:readline, while the guest goes on. What the guest
 * prints meanwhile appears above the line being typed, whole lines at a time. History is kept from one opening to the next.
 */
import { createInterface, type Interface } from "node:readline";
import { PassThrough, Writable } from "node:stream";

export interface MonitorHooks {
  /** To the terminal, as it is. */
  write(text: string | Uint8Array): void;
  /** Of the terminal, now. */
  readonly columns: number | undefined;
  /** The answer to a line, without a newline at its end. */
  run(line: string): Promise<string>;
  /** What a line may go on with. */
  complete(line: string): readonly string[];
  /** The user is done. */
  leave(): void;
}

const PROMPT = "(trapline) ";
const HISTORY_LINES = 500;
/** Guest output without a newline kept back while somebody types. */
const HELD_BYTES = 4096;
const NEWLINE = 0x0a;

export class Monitor {
  private readonly hooks: MonitorHooks;
  private history: string[] = [];
  private line: Interface | undefined;
  private input = new PassThrough();
  private held: number[] = [];
  /** Commands are answered one after the other. */
  private work: Promise<void> = Promise.resolve();
  private busy = 0;

  constructor(hooks: MonitorHooks) {
    this.hooks = hooks;
  }

  get isOpen(): boolean {
    return this.line !== undefined;
  }

  open(): void {
    const { hooks } = this;
    const output = new Writable({ decodeStrings: false, write: (text: string | Uint8Array, _encoding, done) => (hooks.write(text), done()) });
    Object.defineProperty(output, "columns", { get: () => hooks.columns });
    this.input = new PassThrough();
    const line = createInterface({
      input: this.input,
      output,
      terminal: true,
      prompt: PROMPT,
      history: [...this.history],
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: (text: string): [string[], string] => [[...hooks.complete(text)], text],
    });
    this.line = line;
    line.on("history", (history: string[]) => void (this.history = history));
    line.on("line", (text) => this.take(text));
    line.on("SIGINT", () => {
      hooks.write("^C\r\n");
      line.write(null, { ctrl: true, name: "e" });
      line.write(null, { ctrl: true, name: "u" });
    });
    line.on("close", () => {
      if (this.line === line) hooks.leave();
    });
    hooks.write("\r\ntrapline monitor: the guest goes on; help lists the commands, Ctrl-A C goes back\r\n");
    line.prompt();
  }

  /** Leaves the terminal at the start of a line, with what the guest began to print. Safe to call again. */
  close(): void {
    const { line } = this;
    if (line === undefined) return;
    this.line = undefined;
    line.close();
    this.hooks.write("\r\n");
    this.hooks.write(Uint8Array.from(this.held.splice(0)));
  }

  typed(byte: number): void {
    this.input.write(Uint8Array.of(byte));
  }

  /** The guest printed something. */
  printed(bytes: Uint8Array): void {
    for (const byte of bytes) this.held.push(byte);
    const end = this.held.length >= HELD_BYTES ? this.held.length : this.held.lastIndexOf(NEWLINE) + 1;
    if (end === 0) return;
    const lines = Uint8Array.from(this.held.splice(0, end));
    this.above(() => {
      this.hooks.write(lines);
      if (lines.at(-1) !== NEWLINE) this.hooks.write("\r\n");
    });
  }

  private take(text: string): void {
    this.busy++;
    this.work = this.answer(this.work, text);
  }

  private async answer(before: Promise<void>, text: string): Promise<void> {
    await before;
    const answer = await this.hooks.run(text);
    this.busy--;
    if (answer !== "") this.hooks.write(`${answer.replaceAll("\n", "\r\n")}\r\n`);
    if (this.busy === 0) this.line?.prompt();
  }

  /** Writes above the line that is being typed, then shows that again. */
  private above(write: () => void): void {
    const { line } = this;
    if (line === undefined || this.busy > 0) return write();
    const { rows } = line.getCursorPos();
    this.hooks.write(`\r${rows > 0 ? `\u001b[${rows}A` : ""}\u001b[J`);
    write();
    // readline goes up by as many rows as it had before it draws.
    this.hooks.write("\r\n".repeat(rows));
    line.prompt(true);
  }
}
