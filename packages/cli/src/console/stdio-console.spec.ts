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
let written: string[];
let terminal: StdioConsole;
let port: SerialPort;
let holds: number;
let commands: string[];
beforeEach(() => {
  input = new TestInput();
  [written, holds, commands] = [[], 0, []];
  terminal = new StdioConsole(input, { write: (bytes) => void written.push(new TextDecoder().decode(bytes)) });
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
