/** The terminal on a stream: raw mode, the Ctrl-A menu, and nothing that grows. */
import { SERIAL_BREAK, type SerialPort } from "@trapline/devices";
import { beforeEach, describe, expect, it } from "vitest";
import { EventEmitter } from "node:events";
import { StdioConsole } from "./stdio-console.ts";

class TestInput extends EventEmitter {
  isTTY = true;
  isRaw = false;
  flowing = false;
  setRawMode(raw: boolean): void {
    this.isRaw = raw;
  }
  pause(): void {
    this.flowing = false;
  }
  resume(): void {
    this.flowing = true;
  }
  type(text: string | Uint8Array): void {
    this.emit("data", typeof text === "string" ? new TextEncoder().encode(text) : text);
  }
}

let input: TestInput;
/** Where output goes: a terminal of 80 by 25 when it is one. */
class TestOutput extends EventEmitter {
  isTTY = false;
  columns = 80;
  rows = 25;
  write(bytes: Uint8Array): void {
    written.push(new TextDecoder().decode(bytes));
  }
}

let output: TestOutput;
let written: string[];
let terminal: StdioConsole;
let port: SerialPort;
let holds: number;
let commands: string[];
beforeEach(() => {
  input = new TestInput();
  [written, holds, commands] = [[], 0, []];
  output = new TestOutput();
  terminal = new StdioConsole(input, output);
  port = terminal.connect("uart0")!;
});
function open(): void {
  terminal.open({
    command: (command) => void commands.push(command),
    hold: () => {
      holds++;
      return () => void (holds = 0);
    },
  });
}
function taken(): number[] {
  const bytes: number[] = [];
  while (port.waiting) bytes.push(port.take());
  return bytes;
}

it("belongs to the first device that asks", () => {
  expect(terminal.connect("uart1")).toBeUndefined();
});

it("leaves the input alone when no device wants it", () => {
  const unused = new StdioConsole(input, { write: () => {} });
  unused.open({ command: () => {}, hold: () => () => {} });
  expect([input.isRaw, input.listenerCount("data")]).toEqual([false, 0]);
});

it("puts a terminal into raw mode and gives it back as it was, with no listener left", () => {
  open();
  expect([input.isRaw, input.flowing, holds]).toEqual([true, true, 1]);
  terminal.close();
  terminal.close();
  expect([input.isRaw, input.flowing, holds, input.eventNames()]).toEqual([false, false, 0, []]);
});

it("tells the device of input, byte by byte", () => {
  let told = 0;
  port.listen(() => void told++);
  open();
  input.type("ls\r");
  expect([told, taken()]).toEqual([1, [0x6c, 0x73, 0x0d]]);
});

describe("Ctrl-A", () => {
  beforeEach(() => open());

  it.each([
    ["x", "quit"],
    ["X", "quit"],
    ["p", "powerdown"],
    ["r", "reset"],
    ["c", "monitor"],
  ])("%s is %s, and the guest sees nothing of it", (letter, command) => {
    input.type("a\u0001");
    input.type(`${letter}b`);
    expect([commands, taken()]).toEqual([[command], [0x61, 0x62]]);
  });

  it("twice is one Ctrl-A for the guest", () => {
    input.type("\u0001\u0001x");
    expect([commands, taken()]).toEqual([[], [1, 0x78]]);
  });

  it("B is a break, H the help, and what means nothing is swallowed", () => {
    input.type("\u0001b\u0001h\u0001?");
    expect([taken(), written.join("")]).toEqual([[SERIAL_BREAK], expect.stringContaining("Ctrl-A X  leave")]);
  });
});

describe("a diversion", () => {
  it("gets what is typed and printed in the guest's place, Ctrl-A aside, until it ends", () => {
    const got: (string | number)[] = [];
    open();
    port.send(0x61);
    terminal.divert({ typed: (byte) => void got.push(byte), printed: (bytes) => void got.push(new TextDecoder().decode(bytes)) });
    input.type("b\u0001c\u0001\u0001");
    port.send(0x64);
    terminal.flush();
    terminal.divert(undefined);
    input.type("e");
    expect([written, got, commands, taken()]).toEqual([["a"], [0x62, 1, "d"], ["monitor"], [0x65]]);
  });
});

describe("a terminal", () => {
  it("has a size, and tells when it changes", () => {
    let told = 0;
    port.watch!(() => void told++);
    open();
    expect(port.size).toBeUndefined(); // output goes elsewhere
    output.isTTY = true;
    expect(port.size).toEqual({ columns: 80, rows: 25 });
    output.columns = 100;
    output.emit("resize");
    expect([told, port.size]).toEqual([1, { columns: 100, rows: 25 }]);
    terminal.close();
    expect([output.eventNames(), output.listenerCount("resize")]).toEqual([[], 0]);
  });

  //   the guest's last words          what the terminal gets besides
  it.each([
    ["bye\r\n", ""],
    ["login: ", "\r\n"],
    ["\u001b[31mred\n", "\u001b[0m\u001b[?25h"],
    ["\u001b[?25lgone", "\u001b[0m\u001b[?25h\r\n"],
  ])("is left as it was after %j", (text, besides) => {
    output.isTTY = true;
    open();
    for (const char of text) port.send(char.charCodeAt(0));
    terminal.close();
    terminal.close();
    expect(written.join("")).toBe(text + besides);
  });
});

it("in a pipe Ctrl-A is a byte like any other", () => {
  input.isTTY = false;
  open();
  input.type("\u0001x");
  expect([taken(), commands, input.isRaw]).toEqual([[1, 0x78], [], false]);
});

it("lets an idle machine end once the pipe has", () => {
  input.isTTY = false;
  open();
  input.emit("end");
  expect(holds).toBe(0);
});

it("pauses the stream while much is waiting, and goes on when it was taken", () => {
  open();
  input.type(new Uint8Array(0x1_0000).fill(0x61));
  expect(input.flowing).toBe(false);
  expect(taken()).toHaveLength(0x1_0000);
  expect(input.flowing).toBe(true);
});

it("writes output in pieces: when the event loop runs, when a piece is full, and at the end", async () => {
  open();
  for (const char of "hello") port.send(char.charCodeAt(0));
  expect(written).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toEqual(["hello"]);
  for (let n = 0; n < 5000; n++) port.send(0x61);
  expect(written[1]).toHaveLength(4096);
  terminal.close();
  expect(written[2]).toHaveLength(904);
});
