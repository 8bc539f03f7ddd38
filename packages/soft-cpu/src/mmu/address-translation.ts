/**
 * AT S1E1R, S1E1W, S1E0R, S1E0W: what they leave in PAR_EL1 (DDI 0487, AArch64.AT(), AArch64.EncodePAR()). Always a fresh walk,
 * never a TLB entry, which the manual leaves open. Cold.
 */
import { FSC_SYNC_EXTERNAL_ON_WALK, NO_FAULT } from "./fault-status.ts";
import { effectiveShareability } from "./memory-attributes.ts";
import type { Stage1 } from "./stage1.ts";
import { RIGHT_READ, RIGHT_WRITE, type Translation } from "./translation.ts";

const PAR_F = 1n;
const PAR_RES1 = 1n << 11n;
/** UNKNOWN for a Non-secure regime; set, as the output address is Non-secure. */
const PAR_NS = 1n << 9n;

/**
 * @param el the level whose access is asked for: 1 or 0
 * @param out holds the walk afterwards
 * @returns PAR_EL1, or undefined when the walk met an external abort: then the instruction takes a Data Abort with `out.fault`,
 * reported as cache maintenance (CM and WnR set), and PAR_EL1 is UNKNOWN
 */
export function addressTranslation(
  stage1: Stage1, out: Translation, el: number, write: boolean, vaHi: number, vaLo: number,
): bigint | undefined {
  let fault = stage1.translate(vaHi, vaLo, out);
  if ((fault & ~3) === FSC_SYNC_EXTERNAL_ON_WALK) return undefined;
  if (fault === NO_FAULT) fault = out.check(el, write ? RIGHT_WRITE : RIGHT_READ);
  if (fault !== NO_FAULT) return PAR_F | (BigInt(fault) << 1n) | PAR_RES1;
  const page = BigInt(out.pa) & ~0xfffn;
  const shareability = BigInt(effectiveShareability(out.attributes, out.shareability));
  return (BigInt(out.attributes) << 56n) | page | PAR_RES1 | PAR_NS | (shareability << 7n);
}
