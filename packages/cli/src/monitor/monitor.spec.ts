/** The monitor's terminal, key by key: the answers, editing and history, and what the guest prints meanwhile. */
import { stripVTControlCharacters } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { Monitor } from "./monitor.ts";

const PROMPT = "(trapline) ";
let screen: string;
let asked: string[];
let left: number;
let monitor: Monitor;

beforeEach(() => {
  [screen, asked, left] = ["", [], 0];
  monitor = new Monitor({
    write: (text) => void (screen += typeof text === "string" ? text : new TextDecoder().decode(text)),
    columns: 40,
    run: (line) => {
      asked.push(line);
      return Promise.resolve(line === "" ? "" : `answer to ${line}\nsecond line`);
    },
    complete: (line) => ["info irq", "info gsi", "help"].filter((name) => name.startsWith(line)),
    leave: () => {
      left++;
      monitor.close();
    },
  });
});

const type = (text: string): void => new TextEncoder().encode(text).forEach((byte) => monitor.typed(byte));
const print = (text: string): void => monitor.printed(new TextEncoder().encode(text));
/** Lets what was typed be read and answered. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};
/** What is on the screen, without escape sequences. */
const visible = (): string => stripVTControlCharacters(screen);

it("says what it is, answers line after line, and says goodbye with a line of its own", async () => {
  monitor.open();
  type("help\rinfo irq\r");
  await settle();
  monitor.close();
  expect(asked).toEqual(["help", "info irq"]);
  expect(visible()).toMatch(/^\r\ntrapline monitor: .*Ctrl-A C goes back\r\n\(trapline\) help\r\ninfo irq\r\nanswer to help\r\nsecond line\r\nanswer to info irq\r\nsecond line\r\n\(trapline\) \r\n$/);
  expect([monitor.isOpen, left]).toEqual([false, 0]);
});

describe("keys", () => {
  //   typed                                   asked
  it.each<[typed: string, asked: readonly string[]]>([
    ["hepl\u007f\u007flp\r", ["help"]], // backspace
    ["info g\t\r", ["info gsi"]], // completion
    ["one\rtwo\r\u001b[A\u001b[A\r", ["one", "two", "one"]], // up, up
    ["lost\u0003kept\r", ["kept"]], // Ctrl-C
    ["b\u0001a\r", ["ab"]], // Ctrl-A Ctrl-A arrives as one Ctrl-A: start of line
  ])("%j asks %j", async (typed, expected) => {
    monitor.open();
    type(typed);
    await settle();
    expect(asked).toEqual(expected);
    monitor.close();
  });

  it("Ctrl-D leaves", async () => {
    monitor.open();
    type("\u0004");
    await settle();
    expect([left, monitor.isOpen]).toEqual([1, false]);
  });
});

it("keeps its history from one opening to the next", async () => {
  monitor.open();
  type("first\r");
  await settle();
  monitor.close();
  monitor.open();
  type("\u001b[A\r");
  await settle();
  expect(asked).toEqual(["first", "first"]);
  monitor.close();
});

describe("what the guest prints", () => {
  it("appears above the line being typed, whole lines at a time", async () => {
    monitor.open();
    type("inf");
    await settle();
    screen = "";
    print("tick ");
    expect(screen).toBe("");
    print("1\r\nti");
    expect(visible()).toBe(`\rtick 1\r\n${PROMPT}inf`);
    screen = "";
    monitor.close();
    expect(visible()).toBe("\r\nti");
  });

  it("goes above all rows of a long line", async () => {
    monitor.open();
    type("x".repeat(60)); // two rows of 40
    await settle();
    screen = "";
    print("tick\n");
    expect(screen.startsWith("\r\u001b[1A\u001b[Jtick\n\r\n")).toBe(true); // up a row, and back down for readline to go up
    monitor.close();
  });

  it("is not kept back for ever without a newline", async () => {
    monitor.open();
    await settle();
    screen = "";
    print("y".repeat(4095));
    expect(screen).toBe("");
    print("y");
    expect(visible()).toBe(`\r${"y".repeat(4096)}\r\n${PROMPT}`);
    monitor.close();
  });
});
