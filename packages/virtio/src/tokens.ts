/** The services of this package, by the token under which a machine's container binds them. */
import type { ServiceIdentifier } from "inversify";
import type { TransportState } from "./transport/transport-state.ts";

/** Every virtio device of the machine, in its order: for monitors and tests. */
export const VirtioTransportToken = Symbol.for("trapline/1/VirtioTransport") as ServiceIdentifier<TransportState>;
