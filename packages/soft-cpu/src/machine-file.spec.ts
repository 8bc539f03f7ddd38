/** The CPU in machine files and its options in programs: what is refused, and where. */
import { createMachine, type Machine } from "@trapline/core";
import { isMachineFileError, parseMachineFile } from "@trapline/core/machine-file";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { softCpu, type SoftCpuOptions, softCpuStatistics } from "./index.ts";

const FILE = fileURLToPath(new URL("machine.yaml", import.meta.url));
// By the name under which Node finds the package.
const catalogue = { "@trapline/soft-cpu": await import("@trapline/soft-cpu") };

const parse = (head: string, plugin: string): ReturnType<typeof parseMachineFile> =>
  parseMachineFile(`memory: 1M\n${head}plugins:\n  - ${plugin}\n`, FILE, { catalogue });
const build = async (plugin: string, head = ""): Promise<Machine> => createMachine(await parse(head, plugin));

describe("in a machine file", () => {
  it("the package's name is enough", async () => {
    const machine = await build('"@trapline/soft-cpu"');
    expect(machine.vcpus[0]!.peekRegister("pc")).toBe(0x4008_0000);
    expect(softCpuStatistics(machine).vcpus).toEqual([{ id: 0, retired: 0, exits: {} }]);
    await machine.close();
  });

  it("every option reaches the CPU", async () => {
    const given = "start: { pc: 0x4000_1000, x: [1, 0x10_0000] }, startAll: true, frequencyHz: 1_000_000_000, conduit: smc, jit: false, disassemble: true";
    const machine = await build(`"@trapline/soft-cpu": { ${given} }`, "vcpus: 2\n");
    for (const vcpu of machine.vcpus) {
      const [pc, x0, x1, x2, frequency] = ["pc", "x0", "x1", "x2", "CNTFRQ_EL0"].map((name) => vcpu.peekRegister(name));
      expect({ pc, x0, x1, x2, frequency, off: vcpu.off }).toEqual({ pc: 0x4000_1000, x0: 1, x1: 0x10_0000, x2: 0, frequency: 1_000_000_000, off: false });
    }
    machine.memory.copyIn(0x4000_1000, new Uint8Array(Uint32Array.of(0xd503_207f, 0xd2b0_8000, 0xf280_0100, 0xd400_0003).buffer)); // WFI, SYSTEM_OFF by SMC
    const seen: unknown[] = [];
    machine.vcpus[0]!.exits$.subscribe(({ reason, at }) => seen.push([reason, at?.text]));
    expect(await machine.run()).toMatchObject({ reason: "idle" });
    expect(seen).toEqual([["wfi", "wfi"]]);
    await machine.close();
  });

  it.each([
    ['"@trapline/soft-cpu": { frequencyHz: 0 }', /:3:42: .*1 or more/],
    ['"@trapline/soft-cpu": { conduit: svc }', /:3:38: .*not hvc or smc/],
    ['"@trapline/soft-cpu": { start: { pc: 2 } }', /:3:42: .*multiple of 4/],
    ['"@trapline/soft-cpu": { start: { x: [1] } }', /pc/],
    ['"@trapline/soft-cpu": { name: cpu }', /no such key/],
  ])("%s is refused where it stands", async (plugin, message) => {
    const error = await parse("", plugin).catch((thrown: unknown) => thrown);
    expect(isMachineFileError(error) && error.message).toMatch(message);
  });
});

describe("in a program", () => {
  it.each<readonly [SoftCpuOptions, RegExp]>([
    [{ start: { pc: 0x4000_0002 } }, /start\.pc of soft-cpu is 1073741826.*multiple of 4/],
    [{ start: { pc: -4 } }, /start\.pc/],
    [{ start: { pc: 2n ** 64n } }, /start\.pc/],
    [{ start: { pc: 2 ** 60 } }, /start\.pc/],
    [{ start: { pc: 0, x: [0, 1.5] } }, /start\.x\[1\] of soft-cpu is 1\.5/],
    [{ start: { pc: 0, x: new Array<number>(32).fill(0) } }, /start\.x of soft-cpu is 32.*31 at most/],
    [{ conduit: "svc" as "smc" }, /conduit of soft-cpu is svc.*"hvc" or "smc"/],
  ])("%o is refused at once", (given, message) => {
    expect(() => softCpu(given)).toThrow(message);
  });

  it("a frequency is refused when the machine is made", async () => {
    const made = createMachine({ plugins: [softCpu({ frequencyHz: 2_000_000_000 })] });
    await expect(made).rejects.toThrow(/2000000000 Hz/);
  });

  it("64-bit values are whole", async () => {
    const machine = await createMachine({ plugins: [softCpu({ start: { pc: 0xffff_8000_0000_0000n, x: [2n ** 64n - 1n] } })] });
    expect(["pc", "x0"].map((name) => machine.vcpus[0]!.peekRegister(name))).toEqual([0xffff_8000_0000_0000n, 2n ** 64n - 1n]);
    await machine.close();
  });
});
