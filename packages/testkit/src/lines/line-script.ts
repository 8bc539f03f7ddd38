/**
 * Interrupts in time, as marbles: one character for each tick of machine time.
 *
 *     1: "--h--l---p"      GSI 1 goes high at tick 2, low at tick 5, and has an edge at tick 9
 *     2: "  --h----l"      blanks are for the eye: they take no time
 *
 * The script is a plugin: its lines are ORed with those of devices, it begins at power-on, is reset with the machine, and saved.
 */
import {
  type ClockTimer,
  ConfigError,
  definePlugin,
  type PlainData,
  type PluginDefinition,
  type SavedTimer,
  SnapshotError,
  type Vmm,
} from "@trapline/core";

/** How characters become time, and the name of the script. */
export interface LineScriptOptions {
  /** Machine time of one character, nanoseconds, 1 and up. Default 1000. */
  readonly tickNs?: number;
  /** Of the plugin, and the owner of the lines in dumps. Default "line-script". */
  readonly name?: string;
}

/** Characters of one script. */
export const MAX_SCRIPT = 100_000;

type Act = "h" | "l" | "p";

/** What happens at one tick, in the order of the scripts. */
interface Moment {
  readonly tick: number;
  readonly acts: readonly { readonly gsi: number; readonly act: Act }[];
}

/**
 * @param scripts by GSI
 * @throws ConfigError naming the script and the place of a character that is none of `h`, `l`, `p`, `-` and blank
 */
export function lineScript(scripts: Readonly<Record<number, string>>, options: LineScriptOptions = {}): PluginDefinition {
  const { tickNs = 1000, name = "line-script" } = options;
  if (!(Number.isInteger(tickNs) && tickNs >= 1)) {
    throw new ConfigError(`a tick of ${tickNs} ns`, {
      subject: `${name}.tickNs`,
      value: tickNs,
      limit: "1 and up",
      remedy: "use a whole number of nanoseconds",
    });
  }
  const moments = parseScripts(scripts);
  return definePlugin({ name, fingerprint: { scripts: { ...scripts }, tickNs }, create: (vmm) => new Player(vmm, moments, tickNs, name) });
}

/** All scripts, merged by time. */
export function parseScripts(scripts: Readonly<Record<number, string>>): readonly Moment[] {
  const byTick = new Map<number, { readonly gsi: number; readonly act: Act }[]>();
  for (const [gsi, script] of Object.entries(scripts)) {
    if (script.length > MAX_SCRIPT) {
      throw new ConfigError(`the script of GSI ${gsi} has ${script.length} characters`, {
        subject: `GSI ${gsi}`,
        value: script.length,
        limit: MAX_SCRIPT,
        remedy: "use a longer tick",
      });
    }
    let tick = 0;
    for (const [index, character] of [...script].entries()) {
      if (character === " ") continue;
      if (character === "h" || character === "l" || character === "p") {
        const acts = byTick.get(tick) ?? [];
        acts.push({ gsi: Number(gsi), act: character });
        byTick.set(tick, acts);
      } else if (character !== "-") {
        throw new ConfigError(`the script of GSI ${gsi} has ${JSON.stringify(character)} at ${index}: ${JSON.stringify(script)}`, {
          subject: `GSI ${gsi}`,
          value: character,
          limit: "h l p - and blanks",
          remedy: "write h for high, l for low, p for a pulse, - for a tick without",
        });
      }
      tick++;
    }
  }
  return [...byTick].sort(([a], [b]) => a - b).map(([tick, acts]) => ({ tick, acts }));
}

class Player {
  private readonly vmm: Vmm;
  private readonly moments: readonly Moment[];
  private readonly tickNs: number;
  private readonly timer: ClockTimer;
  private readonly lines = new Map<number, ReturnType<Vmm["router"]["line"]>>();
  private readonly triggers = new Map<number, ReturnType<Vmm["router"]["trigger"]>>();
  private startNs = 0;
  /** Index of the moment that comes next. */
  private next = 0;

  constructor(vmm: Vmm, moments: readonly Moment[], tickNs: number, name: string) {
    this.vmm = vmm;
    this.moments = moments;
    this.tickNs = tickNs;
    this.timer = vmm.clock.timer(name, () => this.play());
    for (const { gsi, act } of moments.flatMap(({ acts }) => acts)) {
      if (act === "p" && !this.triggers.has(gsi)) this.triggers.set(gsi, vmm.router.trigger(gsi, name));
      if (act !== "p" && !this.lines.has(gsi)) this.lines.set(gsi, vmm.router.line(gsi, name));
    }
  }

  reset(): void {
    for (const line of this.lines.values()) line.set(false);
    this.startNs = this.vmm.clock.nowNs();
    this.next = 0;
    this.arm();
  }

  save(): PlainData {
    return { startNs: this.startNs, next: this.next, timer: this.timer.save() };
  }

  restore(state: PlainData): void {
    const saved = state as { readonly startNs?: unknown; readonly next?: unknown; readonly timer?: SavedTimer | null } | null;
    if (typeof saved?.startNs !== "number" || typeof saved.next !== "number" || saved.timer === undefined) {
      throw new SnapshotError("the saved state is none of a line script", {
        subject: this.timer.name,
        remedy: "the file is damaged: take another",
      });
    }
    this.startNs = saved.startNs;
    this.next = saved.next;
    this.timer.restore(saved.timer);
  }

  private play(): void {
    const { acts } = this.moments[this.next++]!;
    for (const { gsi, act } of acts) {
      if (act === "p") this.triggers.get(gsi)!.pulse();
      else this.lines.get(gsi)!.set(act === "h");
    }
    this.arm();
  }

  private arm(): void {
    const moment = this.moments[this.next];
    if (moment === undefined) this.timer.disarm();
    else this.timer.armAt(this.startNs + moment.tick * this.tickNs);
  }
}
