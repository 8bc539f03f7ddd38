/** A conversation with a guest over a serial device, and what is said when it goes wrong. */
import {
  definePlugin,
  EXTERNAL_ABORT,
  type GuestCode,
  IRQ_LINE,
  read8,
  scripted,
  SerialConsoleToken,
  type SerialPort,
  wfi,
  write8,
  powerOff,
} from "@trapline/core";
import { expect } from "vitest";
import { test } from "../vitest.ts";
import { TestConsole } from "./test-console.ts";

const UART = 0x0900_0000;

/** The smallest serial device: a byte out, a byte in or 0, an interrupt while something waits. */
const uart = definePlugin({
  name: "uart",
  create(vmm) {
    const port: SerialPort = vmm.get(SerialConsoleToken).connect("uart")!;
    const drive = (): void => vmm.vcpus[0]?.setLine(IRQ_LINE, port.waiting);
    const device = {
      read() {
        const byte = port.waiting ? port.take() : 0;
        drive();
        return byte;
      },
      write: (_offset: number, width: number, byte: number | bigint) => (width === 1 ? port.send(Number(byte)) : EXTERNAL_ABORT),
    };
    return {
      attach(scope) {
        scope.add(vmm.bus.claim({ name: "uart", base: UART, size: 1 }, device));
        scope.add(port.listen(drive));
      },
    };
  },
});

function* say(text: string): GuestCode {
  for (const character of text) yield write8(UART, character.charCodeAt(0));
}

/** Asks for a name, greets, and is done when the name is "nobody". */
const greeter = scripted(function* () {
  for (;;) {
    yield* say("name? ");
    let name = "";
    for (;;) {
      yield wfi();
      const byte = yield* read8(UART);
      if (byte === 10) break;
      name += String.fromCharCode(byte);
    }
    yield* say(`hello ${name}\n`);
    if (name === "nobody") yield powerOff();
  }
});

test("talks with the guest in turns, stopping at the byte that was waited for", async ({ bootMachine }) => {
  const tty = new TestConsole();
  const machine = await bootMachine([greeter, tty.plugin(), uart]);
  await tty.expect(machine, "name? ");
  const atNs = machine.clock.nowNs();
  tty.type("ada\n");
  expect(await tty.expect(machine, /hello (\w+)/)).toBe("hello a"); // as soon as it matches
  await tty.expect(machine, "name? ");
  expect([tty.output, tty.unread, atNs]).toEqual(["name? hello ada\nname? ", "", 6]);
  tty.type("nobody\n");
  expect(await machine.run()).toMatchObject({ reason: "power-off" });
  expect(tty.unread).toBe("hello nobody\n");
  expect(await tty.expect(machine, "nobody")).toBe("nobody"); // said already: nothing has to run
});

test("says what the guest said instead, and why the run ended", async ({ bootMachine }) => {
  const tty = new TestConsole();
  const machine = await bootMachine([greeter, tty.plugin(), uart]);
  await expect(tty.expect(machine, "login: ")).rejects.toThrow(
    "the guest did not say login: : the machine is idle: every vCPU waits for an interrupt that nothing can send after 7 ns\nit said:\n  | name? ",
  );
  tty.type("x\n".repeat(30));
  await expect(tty.expect(machine, /login/, { withinNs: 300 })).rejects.toThrow(
    /^the guest did not say \/login\/: time was up after 300 ns\nit said, at last:\n( {2}\| .*\n){11} {2}\| /,
  );
});

test("a guest that says nothing is told apart from one that says nothing more", async ({ bootMachine }) => {
  const tty = new TestConsole();
  const machine = await bootMachine([
    scripted(function* () {
      yield wfi();
    }),
    tty.plugin(),
    uart,
  ]);
  await expect(tty.expect(machine, "x")).rejects.toThrow(/after 1 ns\nit said nothing$/);
});
