/**
 * Which kernel modules a guest needs for its virtio devices, from what each says of itself in its `.modinfo` section
 * (linux/include/linux/module.h: MODULE_INFO): `name=`, `depends=`, `alias=`. And the two tables that modprobe reads, modules.dep and
 * modules.alias, as depmod would write them. Cold.
 */

/** A module as it lies in a package: its path below /lib/modules/<version>, and its bytes. */
export interface ModuleFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface KernelModule extends ModuleFile {
  readonly name: string;
  readonly depends: readonly string[];
  readonly aliases: readonly string[];
}

/** What drives a virtio device, or is the transport to one, says so by its name or by the devices it is for (`virtio:d00000002v*`). */
const NAME = /^virtio|_virtio/;
const ALIAS = /^virtio:|virtio,/;

export function readModule({ path, bytes }: ModuleFile): KernelModule {
  const info = modinfo(bytes);
  const depends = info("depends").flatMap((list) => list.split(",")).filter((name) => name !== "");
  const [fileName = path] = path.split("/").slice(-1);
  return { path, bytes, name: moduleName(info("name")[0] ?? fileName.replace(/\.ko$/, "")), depends: depends.map(moduleName), aliases: info("alias") };
}

/** All modules of virtio, with what they depend on; each after what it needs. Dependencies that are no module are built into the kernel. */
export function virtioModules(all: readonly KernelModule[]): readonly KernelModule[] {
  const byName = new Map(all.map((module) => [module.name, module]));
  const closures = new Map<KernelModule, readonly KernelModule[]>();
  const wanted = all.filter(({ name, aliases }) => NAME.test(name) || aliases.some((alias) => ALIAS.test(alias)));
  wanted.sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...new Set(wanted.flatMap((module) => withDependencies(module, byName, closures)))];
}

/** modules.dep: a module, and what has to be loaded before it, the nearest first. */
export function modulesDep(modules: readonly KernelModule[]): string {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const closures = new Map<KernelModule, readonly KernelModule[]>();
  return modules.map((module) => {
    const before = withDependencies(module, byName, closures).slice(0, -1).reverse();
    return `${module.path}:${before.map(({ path }) => ` ${path}`).join("")}\n`;
  }).join("");
}

/** modules.alias: what a device calls itself, as a pattern, and the module that drives it. */
export function modulesAlias(modules: readonly KernelModule[]): string {
  return modules.flatMap(({ aliases, name }) => aliases.map((alias) => `alias ${alias} ${name}\n`)).join("");
}

/** The module last, everything it needs before it. A cycle, which no kernel build makes, is cut. */
function withDependencies(
  module: KernelModule,
  byName: ReadonlyMap<string, KernelModule>,
  closures: Map<KernelModule, readonly KernelModule[]>,
): readonly KernelModule[] {
  const known = closures.get(module);
  if (known !== undefined) return known;
  closures.set(module, []);
  const before = new Set<KernelModule>();
  for (const name of module.depends) {
    const dependency = byName.get(name);
    if (dependency !== undefined) for (const each of withDependencies(dependency, byName, closures)) before.add(each);
  }
  const closure = [...before, module];
  closures.set(module, closure);
  return closure;
}

/** File names say `virtio-rng`, dependencies `virtio_rng`: to the kernel they are one. */
const moduleName = (text: string): string => text.replaceAll("-", "_");

/** The texts of `.modinfo`: found by the section's name in the ELF file, so that nothing else that looks alike is believed. */
function modinfo(bytes: Uint8Array): (key: string) => string[] {
  const texts = new TextDecoder("latin1").decode(modinfoSection(bytes)).split("\0");
  return (key) => texts.filter((text) => text.startsWith(`${key}=`)).map((text) => text.slice(key.length + 1));
}

/** ELF-64, little-endian: e_shoff at 40, e_shentsize at 58, e_shnum at 60, e_shstrndx at 62; empty when it is none. */
function modinfoSection(bytes: Uint8Array): Uint8Array {
  const nothing = new Uint8Array(0);
  if (bytes.length < 64 || bytes[0] !== 0x7f || bytes[4] !== 2 || bytes[5] !== 1) return nothing;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [table, entry, count, names] = [Number(view.getBigUint64(40, true)), view.getUint16(58, true), view.getUint16(60, true), view.getUint16(62, true)];
  if (entry < 64 || table + entry * count > bytes.length || names >= count) return nothing;
  const contents = (index: number): Uint8Array => {
    const at = table + entry * index;
    const offset = Number(view.getBigUint64(at + 24, true));
    return bytes.subarray(offset, offset + Number(view.getBigUint64(at + 32, true)));
  };
  const strings = contents(names);
  for (let index = 0; index < count; index++) {
    const name = strings.subarray(view.getUint32(table + entry * index, true));
    const end = name.indexOf(0);
    if (new TextDecoder("latin1").decode(end < 0 ? name : name.subarray(0, end)) === ".modinfo") return contents(index);
  }
  return nothing;
}
