/** RAM beyond 2 GiB of the WebAssembly memory, where addresses are negative as 32-bit numbers: loads and stores find it all the same. */
import { createMachine } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { softCpu } from "../soft-cpu.ts";

const RAM = 0x4000_0000;
const START = RAM + 0x8_0000;
const FAR = 0xbfff_0000;

// MMU off: every access takes the way on which a host address comes back from a call.
const GUEST = [
  0xd2b7ffe1, // mov x1, #0xbfff0000
  0xd2800542, // mov x2, #42
  0xf9000022, // str x2, [x1]
  0xf9400023, // ldr x3, [x1]
  0xd2800100, // mov x0, #8
  0xf2b08000, // movk x0, #0x8400, lsl #16
  0xd4000002, // hvc #0: SYSTEM_OFF
];

describe("a guest with 2 GiB of RAM", () => {
  it.each([true, false])("reaches the last of it (jit: %s)", async (jit) => {
    const machine = await createMachine({ memory: [{ base: RAM, size: 0x8000_0000 }], plugins: [softCpu({ jit })] });
    machine.memory.copyIn(START, new Uint8Array(Uint32Array.from(GUEST).buffer));
    expect(await machine.run({ timeoutMs: 20_000 })).toEqual({ reason: "power-off", vcpu: 0, status: 0 });
    expect([machine.memory.read(FAR, 8), machine.vcpus[0]!.peekRegister("x3")]).toEqual([42, 42]);
    await machine.close();
  });
});
