/**
 * The same guest does the same thing: twice, with and without the JIT, in one go and in steps, whatever happens around it on the host, and
 * on other versions of Node. What is compared is every event of every wire with its number and time, byte for byte, and what is in
 * registers and memory at the end.
 */
import { createHash } from "node:crypto";
import type { Machine } from "@trapline/core";
import { describe, expect, it } from "vitest";
import { type Engine, play } from "./guest-machine.fixture.ts";
import { mixedMachine, type MixedOptions, runCompiled, tracing } from "./mixed-guest.fixture.ts";
import { smpGuest } from "./smp.guest.fixture.ts";

/** Of what the mixed guest says, with times and retired instructions, and of memory at the end; recorded on Node 20. */
const RECORDED = "cd91dc8ebfb6518b7333631e4fdbf32333b4f3d1a1c39fd03a2a9e1c008ed2ec";

const LOOKED_AT = ["pc", "sp", "x20", "v8.lo", "pstate", "CNTV_CTL_EL0", "CNTVCT_EL0", "ESR_EL1"];

interface Run {
  /** Every event of every wire. */
  readonly trace: string;
  /** What the guest said. */
  readonly marks: string;
  /** SHA-256 of RAM at the end. */
  readonly memory: string;
  /** How it ended, and registers. */
  readonly end: string;
}

async function run(engine: Engine, options: MixedOptions = {}, drive = (machine: Machine) => runCompiled(machine, engine)): Promise<Run> {
  const { machine, port } = await mixedMachine(engine, options);
  try {
    let reason = "";
    const lines = await tracing(machine, async () => (reason = await drive(machine)));
    const registers = machine.vcpus.map((vcpu) => vcpu.registerNames.map((name) => `${name}=${vcpu.peekRegister(name)}`).join());
    const memory = hash(machine.memory.copyOut(machine.memory.regions[0]!.base, machine.memory.regions[0]!.size)!);
    const retired = machine.vcpus.map((vcpu) => vcpu.retired).join();
    const end = [reason, machine.clock.nowNs(), retired, ...registers].join("\n");
    return { trace: lines.join("\n"), marks: JSON.stringify(port.marks), memory, end };
  } finally {
    await machine.close();
  }
}

const hash = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

describe("the mixed guest", async () => {
  const expected = await run("interpreter");

  it("does the same when it is run again", async () => {
    expect(await run("interpreter")).toEqual(expected);
  });

  it("does the same with the JIT, when all of it is compiled as it comes", async () => {
    const stepped = await run("JIT", {}, async (machine) => {
      let end = "until";
      for (let n = 0; end === "until"; n++) end = await runCompiled(machine, "JIT", n < 12 ? { untilNs: machine.clock.nowNs() + 211 } : {});
      return end;
    });
    expect(stepped).toEqual(expected);
  });

  it("does the same in steps of any length", async () => {
    const stepped = await run("interpreter", {}, async (machine) => {
      let end = "until";
      for (let step = 1; end === "until"; step = (step * 7) % 101) {
        end = (await machine.run({ untilNs: machine.clock.nowNs() + step })).reason;
      }
      return end;
    });
    expect(stepped).toEqual(expected);
  });

  it("does the same when it is stopped again and again, and looked at meanwhile", async () => {
    const stopped = await run("JIT", {}, async (machine) => {
      let end = "stopped";
      while (end === "stopped") {
        const running = machine.run();
        setImmediate(() => machine.stop());
        end = (await running).reason;
        for (const vcpu of machine.vcpus) for (const name of vcpu.registerNames) vcpu.peekRegister(name);
      }
      return end;
    });
    expect(stopped).toEqual(expected);
  });

  it("does the same when somebody looks at all registers behind every event", async () => {
    const looked = await run("JIT", {}, async (machine) => {
      const tap = machine.trace$.subscribe(() => {
        for (const vcpu of machine.vcpus) for (const name of LOOKED_AT) vcpu.peekRegister(name);
      });
      const end = await runCompiled(machine, "JIT");
      tap.unsubscribe();
      return end;
    });
    expect(looked).toEqual(expected);
  });

  it("is whole again after a reset", async () => {
    const { machine } = await mixedMachine("JIT", { turns: 3 });
    await runCompiled(machine, "JIT");
    expect(machine.vcpus[1]!.off).toBe(false);
    await machine.reset("power-on");
    expect(machine.vcpus.map(({ off, retired }) => [off, retired])).toEqual([[false, 0], [true, 0]]);
    await machine.close();
  });

  it.each([1000, 137])("does another thing with another quantum, %d, but always the same", async (quantum) => {
    const [once, again] = [await run("interpreter", { quantum }), await run("JIT", { quantum })];
    expect(again).toEqual(once);
    expect(once.trace).not.toBe(expected.trace);
  });

  it("says what was recorded, on whatever Node this is", () => {
    expect(hash(expected.marks + expected.memory)).toBe(RECORDED);
  });
});

it("four vCPUs that fight for a lock do so in the same order, with and without the JIT", async () => {
  const fight = async (engine: Engine): Promise<string> => {
    const { marks } = await play(smpGuest, "exclusives", { engine, vcpus: 4, quantum: 17, rounds: 0, x: [[24, 200], [25, 4]] });
    return JSON.stringify(marks);
  };
  const once = await fight("interpreter");
  expect([await fight("interpreter"), await fight("JIT")]).toEqual([once, once]);
});
