/** The Ctrl-A menu and the monitor at work on a session. */
import type { Vmm } from "@trapline/core";
import type { StdioConsole } from "../console/stdio-console.ts";
import { Monitor } from "../monitor/monitor.ts";
import { completions, runMonitorCommand } from "../monitor/monitor-commands.ts";
import type { CommandHost } from "./host.ts";
import type { Session } from "./session.ts";

/** Opens the terminal for the run. Returns how to give it back; safe to call again. */
export function controlTerminal(terminal: StdioConsole, session: Session, vmm: Vmm, { stdout }: Pick<CommandHost, "stdout">): () => void {
  const leave = (): void => {
    terminal.divert(undefined);
    monitor.close();
  };
  const monitor = new Monitor({
    write: (text) => void (typeof text === "string" ? stdout.write(text) : stdout.write(text)),
    get columns() {
      return stdout.columns;
    },
    run: (line) => runMonitorCommand(line, session),
    complete: completions,
    leave,
  });
  terminal.open({
    hold: () => vmm.hold(),
    command(command) {
      switch (command) {
        case "quit":
          return session.quit();
        case "reset":
          return session.reset();
        case "powerdown":
          return void session.powerdown();
        case "monitor":
          if (monitor.isOpen) return leave();
          terminal.divert(monitor);
          return monitor.open();
      }
    },
  });
  return () => {
    leave();
    terminal.close();
  };
}
