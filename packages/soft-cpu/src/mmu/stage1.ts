/**
 * Stage 1 translation of the EL1&0 regime: the table walk and the flat translation while SCTLR_EL1.M is 0 (DDI 0487,
 * AArch64.TranslationTableWalk(), AArch64.TranslateAddressS1Off()). Reads tables afresh, caches nothing: soft-tlb.ts does that.
 * stage1-controls.ts says which architecture this is and what it chooses where the manual leaves a choice; here:
 * - an instruction fetch from Device memory that is not execute-never is carried out (INSTRDEVICE: Constraint_NONE);
 * - the contiguous bit is not checked for misprogramming and has no effect;
 * - tables are read from RAM and ROM; elsewhere a walk ends with an external abort.
 *
 * Hot: on each TLB miss. No bigint, no allocation: addresses are pairs of words or numbers below 2^48.
 */
import { FSC_ACCESS_FLAG, FSC_ADDRESS_SIZE, FSC_SYNC_EXTERNAL_ON_WALK, FSC_TRANSLATION, NO_FAULT } from "./fault-status.ts";
import { DEVICE_nGnRnE, effectiveAttributes, isDevice } from "./memory-attributes.ts";
import type { PhysicalMemory } from "./physical-memory.ts";
import { PA_BITS, Stage1Controls } from "./stage1-controls.ts";
import { ALL_RIGHTS, rightsOf, type Translation } from "./translation.ts";

const TWO_32 = 0x1_0000_0000;

// Descriptor bits, low word.
const VALID = 1;
const TABLE_OR_PAGE = 2;
const AP_UNPRIVILEGED = 1 << 6;
const AP_READ_ONLY = 1 << 7;
const ACCESS_FLAG = 1 << 10;
const NOT_GLOBAL = 1 << 11;
// High word.
const PXN = 1 << (53 - 32);
const UXN = 1 << (54 - 32);
const PXN_TABLE = 1 << (59 - 32);
const UXN_TABLE = 1 << (60 - 32);
const APTABLE_NO_EL0 = 1 << (61 - 32);
const APTABLE_READ_ONLY = 1 << (62 - 32);

export class Stage1 {
  readonly controls: Stage1Controls = new Stage1Controls();
  private readonly memory: PhysicalMemory;
  private readonly view: DataView;

  /** @param buffer the WebAssembly memory that `memory` gives offsets into */
  constructor(buffer: ArrayBuffer, memory: PhysicalMemory) {
    this.memory = memory;
    this.view = new DataView(buffer);
  }

  /**
   * Translates a virtual address, given as two words of any sign, for no access in particular.
   * @returns what is also in `out.fault`
   */
  translate(vaHi: number, vaLo: number, out: Translation): number {
    const { controls } = this;
    const half = (vaHi & (1 << (55 - 32))) === 0 ? controls.lower : controls.upper;
    out.level = 0;
    if (!controls.enabled) return (out.fault = flat(half.tagged ? vaHi & 0x00ff_ffff : vaHi, vaLo, out));
    if (!half.usable || (vaHi & half.highMask) !== half.highValue || (vaLo & half.lowMask) !== half.lowValue) {
      return (out.fault = FSC_TRANSLATION);
    }
    if (half.tableTooHigh) return (out.fault = FSC_ADDRESS_SIZE);
    return (out.fault = this.walk(vaHi, vaLo, half.startLevel, half.startIndexMask, half.tableBase, out));
  }

  private walk(vaHi: number, vaLo: number, startLevel: number, startIndexMask: number, tableBase: number, out: Translation): number {
    const { memory, view, controls } = this;
    let base = tableBase;
    let level = startLevel;
    let index = indexAt(level, vaHi, vaLo) & startIndexMask;
    let inherited = 0;
    let lo: number;
    let hi: number;
    for (;;) {
      const at = memory.wasmOffset(base + 8 * index, 8);
      if (at < 0) return end(out, level, FSC_SYNC_EXTERNAL_ON_WALK);
      lo = view.getInt32(at, true);
      hi = view.getInt32(at + 4, true);
      if ((lo & VALID) === 0 || (level === 3 && (lo & TABLE_OR_PAGE) === 0)) return end(out, level, FSC_TRANSLATION);
      if (level === 3 || (lo & TABLE_OR_PAGE) === 0) break;
      if ((hi & controls.outputMask) !== 0) return end(out, level, FSC_ADDRESS_SIZE);
      inherited |= hi;
      base = (hi & 0xffff) * TWO_32 + ((lo & 0xffff_f000) >>> 0);
      level++;
      index = indexAt(level, vaHi, vaLo) & 0x1ff;
    }
    // The order of these three is the manual's: it decides which of several faults is reported.
    if (level === 0) return end(out, level, FSC_TRANSLATION);
    if ((hi & controls.outputMask) !== 0) return end(out, level, FSC_ADDRESS_SIZE);
    if ((lo & ACCESS_FLAG) === 0) return end(out, level, FSC_ACCESS_FLAG);

    const offsetMask = level === 3 ? 0xfff : level === 2 ? 0x1f_ffff : 0x3fff_ffff;
    const attributeBit = (lo << 1) & 0x38;
    const mair = attributeBit < 32 ? controls.mairLo >>> attributeBit : controls.mairHi >>> (attributeBit - 32);
    out.level = level;
    out.blockLog2 = 39 - 9 * level;
    out.pa = (hi & 0xffff) * TWO_32 + (((lo & ~offsetMask) | (vaLo & offsetMask)) >>> 0);
    out.attributes = effectiveAttributes(mair & 0xff);
    out.device = isDevice(out.attributes);
    out.shareability = (lo >>> 8) & 3;
    out.global = (lo & NOT_GLOBAL) === 0;
    out.rights = rightsOf(
      (lo & AP_READ_ONLY) !== 0 || (inherited & APTABLE_READ_ONLY) !== 0,
      (lo & AP_UNPRIVILEGED) !== 0 && (inherited & APTABLE_NO_EL0) === 0,
      (hi & UXN) !== 0 || (inherited & UXN_TABLE) !== 0,
      (hi & PXN) !== 0 || (inherited & PXN_TABLE) !== 0,
      controls.writeExecuteNever,
    );
    return NO_FAULT;
  }
}

/** With the MMU off an address is its own translation, data is Device-nGnRnE and fetches are Normal; see `Translation.device`. */
function flat(high: number, low: number, out: Translation): number {
  if (high >>> (PA_BITS - 32) !== 0) return FSC_ADDRESS_SIZE;
  out.pa = (high >>> 0) * TWO_32 + (low >>> 0);
  out.blockLog2 = 12;
  out.attributes = DEVICE_nGnRnE;
  out.device = true;
  out.shareability = 0;
  out.global = true;
  out.rights = ALL_RIGHTS;
  return NO_FAULT;
}

/** VA bits of the lookup at `level`, not yet cut to the table's size. */
function indexAt(level: number, vaHi: number, vaLo: number): number {
  switch (level) {
    case 0:
      return vaHi >>> (39 - 32);
    case 1:
      return (vaHi << 2) | (vaLo >>> 30);
    case 2:
      return vaLo >>> 21;
    default:
      return vaLo >>> 12;
  }
}

function end(out: Translation, level: number, kind: number): number {
  out.level = level;
  return kind | level;
}
