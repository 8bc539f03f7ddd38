/** Where the command keeps what can be made or fetched again: the user's cache folder (XDG Base Directory Specification). */
import { homedir } from "node:os";
import path from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `trapline` in $XDG_CACHE_HOME, otherwise in ~/.cache. A relative $XDG_CACHE_HOME is ignored, as the specification has it. */
export function cacheFolder({ XDG_CACHE_HOME: given = "", HOME: home = homedir() }: Environment): string {
  return path.join(path.isAbsolute(given) ? given : path.join(home, ".cache"), "trapline");
}
