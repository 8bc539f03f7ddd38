/** What lint says about a tree. Findings are values: a questionable tree is for the caller to refuse, or to boot anyway. */

export interface DeviceTreeFinding {
  /** error: the guest will misread it, or cannot use the device. warning: it breaks the specification, guests cope. */
  readonly severity: "error" | "warning";
  /** The rule that was broken, in kebab-case; stable, for filters. */
  readonly rule: DeviceTreeRule;
  /** The node it is about. */
  readonly path: string;
  /** A sentence with both sides. */
  readonly message: string;
}

/** The rules of `lintDeviceTree`. Names are stable, for filters. */
export type DeviceTreeRule =
  | "node-name"
  | "property-name"
  | "duplicate-node"
  | "duplicate-property"
  | "required-node"
  | "path-reference"
  | "unit-address"
  | "duplicate-unit-address"
  | "cell-count"
  | "default-cells"
  | "phandle"
  | "dangling-phandle"
  | "provider-cells"
  | "interrupt-parent"
  | "interrupt-cells"
  | "interrupt-trigger"
  | "interrupt-number";

/** Where a check puts what it found. */
export interface FindingSink {
  error(rule: DeviceTreeRule, path: string, message: string): void;
  warning(rule: DeviceTreeRule, path: string, message: string): void;
}
