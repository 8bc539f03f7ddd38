/**
 * What plugins have said about one node so far: every contribution kept with its author, nothing resolved. Inside the
 * builder only; resolve-tree.ts turns drafts into a tree.
 */
import type { U64 } from "../u64.ts";
import type { Cell, PropertyInput } from "./property-value.ts";

/** One entry of `reg`. Without a size where the parent has #size-cells 0 (cpus). */
export interface RegEntry {
  readonly base: U64;
  readonly size?: U64;
}

/** One entry of `ranges`: `size` bytes at `child` (seen from below) are at `parent` (seen from above). */
export interface RangesEntry {
  /** May be as wide as #address-cells of the node, for PCI with the space flags in the top cell. */
  readonly child: U64;
  readonly parent: U64;
  readonly size: U64;
}

/** The cells of one interrupt, as its controller's #interrupt-cells wants them. */
export type InterruptSpecifier = readonly Cell[];

/** A value that may need its surroundings (cell counts, phandles) before it becomes bytes. */
export type DraftValue =
  | { readonly kind: "value"; readonly value: PropertyInput }
  | { readonly kind: "reg"; readonly entries: readonly RegEntry[] }
  | { readonly kind: "ranges"; readonly entries: readonly RangesEntry[] }
  | { readonly kind: "interrupts"; readonly specifiers: readonly InterruptSpecifier[] };

export interface Contribution {
  readonly contributor: string;
  readonly draft: DraftValue;
}

export interface DraftNode {
  readonly name: string;
  readonly path: string;
  readonly parent: DraftNode | undefined;
  /** Who asked for the node first. */
  readonly contributor: string;
  readonly children: Map<string, DraftNode>;
  /** In order of first mention; more than one contribution to a name has to agree. */
  readonly properties: Map<string, Contribution[]>;
}

/** Where a label stands and who put it there. */
export interface DraftLabel {
  readonly node: DraftNode;
  readonly contributor: string;
}
