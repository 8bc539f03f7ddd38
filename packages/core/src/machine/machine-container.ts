/**
 * The container of one machine: core's bindings, then every plugin's. A child container per machine, so that nothing is
 * shared between machines but the constants of the parent. Cold: services are looked up once and kept.
 */
import type { Container, ServiceIdentifier } from "inversify";
import { ConfigError, messageOf, PluginError } from "../errors.ts";
import { FixedRouter } from "../irq/fixed-router.ts";
import * as tokens from "../tokens.ts";
import { guard } from "./blame.ts";
import type { ContainerClass } from "./machine-inversify.ts";
import type { Vmm } from "./vmm.ts";
import type { PluginDefinition, Provision } from "./vmm-plugin.ts";

export class MachineContainer {
  private readonly container: Container;
  /** Who provides a token once or instead, for the message when a second one does. */
  private readonly providers = new Map<ServiceIdentifier, string>();

  /** @param inversify the class to make it of; see machine-inversify.ts */
  constructor(inversify: ContainerClass, parent?: Container) {
    this.container = new inversify({ defaultScope: "Singleton", ...(parent === undefined ? {} : { parent }) });
    // Built when first asked for, so that a plugin's replacement is not preceded by a default nobody wanted.
    this.container
      .bind(tokens.GsiRouterToken)
      .toResolvedValue((order) => new FixedRouter(order), [tokens.WireOrderToken])
      .inSingletonScope();
  }

  constant<T>(token: ServiceIdentifier<T>, value: T): void {
    this.container.bind(token).toConstantValue(value);
  }

  /** Binds what a plugin brings. @throws PluginError, or ConfigError when two plugins bring what can be there once. */
  load(plugin: PluginDefinition, vmm: Vmm): void {
    for (const provision of plugin.provides ?? []) this.provide(plugin.name, provision, vmm);
    if (plugin.module === undefined) return;
    try {
      this.container.load(plugin.module);
    } catch (cause) {
      throw new PluginError(plugin.name, "load", cause);
    }
  }

  private provide(plugin: string, { token, mode, make }: Provision, vmm: Vmm): void {
    if (mode !== "add") {
      const other = this.providers.get(token);
      const kept = mode === "once" && other === undefined && this.container.isCurrentBound(token) ? "core" : undefined;
      if (other !== undefined || kept !== undefined) {
        throw new ConfigError(`plugins ${other ?? kept} and ${plugin} both provide ${name(token)}`, {
          subject: plugin,
          other: other ?? kept!,
          value: name(token),
          remedy: kept === undefined ? "leave one of the two out" : "use provideInstead to take the place of core's own",
        });
      }
      this.providers.set(token, plugin);
      if (mode === "replace" && this.container.isCurrentBound(token)) this.container.unbind(token);
    }
    this.container
      .bind(token)
      .toDynamicValue(() => guard(plugin, "define", () => make(vmm)))
      .inSingletonScope();
  }

  get<T>(token: ServiceIdentifier<T>): T {
    if (!this.container.isBound(token)) {
      throw new ConfigError(`nothing provides ${name(token)}`, {
        subject: name(token),
        remedy: "add the plugin that does to the machine's list",
      });
    }
    return resolve(token, () => this.container.get(token));
  }

  find<T>(token: ServiceIdentifier<T>): T | undefined {
    return this.container.isBound(token) ? resolve(token, () => this.container.get(token)) : undefined;
  }

  getAll<T>(token: ServiceIdentifier<T>): readonly T[] {
    return this.container.isBound(token) ? resolve(token, () => this.container.getAll(token)) : [];
  }

  /** Forgets everything; a dropped child container would otherwise be kept alive by its parent's plans. */
  async close(): Promise<void> {
    await this.container.unbindAllAsync();
  }
}

/** Two modules that bind the same, or a class without a binding for a parameter: inversify says what, we say where. */
function resolve<T>(token: ServiceIdentifier, get: () => T): T {
  try {
    return get();
  } catch (cause) {
    if (typeof cause !== "object" || cause === null || !(INVERSIFY_ERROR in cause)) throw cause;
    throw new ConfigError(`${name(token)} cannot be given: ${messageOf(cause)}`, {
      subject: name(token),
      remedy: "look at the plugins whose modules bind it, or what it is made from",
      cause,
    });
  }
}

/** How inversify's own errors are told from those of constructors, in every copy of it. */
const INVERSIFY_ERROR = Symbol.for("@inversifyjs/core/InversifyCoreError");

function name(token: ServiceIdentifier): string {
  if (typeof token === "symbol") return (token.description ?? "a service").replace(/^trapline\/\d+\//, "");
  return typeof token === "function" ? token.name : token;
}
