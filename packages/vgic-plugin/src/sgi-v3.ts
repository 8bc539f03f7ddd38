/**
 * Generating SGIs on GICv3: ICC_SGI1R_EL1 and its kin (Arm IHI 0069; gic.md B.8.17).
 *
 * | field | bits |
 * |---|---|
 * | TargetList | [15:0] |
 * | Aff1, INTID, Aff2 | [23:16], [27:24], [39:32] |
 * | IRM | 40: everybody but the sender |
 * | RS | [47:44]: the list names Aff0 = 16·RS + bit |
 * | Aff3 | [55:48] |
 *
 * - The SGI becomes pending at a target only if it is of the wanted group there: group 1 for SGI1R, group 0 for SGI0R and,
 *   with one security state, ASGI1R.
 * - Without range selector (GICD_TYPER.RSS) RS is RES0 and read as 0.
 * - SGIs carry no sender: two before the acknowledge are one.
 *
 * Work per write: at most 16 targets, or all vCPUs with IRM.
 */
import { SGI } from "./gic-event.ts";
import type { GicV3 } from "./gic-v3.ts";

export function sendSgi(gic: GicV3, sender: number, low: number, high: number, group: 0 | 1): void {
  const intid = (low >>> 24) & 0xf;
  if ((high & 0x100) !== 0) {
    for (let vcpu = 0; vcpu < gic.space.vcpuCount; vcpu++) if (vcpu !== sender) request(gic, sender, vcpu, intid, group, false);
    return;
  }
  const selector = gic.options.rangeSelector ? (high >>> 12) & 0xf : 0;
  const cluster = (((high >>> 16) & 0xff) << 24) | ((high & 0xff) << 16) | (((low >>> 16) & 0xff) << 8) | (selector << 4);
  for (let list = low & 0xffff, bit = 0; list !== 0; list >>>= 1, bit++) {
    if ((list & 1) === 0) continue;
    const vcpu = gic.topology.vcpuAt(cluster | bit);
    if (vcpu >= 0) request(gic, sender, vcpu, intid, group, list === 1);
  }
}

/** @param last nothing else happens in the emission */
function request(gic: GicV3, sender: number, target: number, intid: number, group: 0 | 1, last: boolean): void {
  const slot = gic.space.slot(intid, target);
  if (gic.table.group(slot) !== group) return;
  gic.tell(SGI, sender, intid, target);
  gic.table.latch(slot, last);
}
