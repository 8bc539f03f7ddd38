/** The plugins that machine files name without installing anything. */
import type { Catalogue } from "@trapline/core/machine-file";
import * as cfiFlash from "@trapline/devices/cfi-flash";
import * as fwCfg from "@trapline/devices/fw-cfg";
import * as pcie from "@trapline/devices/pcie";
import * as pl011 from "@trapline/devices/pl011";
import * as pl031 from "@trapline/devices/pl031";
import * as pl061 from "@trapline/devices/pl061";
import * as powerButton from "@trapline/devices/power-button";
import * as eventfd from "@trapline/irqfd-plugin/eventfd";
import * as gsiRouting from "@trapline/irqfd-plugin/gsi-routing";
import * as ioeventfd from "@trapline/irqfd-plugin/ioeventfd";
import * as irqfd from "@trapline/irqfd-plugin/irqfd";
import * as softCpu from "@trapline/soft-cpu";
import * as cpuLines from "@trapline/vgic-plugin/cpu-lines";
import * as gicIts from "@trapline/vgic-plugin/gic-its";
import * as gicV2m from "@trapline/vgic-plugin/gic-v2m";
import * as vgicV2 from "@trapline/vgic-plugin/vgic-v2";
import * as vgicV3 from "@trapline/vgic-plugin/vgic-v3";
import * as virtioBlock from "@trapline/virtio/block";
import * as virtioConsole from "@trapline/virtio/console";
import * as virtioMmio from "@trapline/virtio/mmio";
import * as virtioNet from "@trapline/virtio/net";
import * as virtioRng from "@trapline/virtio/rng";
import { virtNodes } from "./board/virt-nodes.plugin.ts";
import { bootModule, type ImageSource } from "./boot/boot.plugin.ts";

const BUILT_IN: Catalogue = {
  "soft-cpu": softCpu,
  "vgic-v3": vgicV3,
  "vgic-v2": vgicV2,
  "gic-v2m": gicV2m,
  "gic-its": gicIts,
  "cpu-lines": cpuLines,
  eventfd,
  "gsi-routing": gsiRouting,
  irqfd,
  ioeventfd,
  pl011,
  pl031,
  pl061,
  "power-button": powerButton,
  "fw-cfg": fwCfg,
  "cfi-flash": cfiFlash,
  pcie,
  "virtio-block": virtioBlock,
  "virtio-console": virtioConsole,
  "virtio-net": virtioNet,
  "virtio-rng": virtioRng,
  "virtio-mmio": virtioMmio,
  "virt-nodes": { plugin: virtNodes(), options: { type: "object", additionalProperties: false } },
};

/** @param images where the boot loader finds kernels by name */
export function catalogueWith(images: ImageSource): Catalogue {
  return { boot: bootModule(images), ...BUILT_IN };
}
