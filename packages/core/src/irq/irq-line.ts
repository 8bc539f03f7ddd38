/** The two things a device may hold to interrupt: a level or an edge. It never sees a chip, a route or a GSI. */

/** A wire with a level, owned by one device. When several devices share the GSI, the GSI is high while any of them is. */
export interface LevelLine {
  readonly high: boolean;
  /** Drives the wire; setting it to the level it has does nothing. */
  set(high: boolean): void;
}

/** A source of edges. */
export interface EdgeTrigger {
  pulse(): void;
}
