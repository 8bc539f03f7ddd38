/**
 * A wire: an Observable with exactly one owner, who answers, and any number of taps, who watch (DESIGN.md §3).
 *
 * `emit` calls the owner first, directly, with positional arguments; the owner's answer is the result of `emit`, and an
 * exception of the owner is the emitter's to catch. Taps get an immutable event that is built only if somebody watches,
 * when the outermost emission of the machine ends. They cannot change it, and a failing tap harms nobody.
 *
 * Hot: an untapped hop is a few loads, two counters and a call, and allocates nothing (bench: wire/owner). Fixed
 * positional parameters rather than a rest array, which V8 would build on every call.
 */
import { type Observable, Subscription, type Subscriber } from "rxjs";
import { ConfigError } from "../errors.ts";
import { TapObservable } from "./tap-observable.ts";
import { MAX_DEPTH, type WatchableWire, type WireEvent, type WireOrder } from "./wire-order.ts";

/** Whoever answers the emissions of a wire. Arguments and answer are the wire's own. */
export type WireOwner<Args extends readonly unknown[], R> = (...args: Args) => R;

/** The side of a wire that third parties see: own it, tap it, but not emit on it. */
export interface WireEnd<Args extends readonly unknown[], R, T extends WireEvent> extends Observable<T> {
  readonly name: string;
  /** Name of the party that answers, or undefined while nobody does. */
  readonly ownerName: string | undefined;
  /**
   * Become the one who answers. Unsubscribe to stop answering.
   * @throws ConfigError naming both parties if the wire has an owner.
   */
  own(ownerName: string, owner: WireOwner<Args, R>): Subscription;
}

/** What a wire is called, answers without an owner, and shows to taps. */
export interface WireOptions<Args extends readonly unknown[], R, T extends WireEvent> {
  /** Appears in errors and traces: "vcpu0.exits", "bus.uart0.accesses". */
  readonly name: string;
  /** The answer while the wire has no owner. */
  readonly unowned: R;
  /** Builds the event that taps see; called after the owner, only when tapped. If it throws, the event is not shown. */
  readonly describe: (seq: number, atNs: number, answer: R, ...args: Args) => T;
  /**
   * Told the owner while there is one and nobody taps, and undefined while not. In the first case an emitter with thousands of
   * wires may call the owner itself, between `begin` and `endAnswered` or `endFailed` of the order, and so save itself the wire.
   */
  readonly untapped?: (owner: WireOwner<Args, R> | undefined) => void;
}

/** A wire as its emitter holds it. */
export interface Wire<Args extends readonly unknown[], R, T extends WireEvent> extends WireEnd<Args, R, T> {
  /** True while somebody taps. */
  readonly tapped: boolean;
  /**
   * The owner while there is one and nobody taps; what `WireOptions.untapped` is told. An emitter that counts nanoseconds may call it
   * itself, which V8 can see through, where the call in `emit` serves all wires: between `begin` and `endAnswered` or `endFailed` of
   * the order, or, where an emission is under way, after taking its number with `sequence++`; the owner is then in that emission, and
   * an irqchip whose pin or doorbell this is takes it for the last that happens there.
   */
  readonly direct: WireOwner<Args, R> | undefined;
  /**
   * Calls the owner and returns its answer. What the owner throws comes back here.
   * @throws InvariantError when nested deeper than `MAX_DEPTH` emissions.
   */
  emit(...args: Args): R;
  /**
   * Ends the wire: the owner is released, later emissions get the unowned answer, and taps complete when they have seen what
   * was emitted before.
   */
  complete(): void;
}

type AnyOwner<R> = (a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown, f?: unknown) => R;
type AnyDescribe<R, T> = (seq: number, atNs: number, answer: R, a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown, f?: unknown) => T;

/** The untyped body of every wire; {@link Wire} gives it the types of its arguments. */
class PositionalWire<R, T extends WireEvent> extends TapObservable<T> implements WatchableWire {
  declare readonly name: string;
  ownerName: string | undefined = undefined;

  declare private readonly order: WireOrder;
  declare private readonly describe: AnyDescribe<R, T>;
  private readonly untapped: ((owner: AnyOwner<R> | undefined) => void) | undefined;
  declare private readonly unownedAnswer: AnyOwner<R>;
  declare private owner: AnyOwner<R>;
  /** Copy on write: a delivery in progress keeps the array it started with. */
  private taps: readonly Subscriber<T>[] = [];
  private closed = false;
  tapped = false;
  direct: AnyOwner<R> | undefined = undefined;

  constructor(order: WireOrder, options: WireOptions<readonly unknown[], R, T>) {
    super(
      (cause) => order.tapFailed(options.name, cause),
      (subscriber) => this.attach(subscriber),
    );
    this.name = options.name;
    this.order = order;
    this.describe = options.describe;
    this.untapped = options.untapped as typeof this.untapped;
    const { unowned } = options;
    this.unownedAnswer = () => unowned;
    this.owner = this.unownedAnswer;
    order.register(this);
  }

  own(ownerName: string, owner: AnyOwner<R>): Subscription {
    if (this.ownerName !== undefined) {
      throw new ConfigError(`${ownerName} wants to own ${this.name}, which ${this.ownerName} owns`, {
        subject: ownerName,
        other: this.ownerName,
        remedy: "a wire has one owner: tap it instead, or remove one of the two",
      });
    }
    this.ownerName = ownerName;
    this.owner = owner;
    this.tellEmitter();
    return new Subscription(() => {
      if (this.owner !== owner) return;
      this.ownerName = undefined;
      this.owner = this.unownedAnswer;
      this.tellEmitter();
    });
  }

  emit(a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown, f?: unknown): R {
    const order = this.order;
    if (this.tapped) return this.emitTapped(a, b, c, d, e, f);
    const { depth } = order;
    if (depth >= MAX_DEPTH) throw order.tooDeep(this.name);
    order.beginAt(depth);
    let answer: R;
    try {
      answer = this.owner(a, b, c, d, e, f);
    } catch (cause) {
      order.endFailed();
      throw cause;
    }
    order.endAt(depth);
    return answer;
  }

  private emitTapped(a: unknown, b: unknown, c: unknown, d: unknown, e: unknown, f: unknown): R {
    const order = this.order;
    if (order.depth >= MAX_DEPTH) throw order.tooDeep(this.name);
    const seq = ++order.sequence;
    const atNs = order.nowNs();
    const place = order.reserve(this.taps as readonly Subscriber<unknown>[]);
    order.depth++;
    let answer: R;
    try {
      answer = this.owner(a, b, c, d, e, f);
    } catch (cause) {
      order.endFailed();
      throw cause;
    }
    if (place >= 0) {
      try {
        order.fill(place, this.describe(seq, atNs, answer, a, b, c, d, e, f));
      } catch (cause) {
        order.undescribed(this.name, cause);
      }
    }
    if (--order.depth === 0) order.settle();
    return answer;
  }

  complete(): void {
    if (this.closed) return;
    this.closed = true;
    this.order.unregister(this);
    this.ownerName = undefined;
    this.owner = this.unownedAnswer;
    const taps = this.taps;
    this.taps = [];
    this.tellEmitter();
    for (const tap of taps) if (!this.watchers.has(tap)) this.order.end(tap);
    this.watchers.clear();
  }

  /** Taps that watch all wires: they outlive this one. */
  private readonly watchers = new Set<Subscriber<T>>();

  watch(tap: Subscriber<unknown>): void {
    this.watchers.add(tap as Subscriber<T>);
    this.setTaps([...this.taps, tap as Subscriber<T>]);
  }

  unwatch(tap: Subscriber<unknown>): void {
    this.watchers.delete(tap as Subscriber<T>);
    this.setTaps(this.taps.filter((other) => other !== tap));
  }

  private attach(subscriber: Subscriber<T>): (() => void) | void {
    if (this.closed) return subscriber.complete();
    this.setTaps([...this.taps, subscriber]);
    return () => {
      this.setTaps(this.taps.filter((other) => other !== subscriber));
    };
  }

  private setTaps(taps: readonly Subscriber<T>[]): void {
    this.taps = taps;
    this.tellEmitter();
  }

  private tellEmitter(): void {
    this.tapped = this.taps.length !== 0;
    this.direct = this.ownerName !== undefined && !this.tapped ? this.owner : undefined;
    this.untapped?.(this.direct);
  }
}

/**
 * Makes a wire.
 *
 * @typeParam Args the positional arguments, at most six
 * @typeParam R the owner's answer
 * @typeParam T the event taps see
 */
export const Wire: new <Args extends readonly unknown[], R, T extends WireEvent>(
  order: WireOrder,
  options: WireOptions<Args, R, T>,
) => Wire<Args, R, T> = PositionalWire as never;
