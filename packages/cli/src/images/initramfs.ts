/** The guest's first root file system: BusyBox, the modules of virtio, and a script that starts them. */
import { type CpioEntry, writeCpio } from "./cpio.ts";
import { INIT_SCRIPT } from "./init-script.ts";
import { type KernelModule, modulesAlias, modulesDep } from "./kernel-modules.ts";

/** @param version as `uname -r` says it: where the kernel looks for modules */
export function makeInitramfs(version: string, busybox: Uint8Array, modules: readonly KernelModule[]): Uint8Array {
  const home = `lib/modules/${version}`;
  const text = (name: string, content: string): CpioEntry => ({ kind: "file", name: `${home}/${name}`, bytes: new TextEncoder().encode(content) });
  const files: readonly CpioEntry[] = [
    { kind: "file", name: "init", bytes: new TextEncoder().encode(INIT_SCRIPT), executable: true },
    { kind: "file", name: "bin/busybox", bytes: busybox, executable: true },
    { kind: "link", name: "bin/sh", target: "busybox" },
    // The kernel opens it for its first process before anything is mounted.
    { kind: "terminal", name: "dev/console", major: 5, minor: 1 },
    ...modules.map(({ path, bytes }): CpioEntry => ({ kind: "file", name: `${home}/${path}`, bytes })),
    text("modules.dep", modulesDep(modules)),
    text("modules.alias", modulesAlias(modules)),
  ];
  return writeCpio([...foldersOf(files), ...files]);
}

/** Every folder above an entry, once, outermost first. */
function foldersOf(entries: readonly CpioEntry[]): readonly CpioEntry[] {
  const names = new Set<string>();
  for (const { name } of entries) {
    const steps = name.split("/").slice(0, -1);
    for (let depth = 1; depth <= steps.length; depth++) names.add(steps.slice(0, depth).join("/"));
  }
  return [...names].sort().map((name): CpioEntry => ({ kind: "folder", name }));
}
