/** Time that never goes back: a restored machine continues at the time it was saved, which in a picture is behind what came before. */
export class SteadyTime {
  private offsetNs = 0;
  /** The time last given out. */
  nowNs = 0;

  /** Machine time → time of the picture, whole nanoseconds. */
  at(atNs: number): number {
    const time = Math.round(atNs) + this.offsetNs;
    if (time < this.nowNs) this.offsetNs += this.nowNs - time;
    return (this.nowNs = Math.max(this.nowNs, time));
  }

  /** The same for a moment that has been before, and since when time has not gone back. */
  of(atNs: number): number {
    return Math.round(atNs) + this.offsetNs;
  }
}
