/** The `scripted` backend as a plugin: TypeScript generators as guest code, on any number of vCPUs. */
import { ConfigError } from "../errors.ts";
import { definePlugin, type PluginDefinition, provide } from "../machine/vmm-plugin.ts";
import { VcpuBackendToken } from "../tokens.ts";
import { type GuestCode, type GuestProgram, ScriptedVcpu } from "./scripted-vcpu.ts";

/**
 * @param programs one per vCPU, in order; vCPUs beyond the list are off
 * Composing it for fewer vCPUs than there are programs fails with a ConfigError as the cause.
 *
 * @example
 * scripted(function* () {
 *   yield write32(0x0900_0000, 0x41);
 *   yield powerOff();
 * })
 */
export function scripted(...programs: readonly (GuestProgram | (() => GuestCode))[]): PluginDefinition {
  return definePlugin({
    name: "scripted",
    provides: [
      provide(VcpuBackendToken, (vmm) => ({
        name: "scripted",
        createVcpus() {
          const { count } = vmm.topology;
          if (programs.length > count) {
            throw new ConfigError(`${programs.length} scripted programs for ${count} vCPUs`, {
              subject: "scripted",
              other: "vcpus",
              value: programs.length,
              limit: count,
              remedy: "raise vcpus, or drop a program",
            });
          }
          return Array.from({ length: count }, (_, id) => {
            const program = programs[id];
            return new ScriptedVcpu(id, typeof program === "function" ? { main: program } : program, vmm.order, vmm.memory, vmm.clock);
          });
        },
      })),
    ],
  });
}
