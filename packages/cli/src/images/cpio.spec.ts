/** Archives as the kernel's unpacker reads them (initramfs buffer format: "newc"), byte by byte where it matters. */
import { describe, expect, it } from "vitest";
import { type CpioEntry, writeCpio } from "./cpio.ts";

const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

interface Read {
  readonly name: string;
  readonly mode: string;
  readonly device: readonly [number, number];
  readonly data: string;
}

/** As the format is described: magic, thirteen numbers of eight digits, the name, the data, both padded to four bytes. */
function readCpio(bytes: Uint8Array): Read[] {
  const read: Read[] = [];
  for (let at = 0; ; ) {
    expect(text(bytes.subarray(at, at + 6))).toBe("070701");
    const field = (n: number): number => Number.parseInt(text(bytes.subarray(at + 6 + 8 * n, at + 14 + 8 * n)), 16);
    const [mode, size, major, minor, nameSize] = [field(1), field(6), field(9), field(10), field(11)];
    const name = text(bytes.subarray(at + 110, at + 110 + nameSize - 1));
    expect(bytes[at + 110 + nameSize - 1]).toBe(0);
    const data = Math.ceil((at + 110 + nameSize) / 4) * 4;
    at = Math.ceil((data + size) / 4) * 4;
    if (name === "TRAILER!!!") return expect(at).toBe(bytes.length), read;
    read.push({ name, mode: mode.toString(8), device: [major, minor], data: text(bytes.subarray(data, data + size)) });
  }
}

const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

describe("an archive", () => {
  it.each<[entry: CpioEntry, read: Read]>([
    [{ kind: "folder", name: "bin" }, { name: "bin", mode: "40755", device: [0, 0], data: "" }],
    [{ kind: "file", name: "etc/hosts", bytes: bytes("abc") }, { name: "etc/hosts", mode: "100644", device: [0, 0], data: "abc" }],
    [{ kind: "file", name: "init", bytes: bytes("#!/bin/sh"), executable: true }, { name: "init", mode: "100755", device: [0, 0], data: "#!/bin/sh" }],
    [{ kind: "link", name: "bin/sh", target: "busybox" }, { name: "bin/sh", mode: "120777", device: [0, 0], data: "busybox" }],
    [{ kind: "terminal", name: "dev/console", major: 5, minor: 1 }, { name: "dev/console", mode: "20600", device: [5, 1], data: "" }],
  ])("of %o", (entry, read) => {
    expect(readCpio(writeCpio([entry]))).toEqual([read]);
  });

  it("keeps order and padding whatever the lengths", () => {
    const entries = Array.from({ length: 9 }, (_, n): CpioEntry => ({ kind: "file", name: "x".repeat(n + 1), bytes: bytes("y".repeat(8 - n)) }));
    expect(readCpio(writeCpio(entries)).map(({ name, data }) => [name.length, data.length])).toEqual(entries.map((_, n) => [n + 1, 8 - n]));
  });

  it("is the same for the same entries", () => {
    const entries: CpioEntry[] = [{ kind: "folder", name: "a" }, { kind: "file", name: "a/b", bytes: bytes("c") }];
    expect(writeCpio(entries)).toEqual(writeCpio(entries));
  });
});
