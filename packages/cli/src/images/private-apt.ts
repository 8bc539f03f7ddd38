/**
 * The host's apt at work for another architecture, in folders of its own: lists, cache and status are private, so nothing of the host
 * changes and nobody has to be root. The host's proxies, keys and mirrors are used as they are configured (apt.conf(5)).
 * Downloads that were interrupted go on where they were; apt checks signatures and hashes.
 */
import { HostError } from "@trapline/core";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { runProgram } from "./run-program.ts";

export interface PrivateAptOptions {
  readonly folder: string;
  readonly architecture: string;
  /** The contents of a .sources file. */
  readonly sources: string;
  /** The programs are looked for in its PATH. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

export interface Download {
  readonly file: string;
  readonly bytes: number;
}

export class PrivateApt {
  private readonly options: PrivateAptOptions;

  private constructor(options: PrivateAptOptions) {
    this.options = options;
  }

  static async open(options: PrivateAptOptions): Promise<PrivateApt> {
    const { folder, architecture, sources } = options;
    for (const part of ["lists/partial", "cache/archives/partial", "debs"]) await mkdir(path.join(folder, part), { recursive: true });
    await writeFile(path.join(folder, "status"), "");
    await writeFile(path.join(folder, "debian.sources"), sources);
    const quoted = (file: string): string => JSON.stringify(path.join(folder, file));
    const settings = [
      `APT::Architecture "${architecture}"; APT::Architectures { "${architecture}"; };`,
      `Dir::State ${quoted("")}; Dir::State::status ${quoted("status")}; Dir::State::lists ${quoted("lists")};`,
      `Dir::Cache ${quoted("cache")}; Dir::Log ${quoted("")};`,
      `Dir::Etc::sourcelist ${quoted("debian.sources")}; Dir::Etc::sourceparts "-"; Dir::Etc::preferencesparts "-";`,
      'Acquire::Languages "none"; APT::Update::Post-Invoke ""; APT::Update::Post-Invoke-Success "";',
    ];
    await writeFile(path.join(folder, "apt.conf"), `${settings.join("\n")}\n`);
    return new PrivateApt(options);
  }

  /** @param progress is told of a share between 0 and 1 */
  async update(progress: (share: number) => void): Promise<void> {
    await this.apt("apt-get", ["update", "--error-on=any"], progress);
  }

  /** A field of the newest version of a package. @throws HostError when the archive has no such package, or the package no such field */
  async field(name: string, field: string): Promise<string> {
    const text = await this.apt("apt-cache", ["show", "--no-all-versions", name]);
    const value = new RegExp(`^${field}: (.*)$`, "m").exec(text)?.[1];
    if (value !== undefined) return value;
    throw new HostError(`package ${name} has no field ${field}`, { subject: name, value: field, remedy: "try another --suite" });
  }

  /** @returns the files, in the order of the names */
  async download(names: readonly string[], progress: (share: number) => void): Promise<readonly Download[]> {
    const folder = path.join(this.options.folder, "debs");
    const lines = (await this.apt("apt-get", ["download", "--print-uris", ...names])).trim().split("\n");
    await this.apt("apt-get", ["download", ...names], progress);
    return names.map((name) => {
      const [, file = "", bytes = "0"] = lines.map((line) => /^'[^']*' (\S+) (\d+)/.exec(line)).find((match) => match?.[1]?.startsWith(`${name}_`)) ?? [];
      return { file: path.join(folder, file), bytes: Number(bytes) };
    });
  }

  private async apt(program: string, args: readonly string[], progress?: (share: number) => void): Promise<string> {
    const { folder, signal } = this.options;
    const env = { ...this.options.env, LC_ALL: "C", APT_CONFIG: path.join(folder, "apt.conf") };
    const watched = progress === undefined ? [] : ["-o", "APT::Status-Fd=3"];
    try {
      return await runProgram(program, [...watched, ...args], {
        folder: path.join(folder, "debs"),
        env,
        ...(signal === undefined ? {} : { signal }),
        ...(progress === undefined ? {} : { message: (line: string) => progress(shareOf(line)) }),
      });
    } catch (cause) {
      throw new HostError((cause as Error).message.trimEnd(), { subject: program, remedy: remedyOf((cause as Error).message), cause });
    }
  }
}

/** `dlstatus:1:43.2:Retrieving file 1 of 2` (apt's progress-reporting.md). */
function shareOf(line: string): number {
  return Number(/^dlstatus:[^:]*:([\d.]+):/.exec(line)?.[1] ?? 0) / 100;
}

function remedyOf(message: string): string {
  if (message.includes("ENOENT")) return "this host has no apt: pass --kernel and --initrd";
  if (/Could not get lock|Unable to lock/.test(message)) return "another fetch of the same image is at work: wait for it";
  if (/Unable to locate package|No packages found/.test(message)) return "the host's archives do not have it: try another --suite, or pass --kernel and --initrd";
  return "run it again to go on; or pass --kernel and --initrd";
}
