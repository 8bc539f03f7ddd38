/**
 * What one contributor (a plugin) may say about one node. Methods chain; a name that breaks the specification fails at
 * once, everything that depends on other nodes or contributors when the tree is built.
 */
import type { DraftNode, DraftValue, InterruptSpecifier, RangesEntry, RegEntry } from "./draft-node.ts";
import { DeviceTreeError } from "./device-tree-error.ts";
import { checkPropertyName } from "./names.ts";
import type { PropertyInput } from "./property-value.ts";

/** The builder, as far as a contribution needs it. */
export interface ContributionTarget {
  node(path: string, contributor: string): NodeContribution;
  addLabel(label: string, node: DraftNode, contributor: string): void;
}

export class NodeContribution {
  /** Named in every error this contribution causes. */
  readonly contributor: string;
  private readonly draft: DraftNode;
  private readonly target: ContributionTarget;

  constructor(draft: DraftNode, contributor: string, target: ContributionTarget) {
    this.draft = draft;
    this.contributor = contributor;
    this.target = target;
  }

  /** Full path of the node, as an alias or a message wants it. */
  get path(): string {
    return this.draft.path;
  }

  /**
   * Sets a property. Saying the same twice is fine; saying something else than before, by whomever, fails the build.
   * @example uart.set("clock-names", ["uartclk", "apb_pclk"]).set("clocks", [ref("clock"), ref("clock")])
   * @throws DeviceTreeError where `name` is no property name.
   */
  set(name: string, value: PropertyInput): this {
    return this.contribute(name, { kind: "value", value });
  }

  /** `compatible`, from most to least specific: `compatible("arm,pl011", "arm,primecell")`. */
  compatible(...names: readonly string[]): this {
    return this.set("compatible", names);
  }

  /** `reg`, in the parent's #address-cells and #size-cells. The first base has to be the unit address. */
  reg(...entries: readonly RegEntry[]): this {
    return this.contribute("reg", { kind: "reg", entries });
  }

  /** `ranges`, in the cells of the node and its parent; without entries: the same addresses above and below. */
  ranges(...entries: readonly RangesEntry[]): this {
    return this.contribute("ranges", { kind: "ranges", entries });
  }

  /** `interrupts`; each specifier has to be as long as #interrupt-cells of the interrupt parent. */
  interrupts(...specifiers: readonly InterruptSpecifier[]): this {
    return this.contribute("interrupts", { kind: "interrupts", specifiers });
  }

  /**
   * Names the node for `ref(label)`. Several labels on one node are fine.
   * @throws DeviceTreeError where another node has this label, naming both contributors.
   */
  label(label: string): this {
    this.target.addLabel(label, this.draft, this.contributor);
    return this;
  }

  /** The child of that name, made where it is new, for the same contributor. */
  child(name: string): NodeContribution {
    return this.target.node(`${this.path === "/" ? "" : this.path}/${name}`, this.contributor);
  }

  private contribute(name: string, draft: DraftValue): this {
    checkPropertyName(name, `${this.path} (${this.contributor})`);
    const entries = draft.kind === "reg" ? draft.entries : draft.kind === "interrupts" ? draft.specifiers : undefined;
    if (entries?.length === 0) {
      throw new DeviceTreeError("value", `${this.contributor} gives ${this.path} an empty ${name}`, {
        subject: this.contributor,
        other: this.path,
        remedy: "leave it out, or give at least one entry",
      });
    }
    const before = this.draft.properties.get(name);
    const contribution = { contributor: this.contributor, draft };
    if (before === undefined) this.draft.properties.set(name, [contribution]);
    else before.push(contribution);
    return this;
  }
}
