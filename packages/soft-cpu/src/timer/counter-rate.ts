/**
 * Ticks of the system counter from the machine's nanoseconds, and back (Arm ARM DDI 0487, D11.1.2 "The system counter").
 *
 * The counter is floor(ns × frequency / 10^9), computed afresh from the clock each time, so that nothing accumulates. The
 * fraction is reduced to p/q, and a time split into whole periods of q ns and a rest, so that every product is a whole
 * number below 2^53; frequencies for which even that is too much take bigints. As the frequency is at most 1 GHz, a count
 * never needs more bits than the time it was made from. Hot: counters are read in loops.
 */
import { ConfigError } from "@trapline/core";

const NS_PER_SECOND = 1_000_000_000;
/** One tick a nanosecond, the rate that Armv8.6 fixes for the counter. */
export const MAX_FREQUENCY_HZ = 1_000_000_000;

export class CounterRate {
  readonly frequencyHz: number;
  /** Ticks in `periodNs`: frequency / 10^9 in lowest terms. */
  private readonly periodTicks: number;
  private readonly periodNs: number;
  /** A rest times the other side of the fraction does not fit a number. */
  private readonly wide: boolean;

  /** @throws ConfigError for what is no whole number from 1 to {@link MAX_FREQUENCY_HZ} */
  constructor(frequencyHz: number) {
    if (!Number.isInteger(frequencyHz) || frequencyHz < 1 || frequencyHz > MAX_FREQUENCY_HZ) {
      throw new ConfigError(`the system counter cannot run at ${frequencyHz} Hz`, {
        subject: "frequencyHz",
        value: frequencyHz,
        limit: MAX_FREQUENCY_HZ,
        remedy: `use a whole number from 1 to ${MAX_FREQUENCY_HZ}`,
      });
    }
    const divisor = greatestCommonDivisor(frequencyHz, NS_PER_SECOND);
    this.frequencyHz = frequencyHz;
    this.periodTicks = frequencyHz / divisor;
    this.periodNs = NS_PER_SECOND / divisor;
    this.wide = this.periodTicks * this.periodNs > Number.MAX_SAFE_INTEGER;
  }

  /** The counter at a whole number of nanoseconds. */
  ticksAt(ns: number): number {
    const { periodNs, periodTicks } = this;
    const periods = wholeQuotient(ns, periodNs);
    if (periodTicks === 1) return periods;
    return periods * periodTicks + this.scaleDown(ns - periods * periodNs, periodTicks, periodNs);
  }

  /** The first nanosecond at which the counter has reached `ticks`; Infinity when that is beyond what a clock can show. */
  nsOf(ticks: number): number {
    if (ticks === Infinity) return Infinity;
    const { periodNs, periodTicks } = this;
    const periods = wholeQuotient(ticks, periodTicks);
    const rest = ticks - periods * periodTicks;
    const whole = periods * periodNs;
    // ceil(x) is −floor(−x); the rest of the negated product is taken from the other end of the period.
    const ns = rest === 0 ? whole : whole + periodNs - this.scaleDown(periodTicks - rest, periodNs, periodTicks);
    return ns <= Number.MAX_SAFE_INTEGER ? ns : Infinity;
  }

  /** floor(value × by / per), exactly. */
  private scaleDown(value: number, by: number, per: number): number {
    if (this.wide) return Number((BigInt(value) * BigInt(by)) / BigInt(per));
    return wholeQuotient(value * by, per);
  }
}

/**
 * The whole part of a / b, for whole numbers below 2^53. Rounding cannot carry the quotient up to the next whole number: that is at
 * least 1/b away, and half a unit in the last place is less than 2^-53 × a / b. (`%` costs several times as much.)
 */
function wholeQuotient(a: number, b: number): number {
  return Math.floor(a / b);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
