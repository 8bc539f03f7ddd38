/** A guest that ran into nothing ends, and the message names the place; one that may yet come back does not. */
import { createMachine, formatTrace, ofKind, type RunResult } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { softCpu, type SoftCpuOptions } from "../soft-cpu.ts";
import { softCpuStatistics } from "../statistics/soft-cpu-statistics.ts";

const RAM = 0x4000_0000;
const START = 0x4008_0000;

interface Ended {
  readonly end: RunResult;
  readonly lines: readonly string[];
}

async function run(parts: readonly (readonly [address: number, words: readonly number[]])[], options: SoftCpuOptions = {}): Promise<Ended> {
  const machine = await createMachine({ memory: [{ base: RAM, size: 0x10_0000 }], plugins: [softCpu(options)] });
  for (const [address, words] of parts) machine.memory.copyIn(address, new Uint8Array(Uint32Array.from(words).buffer));
  const lines: string[] = [];
  machine.trace$.pipe(ofKind("exit")).subscribe((event) => lines.push(formatTrace(event).replace(/^.*µs {2}/, "")));
  const end = await machine.run({ timeoutMs: 10_000, untilNs: 1_000_000 });
  expect(softCpuStatistics(machine).vcpus[0]!.exits.fault ?? 0).toBe(end.reason === "fault" ? 1 : 0);
  await machine.close();
  return { end, lines };
}

/** adr x0, START + 0x800; msr vbar_el1, x0 */
const SET_VECTORS = [0x1000_4000, 0xd518_c000];
const VECTOR = START + 0x800 + 0x200;

describe.each([true, false])("a vCPU that gets nowhere (jit: %s)", (jit) => {
  it("ends at undefined code in the place of vectors, which the message names", async () => {
    const { end, lines } = await run([[START, SET_VECTORS]], { jit });
    const message = "vcpu0: undefined instruction 0x0000_0000 at 0x4008_0a00, the vector of that very exception";
    expect(end).toEqual({ reason: "fault", vcpu: 0, pc: VECTOR, message });
    expect(lines).toEqual([`vcpu0 exits: fault: ${message}`]);
  });

  it("names the instruction in assembly if asked to", async () => {
    const { end } = await run([[START, SET_VECTORS]], { jit, disassemble: true });
    expect(end).toMatchObject({ message: "vcpu0: undefined instruction 0x0000_0000 (udf #0) at 0x4008_0a00, the vector of that very exception" });
  });

  it("ends where vectors are not even memory, with the syndrome", async () => {
    const { end } = await run([], { jit }); // VBAR_EL1 is 0 after a reset
    // An Instruction Abort from EL1, synchronous external.
    expect(end).toMatchObject({ pc: 0x200, message: "vcpu0: exception with ESR_EL1 0x8600_0010 at 0x200, the vector of that very exception" });
  });

  it("ends when it starts outside of memory", async () => {
    const { end } = await run([], { jit, start: { pc: 0x1000 } });
    expect(end).toMatchObject({ reason: "fault", pc: 0x200 });
  });
});

describe("a vCPU that takes exceptions without end goes on", () => {
  it("when its handler does something", async () => {
    const skip = [0xd538_4020, 0x9100_1000, 0xd518_4020, 0xd69f_03e0]; // elr += 4; eret
    const jumpBack = 0x17ff_ffff; // b .-4
    const { end } = await run([
      [START, [...SET_VECTORS, 0, jumpBack]],
      [VECTOR, skip],
    ]);
    expect(end).toEqual({ reason: "until" });
  });

  it("when another vCPU puts a handler there in time", async () => {
    const machine = await createMachine({ memory: [{ base: RAM, size: 0x10_0000 }], vcpus: 2, plugins: [softCpu({ startAll: true })], quantum: 1000 });
    // Two begin here: vCPU 0 falls into its vector at once, vCPU 1 writes `b .` there.
    const words = [
      ...SET_VECTORS,
      0xd538_00a1, //    mrs x1, mpidr_el1
      0x3700_0041, //    tbnz w1, #0, 1f
      0x0000_0000, //    udf #0
      0x52a2_8002, // 1: mov w2, #0x14000000
      0xb902_0002, //    str w2, [x0, #0x200]
      0x1400_0000, //    b .
    ];
    machine.memory.copyIn(START, new Uint8Array(Uint32Array.from(words).buffer));
    expect(await machine.run({ untilNs: 100_000 })).toEqual({ reason: "until" });
    expect(machine.vcpus[0]!.peekRegister("pc")).toBe(VECTOR);
    await machine.close();
  });
});
