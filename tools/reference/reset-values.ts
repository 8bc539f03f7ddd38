// Reset values as a machine has them: composed with the default options of its plugins and one vCPU, looked at without side effects.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../gate.ts";
import { code, hexadecimal } from "./markdown.ts";

/** What is asked of a machine of core. */
interface Machine {
  readonly bus: { peek(address: number, width: number, vcpu: number): number | bigint | undefined };
  close(): Promise<void>;
}

interface Core {
  createMachine(config: object): Promise<Machine>;
  scripted(): unknown;
}

type Plugins = Readonly<Record<string, (options?: object) => unknown>>;

/** The two boards: they share bases, so they are two machines. */
export interface ResetMachines {
  readonly "virt with a GICv3": Machine;
  readonly "virt with a GICv2": Machine;
}

export async function withResetMachines<T>(use: (machines: ResetMachines) => Promise<T>): Promise<T> {
  const load = (folder: string): Promise<unknown> => import(pathToFileURL(path.join(root, "packages", folder, "src/index.ts")).href);
  const core = (await load("core")) as Core;
  const { vgicV2, gicV2m, vgicV3, gicIts } = (await load("vgic-plugin")) as Plugins;
  const { pl011, pl031, pl061 } = (await load("devices")) as Plugins;
  const machine = (...plugins: readonly unknown[]): Promise<Machine> =>
    core.createMachine({ vcpus: 1, plugins: [core.scripted(), ...plugins] });
  const machines: ResetMachines = {
    "virt with a GICv3": await machine(vgicV3!(), gicIts!({ base: 0x0808_0000 }), pl011!(), pl031!(), pl061!()),
    "virt with a GICv2": await machine(vgicV2!(), gicV2m!()),
  };
  try {
    return await use(machines);
  } finally {
    for (const each of Object.values(machines)) await each.close();
  }
}

/** Where the registers of a row are. */
interface Place {
  readonly offset: number;
  readonly count: number;
  readonly stride: number;
  readonly size: number;
}

/** The value that all registers of a row have, a few different ones side by side, or nothing. */
export function resetCell({ bus }: Machine, base: number, row: Place): string {
  const values = Array.from({ length: row.count }, (_, n) => bus.peek(base + row.offset + n * row.stride, row.size, 0));
  const known = values.filter((value) => value !== undefined);
  if (known.length < values.length) return "";
  if (new Set(known.map(String)).size === 1) return code(hexadecimal(known[0]!));
  return known.length <= 4 ? known.map((value) => code(hexadecimal(value))).join(", ") : "differs";
}
