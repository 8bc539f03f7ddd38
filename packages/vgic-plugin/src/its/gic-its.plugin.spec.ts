/** The ITS in a machine: a guest sets it up through memory and registers, a device sends MSIs through the router. */
import {
  createMachine,
  definePlugin,
  type GuestOp,
  type KvmError,
  type Machine,
  type MachineConfig,
  mrs,
  msr,
  ofKind,
  powerOff,
  printDts,
  scripted,
  toJsonLine,
  u64,
  wfi,
  write32,
  write64,
} from "@trapline/core";
import { describe, expect, it } from "vitest";
import { iccEncoding } from "../icc.registers.ts";
import { vgicV2 } from "../vgic-v2.plugin.ts";
import { vgicV3 } from "../vgic-v3.plugin.ts";
import { gicIts, type GicItsOptions } from "./gic-its.plugin.ts";
import { type CommandWords, mapc, mapd, mapti } from "./its-command-words.ts";
import { ADDRESS_UNSET, ITS_ADDR_TYPE, ITS_CTRL, ITS_GROUP } from "./its-control.ts";
import { type GicIts, GicItsToken } from "./tokens.ts";

const [GICD, GICR, ITS] = [0x0800_0000, 0x080a_0000, 0x0808_0000];
const [RAM, QUEUE, DEVICES, COLLECTIONS] = [0x4000_0000, 0x4001_0000, 0x4002_0000, 0x4003_0000];
const [CONFIG, PENDING, ITT] = [0x4004_0000, 0x4006_0000, 0x4008_0000];
const VALID = 0x8000_0000;
const icc = (name: string): number => iccEncoding(`ICC_${name}_EL1`)!;

/** What an OS writes: one LPI table for all, and this vCPU's pending table. */
function* bootGic(): Generator<GuestOp> {
  yield write32(GICD, 3);
  yield write64(GICR + 0x70, CONFIG + 15);
  yield write64(GICR + 0x78, u64(0x4000_0000, PENDING));
  yield write32(GICR, 1);
  yield msr(icc("PMR"), 0xf0);
  yield msr(icc("IGRPEN1"), 1);
}

function* bootIts(...commands: readonly CommandWords[]): Generator<GuestOp> {
  for (let n = 0; n < 16; n += 4) yield write32(CONFIG + n, 0xa1a1_a1a1);
  yield write64(ITS + 0x100, u64(VALID, DEVICES));
  yield write64(ITS + 0x108, u64(VALID, COLLECTIONS));
  yield write64(ITS + 0x80, u64(VALID, QUEUE));
  yield write32(ITS, 1);
  for (const [n, words] of commands.entries()) for (const [w, word] of words.entries()) yield write32(QUEUE + 32 * n + 4 * w, word);
  yield write64(ITS + 0x88, 32 * commands.length);
}

const WIRING = [mapd(8, 5, ITT), mapc(0, 0), mapti(8, 2, 8195, 0)] as const;

function config(taken: number[], options: GicItsOptions = { base: ITS }): MachineConfig {
  const guest = scripted({
    *main() {
      yield* bootGic();
      yield* bootIts(...WIRING);
      while (taken.length < 2) yield wfi();
      yield powerOff();
    },
    *irq() {
      const intid = Number(yield* mrs(icc("IAR1")));
      taken.push(intid);
      yield msr(icc("EOIR1"), intid);
    },
  });
  return { memory: [{ base: RAM, size: 0x10_0000 }], plugins: [guest, vgicV3(), gicIts(options)] };
}

/** Sends an MSI of device 8, event 2, at a moment of machine time. */
function sendAt(machine: Machine, atNs: number): void {
  machine.clock.timer(`msi at ${atNs}`, () => machine.router.msi$.emit(ITS + 0x1_0040, 2, 8)).armAt(atNs);
}

describe("gicIts in a machine", () => {
  it("takes MSIs from the router to the guest, and shows the way in the trace", async () => {
    const taken: number[] = [];
    const machine = await createMachine(config(taken));
    const seen: string[] = [];
    machine.trace$.pipe(ofKind("msi", "its.command", "its.translation", "vcpu-line", "gic.acknowledge")).subscribe((event) => {
      seen.push(event.kind === "its.command" ? event.command : event.kind === "vcpu-line" ? `line ${event.level}` : event.kind);
    });
    sendAt(machine, 10_000);
    sendAt(machine, 20_000);
    expect(await machine.run()).toMatchObject({ reason: "power-off" });
    expect(taken).toEqual([8195, 8195]);
    const interrupt = ["msi", "msi", "its.translation", "line true", "gic.acknowledge", "line false"];
    expect(seen).toEqual(["MAPD", "MAPC", "MAPTI", ...interrupt, ...interrupt]);
    await machine.close();
  });

  it("gives the same trace every time", async () => {
    const traces = await Promise.all(
      [0, 1].map(async () => {
        const machine = await createMachine(config([]));
        const lines: string[] = [];
        machine.trace$.subscribe((event) => lines.push(toJsonLine(event)));
        sendAt(machine, 10_000);
        sendAt(machine, 10_000);
        sendAt(machine, 30_000);
        await machine.run();
        await machine.close();
        return lines.join("\n");
      }),
    );
    expect(traces[0]).toBe(traces[1]);
    expect(traces[0]).toContain('"kind":"its.translation"');
  });

  it("is a child of the GIC in the device tree", async () => {
    const machine = await createMachine(config([]));
    const text = printDts(machine.deviceTree()).replace(/\s+/g, " ");
    const node = text.slice(text.indexOf("its@8080000 {"));
    expect(text.indexOf("intc@8000000 {")).toBeLessThan(text.indexOf("its@8080000 {"));
    const properties = ['compatible = "arm,gic-v3-its";', "msi-controller;", "#msi-cells = <0x1>;", "reg = <0x0 0x8080000 0x0 0x20000>;"];
    for (const property of properties) expect(node).toContain(property);
    await machine.close();
  });

  it("is saved and restored with its machine", async () => {
    const machine = await createMachine(config([]));
    sendAt(machine, 10_000);
    await machine.run({ untilNs: 15_000 });
    const before = [machine.get(GicItsToken).its.save(), machine.irqchips[0]!.save()];
    const file = await machine.save();
    await machine.reset("power-on");
    expect(machine.get(GicItsToken).its.mappings.deviceCount).toBe(0);
    await machine.restore(file);
    expect([machine.get(GicItsToken).its.save(), machine.irqchips[0]!.save()]).toEqual(before);
    await machine.close();
  });

  it("without a base has no frames until the control interface places it", async () => {
    const machine = await createMachine(config([], {}));
    const { control, its } = machine.get(GicItsToken);
    expect(machine.bus.claimAt(ITS)).toBeUndefined();
    expect(control.get(ITS_GROUP.ADDR, ITS_ADDR_TYPE)).toBe(ADDRESS_UNSET);
    expect(machine.router.msi$.emit(ITS + 0x1_0040, 2, 8)).toBe(-1);
    control.set(ITS_GROUP.ADDR, ITS_ADDR_TYPE, ITS);
    expect(machine.bus.claimAt(ITS)?.name).toBe("its");
    expect(machine.bus.peek(ITS + 8, 8)).toBe(0x1_ef71);
    expect(() => control.set(ITS_GROUP.CTRL, ITS_CTRL.SAVE_TABLES)).not.toThrow();
    expect(its.base).toBe(ITS);
    await machine.close();
  });

  it("keeps ITS_REGS and tables to itself while a vCPU is inside an access, as KVM does while one runs", async () => {
    const answers: unknown[] = [];
    const ask = (machine: Pick<Machine, "get">): void => {
      const { control } = machine.get(GicItsToken);
      for (const call of [(): unknown => control.get(ITS_GROUP.ITS_REGS, 0), (): unknown => control.set(ITS_GROUP.CTRL, ITS_CTRL.SAVE_TABLES)]) {
        try {
          answers.push(call() ?? "done");
        } catch (error) {
          answers.push((error as KvmError).errno);
        }
      }
    };
    const probe = definePlugin({
      name: "probe",
      create: (vmm) => ({
        attach(scope) {
          const device = { read: (): number => 0, write: (): void => ask(vmm) };
          const region = vmm.bus.claim({ name: "probe", base: 0x0b00_0000, size: 0x1000 }, device);
          scope.add(() => region.release());
        },
      }),
    });
    const guest = scripted({
      *main() {
        yield* bootIts();
        yield write32(0x0b00_0000, 1);
        yield powerOff();
      },
    });
    const machine = await createMachine({ memory: [{ base: RAM, size: 0x10_0000 }], plugins: [guest, vgicV3(), gicIts({ base: ITS }), probe] });
    await machine.run();
    ask(machine);
    expect(answers).toEqual(["EBUSY", "EBUSY", 0x8000_0001, "done"]);
    await machine.close();
  });

  it("may stand twice: two ITSes share the LPIs of the GIC", async () => {
    let all: readonly GicIts[] = [];
    const reader = definePlugin({ name: "reader", create: (vmm) => void (all = vmm.getAll(GicItsToken)) });
    const plugins = [...config([]).plugins, gicIts({ base: 0x0a00_0000, name: "its2" }), reader];
    const machine = await createMachine({ ...config([]), plugins });
    const [first, second] = all;
    expect(second!.lpis).toBe(first!.lpis);
    expect(second!.its).not.toBe(first!.its);
    await machine.close();
  });

  it.each([
    ["a machine without GICv3", [vgicV2(), gicIts({ base: ITS })], /its needs a GICv3/],
    ["a GIC with too few INTID bits", [vgicV3({ intidBits: 10 }), gicIts({ base: ITS })], /10 INTID bits/],
    ["a misaligned base", [vgicV3(), gicIts({ base: ITS + 0x1000 })], /0x0?808_1000 is not aligned/],
    ["a base on the distributor", [vgicV3(), gicIts({ base: GICD })], /overlaps/],
    ["no DeviceID bits", [vgicV3(), gicIts({ base: ITS, deviceIdBits: 0 })], /deviceIdBits of its is 0/],
    ["a CPU DeviceID beyond them", [vgicV3(), gicIts({ base: ITS, deviceIdBits: 4, cpuDeviceId: 16 })], /cpuDeviceId of its is 16/],
    ["LPI options twice", [vgicV3(), gicIts({ base: ITS }), gicIts({ base: 0x0a00_0000, name: "its2", lpis: {} })], /its2 has options/],
  ])("refuses %s", async (_what, plugins, message) => {
    const machine = createMachine({ memory: [{ base: RAM, size: 0x1_0000 }], plugins: [scripted({ *main() {} }), ...plugins] });
    await expect(machine).rejects.toThrow(message);
  });
});
