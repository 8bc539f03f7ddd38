import { describe, expect, it } from "vitest";
import {
  deleteProperty,
  DeviceTreeBuilder,
  emptyDeviceTree,
  ensureNode,
  findNode,
  parseDtb,
  readCells,
  readString,
  readStrings,
  readU32,
  readU64,
  setChosen,
  setProperty,
  writeDtb,
} from "./index.ts";

/** A blob as a user might give it with --dtb: things the specification frowns at included. */
function givenBlob(): Uint8Array {
  const builder = new DeviceTreeBuilder();
  builder.reserve(0x4800_0000, 0x1000, "firmware");
  builder.reserve(0xffff_ffff_0000_0000n, 0x1000, "firmware");
  builder.bootCpuid(3, "firmware");
  builder.node("/", "firmware").set("#address-cells", 2).set("#size-cells", 2).set("zeta", 1).set("alpha", 2);
  builder.node("/zoo@1", "firmware").set("reg", [0, 1, 0, 1]);
  builder.node("/chosen", "firmware").set("stdout-path", "/zoo").set("bootargs", "old").set("rng-seed", new Uint8Array(3));
  builder.node("/ape", "firmware").set("empty", true);
  const tree = builder.build();
  tree.root.children.push({ name: "0odd*name", properties: [], children: [] });
  return writeDtb(tree);
}

describe("setChosen", () => {
  it("changes what it is asked to, in place, and nothing else", () => {
    const before = parseDtb(givenBlob());
    const tree = parseDtb(givenBlob());
    setChosen(tree, { bootargs: "console=ttyAMA0", initrd: { start: 0x4800_0000, end: 0x1_4900_0000 } });
    const after = parseDtb(writeDtb(tree));

    const chosen = findNode(after, "/chosen")!;
    const names = ["stdout-path", "bootargs", "rng-seed", "linux,initrd-start", "linux,initrd-end"];
    expect(chosen.properties.map(({ name }) => name)).toEqual(names);
    expect(readString(chosen, "bootargs")).toBe("console=ttyAMA0");
    expect([readU64(chosen, "linux,initrd-start"), readU64(chosen, "linux,initrd-end")]).toEqual([0x4800_0000, 0x1_4900_0000]);
    expect(readCells(chosen, "linux,initrd-end")).toEqual([1, 0x4900_0000]);

    // Undo the edit: what remains is the blob that was given, byte for byte.
    deleteProperty(chosen, "linux,initrd-start");
    deleteProperty(chosen, "linux,initrd-end");
    setProperty(chosen, "bootargs", "old");
    expect(after).toEqual(before);
    expect(writeDtb(after)).toEqual(givenBlob());
  });

  it("makes /chosen where there is none, and takes one cell where the root says one", () => {
    const tree = emptyDeviceTree();
    setProperty(tree.root, "#address-cells", 1);
    setChosen(tree, { initrd: { start: 0x100, end: 0x200 }, stdoutPath: "serial0", kaslrSeed: 5, rngSeed: new Uint8Array([1, 2]) });
    const chosen = findNode(tree, "/chosen")!;
    expect(readCells(chosen, "linux,initrd-start")).toEqual([0x100]);
    expect(readCells(chosen, "kaslr-seed")).toEqual([0, 5]);
    expect(() => setChosen(tree, { initrd: { start: 0x1_0000_0000, end: 0x1_0000_0001 } })).toThrow(
      /linux,initrd-start of \/chosen: 0x1_0000_0000 does not fit 1 cell/,
    );
  });

  it("leaves the tree alone where a value is refused", () => {
    const tree = parseDtb(givenBlob());
    const nothing = { start: 0x200, end: 0x200 };
    expect(() => setChosen(tree, { bootargs: "new", initrd: nothing })).toThrow(/ends at 0x200, not after its start 0x200/);
    expect(() => setChosen(tree, { stdoutPath: "x", bootargs: "a\0b" })).toThrow(/NUL/);
    expect(tree).toEqual(parseDtb(givenBlob()));
  });
});

describe("editing a tree", () => {
  it("finds nodes by path, without unit address where only one fits (2.2.3)", () => {
    const tree = emptyDeviceTree();
    for (const path of ["/cpus/cpu@0", "/cpus/cpu@1", "/memory@40000000", "/cpu-map"]) ensureNode(tree, path);
    expect(findNode(tree, "/")).toBe(tree.root);
    expect(findNode(tree, "/memory")?.name).toBe("memory@40000000");
    expect(findNode(tree, "/cpus/cpu@1")?.name).toBe("cpu@1");
    expect(findNode(tree, "/cpus/cpu")).toBeUndefined();
    expect(findNode(tree, "/cpu")).toBeUndefined();
    expect(findNode(tree, "cpus")).toBeUndefined();
    expect(ensureNode(tree, "/memory")).toBe(findNode(tree, "/memory@40000000"));
    expect(() => ensureNode(tree, "memory")).toThrow(/begin it with "\/"/);
    expect(() => ensureNode(tree, "/a b")).toThrow(/no node name/);
  });

  it("reads values by type, and says undefined for any other type", () => {
    const { root } = emptyDeviceTree();
    setProperty(root, "one", 7);
    setProperty(root, "two", 0x20_0000_0000_0000n);
    setProperty(root, "three", [1, 2, 3]);
    setProperty(root, "text", ["a", "", "b"]);
    setProperty(root, "odd", new Uint8Array(5).fill(1));
    setProperty(root, "empty", true);
    expect([readU32(root, "one"), readU64(root, "one"), readU64(root, "two")]).toEqual([7, 7, 1n << 53n]);
    expect(readCells(root, "three")).toEqual([1, 2, 3]);
    expect([readStrings(root, "text"), readString(root, "text")]).toEqual([["a", "", "b"], undefined]);
    for (const name of ["odd", "absent"]) {
      for (const read of [readU32, readU64, readCells, readStrings, readString]) expect(read(root, name)).toBeUndefined();
    }
    expect([readU32(root, "empty"), readU64(root, "three"), readStrings(root, "empty")]).toEqual([undefined, undefined, undefined]);
  });

  it("sets bytes of its own: the caller's array stays the caller's", () => {
    const { root } = emptyDeviceTree();
    const mine = new Uint8Array([1, 2, 3, 4]);
    setProperty(root, "x", mine);
    mine.fill(0);
    expect(readU32(root, "x")).toBe(0x0102_0304);
    expect(deleteProperty(root, "x")).toBe(true);
    expect(deleteProperty(root, "x")).toBe(false);
  });
});
