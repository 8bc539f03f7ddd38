/** A virtio block device as a plugin: a disk in a file or in memory, with an overlay or a snapshot over it. */
import { ConfigError, HostError, type PluginDefinition } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { placementOptions, type VirtioPlacement } from "../transport/placement.ts";
import { virtioDevicePlugin } from "../transport/virtio-plugin.ts";
import { VirtioBlock } from "./block-device.ts";
import { ID_BYTES } from "./block-request.ts";
import { type DiskOptions, planDisk } from "./disks/disk-plan.ts";
import { LateDisk } from "./disks/forwarding-disk.ts";

const MAX_QUEUES = 64;
const QUEUE_SIZES: readonly number[] = [4, 8, 16, 32, 64, 128, 256, 512, 1024];
const BLOCK_SIZES: readonly number[] = [512, 1024, 2048, 4096];
const MAX_LATENCY_US = 1e9;

/** A disk in a machine: what it is kept on, and what its guest sees of it. */
export interface BlockOptions extends VirtioPlacement, DiskOptions {
  /** Unique in its machine. Default "disk0". */
  readonly name?: string;
  /** What the guest calls it (Linux: /sys/block/vda/serial): up to 20 characters of ASCII. Default: the name, as far as it fits. */
  readonly serial?: string;
  /** 1 … 64. More than one lets as many vCPUs ask at the same time. Default 1. */
  readonly queues?: number;
  /** Entries of each queue, a power of two from 4 to 1024. Default 256. */
  readonly queueSize?: number;
  /** What the guest takes for a sector, bytes: 512, 1024, 2048 or 4096. Default 512. */
  readonly blockSize?: number;
  /** From notification to completion, microseconds. Default 50 under virtual time, 0 under host time. */
  readonly latencyUs?: number;
}

/**
 * A disk. Its size is looked at now, its files are opened when a machine is made.
 * @throws ConfigError for options that contradict each other, and for files that are not there, no files, empty or not permitted
 *
 * @example
 * createMachine({ plugins: [softCpu(), vgicV3(), block({ file: "root.img", overlay: "root.cow" })] })
 */
export function block(options: BlockOptions): PluginDefinition {
  const {
    name = "disk0",
    serial = name.slice(0, ID_BYTES),
    queues = 1,
    queueSize = 256,
    blockSize = 512,
    latencyUs,
    cache = "writeback",
  } = options;
  check(name, "queues", queues, Number.isInteger(queues) && queues >= 1 && queues <= MAX_QUEUES, `use 1 to ${MAX_QUEUES}`);
  check(name, "queueSize", queueSize, QUEUE_SIZES.includes(queueSize), "use a power of two from 4 to 1024");
  check(name, "blockSize", blockSize, BLOCK_SIZES.includes(blockSize), "use 512, 1024, 2048 or 4096");
  check(name, "latencyUs", latencyUs ?? 0, (latencyUs ?? 0) >= 0 && (latencyUs ?? 0) <= MAX_LATENCY_US, "use 0 to 10^9 microseconds");
  check(name, "serial", serial, /^[\x20-\x7e]*$/.test(serial) && serial.length <= ID_BYTES, `use up to ${ID_BYTES} characters of ASCII`);
  const plan = planDisk(name, options);
  return virtioDevicePlugin({
    name,
    place: options,
    fingerprint: {
      sizeBytes: plan.sizeBytes,
      readOnly: plan.readOnly,
      discards: plan.discards,
      grainBytes: plan.grainBytes,
      serial,
      queues,
      queueSize,
      blockSize,
    },
    make(vmm) {
      return new VirtioBlock({
        name,
        disk: new LateDisk(name, plan, plan.open),
        clock: vmm.clock,
        serial,
        queues,
        queueSize,
        blockBytes: blockSize,
        ...(latencyUs === undefined ? {} : { latencyNs: latencyUs * 1000 }),
        writeback: cache !== "writethrough",
        report: (error) => vmm.report(error),
        hold: () => vmm.hold(),
        wake: () => vmm.wake(),
      });
    },
    life: (device, vmm) => ({
      attach(scope) {
        device.disk.open();
        scope.add(() => device.disk.close());
        const { capacityBytes } = device.config;
        const unused = plan.sizeBytes + plan.unusedBytes - capacityBytes;
        if (unused > 0) vmm.report(unusedEnd(name, unused, capacityBytes, blockSize));
      },
      stop: () => device.quiesce(),
    }),
  });
}

function check(name: string, option: string, value: number | string, isGood: boolean, remedy: string): void {
  if (!isGood)
    throw new ConfigError(`${name} cannot have ${option} ${typeof value === "string" ? JSON.stringify(value) : value}`, {
      subject: name,
      value,
      remedy,
    });
}

function unusedEnd(name: string, unused: number, capacityBytes: number, blockSize: number): HostError {
  return new HostError(`${name} leaves the last ${unused} bytes of its disk unused: they make no whole sector of ${blockSize}`, {
    subject: name,
    value: capacityBytes + unused,
    limit: capacityBytes,
    remedy: `lengthen the file to a multiple of ${blockSize} bytes`,
  });
}

/** What may be written in a machine file: {@link BlockOptions} but for the name, which is that of the instance, and `disk`. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    ...placementOptions,
    file: { type: "string", minLength: 1, description: "a raw file, seen from the machine file's folder" },
    memory: {
      type: "integer",
      minimum: 512,
      multipleOf: 512,
      description: "in the place of file: bytes of an empty disk in memory, or in the overlay's file",
    },
    overlay: {
      type: "string",
      minLength: 1,
      description: "a file that keeps what is written, so that the base stays as it is; made when it is not there",
    },
    snapshot: { type: "boolean", description: "what is written goes to memory and is gone in the end; default false" },
    memoryLimit: { type: "integer", minimum: 0x1_0000, description: "most host memory for contents of memory or snapshot; default 1G" },
    readOnly: { type: "boolean", description: "the guest may not write; default false" },
    cache: {
      enum: ["writeback", "writethrough", "unsafe"],
      description: "when writes are on the host's storage: when flushed, at once, or whenever; default writeback",
    },
    serial: { type: "string", maxLength: ID_BYTES, pattern: "^[\\x20-\\x7e]*$", description: "what the guest calls it; default: the name" },
    queues: { type: "integer", minimum: 1, maximum: MAX_QUEUES, description: "default 1" },
    queueSize: { enum: [...QUEUE_SIZES], description: "entries of each queue; default 256" },
    blockSize: { enum: [...BLOCK_SIZES], description: "what the guest takes for a sector; default 512" },
    latencyUs: {
      type: "number",
      minimum: 0,
      maximum: MAX_LATENCY_US,
      description: "from notification to completion; default 50 under virtual time, 0 under host time",
    },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<BlockOptions> = (given, context) =>
  block({
    ...given,
    ...(context.name === undefined ? {} : { name: context.name }),
    ...(given.file === undefined ? {} : { file: context.resolve(given.file) }),
    ...(given.overlay === undefined ? {} : { overlay: context.resolve(given.overlay) }),
  });
