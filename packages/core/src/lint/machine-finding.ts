/** What lint says about a machine as a whole: where its device tree and its devices tell a guest different things. Findings are values. */

export interface MachineFinding {
  /** error: an interrupt is lost, or a driver touches what is not there. warning: something is left untold. */
  readonly severity: "error" | "warning";
  readonly rule: MachineRule;
  /** What it is about: a node of the tree, or a device. */
  readonly subject: string;
  /** A sentence with both sides. */
  readonly message: string;
  /** What to do. */
  readonly remedy: string;
}

/** The rules of `lintMachine`; docs/tracing.md says what each is about. */
export type MachineRule =
  | "trigger-mismatch"
  | "interrupt-mismatch"
  | "shared-interrupt"
  | "unrouted-interrupt"
  | "unimplemented-pin"
  | "undescribed-interrupt"
  | "unclaimed-address"
  | "undescribed-address";

type Tell = (rule: MachineRule, subject: string, message: string, remedy: string) => void;

/** Where a check puts what it found. */
export interface MachineFindingSink {
  readonly error: Tell;
  readonly warning: Tell;
}
