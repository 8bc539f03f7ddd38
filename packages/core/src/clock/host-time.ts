/** The host's own time: for how long something may take, never for what a guest sees. */

/** Asked once: the global is a getter, which costs half of what `now` does. */
const host = performance;

/** Monotonic milliseconds, with fractions. */
export const hostMs = (): number => host.now();
