/**
 * KVM_IOEVENTFD: a guest write that signals an eventfd and stops there (virt/kvm/eventfd.c; kvm-irq-abi.md, E and F).
 *
 * Matching is the bus's: every registration is a doorbell in front of the claimed ranges. What no write of a guest can reach
 * is kept here only: addresses from 2^53, and the bus for virtio-ccw notifications, which arm64 never consults.
 *
 * Hot: the owner of `hits$`, one call. Everything else is cold.
 */
import {
  ADDRESS_LIMIT,
  type Bus,
  type BusSpace,
  type Doorbell,
  type DoorbellMatch,
  fromBigint,
  hex,
  type IoeventfdBinding,
  type Ioeventfds,
  type PlainData,
  SnapshotError,
  toBigint,
  type U64,
} from "@trapline/core";
import { refusal } from "../refusal.ts";

/** Where a registration lives. `virtio-ccw` is accepted and never rung. */
export type IoeventfdSpace = BusSpace | "virtio-ccw";

/** A binding as this package takes it: in one space more than core's contract has. */
export type SpacedBinding = Omit<IoeventfdBinding, "space"> & { readonly space: IoeventfdSpace };

/** Devices on one bus that are no ioeventfds: NR_IOBUS_DEVS of the kernel. */
const MAX_OTHER_DEVICES = 1000;

interface Registration {
  readonly binding: SpacedBinding;
  readonly doorbell: Doorbell | undefined;
}

/** A bus, and how many of its claims are no devices (RAM, which KVM does not put on its buses). */
export interface IoeventfdBus {
  readonly bus: Bus;
  readonly otherClaims: () => number;
}

export class DoorbellIoeventfds implements Ioeventfds {
  private readonly buses: Partial<Record<IoeventfdSpace, IoeventfdBus>>;
  /** By space and address, in the order of registration. At most one per identity: see `keyOf`. */
  private readonly registered = new Map<string, Map<string, Registration>>();
  /** Doorbells that are ours, by bus. */
  private readonly rung = new Map<IoeventfdSpace, number>();

  constructor(buses: Partial<Record<IoeventfdSpace, IoeventfdBus>>) {
    this.buses = buses;
  }

  /** Checks in the kernel's order, all before the first effect. */
  assign(given: SpacedBinding): void {
    const binding = checkShape(given);
    const { eventFd, space } = binding;
    if (eventFd.closed) throw refusal("EBADF", "kvm_ioeventfd.fd", `eventfd ${eventFd.name}, closed`, "an open eventfd");
    const match = matchOf(binding);
    this.refuseCollision(binding, match);
    this.refuseCrowd(space);
    const bus = this.buses[space]?.bus;
    const doorbell = match === undefined ? undefined : bus?.doorbell(`ioeventfd ${eventFd.name}`, match);
    doorbell?.hits$.own("ioeventfd", () => eventFd.signal());
    this.at(binding).set(keyOf(binding), { binding, doorbell });
    if (doorbell !== undefined) this.rung.set(space, (this.rung.get(space) ?? 0) + 1);
  }

  /** Nothing is checked but the eventfd: what was never assigned is not found (E.5). */
  deassign(given: SpacedBinding): void {
    const { eventFd, space, address } = given;
    if (eventFd.closed) throw refusal("EBADF", "kvm_ioeventfd.fd", `eventfd ${eventFd.name}, closed`, "an open eventfd");
    const binding = { ...given, address: fromBigint(toBigint(address)) };
    const here = this.registered.get(placeOf(binding));
    const found = here?.get(keyOf(binding));
    if (found === undefined || found.binding.eventFd !== eventFd) {
      throw refusal("ENOENT", "kvm_ioeventfd", describe(binding), "a registration with this eventfd, address, length and datamatch", "pass what was assigned");
    }
    here!.delete(keyOf(binding));
    if (here!.size === 0) this.registered.delete(placeOf(binding));
    if (found.doorbell === undefined) return;
    found.doorbell.release();
    this.rung.set(space, this.rung.get(space)! - 1);
  }

  /** Those of core's contract: on a bus of the machine. */
  get bindings(): readonly IoeventfdBinding[] {
    return this.all.filter((binding): binding is IoeventfdBinding => binding.space !== "virtio-ccw");
  }

  get all(): readonly SpacedBinding[] {
    return [...this.registered.values()].flatMap((here) => [...here.values()].map(({ binding }) => binding));
  }

  close(): void {
    for (const here of this.registered.values()) for (const { doorbell } of here.values()) doorbell?.release();
    this.registered.clear();
    this.rung.clear();
  }

  /** Without those that the guest may move: their owners save them. */
  save(): readonly string[] {
    return this.all.filter(({ movable = false }) => !movable).map(describe).toSorted();
  }

  /** It has no state but its registrations. @throws SnapshotError unless they are the saved ones */
  restore(state: PlainData): void {
    const theirs = Array.isArray(state) ? state.join("; ") : "no list";
    const ours = this.save().join("; ");
    if (theirs === ours) return;
    throw new SnapshotError("the saved ioeventfds are not those of this machine", {
      subject: "ioeventfd",
      value: theirs || "none",
      limit: ours || "none",
      remedy: "assign the same ioeventfds before restoring",
    });
  }

  private at(binding: SpacedBinding): Map<string, Registration> {
    const place = placeOf(binding);
    let here = this.registered.get(place);
    if (here === undefined) this.registered.set(place, (here = new Map()));
    return here;
  }

  /** E.3: same address, and either one without length, or the same length and either a wildcard or the same datamatch. */
  private refuseCollision(binding: SpacedBinding, match: DoorbellMatch | undefined): void {
    const bus = this.buses[binding.space]?.bus;
    const other =
      match !== undefined && bus !== undefined
        ? bus.doorbellConflict(match)?.name
        : [...(this.registered.get(placeOf(binding))?.values() ?? [])].map(({ binding: there }) => there).find((there) => collide(binding, there))?.eventFd.name;
    if (other !== undefined) {
      throw refusal("EEXIST", "kvm_ioeventfd", describe(binding), `a write that ${other} does not match yet`, "use another address, length or datamatch, or deassign the other one");
    }
  }

  private refuseCrowd(space: IoeventfdSpace): void {
    const there = this.buses[space];
    if (there === undefined) return;
    const others = there.bus.claims.length + there.bus.doorbellCount - (this.rung.get(space) ?? 0) - there.otherClaims();
    if (others >= MAX_OTHER_DEVICES) {
      throw refusal("ENOSPC", `devices on the ${space} bus`, others, `at most ${MAX_OTHER_DEVICES - 1}, ioeventfds not counted,`, "remove devices");
    }
  }
}

const TWO_64 = 2n ** 64n;

/** E.1, rows 2 and 3. @throws KvmError EINVAL */
export function checkIoeventfdRange(address: bigint, length: number): void {
  if (![0, 1, 2, 4, 8].includes(length)) throw refusal("EINVAL", "kvm_ioeventfd.len", length, "0, 1, 2, 4 or 8");
  if (address < 0n || address >= TWO_64 || (length !== 0 && address + BigInt(length) >= TWO_64)) {
    throw refusal("EINVAL", "kvm_ioeventfd.addr", `${hex(address)} with len ${length}`, "a range that ends below 2^64 − 1", "move it down");
  }
}

/** E.1, row 5. @throws KvmError EINVAL */
export function checkIoeventfdDatamatch(length: number, hasDatamatch: boolean): void {
  if (length === 0 && hasDatamatch) {
    throw refusal("EINVAL", "kvm_ioeventfd.flags", "DATAMATCH with len 0", "DATAMATCH with len 1, 2, 4 or 8", "say how wide the value is");
  }
}

function checkShape(binding: SpacedBinding): SpacedBinding {
  const { length, datamatch } = binding;
  const address = toBigint(binding.address);
  checkIoeventfdRange(address, length);
  checkIoeventfdDatamatch(length, datamatch !== undefined);
  return { ...binding, address: fromBigint(address), ...(datamatch === undefined ? {} : { datamatch: fromBigint(toBigint(datamatch)) }) };
}

/** The doorbell; undefined beyond what the bus can address, and in the space that has no bus. */
function matchOf({ space, address, length, datamatch }: SpacedBinding): DoorbellMatch | undefined {
  if (space === "virtio-ccw" || typeof address === "bigint" || address + Math.max(1, length) > ADDRESS_LIMIT) return undefined;
  if (length === 0) return { address, width: 0 };
  return datamatch === undefined ? { address, width: length } : { address, width: length, value: datamatch };
}

function collide(a: SpacedBinding, b: SpacedBinding): boolean {
  if (a.length === 0 || b.length === 0) return true;
  return a.length === b.length && (a.datamatch === undefined || b.datamatch === undefined || a.datamatch === b.datamatch);
}

function placeOf({ space, address }: SpacedBinding): string {
  return `${space} ${address}`;
}

/** What identifies a registration at its address, besides the eventfd. */
function keyOf({ length, datamatch }: SpacedBinding): string {
  return `${length} ${datamatch === undefined ? "any" : fromBigint(toBigint(datamatch))}`;
}

/** "kick at mmio 0x1000 len 4 value 0x7" */
function describe({ eventFd, space, address, length, datamatch }: SpacedBinding): string {
  const value: U64 | undefined = datamatch;
  return `${eventFd.name} at ${space} ${hex(address)} len ${length}${value === undefined ? "" : ` value ${hex(value)}`}`;
}
