/**
 * The Ctrl-A menu of the terminal: Ctrl-A and a letter is for the command, everything else for the guest. Ctrl-A twice sends one. Pure.
 */

const CTRL_A = 0x01;

/** What a letter after Ctrl-A asks for. */
export const ESCAPE_COMMANDS = { x: "quit", b: "break", p: "powerdown", r: "reset", c: "monitor", h: "help" } as const;
export type EscapeCommand = (typeof ESCAPE_COMMANDS)[keyof typeof ESCAPE_COMMANDS];

export const ESCAPE_HELP: string = [
  "Ctrl-A X  leave",
  "Ctrl-A P  press the power button",
  "Ctrl-A R  reset the machine",
  "Ctrl-A C  the monitor, and back",
  "Ctrl-A B  send a break",
  "Ctrl-A H  this help",
  "Ctrl-A Ctrl-A  send Ctrl-A",
  "",
].join("\r\n");

export class EscapeKeys {
  private escaped = false;
  private readonly typed: (byte: number) => void;
  private readonly command: (command: EscapeCommand) => void;

  constructor(typed: (byte: number) => void, command: (command: EscapeCommand) => void) {
    this.typed = typed;
    this.command = command;
  }

  /** A letter that means nothing is swallowed, as a slip of the finger. */
  push(byte: number): void {
    if (!this.escaped) {
      if (byte === CTRL_A) this.escaped = true;
      else this.typed(byte);
      return;
    }
    this.escaped = false;
    if (byte === CTRL_A) this.typed(CTRL_A);
    const letter = String.fromCharCode(byte).toLowerCase();
    if (Object.hasOwn(ESCAPE_COMMANDS, letter)) this.command(ESCAPE_COMMANDS[letter as keyof typeof ESCAPE_COMMANDS]);
  }
}
