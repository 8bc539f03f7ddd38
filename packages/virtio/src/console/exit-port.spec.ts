/** What a guest may write to the test device, and what is reported: QEMU's `testdev`, kvm-unit-tests' chr-testdev. */
import { describe, expect, it } from "vitest";
import { ExitPort } from "./exit-port.ts";

function reported(...pieces: readonly string[]): readonly number[] {
  const codes: number[] = [];
  const port = new ExitPort("exit", (code) => void codes.push(code));
  for (const piece of pieces) for (const byte of new TextEncoder().encode(piece)) port.send(byte);
  return codes;
}

describe("a code is reported", () => {
  it.each<readonly [string, readonly number[]]>([
    ["0q", [0]],
    ["1q", [1]],
    ["127q", [127]],
    ["q", [0]],
    ["  42 \t q", [42]],
    ["0012q", [12]],
    ["4294967295q", [-1]], // a C int
    ["99999999999999999999999999q", [-469762049]],
    ["5x7q", [7]], // x does nothing
    ["1 2q", [0]], // digits after white space are a letter that does nothing
    ["3\n3q", [0]],
    ["Q", []],
    ["12", []],
    ["1q2q", [1, 2]],
    ["hello\n1q", [1]],
  ])("%j", (text, codes) => {
    expect(reported(text)).toEqual(codes);
    expect(reported(...text)).toEqual(codes); // in pieces, too
  });
});

describe("between two bytes", () => {
  it("its state can be saved, and goes on in another", () => {
    for (const at of [0, 1, 2, 3, 4]) {
      const codes: number[] = [];
      const [first, second] = [new ExitPort("exit", () => {}), new ExitPort("exit", (code) => void codes.push(code))];
      const bytes = new TextEncoder().encode(" 42 q");
      for (const byte of bytes.subarray(0, at)) first.send(byte);
      second.restore(first.save());
      for (const byte of bytes.subarray(at)) second.send(byte);
      expect([at, codes]).toEqual([at, [42]]);
    }
  });

  it("a reset forgets what was begun", () => {
    const codes: number[] = [];
    const port = new ExitPort("exit", (code) => void codes.push(code));
    for (const byte of new TextEncoder().encode("12")) port.send(byte);
    port.reset();
    for (const byte of new TextEncoder().encode("3q")) port.send(byte);
    expect(codes).toEqual([3]);
  });

  it.each([null, 7, { place: 3, code: 0 }, { place: 0, code: 0.5 }, { place: 0, code: 2 ** 31 }, { place: 0 }])("a state that is none is refused: %j", (state) => {
    expect(() => new ExitPort("exit", () => {}).restore(state as never)).toThrow(/saved state of exit/);
  });
});

it("has no input", () => {
  const port = new ExitPort("exit", () => {});
  expect([port.waiting, port.take()]).toEqual([false, 0]);
});
