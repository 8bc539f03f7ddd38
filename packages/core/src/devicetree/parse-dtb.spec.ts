import { describe, expect, it } from "vitest";
import { emptyDeviceTree, ensureNode, parseDtb, readString, readU32, setProperty, writeDtb, type DeviceTree } from "./index.ts";

/** A node with a property, a child, a reservation: header 0…0x27, reservations 0x28…0x47, structure from 0x48. */
function sample(): DeviceTree {
  const tree = emptyDeviceTree();
  tree.reservations.push({ address: 0x8000_0000, size: 0x1000 });
  tree.bootCpuidPhys = 3;
  setProperty(tree.root, "model", "sample");
  setProperty(ensureNode(tree, "/cpus"), "#size-cells", 0);
  return tree;
}

const STRUCT = 0x48;

function patched(patches: readonly (readonly [offset: number, word: number])[], tree = sample()): Uint8Array {
  const blob = writeDtb(tree);
  const view = new DataView(blob.buffer);
  for (const [offset, word] of patches) view.setUint32(offset, word);
  return blob;
}

describe("parseDtb", () => {
  it("returns the tree that was written", () => {
    expect(parseDtb(writeDtb(sample()))).toEqual(sample());
  });

  it("reads a blob that lies inside a larger buffer and ignores what follows totalsize", () => {
    const blob = writeDtb(sample());
    const buffer = new Uint8Array(blob.length + 7 + 100).fill(0xff);
    buffer.set(blob, 7);
    expect(parseDtb(buffer.subarray(7))).toEqual(sample());
  });

  it("copies values: later changes of the blob do not reach the tree", () => {
    const blob = writeDtb(sample());
    const tree = parseDtb(blob);
    blob.fill(0);
    expect(readString(tree.root, "model")).toBe("sample");
  });

  it("skips FDT_NOP wherever a token may stand (5.4.1)", () => {
    // FDT_PROP, length, nameoff and the 8 bytes of "sample" become five NOPs: libfdt deletes properties this way.
    const tree = parseDtb(patched([0, 4, 8, 12, 16].map((at) => [STRUCT + 8 + at, 4])));
    expect(tree.root.properties).toEqual([]);
    expect(readU32(tree.root.children[0]!, "#size-cells")).toBe(0);
  });

  it("reads version 16, whose header has no size_dt_struct", () => {
    expect(parseDtb(patched([[20, 16], [36, 0xffff_ffff]]))).toEqual(sample());
  });

  it("reads a later version that is compatible with 17", () => {
    expect(parseDtb(patched([[20, 18], [24, 17]]))).toEqual(sample());
  });

  it("keeps names the specification would not have, but the field does", () => {
    const tree = sample();
    const properties = [{ name: "a*b@c", value: new Uint8Array(1) }];
    tree.root.children.push({ name: "0starts-with-a-digit-and-is-longer-than-31", properties, children: [] });
    tree.root.children.push({ name: "cpus", properties: [], children: [] }); // a second /cpus
    expect(parseDtb(writeDtb(tree))).toEqual(tree);
  });

  //  what is wrong                     patches                         the message says
  const DAMAGED = [
    ["no magic",                       [[0, 0xd00dfeee]],              /magic is 0xd00d_feee, not 0xd00d_feed; give/],
    ["version 15",                     [[20, 15], [24, 15]],           /version 15, compatible down to 15, is neither 16 nor 17/],
    ["not compatible with 17",         [[20, 20], [24, 18]],           /version 20, compatible down to 18/],
    ["totalsize beyond the data",      [[4, 0x1000]],                  /totalsize is 0x1000, the data are 0x/],
    ["totalsize inside the header",    [[4, 39]],                      /totalsize is 0x27/],
    ["totalsize beyond the limit",     [[4, 0x20_0001]],               /is 0x20_0001 bytes long, the limit is 0x20_0000/],
    ["structure outside",              [[8, 0xffff_fffc]],             /off_dt_struct puts its block at 0xffff_fffc/],
    ["structure in the header",        [[8, 0]],                       /off_dt_struct puts its block at 0x0/],
    ["structure not aligned",          [[8, STRUCT + 2]],              /off_dt_struct 0x4a is not aligned to 4 bytes/],
    ["structure too long",             [[36, 0xffff_ffff]],            /off_dt_struct puts its block/],
    ["strings outside",                [[12, 0x1000]],                 /off_dt_strings puts its block at 0x1000/],
    ["strings too long",               [[32, 0xffff_ffff]],            /off_dt_strings puts its block/],
    ["reservations not aligned",       [[16, 0x2c]],                   /off_mem_rsvmap 0x2c is not aligned to 8 bytes/],
    ["reservations outside",           [[16, 0x4000_0000]],            /off_mem_rsvmap puts its block/],
    ["reservations without an end",    [[0x3c, 1], [0x44, 1]],         /reservation block has no closing entry/],
    ["no node at first",               [[STRUCT, 9]],                  /does not begin with FDT_BEGIN_NODE/],
    ["a root with a name",             [[STRUCT + 4, 0x2f000000]],     /"\/" is no name for the root node/],
    ["an unknown token",               [[STRUCT + 8, 7]],              /at offset 0x50 token 0x7 stands where/],
    ["FDT_END inside a node",          [[STRUCT + 8, 9]],              /token 0x9 stands where/],
    ["a property that is too long",    [[STRUCT + 12, 0xffff_ffff]],   /property "model" claims 0xffff_ffff bytes/],
    ["a name outside the strings",     [[STRUCT + 16, 0x1000]],        /nameoff 0x1000 lies outside the strings block/],
    ["a node with an impossible name", [[STRUCT + 32, 0x63207573]],    /"c us" is no name for a node/],
    ["no FDT_END",                     [[36, 0x40]],                   /structure block ends before FDT_END/],
    ["a structure cut inside a property", [[36, 12]],                     /the structure block ends inside a property/],
    ["a name that runs out of its block", [[36, 34]],                     /a node name runs into the end of its block/],
  ] as const;

  it.each(DAMAGED)("refuses %s", (_, patches, message) => {
    let error: unknown;
    try {
      parseDtb(patched(patches));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: "DeviceTreeError", kind: "config", message: expect.stringMatching(message) });
  });

  it("refuses a property after a subnode (5.4.2)", () => {
    const tree = emptyDeviceTree();
    ensureNode(tree, "/a");
    setProperty(ensureNode(tree, "/b"), "ok", true);
    // BEGIN "" BEGIN "a" END | BEGIN "b" PROP 0 0 END END: turn BEGIN "b" into NOPs, and the last END with it.
    const blob = patched([[0x38 + 20, 4], [0x38 + 24, 4], [0x38 + 44, 4]], tree);
    expect(() => parseDtb(blob)).toThrow(/a property of "" follows its subnodes/);
  });

  it.each([0, 1, 35, 36, 39])("refuses %i bytes", (length) => {
    expect(() => parseDtb(writeDtb(sample()).subarray(0, length))).toThrow(/device tree blob: at offset/);
  });

  it("refuses 65 levels, and reads 64", () => {
    const deep = (levels: number): Uint8Array => {
      const begins = Array.from({ length: levels }, (_, i) => (i === 0 ? [1, 0] : [1, 0x61000000])).flat();
      const words = [...begins, ...Array<number>(levels).fill(2), 9];
      const blob = new Uint8Array(0x38 + 4 * words.length);
      const view = new DataView(blob.buffer);
      const header = [0xd00dfeed, blob.length, 0x38, blob.length, 0x28, 17, 16, 0, 0, 4 * words.length];
      header.forEach((value, i) => view.setUint32(4 * i, value));
      words.forEach((value, i) => view.setUint32(0x38 + 4 * i, value));
      return blob;
    };
    expect(() => parseDtb(deep(64))).not.toThrow();
    expect(() => parseDtb(deep(65))).toThrow(/lies deeper than 64 \(0x40\) levels/);
    expect(() => parseDtb(deep(170_000))).toThrow(/lies deeper than 64/);
  });

  it("refuses names beyond 255 bytes, and reads 255", () => {
    const tree = emptyDeviceTree();
    tree.root.children.push({ name: "n".repeat(255), properties: [], children: [] });
    expect(parseDtb(writeDtb(tree))).toEqual(tree);
    const blob = writeDtb(tree);
    blob[0x38 + 8 + 4 + 255] = 0x6e; // its NUL; the padding's stays
    const view = new DataView(blob.buffer);
    view.setUint32(0x38 + 8 + 4 + 256, 0); // the END_NODE after it becomes the terminator
    expect(() => parseDtb(blob)).toThrow(/a node name is longer than 255 bytes; shorten it/);
  });
});
