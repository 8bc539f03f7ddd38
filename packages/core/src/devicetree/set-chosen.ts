/**
 * What a loader writes into a finished tree, its own or one given with --dtb: `/chosen` (Devicetree Specification v0.4,
 * 3.6, and Linux's additions). Everything else of the tree stays as it is, order included.
 */
import { hex } from "../ids.ts";
import { toBigint, type U64 } from "../u64.ts";
import { DeviceTreeError } from "./device-tree-error.ts";
import { ensureNode, setProperty, type DeviceTree } from "./device-tree.ts";
import { encodeValue, splitIntoCells, wordsToBytes } from "./property-value.ts";
import { readU32 } from "./read-value.ts";
import { DEFAULT_ADDRESS_CELLS } from "./tree-index.ts";

/** Absent members are left as the tree has them. */
export interface ChosenValues {
  readonly bootargs?: string;
  readonly stdoutPath?: string;
  /** Where the initial RAM disk lies: first byte, and first byte after it. */
  readonly initrd?: { readonly start: U64; readonly end: U64 };
  /** Seed for the guest's random numbers; Linux wipes it after use. */
  readonly rngSeed?: Uint8Array;
  /** Seed for address-space randomisation. */
  readonly kaslrSeed?: U64;
}

/**
 * Sets the given properties of `/chosen`, making the node where there is none. Addresses take as many cells as the root
 * says, at most two, as Linux reads them.
 * @throws DeviceTreeError where an address does not fit, or the initrd ends before it starts.
 */
export function setChosen(tree: DeviceTree, values: ChosenValues): void {
  const { bootargs, stdoutPath, initrd, rngSeed, kaslrSeed } = values;
  const addressCells = (readU32(tree.root, "#address-cells") ?? DEFAULT_ADDRESS_CELLS) >= 2 ? 2 : 1;
  // Every value becomes bytes before the first one is set, so that an error leaves the tree untouched.
  const edits: [name: string, bytes: Uint8Array][] = [];
  const number = (name: string, value: U64, cells: number): void => {
    edits.push([name, wordsToBytes(splitIntoCells(value, cells, `${name} of /chosen`))]);
  };
  if (bootargs !== undefined) edits.push(["bootargs", encodeValue(bootargs, "bootargs of /chosen")]);
  if (stdoutPath !== undefined) edits.push(["stdout-path", encodeValue(stdoutPath, "stdout-path of /chosen")]);
  if (initrd !== undefined) {
    number("linux,initrd-start", initrd.start, addressCells);
    number("linux,initrd-end", initrd.end, addressCells);
    checkOrder(initrd.start, initrd.end);
  }
  if (rngSeed !== undefined) edits.push(["rng-seed", rngSeed]);
  if (kaslrSeed !== undefined) number("kaslr-seed", kaslrSeed, 2);

  const chosen = ensureNode(tree, "/chosen");
  for (const [name, bytes] of edits) setProperty(chosen, name, bytes);
}

function checkOrder(start: U64, end: U64): void {
  if (toBigint(end) > toBigint(start)) return;
  throw new DeviceTreeError("value", `the initrd ends at ${hex(end)}, not after its start ${hex(start)}`, {
    subject: "linux,initrd-end",
    value: end,
    limit: start,
    remedy: "the end is the first address after the last byte",
  });
}
