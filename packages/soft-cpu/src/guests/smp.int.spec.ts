/**
 * Several vCPUs on whole machines: PSCI (Arm DEN 0022), exclusives and events (Arm ARM DDI 0487, B2.9 and D1.16), who runs when. Sources in
 * smp.s. A quantum of a few instructions interrupts every critical section somewhere; a load-exclusive and its store have to fit into one,
 * since the monitor does not outlive a slice.
 */
import { type Machine, ofKind } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { AF, BLOCK, PAGE, SH } from "../mmu/guest-tables.fixture.ts";
import { ENGINES, guestMachine, type GuestOptions, play, RAM, tablesIn } from "./guest-machine.fixture.ts";
import type { Mark } from "./guest-port.fixture.ts";
import { smpGuest } from "./smp.guest.fixture.ts";

const DATA = RAM + 0x10_0000;
const MINUS = (value: number): string => BigInt.asUintN(64, BigInt(-value)).toString(16);

type Rest = Omit<GuestOptions, "engine" | "vcpus" | "rounds" | "x">;

describe.each(ENGINES)("on the %s", (engine) => {
  const run = async (guest: string, vcpus: number, times: number, options: Rest = {}): Promise<readonly Mark[]> =>
    (await play(smpGuest, guest, { ...options, engine, vcpus, rounds: 0, x: [[24, times], [25, vcpus]] })).marks;
  const lines = async (...args: Parameters<typeof run>): Promise<string[]> => (await run(...args)).map(({ line }) => line);

  it.each([
    ["spinlock", 2, 300, 50_000],
    ["spinlock", 4, 150, 50],
    ["spinlock", 3, 150, 7],
    ["exclusives", 4, 300, 13],
    ["exclusives", 2, 300, 1000],
  ])("%s: %d vCPUs add one to a counter %d times each, in turns of %d, and none is lost", async (guest, vcpus, times, quantum) => {
    expect(await lines(guest, vcpus, times, { quantum })).toEqual([`0 ${(vcpus * times).toString(16)}`]);
  });

  it.each([
    [2, 100, 50_000],
    [4, 60, 9],
  ])("%d vCPUs pass %d messages on, in turns of %d, in order and without loss", async (vcpus, times, quantum) => {
    const sum = (times * (times + 1)) / 2 + times * (vcpus - 2);
    expect(await lines("messages", vcpus, times, { quantum })).toEqual([`${vcpus - 1} ${sum.toString(16)}`]);
  });

  it("YIELD gives way in the order of the vCPUs", async () => {
    const expected = Array.from({ length: 60 }, (_, n) => [0, 1, 2].map((vcpu) => `${vcpu} ${(60 - n).toString(16)}`)).flat();
    expect(await lines("yielding", 3, 60)).toEqual(expected);
  });

  it("a vCPU that spins for ever keeps its quantum and no more", async () => {
    const marks = await run("selfish", 2, 60, { quantum: 1000 });
    const gaps = marks.slice(1).map(({ ns }, n) => ns - marks[n]!.ns);
    expect(marks.length).toBe(60);
    expect(new Set(gaps)).toEqual(new Set([204, 204 + 1000])); // its own 204 instructions, or the other's turn between them
  });

  it("SGIs between two vCPUs in WFI alternate, each in the same time", async () => {
    const marks = await run("ping_pong", 2, 50);
    expect(marks.map(({ line }) => line)).toEqual(Array.from({ length: 100 }, (_, n) => `${(n + 1) % 2} irq EL1h 5 at ping_taken`));
    const perRound = marks.slice(2).map(({ ns }, n) => ns - marks[n]!.ns);
    expect(new Set(perRound).size).toBe(1);
  });

  it("a vCPU that sleeps is seen with the lines that it has now", async () => {
    const { machine } = await guestMachine(smpGuest, "ping_pong", { engine, vcpus: 2, rounds: 0, x: [[24, 3], [25, 2]] });
    const seen = new Set<string>();
    const tap = machine.trace$.pipe(ofKind("vcpu-line")).subscribe(({ vcpu, level }) => {
      seen.add(`${level} ${machine.vcpus[vcpu]!.peekRegister("ISR_EL1")}`);
    });
    expect(await machine.run({ timeoutMs: 10_000 })).toMatchObject({ reason: "power-off" });
    tap.unsubscribe();
    await machine.close();
    expect([...seen].sort()).toEqual(["false 0", "true 128"]);
  });

  it("CPU_ON begins each time from reset, CPU_OFF ends, and both answer as DEN 0022 says", async () => {
    const times = 3;
    const expected = Array.from({ length: times }, (_, n) => [
      "0 0", //                                  SUCCESS
      `0 ${MINUS(4)}`, //                        ALREADY_ON
      `1 ${times - n}`, //                       X0: the context
      "1 0", //                                  the other registers
      "1 4", "1 3c0", "1 30d50998", //           CurrentEL, DAIF, SCTLR_EL1
      "1 0", "1 80000001", "1 0", //             VBAR_EL1, MPIDR_EL1, SP
      "0 1", //                                  AFFINITY_INFO: OFF
    ]).flat();
    expect(await lines("on_and_off", 2, times)).toEqual([...expected, `0 ${MINUS(2)}`, `0 ${MINUS(9)}`]);
  });

  it("SYSTEM_RESET restarts the first vCPU, switches the other off and keeps memory", async () => {
    expect(await lines("reset", 2, 0)).toEqual(["0 0", "0 1", "0 1", "0 1", "0 2", "0 1", "0 3", "0 1"]);
  });

  it("SEV wakes a WFE before the sender goes on: no event is missed", async () => {
    const marks = await run("events", 2, 20);
    const seen = [...new Set(marks.map(({ line }) => parseInt(line.split(" ")[1]!, 16)))];
    // An event that ends a wait stays for the next WFE, which the manual leaves open.
    expect(seen).toEqual(Array.from(seen, (_, n) => seen[0]! + n));
    expect(seen.length).toBeGreaterThanOrEqual(10);
  });

  it("code that another vCPU patches is the new one from its next slice on", async () => {
    expect(await lines("cross_patch", 2, 0, { quantum: 500 })).toEqual(["1 2", "1 1"]);
  });

  it("TLBI for the Inner Shareable domain reaches what another vCPU reads and executes", async () => {
    const prepare = (machine: Machine): void => {
      const tables = tablesIn(machine);
      const root = tables.table();
      tables.map(root, BigInt(RAM), 1, BigInt(RAM) | BLOCK | AF | SH(3));
      for (const [n, va] of [0x1000_0000n, 0x1000_1000n].entries()) {
        tables.map(root, va, 3, BigInt(DATA + 0x2000 * (n + 1)) | PAGE | AF | SH(3));
        machine.memory.write(DATA + 0xe00 + 8 * n, 8, tables.entry(root, va, 3));
      }
    };
    expect(await lines("broadcast", 2, 0, { quantum: 500, prepare })).toEqual(["1 2", "1 3"]);
  });

  it("a store-exclusive fails behind another vCPU's turn", async () => {
    expect(await lines("between_exclusives", 2, 0)).toEqual(["0 1", "0 1", "0 1"]);
  });
});
