/**
 * An Observable whose subscribers cannot hurt anyone: a consumer that throws is unsubscribed and reported.
 *
 * RxJS 7 throws a consumer's exception later, on an empty stack, where it ends the process; an exception inside an
 * operator goes to the consumer's `error` handler, or the same way if there is none. Here both end in `report`. The
 * guard follows every `pipe`, because operators build their result with `lift`. Creation functions that take several
 * sources (`merge(a$, b$)`) build plain Observables: their consumers get plain RxJS behaviour.
 */
import { Observable, type Observer, type Operator, Subscriber, type Subscription } from "rxjs";

/** Told about the exception of a tap after it was unsubscribed. Must not throw. */
export type TapReport = (cause: unknown) => void;

export class TapObservable<T> extends Observable<T> {
  private readonly report: TapReport;

  constructor(report: TapReport, subscribe?: (subscriber: Subscriber<T>) => (() => void) | void) {
    super(subscribe);
    this.report = report;
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new TapObservable<R>(this.report);
    lifted.source = this;
    lifted.operator = operator;
    return lifted;
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | ((value: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (isSubscriber(observerOrNext)) return super.subscribe(observerOrNext); // an operator: it catches for itself
    const observer: Partial<Observer<T>> =
      typeof observerOrNext === "function"
        ? { next: observerOrNext, ...(error ? { error } : {}), ...(complete ? { complete } : {}) }
        : (observerOrNext ?? {});
    return super.subscribe(new GuardedSubscriber(observer, this.report));
  }
}

/**
 * The end of a chain. A subclass of Subscriber rather than a wrapped observer: RxJS then adds no try/catch and no hop of
 * its own, which is a third of the price of a tap (bench: wire/owner-1tap).
 */
class GuardedSubscriber<T> extends Subscriber<T> {
  private readonly observer: Partial<Observer<T>>;
  private readonly report: TapReport;

  constructor(observer: Partial<Observer<T>>, report: TapReport) {
    super();
    this.observer = observer;
    this.report = report;
  }

  protected override _next(value: T): void {
    try {
      this.observer.next?.(value);
    } catch (cause) {
      this.report(cause);
      this.leave();
    }
  }

  protected override _error(cause: unknown): void {
    try {
      if (this.observer.error) this.observer.error(cause);
      else this.report(cause);
    } catch (second) {
      this.report(second);
    }
    this.leave();
  }

  protected override _complete(): void {
    try {
      this.observer.complete?.();
    } catch (cause) {
      this.report(cause);
    }
    this.leave();
  }

  /** Last, as RxJS does it: teardowns (`finalize`) run after the consumer heard of the end. They may throw too. */
  private leave(): void {
    try {
      this.unsubscribe();
    } catch (cause) {
      this.report(cause);
    }
  }
}

/** The test RxJS itself makes, without `instanceof`: the subscriber may come from another copy of rxjs. */
function isSubscriber(value: unknown): value is Subscriber<never> {
  const candidate = value as Partial<Subscriber<never>> | null | undefined;
  return typeof candidate?.next === "function" && typeof candidate.add === "function" && typeof candidate.unsubscribe === "function";
}
