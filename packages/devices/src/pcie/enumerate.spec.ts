/**
 * A guest that brings PCI up as Linux does (drivers/pci/probe.c, setup-res.c, msi/msi.c): look for functions, size their BARs with
 * decoding off, place them, enable, find MSI-X, program it under the function mask, and ring a device that answers with a message.
 */
import {
  type BusDevice,
  createMachine,
  definePlugin,
  findPciHost,
  type GuestOp,
  type MsiEvent,
  type PciSlot,
  powerOff,
  read16,
  read32,
  read8,
  scripted,
  type U64,
  type Width,
  write16,
  write32,
} from "@trapline/core";
import { expect, it } from "vitest";
import { pcieHost } from "./pcie-host.plugin.ts";
import { card, ECAM, memoryBar } from "./pci-rig.fixture.ts";

type Guest<R> = Generator<GuestOp, R, unknown>;

const RAM = 0x4000_0000;
const MSI_DOORBELL = 0x0809_0040;

type Sizes = readonly (readonly [offset: number, size: number])[];

interface Found {
  readonly device: number;
  readonly id: number;
  readonly bars: Sizes;
  readonly msix: number;
}

const config = (device: number, offset: number): number => ECAM + device * 0x8000 + offset;

function* enumerate(): Guest<Found[]> {
  const found: Found[] = [];
  for (let device = 0; device < 32; device++) {
    const id = yield* read32(config(device, 0x00));
    if (id === 0xffff_ffff) continue;
    found.push({ device, id, bars: yield* sizeBars(device), msix: yield* findCapability(device, 0x11) });
  }
  return found;
}

function* sizeBars(device: number): Guest<Sizes> {
  const sizes: (readonly [number, number])[] = [];
  const command = yield* read16(config(device, 0x04));
  yield write16(config(device, 0x04), command & ~3);
  for (let offset = 0x10; offset < 0x28; offset += 4) {
    const low = yield* probe(device, offset);
    if (low === 0) continue;
    const is64 = (low & 7) === 4;
    const high = is64 ? yield* probe(device, offset + 4) : 0xffff_ffff;
    const mask = BigInt(high) * 2n ** 32n + (BigInt(low) & ((low & 1) === 1 ? ~3n : ~15n));
    sizes.push([offset, Number(2n ** 64n - mask)]);
    if (is64) offset += 4;
  }
  yield write16(config(device, 0x04), command);
  return sizes;
}

function* probe(device: number, offset: number): Guest<number> {
  const before = yield* read32(config(device, offset));
  yield write32(config(device, offset), 0xffff_ffff);
  const mask = yield* read32(config(device, offset));
  yield write32(config(device, offset), before);
  return mask;
}

function* findCapability(device: number, id: number): Guest<number> {
  if (((yield* read16(config(device, 0x06))) & 0x10) === 0) return 0;
  let at = yield* read8(config(device, 0x34));
  while (at !== 0) {
    const header = yield* read16(config(device, at));
    if ((header & 0xff) === id) return at;
    at = header >>> 8;
  }
  return 0;
}

/** From the start of the window on, each aligned to its size. */
function* place({ device, bars }: Found, next: number): Guest<{ readonly next: number; readonly addresses: ReadonlyMap<number, number> }> {
  const addresses = new Map<number, number>();
  for (const [offset, size] of bars) {
    const address = Math.ceil(next / size) * size;
    yield write32(config(device, offset), address);
    addresses.set(offset, address);
    next = address + size;
  }
  yield write16(config(device, 0x04), 0x0006);
  return { next, addresses };
}

it("finds bridge and card, sizes and places the card's BARs, and gets the message it programmed", async () => {
  const { slot, plugin } = ringer();
  const messages: string[] = [];
  const guest = scripted(function* () {
    const found = yield* enumerate();
    expect(found.map(({ device, id, bars }) => [device, id, bars])).toEqual([
      [0, 0x0008_1b36, []],
      [4, 0x5678_1234, [[0x10, 0x100], [0x18, 0x4000]]],
    ]);
    let next = 0x1000_0000;
    let bases: ReadonlyMap<number, number> = new Map();
    for (const each of found) ({ next, addresses: bases } = yield* place(each, next));
    const { device, msix } = found[1]!;
    const control = yield* read16(config(device, msix + 2));
    const table = bases.get(0x10 + 4 * ((yield* read32(config(device, msix + 4))) & 7))!;
    yield write16(config(device, msix + 2), control | 0xc000);
    for (let vector = 0; vector <= (control & 0x7ff); vector++) {
      yield write32(table + 16 * vector, MSI_DOORBELL);
      yield write32(table + 16 * vector + 4, 0);
      yield write32(table + 16 * vector + 8, 64 + vector);
      yield write32(table + 16 * vector + 12, 0);
    }
    yield write16(config(device, msix + 2), (control | 0x8000) & ~0x4000);
    yield write32(bases.get(0x10)!, 1); // rings
    yield powerOff((yield* read32(bases.get(0x10)!)) + 1);
  });
  const machine = await createMachine({ memory: [{ base: RAM, size: 0x1_0000 }], plugins: [guest, plugin, pcieHost()] });
  machine.router.msi$.subscribe(({ address, data, deviceId }: MsiEvent) => void messages.push(`${deviceId}: 0x${address.toString(16)} = ${data}`));
  expect(await machine.run({ timeoutMs: 10_000 })).toEqual({ reason: "power-off", vcpu: 0, status: 8 });
  expect([messages, slot().interrupts, slot().busMaster]).toEqual([["32: 0x8090040 = 65"], "msix", true]);
  await machine.close();
});

/** A card that answers a write to its BAR0 with message 1, and reads 7. */
function ringer(): { readonly plugin: ReturnType<typeof definePlugin>; readonly slot: () => PciSlot } {
  let slot: PciSlot | undefined;
  const bell: BusDevice = {
    read: (_offset: number, _width: Width): U64 => 7,
    write: () => slot!.vectors[1]!.signal(),
  };
  const ring = card("ringer", { bars: [{ ...memoryBar(0, 0x100), device: bell }, memoryBar(2, 0x4000, { bits: 64 })], msix: { vectors: 2, bar: 2 } });
  const plugin = definePlugin({ name: "ringer", create: (vmm) => void (slot = findPciHost(vmm, "ringer").plug(ring, { device: 4 })) });
  return { plugin, slot: () => slot! };
}
