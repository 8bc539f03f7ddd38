/** Everything the command uses of its process, so that tests can give their own. */
import type { ConsoleInput, ConsoleOutput } from "../console/stdio-console.ts";
import type { Environment } from "../cache-folder.ts";
import type { ProgressLine } from "../images/progress-line.ts";

export interface CommandHost {
  readonly stdin: ConsoleInput;
  readonly stdout: ConsoleOutput & { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: Environment;
  readonly progress: ProgressLine;
  /** Calls back on SIGINT, SIGTERM and SIGHUP. Returns how to stop that. */
  onSignal(stop: () => void): () => void;
}
