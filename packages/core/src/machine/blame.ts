/** Who was at work when something threw: every exception of a plugin leaves as a PluginError that names it and the phase. */
import { isTraplineError, PluginError, type PluginPhase } from "../errors.ts";

/** Runs `use`; what it throws leaves as a PluginError. */
export function guard<T>(plugin: string, phase: PluginPhase, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    throw blame(plugin, phase, cause);
  }
}

/** As `guard`, for phases that may take their time. */
export async function guardAsync(plugin: string, phase: PluginPhase, use: () => void | Promise<void>): Promise<void> {
  try {
    await use();
  } catch (cause) {
    throw blame(plugin, phase, cause);
  }
}

/** A plugin asked another and that one failed: the inner error already names the culprit. */
function blame(plugin: string, phase: PluginPhase, cause: unknown): PluginError {
  return isTraplineError(cause, "plugin") ? (cause as PluginError) : new PluginError(plugin, phase, cause);
}
