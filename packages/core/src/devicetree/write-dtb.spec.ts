import { describe, expect, it } from "vitest";
import { emptyDeviceTree, ensureNode, parseDtb, setProperty, writeDtb, type DeviceTreeNode } from "./index.ts";

const text = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
const word = (blob: Uint8Array, offset: number): number => new DataView(blob.buffer).getUint32(offset);

describe("writeDtb", () => {
  it("writes the blob of chapter 5, word for word", () => {
    const tree = emptyDeviceTree();
    tree.bootCpuidPhys = 0x100;
    tree.reservations.push({ address: 0x4000_0000, size: 0xffff_ffff_ffff_ffffn });
    setProperty(tree.root, "#size-cells", 2);
    setProperty(ensureNode(tree, "/a@1"), "reg", [1, 2n]);
    setProperty(ensureNode(tree, "/a@1"), "ok", true);

    // prettier-ignore
    const words = [
      // 5.2 header: magic, totalsize, off_dt_struct, off_dt_strings, off_mem_rsvmap, version, last_comp_version, …
      0xd00dfeed, 0xab, 0x48, 0x98, 0x28, 17, 16,
      // boot_cpuid_phys, size_dt_strings, size_dt_struct
      0x100, 19, 0x50,
      // 5.3 reservations: address, size; the closing entry
      0, 0x40000000, 0xffffffff, 0xffffffff, 0, 0, 0, 0,
      // 5.4 structure: the root "", FDT_PROP length nameoff value
      1, 0, 3, 4, 0, 2,
      // "a@1": reg of 12 bytes, ok of none; FDT_END_NODE twice, FDT_END
      1, 0x61403100, 3, 12, 12, 1, 0, 2, 3, 0, 16, 2, 2, 9,
    ];
    const strings = "#size-cells\0reg\0ok\0";
    const blob = writeDtb(tree);
    expect(Array.from({ length: words.length }, (_, i) => word(blob, 4 * i))).toEqual(words);
    expect(text(blob.subarray(4 * words.length))).toBe(strings);
  });

  it("aligns names and values to tokens with zeroes (5.4.1)", () => {
    const tree = emptyDeviceTree();
    setProperty(tree.root, "x", new Uint8Array([0xff]));
    ensureNode(tree, "/abcd");
    const blob = writeDtb(tree);
    // prettier-ignore
    expect(Array.from(blob.subarray(0x38, 0x38 + 48))).toEqual([
      0, 0, 0, 1, 0, 0, 0, 0,
      0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0, 0, 0,
      0, 0, 0, 1, 0x61, 0x62, 0x63, 0x64, 0, 0, 0, 0,
      0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 9,
    ]);
  });

  it("stores a property name once, and finds it in the tail of another", () => {
    const tree = emptyDeviceTree();
    for (const path of ["/a", "/b"]) {
      setProperty(ensureNode(tree, path), "linux,phandle", 1);
      setProperty(ensureNode(tree, path), "phandle", 1);
    }
    expect(text(writeDtb(tree)).endsWith("\0\0\0\x09linux,phandle\0")).toBe(true);
  });

  it("puts the reservations on 8 bytes and the structure on 4 (5.6)", () => {
    const tree = emptyDeviceTree();
    tree.reservations.push({ address: 1, size: 1 }, { address: 3, size: 1 });
    const blob = writeDtb(tree);
    expect([word(blob, 16) % 8, word(blob, 8) % 4]).toEqual([0, 0]);
  });

  it("gives the same bytes for the same tree", () => {
    const tree = emptyDeviceTree();
    setProperty(ensureNode(tree, "/cpus/cpu@0"), "compatible", ["arm,cortex-a53"]);
    expect(writeDtb(tree)).toEqual(writeDtb(parseDtb(writeDtb(tree))));
  });

  it("refuses a blob beyond the limit, naming both sizes", () => {
    const tree = emptyDeviceTree();
    setProperty(tree.root, "blob", new Uint8Array(0x20_0000));
    expect(() => writeDtb(tree)).toThrow(/needs 0x20_0059 bytes, the limit is 0x20_0000; move large values/);
    expect(() => writeDtb(tree, { maxBytes: 0x20_0059 })).not.toThrow();
    expect(() => writeDtb(tree, { maxBytes: 0x20_0058 })).toThrow(/0x20_0058/);
  });

  it("refuses what the format cannot hold", () => {
    const broken = (edit: (tree: ReturnType<typeof emptyDeviceTree>) => void) => () => {
      const tree = emptyDeviceTree();
      edit(tree);
      return writeDtb(tree);
    };
    const leaf = (name: string): DeviceTreeNode => ({ name, properties: [], children: [] });
    expect(broken((tree) => tree.root.children.push(leaf("a b")))).toThrow(/node name "a b" at \/a b cannot be written/);
    expect(broken((tree) => tree.root.children.push(leaf("")))).toThrow(/node name ""/);
    expect(broken((tree) => tree.root.children.push(leaf("n".repeat(256))))).toThrow(/1 to 255 characters/);
    expect(broken((tree) => tree.root.properties.push({ name: "é", value: new Uint8Array(0) }))).toThrow(/property name "é"/);
    expect(broken((tree) => tree.reservations.push({ address: 0, size: 0 }))).toThrow(/would end the list/);
    expect(broken((tree) => tree.reservations.push({ address: -1n, size: 1 }))).toThrow(/address -1 of memory reservation 0/);
    expect(broken((tree) => tree.reservations.push({ address: 0, size: 1n << 64n }))).toThrow(/size 18446744073709551616/);
    expect(broken((tree) => (tree.bootCpuidPhys = 2 ** 32))).toThrow(/boot_cpuid_phys 4294967296 is no 32-bit number/);
  });

  it("refuses a tree that contains itself", () => {
    const tree = emptyDeviceTree();
    ensureNode(tree, "/loop").children.push(ensureNode(tree, "/loop"));
    expect(() => writeDtb(tree)).toThrow(/deeper than 64 \(0x40\) levels/);
  });
});
