/**
 * The same LED with inversify's decorators: a class whose dependencies are injected, and a module that binds it. Every
 * parameter names its token: esbuild, and so tsx and vitest, emit no type metadata that could be used instead.
 */
import { API_VERSION, type Bus, BusToken, type PlainData, type PluginDefinition, RegisterFrame, type VmmPlugin } from "@trapline/core";
import { ContainerModule, inject, injectable, type ServiceIdentifier } from "inversify";
import type { Subscription } from "rxjs";
import { Led, ledRegisters } from "./led.ts";

interface LedOptions {
  readonly name: string;
  readonly base: number;
  readonly show: (on: boolean) => void;
}

const LedOptionsToken = Symbol.for("example/LedOptions") as ServiceIdentifier<LedOptions>;

@injectable()
class LedPlugin implements VmmPlugin {
  private readonly bus: Bus;
  private readonly options: LedOptions;
  private readonly led: Led;

  constructor(@inject(BusToken) bus: Bus, @inject(LedOptionsToken) options: LedOptions) {
    this.bus = bus;
    this.options = options;
    this.led = new Led(options.show);
  }

  attach(scope: Subscription): void {
    const { name, base } = this.options;
    scope.add(this.bus.claim({ name, base, size: ledRegisters.frameSize }, new RegisterFrame(this.led, ledRegisters)));
  }

  reset(): void {
    this.led.set(false);
  }

  save(): PlainData {
    return this.led.save();
  }

  restore(state: PlainData): void {
    this.led.restore(state);
  }
}

export function decoratedLedPlugin(options: LedOptions): PluginDefinition {
  return {
    name: options.name,
    apiVersion: API_VERSION,
    plugin: LedPlugin,
    module: new ContainerModule(({ bind }) => {
      bind(LedOptionsToken).toConstantValue(options);
      bind(LedPlugin).toSelf().inSingletonScope();
    }),
  };
}
