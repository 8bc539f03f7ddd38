/** Where images go and which are refused: Documentation/arch/arm64/booting.rst, and QEMU's `virt` for the rest. */
import { isTraplineError } from "@trapline/core";
import fc from "fast-check";
import * as zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { type BootPlan, planBoot } from "./boot-plan.ts";
import { arm64Image, elf, image, x86Kernel, zboot } from "./images.fixture.ts";

const { gzipSync } = zlib;
const RAM = { base: 0x4000_0000, size: 0x800_0000 };
const MIB = 0x10_0000;
const plan = (bytes: Uint8Array, initrd?: Uint8Array): BootPlan =>
  planBoot(RAM, { kernel: image(bytes), ...(initrd === undefined ? {} : { initrd: image(initrd, "initrd") }) });

function refusal(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (isTraplineError(error, "config")) return error.message;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("an Image", () => {
  //   text_offset  image_size  load address  initrd
  it.each([
    [0n, 0x4000n, 0x4020_0000, 0x4040_0000],
    [0x8_0000n, 0x4000n, 0x4028_0000, 0x4040_0000], // as before 5.10
    [0n, 0x20_0000n, 0x4020_0000, 0x4040_0000],
    [0n, 0x20_0001n, 0x4020_0000, 0x4060_0000], // .bss is not the initrd's
  ])("text_offset %d and image_size %d: at %d, the initrd at %d", (textOffset, imageSize, address, initrd) => {
    const { format, segments, entry, initrd: ramdisk, deviceTree } = plan(arm64Image({ textOffset, imageSize }), new Uint8Array(100));
    expect([format, segments[0]?.address, entry, ramdisk?.address]).toEqual(["Image", address, address, initrd]);
    expect(deviceTree).toEqual({ address: RAM.base, limit: 2 * MIB });
  });

  it("of a kernel that does not say its size goes to 512 KiB, with 16 MiB to itself", () => {
    const { segments, initrd } = plan(arm64Image({ imageSize: 0n }), new Uint8Array(1));
    expect([segments[0]?.address, segments[0]?.size, initrd?.address]).toEqual([0x4028_0000, 16 * MIB, 0x4140_0000]);
  });

  it.each([
    ["gzip", (bytes: Uint8Array) => gzipSync(bytes)],
    ["EFI zboot", (bytes: Uint8Array) => zboot(gzipSync(bytes))],
  ])("in %s is the same Image", (_name, wrap) => {
    const bytes = arm64Image();
    expect([...plan(wrap(bytes)).segments[0]!.bytes]).toEqual([...bytes]);
  });

  it("in zstd is the same Image, if Node can unpack that", (context) => {
    const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Uint8Array };
    if (zstdCompressSync === undefined) return context.skip("this Node has no zstd");
    const bytes = arm64Image();
    for (const wrapped of [zstdCompressSync(bytes), zboot(zstdCompressSync(bytes), "zstd22")]) expect([...plan(wrapped).segments[0]!.bytes]).toEqual([...bytes]);
    expect(refusal(() => plan(zstdCompressSync(new Uint8Array(RAM.size + 1))))).toMatch(/unpacks to more than 0x8000000 bytes/);
  });
});

describe("an ELF program", () => {
  const file = new Uint8Array(16).fill(1);
  it("goes to its physical addresses and starts at that of its entry", () => {
    const segments = [
      { virtual: 0xffff_8000_0800_0000n, physical: 0x4100_0000n, file, size: 0x1000n },
      { virtual: 0xffff_8000_0900_0000n, physical: 0x4200_0000n, file: new Uint8Array(0), size: 0x100n },
      { virtual: 0n, physical: 0n, file, size: 16n, type: 4 }, // a note
    ];
    const { format, entry, segments: placed, deviceTree, initrd } = plan(elf({ entry: 0xffff_8000_0800_0040n, segments }), new Uint8Array(1));
    expect([format, entry, placed.map(({ address, size }) => [address, size])]).toEqual(["ELF", 0x4100_0040, [[0x4100_0000, 0x1000], [0x4200_0000, 0x100]]]);
    expect([deviceTree.address, initrd?.address]).toEqual([RAM.base, 0x4220_0000]);
  });

  it("that begins with RAM has the device tree behind it", () => {
    const { deviceTree, entry } = plan(elf({ entry: 0x4000_0000n, segments: [{ virtual: 0x4000_0000n, physical: 0x4000_0000n, file, size: 0x30_0000n }] }));
    expect([entry, deviceTree.address]).toEqual([0x4000_0000, 0x4040_0000]);
  });
});

it("anything else is raw code for RAM + 512 KiB, with the device tree below", () => {
  const { format, entry, deviceTree } = plan(new Uint8Array(100));
  expect([format, entry, deviceTree]).toEqual(["raw", 0x4008_0000, { address: RAM.base, limit: 0x8_0000 }]);
});

describe("is refused, by name and with both numbers:", () => {
  const segment = { virtual: 0x4000_0000n, physical: 0x4000_0000n, file: new Uint8Array(16), size: 16n };
  const riscv = new Uint8Array(0x1000);
  new DataView(riscv.buffer).setUint32(56, 0x0543_5352, true);
  const packed = (...magic: readonly number[]): Uint8Array => Uint8Array.from({ length: 0x100 }, (_, at) => magic[at] ?? 0x11);
  const arm32 = new Uint8Array(0x1000);
  new DataView(arm32.buffer).setUint32(0x24, 0x016f_2818, true);

  it.each<[what: string, message: RegExp, kernel: Uint8Array]>([
    ["an empty file", /kernel: the file is empty/, new Uint8Array(0)],
    ["an Image whose file is too short", /truncated: the file has 0x1000 bytes .* need 0x2000 bytes/, arm64Image({ sectionEnd: 0x2000 })],
    ["a big-endian Image", /big-endian/, arm64Image({ flags: 1n })],
    ["an Image for 64 KiB pages", /pages of 64 KiB, and the CPU has pages of 4 KiB/, arm64Image({ flags: 6n })],
    ["an Image for 16 KiB pages", /pages of 16 KiB/, arm64Image({ flags: 4n })],
    ["an Image with a damaged header", /image_size 18446744073709552000/, arm64Image({ imageSize: 0xffff_ffff_ffff_ffffn })],
    ["an Image larger than RAM", /wants memory 0x40200000\+0x10000000, and RAM is 0x40000000\+0x8000000/, arm64Image({ imageSize: 0x1000_0000n })],
    ["a kernel for x86", /for x86;/, x86Kernel()],
    ["a kernel for RISC-V", /for RISC-V/, riscv],
    ["a kernel for 32-bit Arm", /for 32-bit Arm/, arm32],
    ["damaged gzip", /damaged or truncated/, gzipSync(arm64Image()).subarray(0, 40)],
    ["gzip that unpacks beyond RAM", /unpacks to more than 0x8000000 bytes/, gzipSync(new Uint8Array(RAM.size + 1))],
    ["zboot that is too short", /zboot image is truncated/, zboot(gzipSync(arm64Image())).subarray(0, 0x110)],
    ["zboot with another payload", /zboot image is packed with "xzkern"; unpack it first \(tail -c \+257 FILE \| head -c 10 \| xz -d >Image\), or take one packed with gzip/, zboot(new Uint8Array(10), "xzkern")],
    ["zboot with a payload that nobody knows", /packed with "rar"; unpack it first \(tail -c \+257 FILE \| head -c 10 gives the packed kernel\)/, zboot(new Uint8Array(10), "rar")],
    ["zboot with a damaged zstd payload", /zstd data is damaged|packed with zstd, which this Node cannot unpack; use Node 22\.15 .*\| zstd -d >Image/, zboot(new Uint8Array(10), "zstd22")],
    ["a file packed with xz", /the file is packed with xz; unpack it first \(xz -d <FILE >Image\)/, packed(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)],
    ["a file packed with lz4", /packed with lz4; unpack it first \(lz4 -d/, packed(0x02, 0x21, 0x4c, 0x18)],
    ["a file packed with lzma", /packed with lzma; unpack it first \(xz -d --format=lzma/, packed(0x5d, 0, 0)],
    ["a file packed with bzip2", /packed with bzip2/, packed(0x42, 0x5a, 0x68)],
    ["a damaged file packed with zstd", /zstd data is damaged|packed with zstd, which this Node cannot unpack/, packed(0x28, 0xb5, 0x2f, 0xfd)],
    ["an ELF header alone", /ELF file is truncated/, elf({}).subarray(0, 40)],
    ["an ELF file for x86-64", /ELF file is for x86-64/, elf({ machine: 62 })],
    ["an ELF object", /no program \(type 1\)/, elf({ type: 1, segments: [segment] })],
    ["an ELF file without segments", /nothing to load/, elf({})],
    ["an ELF file whose segment is cut off", /truncated.*segment 0 ends/, elf({ segments: [segment] }).subarray(0, 130)],
    ["an ELF file outside RAM", /wants memory 0x80000\+0x10, and RAM is/, elf({ segments: [{ ...segment, physical: 0x8_0000n }] })],
  ])("%s", (_what, message, kernel) => {
    expect(refusal(() => plan(kernel))).toMatch(message);
  });

  it("an initrd that does not fit", () => {
    const tooLarge = new Uint8Array(RAM.size - 4 * MIB + 1);
    expect(refusal(() => plan(arm64Image(), tooLarge))).toMatch(/initrd: the initrd has 0x7c00001 bytes .* room for 0x7c00000 bytes .*--memory/);
    expect(plan(arm64Image(), tooLarge.subarray(1)).initrd?.address).toBe(0x4040_0000);
    expect(refusal(() => plan(arm64Image(), new Uint8Array(0)))).toMatch(/initrd is empty/);
  });
});

it("whatever the bytes, there is a plan within RAM or an error that says why", () => {
  const templates = [arm64Image({ sectionEnd: 0x1000 }), elf({ entry: 0x4000_0000n, segments: [{ virtual: 0n, physical: 0x4000_0000n, file: new Uint8Array(64), size: 64n }] }), zboot(gzipSync(arm64Image()))];
  const damage = fc.array(fc.tuple(fc.nat(0x180), fc.nat(0xff)), { maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...templates), damage, fc.nat(0x1000), (template, changes, length) => {
      const bytes = template.slice(0, length % 3 === 0 ? length : template.length);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      let made: BootPlan;
      try {
        made = plan(bytes, new Uint8Array(10));
      } catch (error) {
        expect(isTraplineError(error, "config")).toBe(true);
        return;
      }
      const places = [...made.segments, made.initrd!, { address: made.deviceTree.address, size: made.deviceTree.limit }];
      for (const { address, size } of places) {
        expect(address).toBeGreaterThanOrEqual(RAM.base);
        expect(address + size).toBeLessThanOrEqual(RAM.base + RAM.size);
      }
    }),
    { numRuns: 300 },
  );
});
