/**
 * The machine's terminal on standard input and output. A terminal is put into raw mode and given back as it was; a pipe is
 * passed on untouched. Input waits in a queue that the UART empties at its own pace; when the queue is long, the stream is
 * paused, so nothing grows. Output is written in pieces: whole when the event loop runs, or when a piece is full. Standard
 * output of Node is synchronous on POSIX for files, pipes and terminals, so it cannot pile up either.
 */
import { SERIAL_BREAK, type SerialConsole, type SerialPort, type TerminalSize } from "@trapline/core";
import { ESCAPE_HELP, type EscapeCommand, EscapeKeys } from "./escape-keys.ts";

/** Input held before the stream is paused. */
const INPUT_LIMIT = 0x1_0000;
/** Output collected before it is written. */
const OUTPUT_PIECE = 4096;
const NEWLINE = 0x0a;
const ESCAPE = 0x1b;

/** What it needs of process.stdin: a stream, or a terminal. */
export interface ConsoleInput {
  readonly isTTY?: boolean;
  readonly isRaw?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end" | "error" | "close", listener: () => void): unknown;
  off(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  off(event: "end" | "error" | "close", listener: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

export interface ConsoleOutput {
  readonly isTTY?: boolean;
  /** Of a terminal. */
  readonly columns?: number;
  readonly rows?: number;
  write(bytes: Uint8Array): unknown;
  /** A terminal changed its size. */
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
}

/** Who has the terminal in the guest's place. */
export interface Diversion {
  typed(byte: number): void;
  printed(bytes: Uint8Array): void;
}

export interface ConsoleHooks {
  /** Everything of the Ctrl-A menu but `break` and `help`. */
  command(command: Exclude<EscapeCommand, "break" | "help">): void;
  /** Input may come: keeps an idle machine from ending. Returns the release. */
  hold(): () => void;
}

export class StdioConsole implements SerialConsole {
  private readonly input: ConsoleInput;
  private readonly output: ConsoleOutput;
  private readonly queue: number[] = [];
  private head = 0;
  private readonly piece = new Uint8Array(OUTPUT_PIECE);
  private used = 0;
  private flushing = false;
  private device: string | undefined;
  private listener: () => void = () => {};
  private hooks: ConsoleHooks | undefined;
  private release: () => void = () => {};
  private wasRaw = false;
  /** The guest sent an escape sequence. */
  private steered = false;
  private last = NEWLINE;
  private diversion: Diversion | undefined;
  private resized: () => void = () => {};
  private readonly keys = new EscapeKeys(
    (byte) => (this.diversion === undefined ? void this.queue.push(byte) : this.diversion.typed(byte)),
    (command) => this.obey(command),
  );

  constructor(input: ConsoleInput, output: ConsoleOutput) {
    this.input = input;
    this.output = output;
  }

  connect(device: string): SerialPort | undefined {
    if (this.device !== undefined) return undefined;
    this.device = device;
    const self = this as StdioConsole; // the port is an object of its own: `waiting` has to be a getter of it
    return {
      send: (byte) => this.send(byte),
      get waiting() {
        return self.head < self.queue.length;
      },
      take: () => this.take(),
      listen: (input) => {
        this.listener = input;
        return () => void (this.listener = () => {});
      },
      get size() {
        return self.size;
      },
      watch: (changed) => {
        this.resized = changed;
        return () => void (this.resized = () => {});
      },
    };
  }

  /** The guest's last line has an end, or there is none. */
  get atLineStart(): boolean {
    return this.last === NEWLINE;
  }

  /** Of the terminal; undefined where output goes elsewhere. */
  get size(): TerminalSize | undefined {
    const { isTTY, columns, rows } = this.output;
    return isTTY === true && columns !== undefined && rows !== undefined ? { columns, rows } : undefined;
  }

  /** Somebody else gets what is typed, and what the guest prints; undefined gives both back. */
  divert(to: Diversion | undefined): void {
    this.flush();
    this.diversion = to;
  }

  /** Begins to listen to the input. A machine whose devices do not want the terminal is not disturbed by it. */
  open(hooks: ConsoleHooks): void {
    if (this.device === undefined) return;
    const { input } = this;
    this.hooks = hooks;
    this.release = hooks.hold();
    if (input.isTTY === true) {
      this.wasRaw = input.isRaw === true;
      input.setRawMode?.(true);
    }
    input.on("data", this.onData);
    for (const event of ["end", "error", "close"] as const) input.on(event, this.onEnd);
    this.output.on?.("resize", this.onResize);
    input.resume();
  }

  /** Gives the terminal back and writes what is left. Safe to call again. */
  close(): void {
    this.flush();
    if (this.hooks === undefined) return;
    const { input } = this;
    if (this.output.isTTY === true) {
      this.output.write(new TextEncoder().encode(this.leaveClean()));
      this.last = NEWLINE;
    }
    this.hooks = undefined;
    input.off("data", this.onData);
    this.output.off?.("resize", this.onResize);
    for (const event of ["end", "error", "close"] as const) input.off(event, this.onEnd);
    if (input.isTTY === true) input.setRawMode?.(this.wasRaw);
    input.pause();
    this.release();
  }

  flush(): void {
    if (this.used === 0) return;
    const bytes = this.piece.slice(0, this.used);
    this.used = 0;
    this.steered ||= bytes.includes(ESCAPE);
    this.last = bytes.at(-1)!;
    if (this.diversion === undefined) this.output.write(bytes);
    else this.diversion.printed(bytes);
  }

  /** What a terminal needs to be as it was: colours and cursor, where the guest may have changed them, and a line of its own for what follows. */
  private leaveClean(): string {
    return `${this.steered ? "\u001b[0m\u001b[?25h" : ""}${this.atLineStart ? "" : "\r\n"}`;
  }

  private readonly onData = (chunk: Uint8Array): void => {
    if (this.input.isTTY === true) for (const byte of chunk) this.keys.push(byte);
    else for (const byte of chunk) this.queue.push(byte);
    if (this.queue.length - this.head >= INPUT_LIMIT) this.input.pause();
    if (this.head < this.queue.length) this.listener();
  };

  private readonly onResize = (): void => this.resized();

  /** No more input will come: an idle machine may end. */
  private readonly onEnd = (): void => this.release();

  private send(byte: number): void {
    this.piece[this.used++] = byte;
    if (this.used === OUTPUT_PIECE) return this.flush();
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      this.flush();
    });
  }

  private take(): number {
    const byte = this.queue[this.head++] ?? 0;
    if (this.head === this.queue.length) {
      this.queue.length = this.head = 0;
      if (this.hooks !== undefined) this.input.resume();
    } else if (this.head >= INPUT_LIMIT) {
      this.queue.splice(0, this.head);
      this.head = 0;
    }
    return byte;
  }

  private obey(command: EscapeCommand): void {
    if (command === "break") this.queue.push(SERIAL_BREAK);
    else if (command === "help") this.output.write(new TextEncoder().encode(`\r\n${ESCAPE_HELP}`));
    else this.hooks?.command(command);
  }
}
