/** Host bridge, virtio, GIC, routing, irqfd and ioeventfd in one machine: what none of them can show alone. */
import {
  createMachine,
  GsiRoutingToken,
  IoeventfdsToken,
  type Machine,
  type MsiEvent,
  type PluginDefinition,
  powerOff,
  read32,
  scripted,
  type SignalEvent,
  write16,
  write32,
} from "@trapline/core";
import { pcieHost } from "@trapline/devices";
import { maskVector, pendingBits, placeBars, enableMsix, requestBytes, requestsDone, startVirtio } from "@trapline/example-guest-pci";
import { dumpRouting, kvmInterrupts } from "@trapline/irqfd-plugin";
import { gicIts, gicV2m, vgicV2, vgicV3 } from "@trapline/vgic-plugin";
import { rng, virtioPci, EntropyDevice, SeededEntropy } from "@trapline/virtio";
import { afterEach, describe, expect, it } from "vitest";

const RAM = 0x4000_0000;
const DEVICE = 3;
const ECAM = 0x40_1000_0000 + DEVICE * 0x8000;
const [TABLE, STRUCTURES, ELSEWHERE] = [0x1000_0000, 0x80_0000_0000, 0x80_0001_0000];
const [RING, BUFFER] = [RAM, RAM + 0x1000];
const DOORBELL = 0x0809_0040;
const MESSAGE = [[DOORBELL, 0], [DOORBELL, 1]] as const;

const opened: Machine[] = [];
afterEach(async () => {
  for (const machine of opened.splice(0)) await machine.close();
});
async function machineOf(guest: PluginDefinition, ...plugins: readonly PluginDefinition[]): Promise<Machine> {
  const machine = await createMachine({
    memory: [{ base: RAM, size: 0x1_0000 }],
    plugins: [guest, ...plugins, pcieHost(), rng({ transport: "pci", slot: DEVICE, seed: 7 })],
  });
  opened.push(machine);
  return machine;
}
const gicV3 = (): readonly PluginDefinition[] => [vgicV3(), gicIts({ base: 0x0808_0000 })];
const WITH_IRQFDS = (): readonly PluginDefinition[] => [...gicV3(), ...kvmInterrupts()];
const bindings = (machine: Machine): readonly string[] => machine.get(IoeventfdsToken).bindings.map(({ eventFd, space, address }) => `${eventFd.name} ${space} ${address.toString(16)}`);
const routes = (machine: Machine): readonly string[] =>
  dumpRouting({ router: machine.router, find: (token) => machine.find(token) })
    .split("\n")
    .filter((line) => line.includes("vector"))
    .map((line) => line.replace(/ +←.*/, ""));

/** What the guest of most rows does: one request, and it ends with the number that came back. */
function* bringUp(table = TABLE, structures = STRUCTURES): ReturnType<typeof placeBars> {
  yield* placeBars(DEVICE, { 1: table, 4: structures });
  yield* enableMsix(DEVICE, table, MESSAGE);
  yield* startVirtio(structures, { ring: RING, vector: 1 });
}

describe("a queue interrupt", () => {
  const guest = (): PluginDefinition =>
    scripted(function* () {
      yield* bringUp();
      yield* requestBytes(STRUCTURES, RING, 0, BUFFER, 4);
      yield powerOff(yield* requestsDone(RING));
    });

  it.each<[string, readonly PluginDefinition[]]>([
    ["by irqfd and route", WITH_IRQFDS()],
    ["straight to the router, without routing, irqfd and eventfd", gicV3()],
    ["with routing, but without irqfd", [...gicV3(), kvmInterrupts()[1]!]],
    ["without any irqchip", []],
    ["through a GICv2m", [vgicV2(), gicV2m(), ...kvmInterrupts()]],
  ])("%s is the same message", async (_how, plugins) => {
    const machine = await machineOf(guest(), ...plugins);
    const messages: string[] = [];
    machine.router.msi$.subscribe(({ address, data, deviceId }: MsiEvent) => void messages.push(`${deviceId} 0x${address.toString(16)} ${data}`));
    expect(await machine.run({ timeoutMs: 10_000 })).toMatchObject({ reason: "power-off", status: 1 });
    expect(messages).toEqual(["24 0x8090040 1"]);
  });
});

describe("GICv2m", () => {
  it("makes an SPI of the message", async () => {
    const guest = scripted(function* () {
      yield* placeBars(DEVICE, { 1: TABLE, 4: STRUCTURES });
      yield* enableMsix(DEVICE, TABLE, [[0x0802_0040, 80], [0x0802_0040, 81]]);
      yield* startVirtio(STRUCTURES, { ring: RING, vector: 1 });
      yield* requestBytes(STRUCTURES, RING, 0, BUFFER, 4);
      yield powerOff();
    });
    const machine = await machineOf(guest, vgicV2(), gicV2m(), ...kvmInterrupts());
    await machine.run({ timeoutMs: 10_000 });
    expect([machine.irqchips[0]!.peekPin(81 - 32)?.pending, machine.irqchips[0]!.peekPin(80 - 32)?.pending]).toEqual([true, false]);
  });
});

describe("doorbells", () => {
  it("follow the BAR, and are gone while it is nowhere", async () => {
    const seen: (readonly string[])[] = [];
    const guest = scripted(function* () {
      seen.push(bindings(machine));
      yield* bringUp();
      seen.push(bindings(machine));
      yield* placeBars(DEVICE, { 4: ELSEWHERE });
      seen.push(bindings(machine));
      yield* requestBytes(ELSEWHERE, RING, 0, BUFFER, 4);
      yield write16(ECAM + 0x04, 0x0004);
      seen.push(bindings(machine));
      yield powerOff(yield* requestsDone(RING));
    });
    const machine: Machine = await machineOf(guest, ...WITH_IRQFDS());
    const signals: string[] = [];
    machine.trace$.subscribe((event) => void (event.kind === "signal" && signals.push((event as SignalEvent).eventFd)));
    expect(await machine.run({ timeoutMs: 10_000 })).toMatchObject({ status: 1 });
    expect(seen).toEqual([[], ["rng0-queue0 mmio 8000003000"], ["rng0-queue0 mmio 8000013000"], []]);
    expect(signals).toEqual(["rng0-queue0", "rng0 vector 1"]);
  });

  it("that somebody else has are left to him, and the BAR takes what he does not", async () => {
    const guest = scripted(function* () {
      yield* bringUp();
      yield* requestBytes(STRUCTURES, RING, 0, BUFFER, 4); // another's doorbell takes it
      yield write32(STRUCTURES + 0x3000, 0); // but not this one
      yield powerOff(yield* requestsDone(RING));
    });
    const machine = await machineOf(guest, ...WITH_IRQFDS());
    machine.bus.doorbell("squatter", { address: STRUCTURES + 0x3000, width: 2 });
    expect(await machine.run({ timeoutMs: 10_000 })).toMatchObject({ status: 1 });
    expect(bindings(machine)).toEqual([]);
  });

  it("of the legacy interface are at a port, told apart by the queue's number", async () => {
    const guest = scripted(function* () {
      yield write32(ECAM + 0x10, 0x1000);
      yield write16(ECAM + 0x04, 0x0005);
      yield powerOff(yield* read32(0x3eff_0000 + 0x1000));
    });
    const entropy = virtioPci({ name: "old", slot: DEVICE, legacy: true, device: () => new EntropyDevice("old", new SeededEntropy(1)) });
    const machine = await createMachine({ plugins: [guest, ...WITH_IRQFDS(), pcieHost(), entropy], memory: [{ base: RAM, size: 0x1000 }] });
    opened.push(machine);
    const result = await machine.run({ timeoutMs: 10_000 });
    expect([bindings(machine), result.reason === "power-off" && result.status]).toEqual([["old-queue0 pio 1010"], 0x3800_0000]);
  });
});

describe("routes", () => {
  it("are what the guest programmed, as soon as a vector may leave; gone after a reset", async () => {
    const seen: (readonly string[])[] = [];
    const guest = scripted(function* () {
      yield* placeBars(DEVICE, { 1: TABLE });
      seen.push(routes(machine));
      yield* enableMsix(DEVICE, TABLE, MESSAGE);
      seen.push(routes(machine));
      yield write32(TABLE + 16 + 8, 9);
      yield powerOff();
    });
    const machine: Machine = await machineOf(guest, ...WITH_IRQFDS());
    await machine.run({ timeoutMs: 10_000 });
    const message = (data: number): string => `MSI 0x0809_0040 data 0x${data} device 0x18`;
    expect(seen).toEqual([["GSI 4094  → nowhere", "GSI 4095  → nowhere"], [`GSI 4094  → ${message(1)}`, `GSI 4095  → ${message(0)}`]]);
    expect(routes(machine)).toEqual([`GSI 4094  → ${message(9)}`, `GSI 4095  → ${message(0)}`]);
    await machine.reset("warm");
    expect(routes(machine)).toEqual(["GSI 4094  → nowhere", "GSI 4095  → nowhere"]);
  });

  it("that the host takes away come back with the guest's next message", async () => {
    const guest = scripted(function* () {
      yield* bringUp();
      yield write32(TABLE + 16 + 8, 2);
      yield* requestBytes(STRUCTURES, RING, 0, BUFFER, 4);
      yield powerOff();
    });
    const machine = await machineOf(guest, ...WITH_IRQFDS());
    const messages: number[] = [];
    machine.router.msi$.subscribe(({ data }: MsiEvent) => {
      messages.push(data);
    });
    machine.get(GsiRoutingToken).replace([]);
    await machine.run({ timeoutMs: 10_000 });
    expect(messages).toEqual([2]);
  });
});

describe("snapshots", () => {
  /** Everything a guest can do to interrupts: moves, masks, requests while masked, unmasking. */
  const guest = (told: string[]): PluginDefinition =>
    scripted(function* () {
      yield* bringUp();
      yield* requestBytes(STRUCTURES, RING, 0, BUFFER, 4);
      yield maskVector(TABLE, 1, true);
      yield* requestBytes(STRUCTURES, RING, 1, BUFFER + 4, 4);
      told.push(`pending ${yield* pendingBits(TABLE)}`);
      yield* placeBars(DEVICE, { 4: ELSEWHERE });
      yield* requestBytes(ELSEWHERE, RING, 2, BUFFER + 8, 4);
      yield maskVector(TABLE, 1, false);
      told.push(`pending ${yield* pendingBits(TABLE)}`);
      yield* requestBytes(ELSEWHERE, RING, 3, BUFFER + 12, 4);
      told.push(`done ${yield* requestsDone(RING)}, ${(yield* read32(BUFFER + 12)).toString(16)}`);
      yield powerOff();
    });

  it.each<[string, () => readonly PluginDefinition[]]>([
    ["with irqfds", WITH_IRQFDS],
    ["without", gicV3],
  ])("taken anywhere, %s, go on as if nothing had been", async (_how, plugins) => {
    const run = async (machine: Machine, told: string[]): Promise<unknown> => {
      const messages: string[] = [];
      machine.router.msi$.subscribe(({ data, result }: MsiEvent) => void messages.push(`${data}: ${result}`));
      expect(await machine.run({ timeoutMs: 10_000 })).toMatchObject({ reason: "power-off" });
      const claims = machine.bus.claims.map(({ base, name }) => `${base.toString(16)} ${name}`);
      return { told, messages, claims, doorbells: machine.bus.doorbellCount, atNs: machine.clock.nowNs() };
    };
    const toldWhole: string[] = [];
    const whole = (await run(await machineOf(guest(toldWhole), ...plugins()), toldWhole)) as { messages: string[]; atNs: number };
    expect([toldWhole.map((line) => line.split(",")[0]), whole.messages.length]).toEqual([["pending 2", "pending 0", "done 4"], 3]);
    for (let stop = 0; stop < whole.atNs; stop += 11) {
      const told: string[] = [];
      const first = await machineOf(guest(told), ...plugins());
      const before: string[] = [];
      first.router.msi$.subscribe(({ data, result }: MsiEvent) => void before.push(`${data}: ${result}`));
      await first.run({ untilNs: stop });
      const toldAgain: string[] = []; // the program plays its journal again, from the start
      const second = await machineOf(guest(toldAgain), ...plugins());
      await second.restore(await first.save());
      const after = (await run(second, toldAgain)) as { messages: string[] };
      expect({ ...after, messages: [...before, ...after.messages] }).toEqual(whole);
      for (const machine of opened.splice(1)) await machine.close();
    }
  });
});
