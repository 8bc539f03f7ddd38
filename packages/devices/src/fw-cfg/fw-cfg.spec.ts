/** fw_cfg, by the sections of QEMU's docs/specs/fw_cfg. */
import { GuestMemory, type U64, type Width, WireOrder } from "@trapline/core";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { FwCfg } from "./fw-cfg.ts";

const RAM = 0x4000_0000;
const SIZE = 0x1_0000;
const ROM = 0x1000;
const [ERROR, READ, SKIP, SELECT, WRITE] = [1, 2, 4, 8, 0x10];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let memory: GuestMemory;
let device: FwCfg;
beforeEach(() => {
  memory = new GuestMemory(new WireOrder(), [{ base: RAM, size: SIZE }, { name: "rom", base: ROM, size: 0x1000, readOnly: true }]);
  device = new FwCfg("fw-cfg", memory);
  device.addFile("etc/hello", bytes("hello, world"));
  device.addFile("opt/more", bytes("x"));
});

const select = (key: number): void => device.write(8, 2, ((key & 0xff) << 8) | (key >> 8));
const take = (width: Width): U64 => device.read(0, width);
const text = (count: number): string => String.fromCharCode(...Array.from({ length: count }, () => Number(take(1))));

/** Puts a request at RAM, rings, and returns the control word afterwards. */
function dma(control: number, length: number, address: bigint, at: bigint = BigInt(RAM), halves = false): number {
  const request = new DataView(new ArrayBuffer(16));
  request.setUint32(0, control);
  request.setUint32(4, length);
  request.setBigUint64(8, address);
  memory.copyIn(Number(at), new Uint8Array(request.buffer));
  const swapped = new DataView(new ArrayBuffer(8));
  swapped.setBigUint64(0, at, true);
  if (halves) {
    device.write(0x10, 4, swapped.getUint32(4));
    device.write(0x14, 4, swapped.getUint32(0));
  } else {
    device.write(0x10, 8, swapped.getBigUint64(0));
  }
  return new DataView(memory.copyOut(Number(at), 4)!.buffer).getUint32(0);
}

describe("selector and data", () => {
  it("key 0 is the signature, and its end reads as zeros", () => {
    select(0);
    expect(text(6)).toBe("QEMU\0\0");
  });

  it("key 1 says: this interface, and DMA", () => {
    select(1);
    expect(take(4)).toBe(3);
  });

  it("a wide access is as many bytes in memory order", () => {
    select(0x20);
    expect(take(8)).toBe(0x7720_2c6f_6c6c_6568n);
    expect(text(4)).toBe("orld");
  });

  it("selecting starts at the beginning again", () => {
    select(0x20);
    take(4);
    select(0x20);
    expect(text(5)).toBe("hello");
  });

  it("a key without an item is empty", () => {
    for (const key of [0x22, 0x7fff, 0xffff]) {
      select(key);
      expect(take(8)).toBe(0);
    }
  });

  it("writing data changes nothing", () => {
    select(0x20);
    device.write(0, 1, 0x58);
    expect(text(5)).toBe("hello");
  });

  it("peeking takes nothing", () => {
    select(0x20);
    expect([device.peek(0, 1), device.peek(0, 1), take(1)]).toEqual([0x68, 0x68, 0x68]);
  });
});

it("the directory lists named items: size, key, name", () => {
  select(0x19);
  const view = new DataView(Uint8Array.from({ length: 4 + 128 }, () => Number(take(1))).buffer);
  const entry = (n: number): unknown[] => {
    const at = 4 + 64 * n;
    const name = new Uint8Array(view.buffer, at + 8, 56);
    return [view.getUint32(at), view.getUint16(at + 4), new TextDecoder().decode(name).replace(/\0+$/, "")];
  };
  expect([view.getUint32(0), entry(0), entry(1)]).toEqual([2, [12, 0x20, "etc/hello"], [1, 0x21, "opt/more"]]);
});

describe("DMA", () => {
  it("its register reads QEMU CFG", () => {
    expect([device.read(0x10, 4), device.read(0x14, 4)]).toEqual([0x554d_4551, 0x4746_4320]);
    const whole = new DataView(new ArrayBuffer(8));
    whole.setBigUint64(0, BigInt(device.read(0x10, 8)), true);
    expect(new TextDecoder().decode(whole)).toBe("QEMU CFG");
  });

  it.each([false, true])("selects and reads, rung in halves: %s", (halves) => {
    expect(dma((0x20 << 16) | SELECT | READ, 14, BigInt(RAM + 0x100), BigInt(RAM), halves)).toBe(0);
    expect(new TextDecoder().decode(memory.copyOut(RAM + 0x100, 14))).toBe("hello, world\0\0");
  });

  it("goes on where it stands, and skips", () => {
    select(0x20);
    expect(dma(SKIP, 7, 0n)).toBe(0);
    expect(dma(READ, 5, BigInt(RAM + 0x100))).toBe(0);
    expect(new TextDecoder().decode(memory.copyOut(RAM + 0x100, 5))).toBe("world");
  });

  //   what                      control        length        address
  it.each([
    ["outside memory", SELECT | READ, 4, 0x1234n],
    ["beyond its end", SELECT | READ, 0xffff_ffff, BigInt(RAM)],
    ["at the top of 64 bits", SELECT | READ, 16, 0xffff_ffff_ffff_fff8n],
    ["into ROM", SELECT | READ, 4, BigInt(ROM)],
    ["to write an item", SELECT | WRITE, 4, BigInt(RAM + 0x100)],
  ])("%s is an error that the guest is told", (_what, control, length, address) => {
    expect(dma(control, length, address)).toBe(ERROR);
  });

  it("a request that is not in memory is forgotten", () => {
    for (const at of [0x10n, BigInt(RAM + SIZE - 8), 0xffff_ffff_ffff_fff0n]) {
      const swapped = new DataView(new ArrayBuffer(8));
      swapped.setBigUint64(0, at, true);
      expect(() => device.write(0x10, 8, swapped.getBigUint64(0))).not.toThrow();
    }
  });
});

describe("the device", () => {
  it("refuses names that do not fit", () => {
    for (const name of ["", "etc/hello", "n".repeat(56), "a\0b"]) expect(() => device.addFile(name, bytes(""))).toThrow(/fw-cfg/);
  });

  it("goes on where it stood when restored", () => {
    select(0x20);
    take(4);
    const copy = new FwCfg("fw-cfg", memory);
    copy.addFile("etc/hello", bytes("hello, world"));
    copy.restore(device.save());
    expect(copy.read(0, 1)).toBe(0x6f);
    expect(() => copy.restore({ key: 0x1_0000, offset: 0, dmaHigh: 0 })).toThrow(/saved state/);
    copy.reset();
    expect(copy.read(0, 1)).toBe(0x51);
  });

  it("withstands any guest", () => {
    const access = fc.record({ write: fc.boolean(), offset: fc.nat(0x17), width: fc.constantFrom<Width>(1, 2, 4, 8), value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) });
    fc.assert(
      fc.property(fc.array(access), (accesses) => {
        for (const { write, offset, width, value } of accesses) {
          if (write) device.write(offset, width, value);
          else expect(BigInt(device.read(offset, width)) >> BigInt(8 * width)).toBe(0n);
        }
      }),
      { numRuns: 60 },
    );
  });
});
