/**
 * The LPIs of one GICv3 (Arm IHI 0069, "LPIs"; gic.md B.6 and C.5): pending latch, enable and priority of each, and the
 * LPI registers of every redistributor. The ITS, and GICR_SETLPIR where it exists, make LPIs pending here.
 *
 * - An LPI is pending at no more than one redistributor; made pending a second time it coalesces.
 * - Configuration bytes are cached when an LPI is mapped or first made pending, and read again by INV, INVALL and their
 *   redistributor forms only. GICR_PROPBASER is one register that all redistributors share (CommonLPIAff = 0).
 * - Enabling LPIs takes the pending bits out of guest memory, disabling puts them back (docs/adr/0009-its-tables.md).
 *
 * Memory: 5 bytes per LPI (2^intidBits − 8192 of them) and some 40 per vCPU, allocated once: no guest makes it grow.
 * Hot: `pend` and `acknowledged`, O(1) and without allocation. Linear in the number of LPIs, and cold: enabling,
 * disabling, INVALL and MOVALL.
 */
import { type GuestMemory, hi32, lo32, type PlainData, type U64 } from "@trapline/core";
import { addressField, keep } from "../u64-fields.ts";
import * as intids from "../intid-space.ts";
import type { LpiController, LpiPort, LpiState } from "./lpi-controller.ts";
import * as lpiMemory from "./lpi-memory.ts";
import { checkSavedLpis, type SavedLpis } from "./saved-lpis.ts";

// docs/adr/0023-interrupt-delivery.md
const { FIRST_LPI } = intids;
const { CONFIG_ENABLE, CONFIG_PRIORITY } = lpiMemory;

/** What the redistributors of a GIC can do with LPIs. */
export interface LpiOptions {
  /** GICR_TYPER.DirectLPI: redistributors take LPIs through GICR_SETLPIR and GICR_CLRLPIR. Default false. */
  readonly directLpi?: boolean;
  /** GICR_CTLR.IR: GICR_INVLPIR and GICR_INVALLR work. Linux then uses them instead of INV commands. Default false. */
  readonly directInvalidation?: boolean;
}

/** What became of an attempt to make an LPI pending. */
export const PENDED = 1;
/** LPIs are not enabled at the target: the message is lost (gic.md J 146). */
export const LPIS_DISABLED = 0;
/** No usable LPI: outside 8192 … 2^min(GICR_PROPBASER.IDbits + 1, intidBits) − 1. Dropped. */
export const NO_SUCH_LPI = -1;
export type PendResult = typeof PENDED | typeof LPIS_DISABLED | typeof NO_SUCH_LPI;

/** Who can tell where an INTID is mapped to: an ITS. */
export interface LpiMapper {
  /** The vCPU to which some event sends `intid`; −1 when its collection has none; undefined when no event does. Cold. */
  targetOf(intid: number): number | undefined;
}

const ENABLE_LPIS = 0x1;
const CTLR_CES = 0x2;
const CTLR_IR = 0x4;
const TYPER_PLPIS = 0x1;
const TYPER_DIRECT_LPI = 0x8;
const PTZ = 0x4000_0000;
/** Not pending anywhere. */
const NOWHERE = -1;
/** Marks a configuration byte as read; it takes the place of the RES1 bit, whose value means nothing. */
const CACHED = 0x02;

export class Lpis implements LpiController {
  /** LPIs this GIC has: INTIDs 8192 … 8192 + count − 1. */
  declare readonly count: number;
  declare private readonly port: LpiPort;
  declare private readonly memory: GuestMemory;
  declare private readonly typerBits: number;
  declare private readonly ctlrBits: number;
  private readonly mappers: LpiMapper[] = [];

  /** By LPI: the configuration byte with CACHED for its RES1 bit, or 0 while it was not read. */
  declare private readonly config: Uint8Array;
  /** By LPI: the vCPU it is pending at, or NOWHERE. */
  declare private readonly holder: Int32Array;
  /** By vCPU: how many LPIs are pending there. Spares INVALL and MOVALL the search when there are none. */
  declare private readonly pendingCount: Uint32Array;
  declare private readonly enabled: Uint8Array;
  declare private readonly pendbasers: U64[];
  /** By vCPU: PENDBASER was written with PTZ since LPIs were last enabled there. */
  declare private readonly tableIsZero: Uint8Array;
  private propbaserValue: U64 = 0;
  /** One past the last usable INTID; derived from PROPBASER. */
  private limit = FIRST_LPI;
  private configBase = 0;

  constructor(port: LpiPort, memory: GuestMemory, options: LpiOptions = {}) {
    const vcpus = port.topology.count;
    this.port = port;
    this.memory = memory;
    this.typerBits = TYPER_PLPIS | (options.directLpi === true ? TYPER_DIRECT_LPI : 0);
    this.ctlrBits = CTLR_CES | (options.directInvalidation === true ? CTLR_IR : 0);
    this.count = Math.max(0, 2 ** port.intidBits - FIRST_LPI);
    this.config = new Uint8Array(this.count);
    this.holder = new Int32Array(this.count).fill(NOWHERE);
    this.pendingCount = new Uint32Array(vcpus);
    this.enabled = new Uint8Array(vcpus);
    this.tableIsZero = new Uint8Array(vcpus);
    this.pendbasers = new Array<U64>(vcpus).fill(0);
  }

  /** An ITS registers itself, so that `peek` can tell what is mapped. Returns the undo. */
  addMapper(mapper: LpiMapper): () => void {
    this.mappers.push(mapper);
    return () => void this.mappers.splice(this.mappers.indexOf(mapper), 1);
  }

  // ---- one LPI ------------------------------------------------------------------------------------------------------

  /**
   * Makes `intid` pending at `vcpu`. When it is pending already, there or elsewhere, nothing changes.
   * @param last see `LpiPort.file`
   */
  pend(intid: number, vcpu: number, last = false): PendResult {
    if (this.enabled[vcpu] !== 1) return LPIS_DISABLED;
    if (!this.usable(intid)) return NO_SUCH_LPI;
    const index = intid - FIRST_LPI;
    if (this.holder[index] !== NOWHERE) return PENDED;
    this.holder[index] = vcpu;
    this.pendingCount[vcpu]!++;
    const config = this.config[index]! === 0 ? this.loadConfig(index) : this.config[index]!;
    if ((config & CONFIG_ENABLE) !== 0) this.port.file(intid, vcpu, config & CONFIG_PRIORITY, last);
    return PENDED;
  }

  acknowledged(intid: number, vcpu: number): void {
    const index = intid - FIRST_LPI;
    if (this.holder[index] !== vcpu) return;
    this.holder[index] = NOWHERE;
    this.pendingCount[vcpu]!--;
  }

  /** Clears the latch (CLEAR, DISCARD). */
  clear(intid: number): void {
    const vcpu = this.holder[intid - FIRST_LPI] ?? NOWHERE;
    if (vcpu === NOWHERE) return;
    this.port.withdraw(intid);
    this.acknowledged(intid, vcpu);
  }

  /**
   * Takes the pending state of `intid` to `vcpu` (MOVI). It stays where it is while `vcpu` has LPIs disabled: moved there it
   * would be lost.
   */
  move(intid: number, vcpu: number): void {
    const index = intid - FIRST_LPI;
    const from = this.holder[index] ?? NOWHERE;
    if (from === NOWHERE || from === vcpu || this.enabled[vcpu] !== 1) return;
    this.holder[index] = vcpu;
    this.pendingCount[from]!--;
    this.pendingCount[vcpu]!++;
    this.refile(index);
  }

  /** Reads the configuration byte of an LPI that was just mapped, unless it is cached. */
  mapped(intid: number): void {
    if (this.usable(intid) && this.config[intid - FIRST_LPI] === 0) this.loadConfig(intid - FIRST_LPI);
  }

  /** Reads the configuration byte again (INV): an LPI that waits is then offered, withdrawn or re-prioritised. */
  invalidate(intid: number): void {
    if (!this.usable(intid)) return;
    this.loadConfig(intid - FIRST_LPI);
    this.refile(intid - FIRST_LPI);
  }

  // ---- all LPIs of a redistributor ------------------------------------------------------------------------------------

  /**
   * INVALL: LPIs pending at `vcpu` get their configuration read again now, those that are pending nowhere when they are next
   * needed. That includes LPIs of other collections, which the architecture allows: a cache may forget at any time.
   */
  invalidateAll(vcpu: number): void {
    const { holder, config } = this;
    for (let index = 0; index < holder.length; index++) {
      const at = holder[index]!;
      if (at === NOWHERE) config[index] = 0;
      else if (at === vcpu) {
        this.loadConfig(index);
        this.refile(index);
      }
    }
  }

  /** MOVALL: what is pending at `from` becomes pending at `to`, unless LPIs are disabled there. */
  moveAll(from: number, to: number): void {
    if (from === to || this.enabled[to] !== 1) return;
    const { holder } = this;
    for (let index = 0; this.pendingCount[from]! > 0 && index < holder.length; index++) {
      if (holder[index] === from) this.move(FIRST_LPI + index, to);
    }
  }

  // ---- registers ------------------------------------------------------------------------------------------------------

  typer(_vcpu: number): number {
    return this.typerBits;
  }

  ctlr(vcpu: number): number {
    return this.ctlrBits | this.enabled[vcpu]!;
  }

  writeCtlr(vcpu: number, value: number): void {
    const enable = value & ENABLE_LPIS;
    if (enable === this.enabled[vcpu]) return;
    if (enable === 1) this.enable(vcpu);
    else this.disable(vcpu);
  }

  propbaser(_vcpu: number): U64 {
    return this.propbaserValue;
  }

  /** Ignored while LPIs are enabled at the redistributor that is written. */
  writePropbaser(vcpu: number, value: U64): void {
    if (this.enabled[vcpu] === 1) return;
    const kept = keep(value, 0x070f_ffff, 0xffff_ff9f);
    if (kept === this.propbaserValue) return;
    this.propbaserValue = kept;
    this.derive();
    this.forgetUnusable();
  }

  pendbaser(vcpu: number): U64 {
    return this.pendbasers[vcpu]!;
  }

  writePendbaser(vcpu: number, value: U64): void {
    if (this.enabled[vcpu] === 1) return;
    this.pendbasers[vcpu] = keep(value, 0x070f_ffff, 0xffff_0f80);
    this.tableIsZero[vcpu] = (hi32(value) & PTZ) === 0 ? 0 : 1;
  }

  writeSetlpir(vcpu: number, value: U64): void {
    if ((this.typerBits & TYPER_DIRECT_LPI) !== 0) this.pend(lo32(value), vcpu);
  }

  writeClrlpir(vcpu: number, value: U64): void {
    const intid = lo32(value);
    if ((this.typerBits & TYPER_DIRECT_LPI) !== 0 && this.holder[intid - FIRST_LPI] === vcpu) this.clear(intid);
  }

  writeInvlpir(_vcpu: number, value: U64): void {
    if (this.canInvalidate) this.invalidate(lo32(value));
  }

  writeInvallr(vcpu: number, _value: U64): void {
    if (this.canInvalidate) this.invalidateAll(vcpu);
  }

  // ---- for monitors, control interface and snapshots --------------------------------------------------------------------

  lpisEnabled(vcpu: number): boolean {
    return this.enabled[vcpu] === 1;
  }

  /** The vCPU at which `intid` is pending, or −1. */
  pendingAt(intid: number): number {
    return this.holder[intid - FIRST_LPI] ?? NOWHERE;
  }

  peek(intid: number): LpiState | undefined {
    const index = intid - FIRST_LPI;
    const at = this.holder[index];
    if (at === undefined) return undefined;
    // What is not cached would be read when needed, so that is what there is to tell.
    const read = (): number => (this.usable(intid) ? lpiMemory.readConfigByte(this.memory, this.configBase, intid) : 0);
    const config = this.config[index]! === 0 ? read() : this.config[index]!;
    let target: number | undefined;
    for (const mapper of this.mappers) target ??= mapper.targetOf(intid);
    const vcpu = at === NOWHERE ? (target ?? NOWHERE) : at;
    return {
      mapped: target !== undefined || at !== NOWHERE,
      pending: at !== NOWHERE,
      enabled: (config & CONFIG_ENABLE) !== 0,
      priority: config & CONFIG_PRIORITY,
      vcpu,
      lpisEnabled: this.enabled[vcpu] === 1,
    };
  }

  /**
   * KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES: writes what is pending into the tables of the redistributors, which go on.
   * @returns false when a table is not in RAM; the others are written
   */
  savePendingTables(): boolean {
    let complete = true;
    for (let vcpu = 0; vcpu < this.enabled.length; vcpu++) if (this.enabled[vcpu] === 1) complete = this.flush(vcpu) && complete;
    return complete;
  }

  reset(): void {
    for (let index = 0; index < this.holder.length; index++) {
      if (this.holder[index] !== NOWHERE) this.port.withdraw(FIRST_LPI + index);
    }
    this.holder.fill(NOWHERE);
    this.config.fill(0);
    this.pendingCount.fill(0);
    this.enabled.fill(0);
    this.tableIsZero.fill(0);
    this.pendbasers.fill(0);
    this.propbaserValue = 0;
    this.derive();
  }

  save(): PlainData {
    const pending: number[] = [];
    for (const [index, vcpu] of this.holder.entries()) if (vcpu !== NOWHERE) pending.push(FIRST_LPI + index, vcpu);
    const saved: SavedLpis = {
      propbaser: this.propbaserValue,
      pendbasers: [...this.pendbasers],
      enabled: this.enabled.slice(),
      tableIsZero: this.tableIsZero.slice(),
      config: this.config.slice(),
      pending,
    };
    return saved;
  }

  check(state: PlainData): void {
    checkSavedLpis(state, this.enabled.length, this.count);
  }

  restore(state: PlainData): void {
    const saved: SavedLpis = checkSavedLpis(state, this.enabled.length, this.count);
    this.reset();
    this.propbaserValue = saved.propbaser;
    this.derive();
    for (const [vcpu, value] of saved.pendbasers.entries()) this.pendbasers[vcpu] = value;
    this.enabled.set(saved.enabled);
    this.tableIsZero.set(saved.tableIsZero);
    this.config.set(saved.config);
    for (let n = 0; n < saved.pending.length; n += 2) {
      const index = saved.pending[n]! - FIRST_LPI;
      const vcpu = saved.pending[n + 1]!;
      this.holder[index] = vcpu;
      this.pendingCount[vcpu]!++;
      this.refile(index);
    }
  }

  // ---- inside ---------------------------------------------------------------------------------------------------------

  private get canInvalidate(): boolean {
    return ((this.typerBits & TYPER_DIRECT_LPI) | (this.ctlrBits & CTLR_IR)) !== 0;
  }

  private usable(intid: number): boolean {
    return intid >= FIRST_LPI && intid < this.limit;
  }

  private loadConfig(index: number): number {
    const byte = lpiMemory.readConfigByte(this.memory, this.configBase, FIRST_LPI + index);
    return (this.config[index] = (byte & (CONFIG_ENABLE | CONFIG_PRIORITY)) | CACHED);
  }

  /** Brings the port up to date with one LPI; does what is needed, whatever was filed before. */
  private refile(index: number): void {
    const intid = FIRST_LPI + index;
    const vcpu = this.holder[index]!;
    if (vcpu === NOWHERE) return;
    const config = this.config[index]! === 0 ? this.loadConfig(index) : this.config[index]!;
    if ((config & CONFIG_ENABLE) !== 0) this.port.file(intid, vcpu, config & CONFIG_PRIORITY);
    else this.port.withdraw(intid);
  }

  private enable(vcpu: number): void {
    this.enabled[vcpu] = 1;
    const isZero = this.tableIsZero[vcpu] === 1;
    this.tableIsZero[vcpu] = 0; // the hint was about the table as it is now
    if (isZero) return;
    lpiMemory.takePendingBits(this.memory, this.pendingBase(vcpu), this.limit, (intid) => this.pend(intid, vcpu));
  }

  private disable(vcpu: number): void {
    this.flush(vcpu);
    for (let index = 0; this.pendingCount[vcpu]! > 0 && index < this.holder.length; index++) {
      if (this.holder[index] === vcpu) this.clear(FIRST_LPI + index);
    }
    this.enabled[vcpu] = 0;
  }

  private flush(vcpu: number): boolean {
    return lpiMemory.writePendingBits(this.memory, this.pendingBase(vcpu), this.limit, (intid) => this.holder[intid - FIRST_LPI] === vcpu);
  }

  private pendingBase(vcpu: number): number {
    return addressField(this.pendbasers[vcpu]!, 16);
  }

  private derive(): void {
    const idBits = (lo32(this.propbaserValue) & 0x1f) + 1;
    this.limit = Math.max(FIRST_LPI, 2 ** Math.min(idBits, this.port.intidBits));
    this.configBase = addressField(this.propbaserValue, 12);
  }

  /** Another PROPBASER: nothing read from the old table counts, and LPIs beyond the new one are dropped. */
  private forgetUnusable(): void {
    this.config.fill(0);
    for (let index = 0; index < this.holder.length; index++) {
      if (this.holder[index] === NOWHERE) continue;
      if (this.usable(FIRST_LPI + index)) this.refile(index);
      else this.clear(FIRST_LPI + index);
    }
  }
}
