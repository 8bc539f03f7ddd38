/** The services of this package, by the token under which a machine's container binds them. */
import type { ServiceIdentifier } from "inversify";
import type { FwCfg } from "./fw-cfg/fw-cfg.ts";
import type { GpioInputs } from "./pl061/pl061.ts";
import type { PowerButton } from "./pl061/power-button.ts";

/** Every GPIO block of the machine: whoever drives a pin looks for it by name. */
export const GpioToken = Symbol.for("trapline/1/Gpio") as ServiceIdentifier<GpioInputs>;
/** Asks the guest to shut down. */
export const PowerButtonToken = Symbol.for("trapline/1/PowerButton") as ServiceIdentifier<PowerButton>;
/** For whoever adds items. */
export const FwCfgToken = Symbol.for("trapline/1/FwCfg") as ServiceIdentifier<FwCfg>;
