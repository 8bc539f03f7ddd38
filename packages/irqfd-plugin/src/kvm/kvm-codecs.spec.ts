import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ioeventfdCodec, irqfdCodec, irqLevelCodec, irqRoutingCodec, msiCodec, routingEntryCodec } from "./kvm-codecs.ts";
import type { StructCodec } from "./struct-codec.ts";

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text.split(" ").map((byte) => Number.parseInt(byte, 16)));
const padded = (text: string, size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  bytes.set(bytesOf(text));
  return bytes;
};

describe("the kernel's structures as bytes (kvm-irq-abi.md A.2)", () => {
  it.each([
    ["kvm_irq_level", irqLevelCodec, { irq: 0x122c_0014, level: 1 }, padded("14 00 2c 12 01", 8)],
    ["kvm_irqfd", irqfdCodec, { fd: 0xffff_ffff, gsi: 10, flags: 2, resamplefd: 7 }, padded("ff ff ff ff 0a 00 00 00 02 00 00 00 07", 32)],
    [
      "kvm_ioeventfd",
      ioeventfdCodec,
      { datamatch: 0x1_0000_0007n, addr: 0xffff_ffff_ffff_fff0n, len: 4, fd: -1, flags: 1 },
      padded("07 00 00 00 01 00 00 00 f0 ff ff ff ff ff ff ff 04 00 00 00 ff ff ff ff 01", 64),
    ],
    ["kvm_msi", msiCodec, { addressLo: 0x0809_0040, addressHi: 2, data: 3, flags: 1, devid: 0x10 }, padded("40 00 09 08 02 00 00 00 03 00 00 00 01 00 00 00 10", 32)],
    [
      "kvm_irq_routing_entry, irqchip",
      routingEntryCodec,
      { gsi: 5, type: 1, flags: 0, u: { irqchip: { irqchip: 0, pin: 987 } } },
      padded("05 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 db 03", 48),
    ],
    [
      "kvm_irq_routing_entry, msi",
      routingEntryCodec,
      { gsi: 5, type: 2, flags: 1, u: { msi: { addressLo: 1, addressHi: 2, data: 3, devid: 4 } } },
      padded("05 00 00 00 02 00 00 00 01 00 00 00 00 00 00 00 01 00 00 00 02 00 00 00 03 00 00 00 04", 48),
    ],
  ] as [string, StructCodec<unknown>, unknown, Uint8Array][])("%s", (_name, codec, value, bytes) => {
    expect(bytes).toHaveLength(codec.size);
    expect(codec.encode(value)).toEqual(bytes);
    expect(codec.decode(bytes)).toEqual(value);
  });

  it("round-trip whatever C can hold", () => {
    const roundTrips = <T>(codec: Pick<StructCodec<T>, "encode" | "decode">, values: fc.Arbitrary<T>): void =>
      fc.assert(fc.property(values, (value) => void expect(codec.decode(codec.encode(value))).toEqual(value)));
    roundTrips(irqLevelCodec, fc.record({ irq: u32, level: u32 }));
    roundTrips(irqfdCodec, fc.record({ fd: u32, gsi: u32, flags: u32, resamplefd: u32 }));
    roundTrips(ioeventfdCodec, fc.record({ datamatch: u64, addr: u64, len: u32, fd: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), flags: u32 }));
    roundTrips(msiCodec, fc.record({ addressLo: u32, addressHi: u32, data: u32, flags: u32, devid: u32 }));
    const entry = fc.oneof(
      fc.record({ gsi: u32, type: fc.constant(1), flags: u32, u: fc.record({ irqchip: fc.record({ irqchip: u32, pin: u32 }) }) }),
      fc.record({ gsi: u32, type: fc.constant(2), flags: u32, u: fc.record({ msi: fc.record({ addressLo: u32, addressHi: u32, data: u32, devid: u32 }) }) }),
      fc.record({ gsi: u32, type: fc.constantFrom(0, 3, 4, 5), flags: u32, u: fc.record({ raw: fc.uint8Array({ minLength: 32, maxLength: 32 }) }) }),
    );
    roundTrips(irqRoutingCodec, fc.array(entry, { maxLength: 8 }).chain((entries) => fc.record({ nr: fc.constant(entries.length), flags: u32, entries: fc.constant(entries) })));
  });

  it("take any padding, as vector 43 says", () => {
    const bytes = new Uint8Array(48).fill(0xee);
    bytes.set(bytesOf("05 00 00 00 01 00 00 00 00 00 00 00"));
    bytes.set(bytesOf("00 00 00 00 07 00 00 00"), 16);
    expect(routingEntryCodec.decode(bytes)).toEqual({ gsi: 5, type: 1, flags: 0, u: { irqchip: { irqchip: 0, pin: 7 } } });
  });

  it("read a structure from the middle of a buffer", () => {
    const memory = new Uint8Array(64);
    memory.set(irqLevelCodec.encode({ irq: 3, level: 1 }), 24);
    expect(irqLevelCodec.decode(memory.subarray(24, 32))).toEqual({ irq: 3, level: 1 });
  });

  it.each([
    ["a negative u32", () => irqLevelCodec.encode({ irq: -1, level: 0 }), "kvm_irq_level.irq is -1, which no u32 of C holds; use a whole number from 0 to 4294967295"],
    ["an address as a number", () => ioeventfdCodec.encode({ addr: 5 as never, datamatch: 0n, len: 4, fd: 0, flags: 0 }), "kvm_ioeventfd.addr is 5, which no u64"],
    ["2^64", () => ioeventfdCodec.encode({ addr: 2n ** 64n, datamatch: 0n, len: 4, fd: 0, flags: 0 }), "kvm_ioeventfd.addr is 18446744073709551616"],
    ["too few bytes", () => msiCodec.decode(new Uint8Array(31)), "kvm_msi needs 32 bytes and got 31"],
    ["fewer entries than nr", () => irqRoutingCodec.decode(padded("02", 56)), "kvm_irq_routing needs 104 bytes and got 56"],
  ])("refuse %s", (_what, call, message) => {
    expect(call).toThrow(message);
  });
});
