/** What a snapshot and the machine it is restored into must agree on. */
import type { PlainData } from "../plain-data.ts";
import { toJson } from "./plain-codec.ts";

export interface MachineShape {
  readonly apiVersion: number;
  readonly clock: string;
  /** Affinities, one per vCPU. */
  readonly vcpus: readonly number[];
  /** Which backend runs them, or null. */
  readonly backend: string | null;
  readonly memory: readonly { readonly name: string; readonly base: number; readonly size: number }[];
  readonly irqchips: readonly string[];
  readonly plugins: readonly { readonly name: string; readonly stateVersion: number; readonly fingerprint: PlainData }[];
}

/** Every difference as a phrase that names both sides; empty when they fit. */
export function differences(saved: MachineShape, here: MachineShape): string[] {
  const found: string[] = [];
  const compare = (what: string, a: PlainData, b: PlainData): void => {
    const [left, right] = [JSON.stringify(toJson(a)), JSON.stringify(toJson(b))];
    if (left !== right) found.push(`${what}: ${left} was saved, ${right} is here`);
  };
  compare("API version", saved.apiVersion, here.apiVersion);
  compare("clock", saved.clock, here.clock);
  compare("backend", saved.backend, here.backend);
  compare("vCPUs (affinities)", saved.vcpus, here.vcpus);
  compare("memory", saved.memory, here.memory);
  compare("irqchips", saved.irqchips, here.irqchips);
  const names = (shape: MachineShape): readonly string[] => shape.plugins.map((plugin) => plugin.name);
  compare("plugins", names(saved), names(here));
  for (const plugin of saved.plugins) {
    const other = here.plugins.find(({ name }) => name === plugin.name);
    if (other === undefined) continue; // told by the list above
    compare(`state version of ${plugin.name}`, plugin.stateVersion, other.stateVersion);
    compare(`configuration of ${plugin.name}`, plugin.fingerprint, other.fingerprint);
  }
  return found;
}
