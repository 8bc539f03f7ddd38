/**
 * Which inversify a machine is composed with. A module or a parent container of the user's was made by the inversify that is installed, and
 * a container of another copy cannot read them (their private fields are another class's): the machine takes the same one. Where nobody
 * brings either, nothing of inversify ever leaves this package, and the machine takes the copy in one file that the build makes of
 * own-inversify.ts: the installed one has some 250 files, a quarter of a second before the first machine (docs/adr/0046-bundles.md). Cold.
 */
import "reflect-metadata/lite"; // global, for the decorators of plugins; as inversify imports it
import type { Container } from "inversify";
import type { MachineConfig } from "./machine-config.ts";

export type ContainerClass = typeof Container;

export async function containerClassFor({ parent, plugins }: MachineConfig): Promise<ContainerClass> {
  const isMet = parent !== undefined || plugins.some(({ module }) => module !== undefined);
  return (isMet ? await import("inversify") : await import("./own-inversify.ts")).Container;
}
