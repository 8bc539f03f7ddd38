/**
 * Tree → DTS text, for people and for dtc: `dtc -I dts` makes the same tree of it again. Devicetree Specification v0.4,
 * chapter 6. Types are guessed (guess-value.ts); labels are gone once a tree is built, so phandles print as numbers.
 * `boot_cpuid_phys` has no place in DTS text; a comment shows it where it is not 0.
 */
import { hex } from "../ids.ts";
import { walkTree, type DeviceTree, type DeviceTreeNode } from "./device-tree.ts";
import { guessValue } from "./guess-value.ts";

/** Longer rows of cells are broken, so that an interrupt-map stays readable. */
const CELLS_PER_LINE = 10;
const BYTES_PER_LINE = 32;

/**
 * The text of `tree`, ending in a newline. The same tree gives the same text.
 * @throws DeviceTreeError beyond MAX_TREE_DEPTH.
 */
export function printDts(tree: DeviceTree): string {
  for (const position of walkTree(tree)) void position.depth; // checks the depth, so that printNode may recurse
  const lines = ["/dts-v1/;", ""];
  for (const { address, size } of tree.reservations) lines.push(`/memreserve/ ${word(address)} ${word(size)};`);
  if (tree.bootCpuidPhys !== 0) lines.push(`/* boot_cpuid_phys ${hex(tree.bootCpuidPhys)} */`);
  if (lines.length > 2) lines.push("");
  printNode(tree.root, "", lines);
  return `${lines.join("\n")}\n`;
}

const word = (value: number | bigint): string => `0x${value.toString(16)}`;

function printNode(node: DeviceTreeNode, indent: string, lines: string[]): void {
  lines.push(`${indent}${node.name === "" ? "/" : node.name} {`);
  const inner = `${indent}\t`;
  for (const { name, value } of node.properties) {
    const text = printValue(name, value, `${inner}\t`);
    lines.push(text === "" ? `${inner}${name};` : `${inner}${name} = ${text};`);
  }
  node.children.forEach((child, i) => {
    if (i > 0 || node.properties.length > 0) lines.push("");
    printNode(child, inner, lines);
  });
  lines.push(`${indent}};`);
}

/** A value as DTS writes it: `"okay"`, `<0x1 0x2>`, `[00 ff]`; "" for an empty one. `indent` begins continued lines. */
export function printValue(name: string, value: Uint8Array, indent = "\t"): string {
  const guess = guessValue(name, value);
  switch (guess.kind) {
    case "empty":
      return "";
    case "strings":
      return guess.strings.map(quote).join(", ");
    case "cells":
      return `<${inLines(guess.cells.map(word), CELLS_PER_LINE, indent)}>`;
    case "bytes":
      return `[${inLines(Array.from(guess.bytes, (byte) => byte.toString(16).padStart(2, "0")), BYTES_PER_LINE, indent)}]`;
  }
}

function inLines(items: readonly string[], perLine: number, indent: string): string {
  const rows: string[] = [];
  for (let i = 0; i < items.length; i += perLine) rows.push(items.slice(i, i + perLine).join(" "));
  return rows.join(`\n${indent}`);
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function quote(text: string): string {
  return `"${text.replace(/["\\\n\r\t]/g, (character) => ESCAPES[character]!)}"`;
}
