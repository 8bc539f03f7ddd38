/** Everything the command uses of its process, so that tests can give their own. */
import type { ConsoleInput, ConsoleOutput } from "../console/stdio-console.ts";

export interface CommandHost {
  readonly stdin: ConsoleInput;
  readonly stdout: ConsoleOutput & { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Calls back on SIGINT, SIGTERM and SIGHUP. Returns how to stop that. */
  onSignal(stop: () => void): () => void;
}
