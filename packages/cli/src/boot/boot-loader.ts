/**
 * What firmware would do: puts kernel, initrd and device tree into RAM at every reset, so that a guest that reboots finds them
 * as they were. The board hands over the finished device tree once the machine is composed. Cold.
 */
import { type BootEntry, ConfigError, type DeviceTree, type GuestMemory, setChosen, writeDtb } from "@trapline/core";
import { createHash } from "node:crypto";
import type { BootPlan } from "./boot-plan.ts";
import type { Segment } from "./elf.ts";
import { sizeText } from "./image-error.ts";

/** What the loader tells a kernel in /chosen, besides where its initrd is. */
export interface BootValues {
  readonly bootargs?: string;
  readonly rngSeed?: Uint8Array;
  readonly kaslrSeed?: bigint;
}

/** The same seed, the same random numbers: the guest's own generator starts from these. */
export function seeds(seed: number | undefined): BootValues {
  if (seed === undefined) return {};
  const digest = createHash("sha256").update(`trapline ${seed}`).digest();
  return { rngSeed: new Uint8Array(digest), kaslrSeed: digest.readBigUInt64LE(0) };
}

export class BootLoader {
  private readonly memory: Pick<GuestMemory, "copyIn" | "window" | "overwritten">;
  private readonly plan: BootPlan;
  private readonly values: BootValues;
  private deviceTree: Uint8Array | undefined;

  /** What the first load leaves alone, for it comes from its file: true once it is there, false if it has to be copied after all. */
  private readonly coming = new Map<Segment, Promise<boolean>>();

  constructor(memory: Pick<GuestMemory, "copyIn" | "window" | "overwritten">, plan: BootPlan, values: BootValues = {}) {
    this.memory = memory;
    this.plan = plan;
    this.values = values;
    // Now, on other threads, while this one composes the rest of the machine.
    for (const segment of [...plan.segments, ...(plan.initrd === undefined ? [] : [plan.initrd])]) {
      const window = segment.readAgain === undefined ? undefined : memory.window(segment.address, segment.bytes.length);
      if (window !== undefined) this.coming.set(segment, segment.readAgain!(window));
    }
  }

  /** Where the first vCPU starts, X0 at the device tree. */
  get entry(): BootEntry {
    return { pc: this.plan.entry, x: [this.plan.deviceTree.address] };
  }

  /** Fills in `/chosen` and puts the tree where X0 points. @throws ConfigError when it is too large for its place */
  install(tree: DeviceTree): void {
    const { initrd, deviceTree } = this.plan;
    setChosen(tree, { ...this.values, ...(initrd === undefined ? {} : { initrd: { start: initrd.address, end: initrd.address + initrd.size } }) });
    const bytes = writeDtb(tree);
    if (bytes.length > deviceTree.limit) {
      throw new ConfigError(`the device tree has ${sizeText(bytes.length)}, and there is room for ${sizeText(deviceTree.limit)}`, {
        subject: "device tree",
        value: bytes.length,
        limit: deviceTree.limit,
        remedy: "use fewer vCPUs, or a kernel that is linked higher",
      });
    }
    this.deviceTree = bytes;
    this.memory.copyIn(deviceTree.address, bytes);
  }

  /** As at power-on: .bss and what lies between is not touched, as no firmware would. */
  load(): void {
    const { segments, initrd, deviceTree } = this.plan;
    for (const segment of segments) this.put(segment);
    if (initrd !== undefined) this.put(initrd);
    if (this.deviceTree !== undefined) this.memory.copyIn(deviceTree.address, this.deviceTree);
  }

  private put(segment: Segment): void {
    if (!this.coming.has(segment)) this.memory.copyIn(segment.address, segment.bytes);
  }

  /**
   * Completes the first load, before the machine runs: files that can be read again come straight into RAM, by several threads at a time. To
   * copy them there takes this one thread as long as a tenth of a kernel's boot, for the host has to find memory for every page.
   */
  async finish(): Promise<void> {
    for (const [segment, isThere] of [...this.coming]) {
      const wasRead = await isThere;
      this.coming.delete(segment);
      if (wasRead) this.memory.overwritten(segment.address, segment.bytes.length);
      else this.put(segment);
    }
  }
}
