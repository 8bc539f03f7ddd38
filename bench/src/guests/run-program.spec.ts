/** Programs that end well, end badly, or do not end. Node is the program. */
import { describe, expect, it } from "vitest";
import { runProgram } from "./run-program.ts";

const node = (code: string, timeoutMs = 20_000): Promise<string> => runProgram(process.execPath, ["-e", code], { what: "the guest", timeoutMs });

describe("runProgram", () => {
  it("gives what was printed", async () => {
    expect(await node("process.stdout.write('one\\n'); console.error('noise'); setTimeout(() => console.log('two'), 20)")).toBe("one\ntwo\n");
  });

  it.each<[string, string, number, RegExp]>([
    ["a failure, with its words", "console.error('no kernel'); process.exitCode = 3", 20_000, /the guest ended with status 3: no kernel/],
    ["what does not end", "setInterval(() => {}, 1000)", 100, /the guest took longer than 0\.1 s/],
    ["what prints without end", "const more = () => process.stdout.write('x'.repeat(65536), more); more()", 20_000, /the guest printed more than 1048576 bytes/],
  ])("refuses %s", async (_, code, timeoutMs, message) => {
    await expect(node(code, timeoutMs)).rejects.toThrow(message);
  });

  it("refuses a program that is not there", async () => {
    await expect(runProgram("/nowhere/qemu", [], { what: "the guest", timeoutMs: 1000 })).rejects.toThrow(/the guest could not start: .*ENOENT/);
  });
});
