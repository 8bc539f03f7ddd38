/** Memory that a plugin brings, and takes out of vCPUs' sight while its device answers in its place. */
import { describe, expect, it } from "vitest";
import {
  createMachine, definePlugin, type Machine, type MemoryRegion, type MemoryRegionConfig, type PluginDefinition, powerOff, printDts, read32, scripted,
  type TraceEvent, write32,
} from "../index.ts";

const RAM = 0x4000_0000;
const BANK: MemoryRegionConfig = { name: "bank", base: 0x1_0000, size: 0x1_0000, readOnly: true };
const [HIDE, SHOW] = [1, 2];
/** What the device answers. */
const DEVICE = 0xd0;

/** A ROM whose device takes writes: HIDE and SHOW are commands. */
function bank(config: MemoryRegionConfig = BANK): PluginDefinition {
  return definePlugin({
    name: "bank",
    memory: [config],
    create: (vmm) => ({
      attach(scope) {
        const region = regionOf(vmm);
        const { cpuView } = vmm.memory;
        const write = (value: number): void => (value === HIDE ? cpuView.hide(region) : cpuView.show(region));
        scope.add(vmm.bus.claim({ ...region, name: "bank" }, { read: (offset) => DEVICE + offset, write: (_offset, _width, value) => write(Number(value)) }));
      },
    }),
  });
}

const regionOf = ({ memory }: Pick<Machine, "memory">): MemoryRegion => memory.regions.find(({ name }) => name === "bank")!;

async function withMachine(plugins: readonly PluginDefinition[], use: (machine: Machine) => void | Promise<void>): Promise<void> {
  const machine = await createMachine({ memory: [{ base: RAM, size: 0x1000 }], plugins });
  try {
    await use(machine);
  } finally {
    await machine.close();
  }
}

it("a plugin's memory lies behind the machine's own, claimed by the plugin and in no /memory node", async () => {
  await withMachine([bank()], (machine) => {
    expect(machine.memory.regions.map(({ name }) => name)).toEqual(["ram", "bank"]);
    expect(machine.bus.claims.map(({ name, base }) => [name, base])).toEqual([["bank", BANK.base], ["ram", RAM]]);
    expect(machine.bus.read(BANK.base + 4, 4, -1)).toBe(DEVICE + 4);
  });
  await withMachine([bank({ ...BANK, readOnly: false })], (machine) => {
    expect(printDts(machine.deviceTree())).toMatch(/memory@40000000/);
    expect(printDts(machine.deviceTree())).not.toMatch(/memory@10000 /);
  });
});

it("a plugin's memory that overlaps the machine's is refused with both names", async () => {
  const machine = createMachine({ memory: [{ base: RAM, size: 0x1000 }], plugins: [bank({ ...BANK, base: RAM })] });
  await expect(machine).rejects.toThrow(/memory bank at 0x4000_0000\+0x1_0000 overlaps memory ram/);
});

describe("a vCPU", () => {
  const seen = async (...commands: number[]): Promise<readonly unknown[]> => {
    const values: unknown[] = [];
    const guest = scripted(function* () {
      values.push(yield read32(BANK.base + 8));
      for (const command of commands) {
        yield write32(BANK.base, command);
        values.push(yield read32(BANK.base + 8));
      }
      yield powerOff();
    });
    await withMachine([guest, bank()], async (machine) => {
      machine.memory.write(BANK.base + 8, 4, 0x1234_5678);
      await machine.run();
    });
    return values;
  };

  it("reads the bytes, the device while they are hidden, then the bytes again", async () => {
    expect(await seen(HIDE, SHOW)).toEqual([0x1234_5678, DEVICE + 8, 0x1234_5678]);
  });

  it("may ask twice", async () => {
    expect(await seen(SHOW, HIDE, HIDE, SHOW, SHOW)).toEqual([0x1234_5678, 0x1234_5678, DEVICE + 8, DEVICE + 8, 0x1234_5678, 0x1234_5678]);
  });
});

describe("the view", () => {
  it("tells the backend of each change once, and traces show it", async () => {
    await withMachine([bank()], (machine) => {
      const { cpuView } = machine.memory;
      const region = regionOf(machine);
      const told: unknown[] = [];
      const traced: TraceEvent[] = [];
      cpuView.changes$.own("cpu", ({ name }, visible) => void told.push([name, visible]));
      machine.trace$.subscribe((event) => void traced.push(event));
      for (const change of ["show", "hide", "hide", "show"] as const) cpuView[change](region);
      expect(told).toEqual([["bank", false], ["bank", true]]);
      expect(traced.map(({ seq: _seq, ...event }) => event)).toEqual(
        [false, true].map((visible) => ({ atNs: 0, kind: "remap", region: "bank", address: BANK.base, length: BANK.size, visible })),
      );
    });
  });

  it("hides from vCPUs only: hosts and DMA find the bytes", async () => {
    await withMachine([bank()], ({ memory }) => {
      const { cpuView } = memory;
      const [ram, rom] = memory.regions as [MemoryRegion, MemoryRegion];
      const where = (address: number): unknown[] => [cpuView.regionAt(address, 4)?.name, cpuView.wasmOffset(address, 4)];
      expect(where(BANK.base)).toEqual(["bank", rom.wasmOffset]);
      cpuView.hide(rom);
      expect([cpuView.isVisible(rom), cpuView.isVisible(ram), where(BANK.base), where(RAM)]).toEqual([false, true, [undefined, -1], ["ram", ram.wasmOffset]]);
      expect(memory.write(BANK.base, 4, 7)).toBe(true);
      expect([memory.read(BANK.base, 4), memory.wasmOffset(BANK.base), memory.window(BANK.base, 4)?.[0]]).toEqual([7, rom.wasmOffset, 7]);
      expect([where(BANK.base - 2), where(BANK.base + BANK.size - 2)]).toEqual([[undefined, -1], [undefined, -1]]);
    });
  });

  it("completes with the machine", async () => {
    let completed = false;
    await withMachine([bank()], (machine) => void machine.memory.cpuView.changes$.subscribe({ complete: () => (completed = true) }));
    expect(completed).toBe(true);
  });
});
