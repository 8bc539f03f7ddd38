/**
 * A machine while it runs: what the Ctrl-A menu, the monitor and signals do to it. It can be stopped and go on; virtual time stands still
 * meanwhile, host time does not.
 */
import type { Machine, RunResult, Vmm } from "@trapline/core";
import { PowerButtonToken } from "@trapline/devices";
import { naming, readSaved, writeSaved } from "./saved-machine.ts";

export class Session {
  readonly machine: Machine;
  private readonly vmm: Vmm;
  private pausing = false;
  private standing = false;
  /** Called when the machine stands still, and when it is to go on. */
  private stood: () => void = () => {};
  private goOn: () => void = () => {};
  private quitting = false;

  constructor(machine: Machine, vmm: Vmm) {
    this.machine = machine;
    this.vmm = vmm;
  }

  /** Until the guest, the user or the clock ends it, pauses included. @param timeoutMs of real time */
  async run(timeoutMs: number = Infinity): Promise<RunResult> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const result = await this.machine.run(timeoutMs === Infinity ? {} : { timeoutMs: Math.max(0, endMs - performance.now()) });
      if (this.quitting || !this.pausing || result.reason !== "stopped") return result;
      await this.stand(endMs);
      if (this.quitting) return { reason: "stopped" };
    }
  }

  get running(): boolean {
    return !this.standing;
  }

  /** Resolves when no vCPU runs. */
  pause(): Promise<void> {
    if (this.pausing) return Promise.resolve();
    this.pausing = true;
    const done = new Promise<void>((resolve) => void (this.stood = resolve));
    this.machine.stop();
    return done;
  }

  resume(): void {
    this.pausing = false;
    this.goOn();
  }

  quit(): void {
    this.quitting = true;
    this.machine.stop();
    this.goOn();
  }

  reset(): void {
    this.vmm.requestReset();
  }

  /** False when the machine has no power button. */
  powerdown(): boolean {
    const button = this.machine.find(PowerButtonToken);
    button?.press();
    this.vmm.wake();
    return button !== undefined;
  }

  /** @returns the file's size, bytes. @throws HostError, PluginError, SnapshotError */
  async save(subject: string, file: string): Promise<number> {
    const bytes = await this.machine.save();
    await writeSaved(subject, file, bytes);
    return bytes.length;
  }

  /** @throws HostError, ConfigError for a file that does not fit this machine, which then goes on as it was */
  async load(subject: string, file: string): Promise<void> {
    const bytes = await readSaved(subject, file);
    await naming(file, this.machine.restore(bytes));
  }

  private async stand(endMs: number): Promise<void> {
    this.standing = true;
    this.stood();
    await new Promise<void>((resolve) => {
      const timer = endMs === Infinity ? undefined : setTimeout(resolve, Math.max(0, endMs - performance.now()));
      this.goOn = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.goOn = () => {};
    this.standing = false;
  }
}
