/** The services of the boot loader, by the token under which a machine's container binds them. */
import { token } from "@trapline/core";
import type { ServiceIdentifier } from "inversify";
import type { BootLoader } from "./boot-loader.ts";

export const BootLoaderToken: ServiceIdentifier<BootLoader> = token<BootLoader>("BootLoader");
