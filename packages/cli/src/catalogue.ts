/** The plugins that machine files name without installing anything. */
import type { Catalogue } from "@trapline/core/machine-file";
import * as fwCfg from "@trapline/devices/fw-cfg";
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

export const CATALOGUE: Catalogue = {
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
};
