/**
 * One address space: claimed ranges that never overlap, and doorbells in front of them.
 *
 * A read goes to the range that covers it whole. A write first looks for a doorbell with its exact address, width and
 * value, which consumes it; otherwise it goes to the range. What no range covers whole, a border-crossing access
 * included, goes to `unclaimed$`, whose owner is the machine's policy. Linux does the same with one list of devices
 * (virt/kvm/kvm_main.c, kvm_io_bus_*), where an access that crosses a device's end matches nothing either.
 *
 * Hot: `read` and `write` (bench: bus/regions-*). Claiming and releasing are cold.
 */
import type { Subscription } from "rxjs";
import { ConfigError } from "../errors.ts";
import { hex } from "../ids.ts";
import { type Held, Holding } from "../scope.ts";
import type { U64 } from "../u64.ts";
import type { WireEnd, WireOwner } from "../wire/wire.ts";
import { Wire } from "../wire/wire.ts";
import type { WireOrder } from "../wire/wire-order.ts";
import { type AddressRange, checkRange, contains, formatRange } from "./address-range.ts";
import { type BusDevice, EXTERNAL_ABORT, type Width } from "./bus-device.ts";
import type { BusAccess, BusSpace, DoorbellHit, UnclaimedAccess } from "./bus-event.ts";
import { type DoorbellMatch, DoorbellTable } from "./doorbell-table.ts";
import { RegionTable } from "./region-table.ts";

/** (isWrite, offset, width, value written or 0, vcpu) → value read, 0, or EXTERNAL_ABORT. */
export type AccessArgs = readonly [isWrite: boolean, offset: number, width: Width, value: U64, vcpu: number];
/** As {@link AccessArgs} with the absolute address. */
export type UnclaimedArgs = readonly [isWrite: boolean, address: number, width: Width, value: U64, vcpu: number];

/** (value written, vcpu, width) */
export type HitArgs = readonly [value: U64, vcpu: number, width: Width];

/** A claimed range. Whoever owns `accesses$` is the device. Releasing gives the range back; its taps complete. */
export interface Region extends AddressRange, Held {
  readonly name: string;
  readonly accesses$: WireEnd<AccessArgs, U64, BusAccess>;
  /** Reads without side effects, where the device offers it. */
  peek(offset: number, width: Width, vcpu: number): U64 | undefined;
}

/** A registered doorbell. Whoever owns `hits$` is told; without an owner the writes are swallowed all the same. */
export interface Doorbell extends Held {
  readonly name: string;
  readonly match: DoorbellMatch;
  readonly hits$: WireEnd<HitArgs, void, DoorbellHit>;
}

/** What to do with accesses nobody claims. */
export type UnclaimedPolicy = "raz-wi" | "external-abort";

export class Bus {
  readonly space: BusSpace;
  /** Accesses that no range covers whole. Own it to answer them; until then the policy does. */
  readonly unclaimed$: WireEnd<UnclaimedArgs, U64, UnclaimedAccess>;

  private readonly order: WireOrder;
  private readonly regions = new RegionTable<ClaimedRegion>();
  private readonly doorbells = new DoorbellTable<RegisteredDoorbell>();
  private readonly liveDoorbells = new Set<RegisteredDoorbell>();
  private readonly unclaimed: Wire<UnclaimedArgs, U64, UnclaimedAccess>;

  constructor(order: WireOrder, space: BusSpace, policy: UnclaimedPolicy = "external-abort") {
    this.order = order;
    this.space = space;
    this.unclaimed = this.unclaimed$ = new Wire<UnclaimedArgs, U64, UnclaimedAccess>(order, {
      name: `${space}.unclaimed`,
      unowned: policy === "raz-wi" ? 0 : EXTERNAL_ABORT,
      describe: (seq, atNs, answer, isWrite, address, width, value, vcpu) => {
        const aborted = answer === EXTERNAL_ABORT;
        const crosses = this.touched(address, width);
        return {
          seq,
          atNs,
          kind: "unclaimed",
          bus: space,
          address,
          width,
          direction: isWrite ? "write" : "read",
          ...(isWrite ? { value } : aborted ? {} : { value: answer }),
          answer: aborted ? "external-abort" : "raz-wi",
          ...(crosses === undefined ? {} : { crosses: crosses.label }),
          vcpu,
        };
      },
    });
  }

  /**
   * Claims a range; the caller owns `accesses$` of the result.
   * @throws ConfigError naming both parties and both ranges when it overlaps a claim.
   */
  region(claim: AddressRange & { readonly name: string }): Region {
    checkRange(claim, claim.name);
    const other = this.regions.conflict(claim);
    if (other !== undefined) {
      throw new ConfigError(`${claim.name} at ${formatRange(claim)} overlaps ${other.label} on the ${this.space} bus`, {
        subject: `${claim.name} at ${formatRange(claim)}`,
        other: other.label,
        value: claim.base,
        limit: hex(other.base),
        remedy: "move one of the two, or shrink it",
      });
    }
    const region = new ClaimedRegion(this.order, this.space, claim, () => this.regions.remove(region));
    this.regions.insert(region);
    return region;
  }

  /** Claims a range for a device: `region` and the ownership of its wire in one. */
  claim(claim: AddressRange & { readonly name: string }, device: BusDevice): Region {
    const region = this.region(claim) as ClaimedRegion;
    region.accept(device);
    return region;
  }

  /**
   * Registers a doorbell in front of the ranges.
   * @throws ConfigError naming both when it could match a write that another doorbell matches, and for a match that makes no sense.
   */
  doorbell(name: string, match: DoorbellMatch): Doorbell {
    checkMatch(name, match);
    checkRange({ base: match.address, size: Math.max(1, match.width) }, name);
    const other = this.doorbells.conflict(match);
    if (other !== undefined) {
      throw new ConfigError(`doorbell ${name} (${formatMatch(match)}) collides with ${other.name} (${formatMatch(other.match)})`, {
        subject: name,
        other: other.name,
        value: hex(match.address),
        remedy: "use another address, width or value, or release the other one first",
      });
    }
    const doorbell = new RegisteredDoorbell(this.order, this.space, name, match, () => {
      this.doorbells.remove(match);
      this.liveDoorbells.delete(doorbell);
    });
    this.doorbells.insert(match, doorbell);
    this.liveDoorbells.add(doorbell);
    return doorbell;
  }

  /** The doorbell that such a write would ring; nothing happens. For monitors, and for the bench (ioeventfd/hit-*). */
  doorbellAt(address: number, width: Width, value: U64): Doorbell | undefined {
    return this.doorbells.find(address, width, value);
  }

  /** The doorbell that {@link doorbell} would refuse `match` for. */
  doorbellConflict(match: DoorbellMatch): Doorbell | undefined {
    return this.doorbells.conflict(match);
  }

  /** @returns the value, or EXTERNAL_ABORT. `address` must be a whole number from 0 to 2^53 − 1. */
  read(address: number, width: Width, vcpu: number): U64 {
    const region = this.regions.find(address);
    if (region !== undefined) {
      const offset = address - region.base;
      if (offset >= 0 && offset + width <= region.size) {
        const { order } = this;
        const { direct } = region;
        if (direct === undefined || !order.begin()) return region.accesses$.emit(false, offset, width, 0, vcpu);
        let answer: U64;
        try {
          answer = direct.read(offset, width, vcpu);
        } catch (cause) {
          order.endFailed();
          throw cause;
        }
        order.endAnswered();
        return answer;
      }
    }
    return this.unclaimed.emit(false, address, width, 0, vcpu);
  }

  /** @returns 0, or EXTERNAL_ABORT. `address` must be a whole number from 0 to 2^53 − 1, `value` no wider than `width`. */
  write(address: number, width: Width, value: U64, vcpu: number): U64 {
    if (this.doorbells.size !== 0) {
      const doorbell = this.doorbells.find(address, width, value);
      if (doorbell !== undefined) return this.ring(doorbell, width, value, vcpu);
    }
    return this.writeRegion(address, width, value, vcpu);
  }

  private ring(doorbell: RegisteredDoorbell, width: Width, value: U64, vcpu: number): U64 {
    const { order } = this;
    const { direct } = doorbell;
    if (direct === undefined || !order.begin()) {
      doorbell.hits$.emit(value, vcpu, width);
      return 0;
    }
    try {
      direct(value, vcpu, width);
    } catch (cause) {
      order.endFailed();
      throw cause;
    }
    order.endAnswered();
    return 0;
  }

  private writeRegion(address: number, width: Width, value: U64, vcpu: number): U64 {
    const region = this.regions.find(address);
    if (region !== undefined) {
      const offset = address - region.base;
      if (offset >= 0 && offset + width <= region.size) {
        const { order } = this;
        const { direct } = region;
        if (direct === undefined || !order.begin()) return region.accesses$.emit(true, offset, width, value, vcpu);
        let answer: void | number;
        try {
          answer = direct.write(offset, width, value, vcpu);
        } catch (cause) {
          order.endFailed();
          throw cause;
        }
        order.endAnswered();
        return answer ?? 0;
      }
    }
    return this.unclaimed.emit(true, address, width, value, vcpu);
  }

  /**
   * As `read`, for the owner of an exit, who does nothing after it: while nobody taps the region, the access needs no emission of its
   * own in that of the exit, only its number. So a device finds itself in the outermost emission, and the last that happens there.
   */
  readInExit(address: number, width: Width, vcpu: number): U64 {
    const region = this.regions.find(address);
    const direct = region?.direct;
    if (direct === undefined) return this.read(address, width, vcpu);
    const offset = address - region!.base;
    if (!(offset >= 0 && offset + width <= region!.size)) return this.read(address, width, vcpu);
    this.order.sequence++;
    return direct.read(offset, width, vcpu);
  }

  /** As `write`, for the owner of an exit; see `readInExit`. */
  writeInExit(address: number, width: Width, value: U64, vcpu: number): U64 {
    if (this.doorbells.size !== 0) {
      const doorbell = this.doorbells.find(address, width, value);
      if (doorbell !== undefined) return this.ring(doorbell, width, value, vcpu);
    }
    const region = this.regions.find(address);
    const direct = region?.direct;
    if (direct === undefined) return this.writeRegion(address, width, value, vcpu);
    const offset = address - region!.base;
    if (!(offset >= 0 && offset + width <= region!.size)) return this.writeRegion(address, width, value, vcpu);
    this.order.sequence++;
    return direct.write(offset, width, value, vcpu) ?? 0;
  }

  /** Reads without side effects: undefined where nothing is claimed or the device cannot tell. */
  peek(address: number, width: Width, vcpu = -1): U64 | undefined {
    const region = this.regions.find(address);
    if (region === undefined || !contains(region, address, width)) return undefined;
    return region.peek(address - region.base, width, vcpu);
  }

  /** All claims, by ascending address: the memory tree of a monitor. */
  get claims(): readonly Region[] {
    return this.regions.all;
  }

  /** The claim that covers `address`. */
  claimAt(address: number): Region | undefined {
    return this.touched(address, 1);
  }

  get doorbellCount(): number {
    return this.doorbells.size;
  }

  /** Releases every claim and doorbell. */
  close(): void {
    for (const doorbell of [...this.liveDoorbells]) doorbell.release();
    for (const region of [...this.regions.all]) region.release();
    this.unclaimed.complete();
  }

  private touched(address: number, width: number): ClaimedRegion | undefined {
    return this.regions.conflict({ base: address, size: width });
  }
}

class ClaimedRegion extends Holding implements Region {
  readonly base: number;
  readonly size: number;
  /** The device, while nobody taps its wire: the bus then calls it itself, and touches one object per access instead of five. */
  direct: BusDevice | undefined;
  readonly accesses$: Wire<AccessArgs, U64, BusAccess>;
  readonly name: string;
  private device: BusDevice | undefined;
  private readonly onRelease: () => void;

  constructor(order: WireOrder, space: BusSpace, claim: AddressRange & { readonly name: string }, onRelease: () => void) {
    super();
    this.name = claim.name;
    this.base = claim.base;
    this.size = claim.size;
    this.onRelease = onRelease;
    this.accesses$ = new Wire<AccessArgs, U64, BusAccess>(order, {
      name: `${space}.${claim.name}.accesses`,
      unowned: EXTERNAL_ABORT,
      untapped: (owner) => (this.direct = owner === undefined ? undefined : this.device),
      describe: (seq, atNs, answer, isWrite, offset, width, value, vcpu) => {
        const aborted = answer === EXTERNAL_ABORT;
        const register = this.device?.nameAt?.(offset);
        return {
          seq,
          atNs,
          kind: "access",
          bus: space,
          device: this.name,
          address: this.base + offset,
          offset,
          width,
          direction: isWrite ? "write" : "read",
          ...(isWrite ? { value } : aborted ? {} : { value: answer }),
          ...(register === undefined ? {} : { register }),
          ...(aborted ? { aborted } : {}),
          vcpu,
        };
      },
    });
  }

  get label(): string {
    return `${this.name} at ${formatRange(this)}`;
  }

  accept(device: BusDevice): Subscription {
    this.device = device;
    const owner: WireOwner<AccessArgs, U64> = (isWrite, offset, width, value, vcpu) =>
      isWrite ? (device.write(offset, width, value, vcpu) ?? 0) : device.read(offset, width, vcpu);
    return this.accesses$.own(this.name, owner);
  }

  peek(offset: number, width: Width, vcpu: number): U64 | undefined {
    return this.device?.peek?.(offset, width, vcpu);
  }

  protected giveBack(): void {
    this.onRelease();
    this.accesses$.complete();
  }
}

class RegisteredDoorbell extends Holding implements Doorbell {
  /** The owner, while nobody taps its wire: the bus then calls it itself. */
  direct: WireOwner<HitArgs, void> | undefined;
  readonly name: string;
  readonly match: DoorbellMatch;
  readonly hits$: Wire<HitArgs, void, DoorbellHit>;
  private readonly onRelease: () => void;

  constructor(order: WireOrder, space: BusSpace, name: string, match: DoorbellMatch, onRelease: () => void) {
    super();
    this.name = name;
    this.match = match;
    this.onRelease = onRelease;
    this.hits$ = new Wire(order, {
      name: `${space}.${name}.hits`,
      unowned: undefined,
      untapped: (owner: WireOwner<HitArgs, void> | undefined) => (this.direct = owner),
      describe: (seq: number, atNs: number, _answer: void, value: U64, vcpu: number, width: Width): DoorbellHit => ({
        seq,
        atNs,
        kind: "doorbell",
        bus: space,
        doorbell: name,
        address: match.address,
        width,
        value,
        vcpu,
      }),
    });
  }

  protected giveBack(): void {
    this.onRelease();
    this.hits$.complete();
  }
}

/** What the types refuse already, for callers without them. */
function checkMatch(name: string, { width, value }: DoorbellMatch): void {
  if (![0, 1, 2, 4, 8].includes(width)) {
    throw new ConfigError(`doorbell ${name} has width ${width}`, {
      subject: name,
      value: width,
      remedy: "use 1, 2, 4 or 8, or 0 for any width",
    });
  }
  if (width === 0 && value !== undefined) {
    throw new ConfigError(`doorbell ${name} insists on a value but on no width`, {
      subject: name,
      value,
      remedy: "give the width of the write, or leave out the value",
    });
  }
}

/** `0x1000 width 4 value 0x7`, `0x1000 width 4`, `0x1000 any width` */
export function formatMatch(match: DoorbellMatch): string {
  if (match.width === 0) return `${hex(match.address)} any width`;
  return `${hex(match.address)} width ${match.width}${match.value === undefined ? "" : ` value ${hex(match.value)}`}`;
}
