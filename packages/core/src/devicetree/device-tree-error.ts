/**
 * The one error of this folder: a ConfigError that also says what kind of fault it is. The host is to blame for all of
 * them: a plugin contributed something that does not fit, or the blob given with --dtb is damaged. Guests never get here.
 */
import { ConfigError, type ErrorFacts } from "../errors.ts";

/** What went wrong, coarse enough to branch on. */
export type DeviceTreeFault =
  /** A blob breaks the format of chapter 5; the message gives the offset. */
  | "malformed"
  /** A stated limit (bytes, depth, name length) is exceeded; the message gives both numbers. */
  | "too-large"
  /** Two contributions contradict each other; the message names both contributors. */
  | "conflict"
  /** A label is unknown, or names two nodes. */
  | "label"
  /** A node or property name breaks section 2.2, or a path leads nowhere. */
  | "name"
  /** A value does not fit its cells, or a property has another type than the reader expects. */
  | "value";

/** A device tree that cannot be built, written, read or edited as asked. */
export class DeviceTreeError extends ConfigError {
  readonly fault: DeviceTreeFault;

  constructor(fault: DeviceTreeFault, message: string, facts: ErrorFacts = {}) {
    super(message, facts);
    this.fault = fault;
  }
}
