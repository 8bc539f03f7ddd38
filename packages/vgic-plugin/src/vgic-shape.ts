/** What a version of the GIC tells the body that all versions share (vgic.ts) about itself. */
import type { IntidCounts } from "./intid-space.ts";
import type { OneOfN } from "./one-of-n.ts";
import type { PinProfile } from "./pin-layout.ts";

/** What the versions differ in, as far as this class cares. */
export interface VgicShape extends IntidCounts {
  readonly name: string;
  readonly version: 2 | 3;
  readonly pins: PinProfile;
  /** vCPUs that the pin layout has room for. */
  readonly vcpuCapacity: number;
  /** Group of every interrupt after reset. */
  readonly initialGroup: 0 | 1;
  /** Where 1-of-N targets are chosen. */
  readonly chooser?: OneOfN | undefined;
}
