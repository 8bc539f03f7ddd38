/** GSI routing as a plugin: a router with a table in the place of core's fixed one. */
import {
  ConfigError,
  definePlugin,
  GsiRouterToken,
  GsiRoutingToken,
  type PluginDefinition,
  provide,
  provideInstead,
  token,
} from "@trapline/core";
import type { JsonSchema } from "@trapline/core/machine-file";
import { mainline } from "./mainline-profile.ts";
import { rfc2014 } from "./rfc2014-profile.ts";
import type { RoutingProfile } from "./routing-profile.ts";
import { TableRouter } from "./table-router.ts";
import { wide } from "./wide-profile.ts";

/** What GSIs mean, and how many entries a table may have. */
export interface GsiRoutingOptions {
  /** Default `mainline`. */
  readonly profile?: RoutingProfile["name"];
  /** Most entries of a table. Only `wide` leaves it to you; its default is 1 048 576. */
  readonly maxRoutes?: number;
}

/** The table router of a machine, with what is this package's own: its profile. */
export const TableRouterToken: ReturnType<typeof token<TableRouter>> = token("irqfd-plugin/TableRouter");

/** @throws ConfigError for a profile there is none of, or a limit the profile fixes */
export function routingProfile({ profile = "mainline", maxRoutes }: GsiRoutingOptions = {}): RoutingProfile {
  if (profile === "wide") {
    if (maxRoutes === undefined || (Number.isInteger(maxRoutes) && maxRoutes >= 1 && maxRoutes <= 0x8000_0000)) return wide(maxRoutes);
    throw new ConfigError(`gsi routing with ${maxRoutes} routes`, {
      subject: "maxRoutes",
      value: maxRoutes,
      limit: 0x8000_0000,
      remedy: "use a whole number from 1 to 2^31",
    });
  }
  const found = { mainline, rfc2014 }[profile];
  if (found === undefined) {
    throw new ConfigError(`there is no routing profile ${profile as string}`, {
      subject: "profile",
      value: profile,
      limit: "rfc2014, mainline, wide",
      remedy: "use one of them",
    });
  }
  if (maxRoutes !== undefined) {
    throw new ConfigError(`profile ${profile} has room for ${found.maxRoutes} routes, always`, {
      subject: "maxRoutes",
      value: maxRoutes,
      limit: found.maxRoutes,
      remedy: "leave maxRoutes out, or use profile wide",
    });
  }
  return found;
}

/**
 * @throws ConfigError as {@link routingProfile}
 *
 * @example
 * gsiRouting({ profile: "rfc2014" })
 */
export function gsiRouting(options: GsiRoutingOptions = {}): PluginDefinition {
  const profile = routingProfile(options);
  return definePlugin({
    name: "gsi-routing",
    provides: [
      provide(TableRouterToken, (vmm) => new TableRouter(vmm.order, profile)),
      provideInstead(GsiRouterToken, (vmm) => vmm.get(TableRouterToken)),
      provide(GsiRoutingToken, (vmm) => vmm.get(TableRouterToken)),
    ],
    create: (vmm) => ({ attach: (scope) => scope.add(() => vmm.get(TableRouterToken).close()) }),
    fingerprint: { profile: profile.name, maxRoutes: profile.maxRoutes },
  });
}

/** What may be written in a machine file. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    profile: { enum: ["mainline", "rfc2014", "wide"], description: "how GSIs, KVM_IRQ_LINE and pins relate; default mainline" },
    maxRoutes: { type: "integer", minimum: 1, maximum: 0x8000_0000, description: "entries of a table, profile wide only; default 1 048 576" },
  },
  additionalProperties: false,
};
export { gsiRouting as plugin };
