/** Who holds lines into which GSI, for dumps and lints; and the check that there is such a GSI. Cold. */
import { ConfigError, type GsiRouter, hex } from "@trapline/core";
import type { RoutingProfile } from "./routing-profile.ts";

export type GsiUser = GsiRouter["sources"][number];

export class GsiUsers {
  private readonly profile: RoutingProfile;
  private readonly users = new Set<GsiUser>();

  constructor(profile: RoutingProfile) {
    this.profile = profile;
  }

  /** In the order in which they came. */
  get all(): readonly GsiUser[] {
    return [...this.users];
  }

  /** @throws ConfigError for a GSI the profile does not have */
  add(gsi: number, owner: string, trigger: GsiUser["trigger"]): GsiUser {
    const fault = Number.isInteger(gsi) ? this.profile.gsiFault(gsi) : "a whole number";
    if (fault !== undefined) {
      throw new ConfigError(`${owner} wants GSI ${hex(gsi)}, which the ${this.profile.name} profile does not have`, {
        subject: owner,
        other: `routing profile ${this.profile.name}`,
        value: gsi,
        limit: fault,
        remedy: `use ${fault}`,
      });
    }
    const user = { gsi, owner, trigger };
    this.users.add(user);
    return user;
  }

  remove(user: GsiUser): void {
    this.users.delete(user);
  }

  has(gsi: number): boolean {
    for (const user of this.users) if (user.gsi === gsi) return true;
    return false;
  }
}
