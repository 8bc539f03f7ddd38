/** Runs the example as a user does; and its program says just that on any terminal. */
import { readFileSync } from "node:fs";
import { createMachine } from "@trapline/core";
import { pl011 } from "@trapline/devices";
import { softCpu } from "@trapline/soft-cpu";
import { TestConsole } from "@trapline/testkit";
import { assemble } from "@trapline/testkit/assembler";
import { expect, it } from "vitest";
import { runExample } from "../run-example.ts";

it("prints the story of its README", () => {
  expect(runExample("04-hello-uart").stdout).toBe(
    "hello, this is A64 code on part 0x54c\npower-off after 331 instructions, of 176 bytes of program\n",
  );
});

it("is heard by a console of the testkit, up to the byte that was waited for", async () => {
  const tty = new TestConsole();
  const machine = await createMachine({ memory: [{ base: 0x4000_0000, size: 0x10_0000 }], plugins: [softCpu(), tty.plugin(), pl011()] });
  assemble(readFileSync(new URL("guest.s", import.meta.url), "utf8"), { base: 0x4008_0000 }).loadInto(machine.memory);
  await tty.expect(machine, "part 0x");
  expect(tty.output).toBe("hello, this is A64 code on part 0x");
  expect(await tty.expect(machine, /[0-9a-f]{3}\n/)).toBe("54c\n");
  await machine.close();
});
