/**
 * Generating SGIs on GICv2: GICD_SGIR (Arm IHI 0048, 4.3.15). Only the low four bits are an INTID; filter 3 is reserved and
 * does nothing; CPUs that do not exist are ignored. Each (target, requester) pair is a request of its own.
 */
import { SGI } from "./gic-event.ts";
import type { GicV2 } from "./gic-v2.ts";

export function sendSgi(gic: GicV2, sender: number, value: number): void {
  const intid = value & 0xf;
  const everybody = (1 << gic.space.vcpuCount) - 1;
  const filters = [(value >>> 16) & everybody, everybody & ~(1 << sender), 1 << sender, 0];
  const targets = filters[(value >>> 24) & 3]!;
  for (let target = 0; target < gic.space.vcpuCount; target++) {
    if ((targets & (1 << target)) === 0) continue;
    gic.tell(SGI, sender, intid, target);
    gic.table.addSource(gic.space.slot(intid, target), sender);
  }
}
