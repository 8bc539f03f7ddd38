import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeviceTreeError, lintDeviceTree, parseDtb, printDts, writeDtb, type DeviceTree, type DeviceTreeNode } from "./index.ts";
import { wordsToBytes } from "./property-value.ts";

/** Any tree the model can hold, names and nesting as free as the format allows. */
const NAME_START = "abcxyzABCXYZ";
const NAME = `${NAME_START}0189,._+-`;
const someText = (first: string, rest: string, max: number): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...first), fc.string({ unit: fc.constantFrom(...rest), maxLength: max })).map(([head, tail]) => head + tail);
const addressedName = fc.tuple(someText(NAME_START, NAME, 4), fc.nat(0xffff)).map(([name, unit]) => `${name}@${unit.toString(16)}`);
const nodeName = fc.oneof(someText(NAME_START, NAME, 8), addressedName);
const propertyName = fc.oneof(
  someText(NAME_START, `${NAME}#?`, 12),
  fc.constantFrom("reg", "ranges", "interrupts", "interrupt-parent", "interrupt-map", "interrupts-extended", "interrupt-controller"),
  fc.constantFrom("#address-cells", "#size-cells", "#interrupt-cells", "clocks", "#clock-cells", "msi-map", "compatible", "device_type"),
);
const utf8 = new TextEncoder();
const value = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.array(fc.oneof(fc.nat(4), fc.nat(0xffff_ffff)), { maxLength: 12 }).map(wordsToBytes),
  fc.array(fc.string({ maxLength: 9 }), { maxLength: 3 }).map((texts) => utf8.encode(texts.map((text) => `${text}\0`).join(""))),
);
const phandle = fc.integer({ min: 1, max: 9 }).map((n) => ({ name: "phandle", value: new Uint8Array([0, 0, 0, n]) }));
const someProperties = fc.uniqueArray(fc.record({ name: propertyName, value }), { selector: ({ name }) => name, maxLength: 5 });
const properties = fc
  .tuple(someProperties, fc.array(phandle, { maxLength: 1 }))
  .map(([some, extra]) => [...some, ...extra]);
const nodeOfHeight = (height: number): fc.Arbitrary<DeviceTreeNode> =>
  fc.record({
    name: nodeName,
    properties,
    children: height === 0 ? fc.constant([]) : fc.uniqueArray(nodeOfHeight(height - 1), { selector: ({ name }) => name, maxLength: 3 }),
  });
const u64 = fc.bigInt(0n, (1n << 64n) - 1n).map((whole) => (whole <= 0x1f_ffff_ffff_ffffn ? Number(whole) : whole));
const tree: fc.Arbitrary<DeviceTree> = fc.record({
  root: nodeOfHeight(3).map((root) => ({ ...root, name: "" })),
  // A reservation of nothing at 0 would end the list.
  reservations: fc.array(fc.record({ address: u64, size: u64.map((size) => (size === 0 ? 1 : size)) }), { maxLength: 3 }),
  bootCpuidPhys: fc.nat(0xffff_ffff),
});

describe("any tree", () => {
  it("is what parsing its blob gives", () => {
    fc.assert(fc.property(tree, (original) => void expect(parseDtb(writeDtb(original))).toEqual(original)));
  });

  it("has one blob: writing what was parsed gives the same bytes", () => {
    fc.assert(
      fc.property(tree, (original) => {
        const blob = writeDtb(original);
        expect(writeDtb(parseDtb(blob))).toEqual(blob);
      }),
    );
  });

  it("can be printed and linted, with findings that name nodes of the tree", () => {
    fc.assert(
      fc.property(tree, (original) => {
        expect(printDts(original)).toMatch(/^\/dts-v1\/;\n/);
        for (const { path, message } of lintDeviceTree(original)) {
          expect(path).toMatch(/^\//);
          expect(message).not.toMatch(/undefined|NaN/);
        }
      }),
    );
  });
});

describe("hostile blobs", () => {
  /** What became of a blob. Anything thrown but the typed error, and any hang, fails the test by itself. */
  function outcomeOf(blob: Uint8Array): "tree" | "refused" {
    let parsed: DeviceTree;
    try {
      parsed = parseDtb(blob);
    } catch (error) {
      if (error instanceof DeviceTreeError) return "refused";
      throw error;
    }
    // What parses has to print, lint, and survive another round. Overlapping blocks can make it longer than the blob.
    printDts(parsed);
    lintDeviceTree(parsed);
    expect(parseDtb(writeDtb(parsed))).toEqual(parsed);
    return "tree";
  }

  it("survives arbitrary bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void expect(outcomeOf(bytes)).toBe("refused")), { numRuns: 1000 });
  });

  it("survives arbitrary bytes behind a plausible header", () => {
    const words = fc.array(fc.oneof(fc.constantFrom(1, 2, 3, 4, 9, 0), fc.nat(64), fc.nat(0xffff_ffff)), { maxLength: 60 });
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(words, (body) => {
        const end = 4 * (14 + body.length);
        const header = [0xd00dfeed, end + 8, 0x38, end, 0x28, 17, 16, 0, 8, 4 * body.length];
        outcomes.add(outcomeOf(wordsToBytes([...header, 0, 0, 0, 0, ...body, 0x61006200, 0])));
      }),
      { numRuns: 2000, examples: [[[1, 0, 3, 0, 2, 2, 9]]] },
    );
    expect([...outcomes]).toEqual(["tree", "refused"]);
  });

  it("survives mutations of good blobs: bytes and words changed, cut, and spliced", () => {
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant("byte"), at: fc.nat(), to: fc.nat(255) }),
      fc.record({ kind: fc.constant("word"), at: fc.nat(), to: fc.constantFrom(1, 2, 3, 4, 9, 0x7fff_ffff, 0xffff_fffc, 0xffff_ffff) }),
      fc.record({ kind: fc.constant("word"), at: fc.nat(), to: fc.nat(0x200) }),
      fc.record({ kind: fc.constant("cut"), at: fc.nat(), to: fc.constant(0) }),
      fc.record({ kind: fc.constant("copy"), at: fc.nat(), to: fc.nat() }),
    );
    const outcomes = { tree: 0, refused: 0 };
    fc.assert(
      fc.property(tree, fc.array(mutation, { minLength: 1, maxLength: 6 }), (original, mutations) => {
        let blob = writeDtb(original);
        for (const { kind, at, to } of mutations) {
          const offset = at % blob.length;
          if (kind === "byte") blob[offset] = to;
          else if (kind === "word" && blob.length >= 4) new DataView(blob.buffer).setUint32(Math.min(offset & ~3, blob.length - 4), to);
          else if (kind === "copy") blob.copyWithin(offset, to % blob.length);
          else if (kind === "cut" && offset >= 4) blob = blob.slice(0, offset);
        }
        outcomes[outcomeOf(blob)]++;
      }),
      { numRuns: 1500 },
    );
    // Both ways out were taken, so the generator tests what it says.
    expect(Math.min(outcomes.tree, outcomes.refused)).toBeGreaterThan(20);
  });

  it("takes time in proportion to the blob, also where a blob is 2 MiB of nothing but nodes, properties or names", () => {
    const start = performance.now();
    for (const [unit, tail] of [
      [[1, 0x61000000, 2], []], // empty nodes, all with one name
      [[3, 0, 0], []], // properties, all with one name
      [[4], []], // NOPs
    ] as const) {
      const units = Math.floor((0x20_0000 - 200) / (4 * unit.length));
      const body = [1, 0, ...Array.from({ length: units }, () => unit).flat(), ...tail, 2, 9];
      const strings = 0x38 + 4 * body.length;
      const header = [0xd00dfeed, strings + 4, 0x38, strings, 0x28, 17, 16, 0, 4, 4 * body.length];
      const parsed = parseDtb(wordsToBytes([...header, 0, 0, 0, 0, ...body, 0x72656700 /* "reg" */]));
      lintDeviceTree(parsed);
      printDts(parsed);
      expect(writeDtb(parsed).length).toBeLessThanOrEqual(0x20_0000);
    }
    expect(performance.now() - start).toBeLessThan(20_000); // about 1 s; a quadratic step would take minutes
  });
});

const hasDtc = spawnSync("dtc", ["--version"]).error === undefined;
const missing = hasDtc ? "" : " (skipped: dtc is not installed, apt-get install device-tree-compiler)";

describe.skipIf(!hasDtc)(`any tree, judged by dtc${missing}`, () => {
  it("printed, compiled and parsed is the same tree, and the same bytes as ours", () => {
    fc.assert(
      fc.property(tree, (original) => {
        const calm = withoutMeaning(original);
        const args = ["-q", "-f", "-I", "dts", "-O", "dtb", "-b", `${calm.bootCpuidPhys}`];
        const { stdout, status, stderr } = spawnSync("dtc", args, { input: printDts(calm) });
        expect(`${status} ${stderr.toString()}`).toMatch(/^0/);
        expect(parseDtb(new Uint8Array(stdout))).toEqual(calm);
        expect(Buffer.from(writeDtb(calm)).equals(stdout)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

/** dtc 1.6.1 stops at an assertion when a property it knows has a length it does not expect: here no name is known to it. */
function withoutMeaning(original: DeviceTree): DeviceTree {
  const rename = (from: DeviceTreeNode): DeviceTreeNode => ({
    ...from,
    properties: from.properties.map((property) => ({ ...property, name: `t,${property.name}` })),
    children: from.children.map(rename),
  });
  return { ...original, root: rename(original.root) };
}
