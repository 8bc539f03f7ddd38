/** The ITS, and with the first one the LPIs, of the machine's GICv3 as a plugin. */
import {
  ConfigError,
  definePlugin,
  type PluginDefinition,
  type PlainData,
  provideAlso,
  type Vmm,
} from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { Subscription } from "rxjs";
import { type LpiOptions, Lpis } from "../lpi/lpis.ts";
import { VgicV3Token } from "../tokens.ts";
import type { VgicV3 } from "../vgic-v3.ts";
import { Its } from "./its.ts";
import { itsConfig, type ItsOptions } from "./its-config.ts";
import { ItsControl } from "./its-control.ts";
import { itsNode } from "./its-device-tree.ts";
import { ITS_FRAME_BYTES } from "./its.registers.ts";
import { type GicIts, GicItsToken } from "./tokens.ts";

/** Where an ITS is, how large its spaces are, and what LPIs can do. */
export interface GicItsOptions extends ItsOptions {
  /** What the redistributors can do with LPIs; the same for the whole GIC, so only the first ITS may say it. */
  readonly lpis?: LpiOptions;
}

/** The LPIs of each GIC: several ITSes of one GIC share them. */
const lpisOf = new WeakMap<VgicV3, Lpis>();

/**
 * An ITS at `base` (QEMU's `virt` board has it at 0x0808_0000) for the machine's GICv3. Several are allowed, with a name each.
 *
 * @example
 * createMachine({ vcpus: 4, plugins: [scripted(...), vgicV3(), gicIts({ base: 0x0808_0000 })] })
 */
export function gicIts(options: GicItsOptions = {}): PluginDefinition {
  const { name = "its", lpis, ...rest } = options;
  const ofMachine = new WeakMap<Vmm, PlacedIts>(); // the definition may stand in several machines
  const of = (vmm: Vmm): PlacedIts => {
    const made = ofMachine.get(vmm) ?? new PlacedIts(vmm, options);
    ofMachine.set(vmm, made);
    return made;
  };
  return definePlugin({
    name,
    fingerprint: { ...rest, ...(lpis === undefined ? {} : { lpis: { ...lpis } }) },
    provides: [provideAlso(GicItsToken, of)],
    create(vmm) {
      const made = of(vmm);
      const { its } = made;
      return {
        attach: (scope) => made.attach(scope),
        deviceTree: (tree) => {
          const node = itsNode(its, made.gic.distributorBase);
          if (node === undefined) return;
          const contribution = tree.node(node.path, name).label(name).compatible(...node.compatible);
          contribution.set("msi-controller", true).set("#msi-cells", node.msiCells).reg(node.reg);
        },
        reset: () => its.reset(),
        save: (): PlainData => ({ base: its.base, its: its.save() }),
        restore: (state) => {
          const saved = state as { readonly base: number; readonly its: PlainData };
          its.restore(saved.its);
          if (saved.base >= 0 && its.base < 0) made.place(saved.base);
        },
      };
    },
  });
}

/** An ITS and the claims that put it at its address. */
class PlacedIts implements GicIts {
  readonly gic: VgicV3;
  readonly its: Its;
  readonly lpis: Lpis;
  readonly control: ItsControl;
  private readonly vmm: Vmm;
  private readonly scope = new Subscription();

  constructor(vmm: Vmm, options: GicItsOptions) {
    const gic = vmm.find(VgicV3Token);
    if (gic === undefined) {
      throw new ConfigError(`${options.name ?? "its"} needs a GICv3, and the machine has none`, {
        subject: options.name ?? "its",
        remedy: "add vgicV3() to its plugins",
      });
    }
    this.vmm = vmm;
    this.gic = gic;
    const { intidBits } = gic.options;
    const config = itsConfig(options, intidBits);
    this.lpis = sharedLpis(gic, vmm, config.name, options.lpis);
    const { memory, order, clock, topology } = vmm;
    this.its = new Its(config, { memory, order, clock, topology, intidBits, lpis: this.lpis });
    this.control = new ItsControl(this.its, (base) => this.place(base), {
      ipaBits: 40,
      get running() {
        return order.depth > 0; // while something is emitted a vCPU may stand in the middle of an instruction
      },
    });
    this.scope.add(this.lpis.addMapper(this.its));
    this.scope.add(() => this.its.close());
  }

  attach(scope: Subscription): void {
    scope.add(this.scope);
    if (this.its.config.base >= 0) this.place(this.its.config.base);
  }

  /** @throws ConfigError when another device has the range */
  place(base: number): void {
    const { its, vmm, gic } = this;
    const region = vmm.bus.claim({ name: its.name, base, size: ITS_FRAME_BYTES }, its.frame);
    this.scope.add(() => region.release());
    its.base = base;
    this.scope.add(gic.addMsiTarget(its));
  }
}

/** Attaches LPIs to the GIC, the first time. @throws ConfigError when somebody else did, or for options that come too late */
function sharedLpis(gic: VgicV3, vmm: Vmm, its: string, options: LpiOptions | undefined): Lpis {
  const known = lpisOf.get(gic);
  if (known === undefined) {
    const lpis = gic.attachLpis((port) => new Lpis(port, vmm.memory, options)) as Lpis;
    lpisOf.set(gic, lpis);
    return lpis;
  }
  if (options === undefined) return known;
  throw new ConfigError(`${its} has options for LPIs, which an earlier ITS of ${gic.name} made`, {
    subject: `${its}.lpis`,
    other: gic.name,
    remedy: "give them to the first ITS",
  });
}


const lpiOptions: JsonSchema = {
  type: "object",
  properties: {
    directLpi: { type: "boolean", description: "GICR_SETLPIR and GICR_CLRLPIR; default false" },
    directInvalidation: { type: "boolean", description: "GICR_INVLPIR and GICR_INVALLR; default false" },
  },
  additionalProperties: false,
};

/** What may be written in a machine file: {@link GicItsOptions} but for the name, which is that of the instance. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    base: { type: "integer", minimum: 0, multipleOf: 0x1_0000, description: "128 KiB from there; QEMU's virt board: 0x0808_0000" },
    deviceIdBits: { type: "integer", minimum: 1, maximum: 32, description: "default 16" },
    eventIdBits: { type: "integer", minimum: 1, maximum: 32, description: "default 16" },
    maxDevices: { type: "integer", minimum: 1, maximum: 0x100_0000, description: "mapped at a time; default 65 536" },
    maxEvents: { type: "integer", minimum: 1, maximum: 0x100_0000, description: "mapped at a time; default: as many as the GIC has LPIs" },
    cpuDeviceId: {
      anyOf: [{ type: "integer", minimum: 0 }, { enum: ["none"] }],
      description: "DeviceID of a CPU that writes GITS_TRANSLATER; default 0",
    },
    lpis: { ...lpiOptions, description: "what the redistributors can do with LPIs; the first ITS says it" },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<GicItsOptions> = (given, { name }) => gicIts(name === undefined ? given : { ...given, name });
