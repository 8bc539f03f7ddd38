/** Under which tokens the GIC of a machine is found: by frames and tools that need more of it than the irqchip contract. */
import { token } from "@trapline/core";
import type { ServiceIdentifier } from "inversify";
import type { Vgic } from "./vgic.ts";
import type { VgicV2 } from "./vgic-v2.ts";
import type { VgicV3 } from "./vgic-v3.ts";

/** The machine's GIC, of either version. */
export const VgicToken: ServiceIdentifier<Vgic> = token<Vgic>("Vgic");
/** The machine's GIC, where it is a GICv2. */
export const VgicV2Token: ServiceIdentifier<VgicV2> = token<VgicV2>("VgicV2");
/** The machine's GIC, where it is a GICv3. */
export const VgicV3Token: ServiceIdentifier<VgicV3> = token<VgicV3>("VgicV3");
