/**
 * Stage 1 translation again, slowly and word for word from the pseudocode of DDI 0487A, D4.2.10 (AArch64.TranslationTableWalk(),
 * TranslateAddressS1Off(), CheckPermission(), S1AttrDecode()), on bigints, for one access at a time. Shares nothing with the
 * walk it judges but the choices that stage1-controls.ts lists.
 */
import type { Registers } from "./guest-tables.fixture.ts";

export type Acctype = "read" | "write" | "ifetch";

export interface OracleResult {
  readonly fault: number;
  readonly pa?: bigint;
  readonly level?: number;
  readonly blocksize?: bigint;
  readonly nG?: boolean;
  readonly device?: boolean;
  readonly attrfield?: bigint;
  readonly sh?: bigint;
}

const PAMAX = 40n;

/** value<high:low> */
function field(value: bigint, high: bigint, low: bigint): bigint {
  return (value >> low) & ((1n << (high - low + 1n)) - 1n);
}
const bit = (value: bigint, n: bigint): boolean => field(value, n, n) === 1n;
const isOnes = (value: bigint, high: bigint, low: bigint): boolean => field(value, high, low) === (1n << (high - low + 1n)) - 1n;

type Read64 = (pa: bigint) => bigint | undefined;

/** The fault of one access, or what it reaches. */
export function oracle(read64: Read64, r: Registers, vaddress: bigint, el: 0 | 1, acctype: Acctype): OracleResult {
  const tbi = bit(vaddress, 55n) ? bit(r.tcr, 38n) : bit(r.tcr, 37n);
  const top = tbi ? 55n : 63n;

  if (!bit(r.sctlr, 0n)) {
    if (field(vaddress, top, PAMAX) !== 0n) return { fault: 0 };
    return { fault: -1, pa: field(vaddress, 47n, 0n), level: 0, nG: false, device: true, attrfield: 0n };
  }

  const upper = bit(vaddress, top);
  const inputsize = 64n - (upper ? field(r.tcr, 21n, 16n) : field(r.tcr, 5n, 0n));
  let basefound = inputsize >= 25n && inputsize <= 48n;
  if (basefound) basefound = upper ? isOnes(vaddress, top, inputsize) : field(vaddress, top, inputsize) === 0n;
  const disabled = upper ? bit(r.tcr, 23n) : bit(r.tcr, 7n);
  const baseregister = upper ? r.ttbr1 : r.ttbr0;
  const grainsize = 12n;
  const stride = 9n;
  let level = 4n - (inputsize - grainsize + stride - 1n) / stride;
  if (!basefound || disabled) return { fault: 0b000100 };

  let outputsize = [32n, 36n, 40n, 42n, 44n, 48n, 48n, 48n][Number(field(r.tcr, 34n, 32n))]!;
  if (outputsize > PAMAX) outputsize = PAMAX;
  if (field(baseregister, 47n, outputsize) !== 0n) return { fault: 0b000000 };

  const baselowerbound = 3n + inputsize - ((3n - level) * stride + grainsize);
  let baseaddress = (field(baseregister, 47n, 0n) >> baselowerbound) << baselowerbound;
  let readOnlyTable = false;
  let noUserTable = false;
  let xnTable = false;
  let pxnTable = false;
  let addrselecttop = inputsize - 1n;
  let addrselectbottom: bigint;
  let desc: bigint;
  for (;;) {
    addrselectbottom = (3n - level) * stride + grainsize;
    const index = field(vaddress, addrselecttop, addrselectbottom) << 3n;
    const word = read64(baseaddress | index);
    if (word === undefined) return { fault: 0b010100 | Number(level) };
    desc = word;
    if (!bit(desc, 0n) || (field(desc, 1n, 0n) === 0b01n && level === 3n)) return { fault: 0b000100 | Number(level) };
    if (field(desc, 1n, 0n) === 0b01n || level === 3n) break;
    if (field(desc, 47n, outputsize) !== 0n) return { fault: 0b000000 | Number(level) };
    baseaddress = field(desc, 47n, grainsize) << grainsize;
    readOnlyTable ||= bit(desc, 62n);
    xnTable ||= bit(desc, 60n);
    noUserTable ||= bit(desc, 61n);
    pxnTable ||= bit(desc, 59n);
    level += 1n;
    addrselecttop = addrselectbottom - 1n;
  }
  if (level < 1n) return { fault: 0b000100 | Number(level) };
  if (field(desc, 47n, outputsize) !== 0n) return { fault: 0b000000 | Number(level) };
  if (!bit(desc, 10n)) return { fault: 0b001000 | Number(level) };

  const pa = (field(desc, 47n, addrselectbottom) << addrselectbottom) | field(vaddress, addrselectbottom - 1n, 0n);
  const ap2 = bit(desc, 7n) || readOnlyTable;
  const ap1 = bit(desc, 6n) && !noUserTable;
  const xn = bit(desc, 54n) || xnTable;
  const pxn = bit(desc, 53n) || pxnTable;

  const wxn = bit(r.sctlr, 19n);
  const privR = true;
  const privW = !ap2;
  const userR = ap1;
  const userW = !ap2 && ap1;
  const userXn = xn || (userW && wxn);
  const privXn = pxn || (privW && wxn) || userW;
  const [canRead, canWrite, never] = el === 1 ? [privR, privW, privXn] : [userR, userW, userXn];
  const fail = acctype === "ifetch" ? never : acctype === "write" ? !canWrite : !canRead;
  if (fail) return { fault: 0b001100 | Number(level) };

  let attrfield = field(r.mair, 8n * field(desc, 4n, 2n) + 7n, 8n * field(desc, 4n, 2n));
  const device = field(attrfield, 7n, 4n) === 0n;
  // RESMAIR
  if (device) attrfield = field(attrfield, 3n, 2n) << 2n;
  else if (field(attrfield, 3n, 0n) === 0n) attrfield = 0x44n;
  const blocksize = 1n << addrselectbottom;
  return { fault: -1, pa, level: Number(level), blocksize, nG: bit(desc, 11n), device, attrfield, sh: field(desc, 9n, 8n) };
}
