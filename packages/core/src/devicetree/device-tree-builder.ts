/**
 * Collects what plugins say about the machine and makes one device tree of it.
 *
 * Nodes, properties and phandles come in the order of first mention, so the same contributions in the same order give
 * the same bytes. Contradictions are errors that name both contributors; nobody wins silently. Not hot.
 */
import { hex } from "../ids.ts";
import { toBigint, type U64 } from "../u64.ts";
import { DeviceTreeError } from "./device-tree-error.ts";
import { MAX_TREE_DEPTH, notAbsolute, pathSteps, tooDeep, type DeviceTree } from "./device-tree.ts";
import type { DraftLabel, DraftNode } from "./draft-node.ts";
import { checkNodeName } from "./names.ts";
import { NodeContribution, type ContributionTarget } from "./node-contribution.ts";
import { resolveTree } from "./resolve-tree.ts";

interface DraftReservation {
  readonly address: U64;
  readonly size: U64;
  readonly contributor: string;
}

export class DeviceTreeBuilder implements ContributionTarget {
  private readonly root: DraftNode = newNode("", "/", undefined, "the builder");
  private readonly labels = new Map<string, DraftLabel>();
  private readonly reservations: DraftReservation[] = [];
  private bootCpu: { readonly id: number; readonly contributor: string } | undefined;

  /**
   * The node at `path`, made with its ancestors where it is new. `contributor` is the plugin's name, for errors.
   * @throws DeviceTreeError where the path is not absolute, too deep, or a step is no node name.
   */
  node(path: string, contributor: string): NodeContribution {
    if (!path.startsWith("/")) throw notAbsolute(path);
    const steps = pathSteps(path);
    if (steps.length >= MAX_TREE_DEPTH) throw tooDeep(path);
    let node = this.root;
    for (const step of steps) {
      let child = node.children.get(step);
      if (child === undefined) {
        checkNodeName(step, `${path} (${contributor})`);
        child = newNode(step, `${node.path === "/" ? "" : node.path}/${step}`, node, contributor);
        node.children.set(step, child);
      }
      node = child;
    }
    return new NodeContribution(node, contributor, this);
  }

  /** See {@link NodeContribution.label}. */
  addLabel(label: string, node: DraftNode, contributor: string): void {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) {
      throw new DeviceTreeError("label", `"${label}", given to ${node.path} by ${contributor}, is no label`, {
        subject: contributor,
        value: label,
        remedy: "use a letter or _, then letters, digits and _",
      });
    }
    const present = this.labels.get(label);
    if (present !== undefined && present.node !== node) {
      throw new DeviceTreeError(
        "label",
        `label "${label}" is given to ${present.node.path} by ${present.contributor} and to ${node.path} by ${contributor}`,
        { subject: present.contributor, other: contributor, value: label, remedy: "rename one of them" },
      );
    }
    if (present === undefined) this.labels.set(label, { node, contributor });
  }

  /**
   * Keeps the guest from using `size` bytes at `address` (section 5.3).
   * @throws DeviceTreeError where it is empty, leaves the 64-bit space or overlaps another one, naming both contributors.
   */
  reserve(address: U64, size: U64, contributor: string): void {
    const whole = [address, size].every((value) => typeof value === "bigint" || Number.isSafeInteger(value));
    const start = whole ? toBigint(address) : 0n;
    const end = whole ? start + toBigint(size) : 0n;
    if (start < 0n || end <= start || end > 1n << 64n) {
      throw new DeviceTreeError("value", `${contributor} reserves ${hex(size)} bytes at ${hex(address)}, which is no range`, {
        subject: contributor,
        value: size,
        limit: 1n << 64n,
        remedy: "give at least one byte, inside 64 bits of address",
      });
    }
    for (const other of this.reservations) {
      const otherStart = toBigint(other.address);
      if (end <= otherStart || start >= otherStart + toBigint(other.size)) continue;
      const [mine, theirs] = [`${hex(address)}+${hex(size)}`, `${hex(other.address)}+${hex(other.size)}`];
      throw new DeviceTreeError("conflict", `${contributor} reserves ${mine}, which overlaps ${theirs} of ${other.contributor}`, {
        subject: contributor,
        other: other.contributor,
        value: mine,
        limit: theirs,
        remedy: "reservations shall not overlap: merge them or move one",
      });
    }
    this.reservations.push({ address, size, contributor });
  }

  /**
   * Physical id (`reg`) of the CPU that boots; 0 where nobody says.
   * @throws DeviceTreeError where another contributor named another one, or it is no u32.
   */
  bootCpuid(id: number, contributor: string): void {
    if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff) {
      throw new DeviceTreeError("value", `${contributor} gives boot CPU id ${id}`, {
        subject: contributor,
        value: id,
        limit: 0xffff_ffff,
        remedy: "boot_cpuid_phys has 32 bits",
      });
    }
    const before = this.bootCpu;
    if (before !== undefined && before.id !== id) {
      throw new DeviceTreeError("conflict", `boot CPU is ${hex(before.id)} for ${before.contributor} and ${hex(id)} for ${contributor}`, {
        subject: before.contributor,
        other: contributor,
        value: id,
        remedy: "let one of them choose",
      });
    }
    this.bootCpu ??= { id, contributor };
  }

  /**
   * The tree of all contributions so far. May be called again later; each call makes a new tree.
   * @throws DeviceTreeError for contradictions, unknown labels, values that do not fit, unit addresses unlike `reg`.
   */
  build(): DeviceTree {
    return {
      root: resolveTree(this.root, this.labels),
      reservations: this.reservations.map(({ address, size }) => ({ address, size })),
      bootCpuidPhys: this.bootCpu?.id ?? 0,
    };
  }
}

function newNode(name: string, path: string, parent: DraftNode | undefined, contributor: string): DraftNode {
  return { name, path, parent, contributor, children: new Map(), properties: new Map() };
}
