/**
 * passt(1) as a network: a process of the user's own that gives a guest the host's connectivity without privileges, DHCP and DNS
 * included. It is started for the device with one end of a socket pair as its standard stream number 3 (`--fd 3`), so no path is made
 * that others could reach, and it ends with the machine: when the other end is closed, and however this process ends.
 */
import { HostError, messageOf } from "@trapline/core";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { dialledPort } from "./dialled-port.ts";
import type { NetworkBackend, NetworkPlug, NetworkPort } from "./network-backend.ts";

/** How passt is started, and which ports lead to the guest. */
export interface PasstOptions {
  /** Ports of the host that lead to the guest, as passt writes them: "2222:22", "127.0.0.1/8080:80". Default: none. */
  readonly tcp?: string;
  readonly udp?: string;
  /** More arguments: ["--no-map-gw", "--mtu", "1500"]. */
  readonly args?: readonly string[];
  /** Default "passt", found on the PATH. */
  readonly program?: string;
  /** Start it again so many milliseconds after it has ended. Default: it is started once. */
  readonly reconnectMs?: number;
}

/** Where the socket is in the child. */
const CHILD_FD = 3;
/** Of what it says, this much is kept, from the beginning and from the end. */
const KEPT_CHARACTERS = 1024;
/** What an old passt prints about each line where no syslog runs. */
const SYSLOG_NOISE = /^Failed to send \d+ bytes to syslog$/;

export class Passt implements NetworkBackend {
  private readonly options: PasstOptions;
  private readonly program: string;

  constructor(options: PasstOptions = {}) {
    this.options = options;
    this.program = options.program ?? "passt";
  }

  /** @throws HostError when it is not installed */
  connect(plug: NetworkPlug): Promise<NetworkPort> {
    const { program, options } = this;
    return dialledPort(plug, { peer: program, reconnectMs: options.reconnectMs, dial: () => this.start(plug) });
  }

  private async start(plug: NetworkPlug): Promise<Duplex> {
    const { program } = this;
    const child = spawn(program, this.commandLine(), { stdio: ["ignore", "ignore", "pipe", "pipe"] });
    const socket = child.stdio[CHILD_FD] as Duplex;
    const said = collect(child);
    try {
      await once(child, "spawn");
    } catch (cause) {
      socket.on("error", () => {});
      socket.destroy();
      const remedy = "install it (Debian and Fedora: the package passt), or name the program";
      const text = `${plug.name} cannot start ${program}: ${messageOf(cause)}`;
      throw new HostError(text, { subject: plug.name, other: program, remedy, cause });
    }
    socket.on("close", () => void child.kill()); // it ends by itself then; this is for one that does not look
    child.on("exit", (status, signal) => {
      if (status === 0 || signal === "SIGTERM") return;
      whenSilent(child, () => {
        const remedy = "see what it says with the same arguments on the command line";
        const text = `${program} of ${plug.name} ended with ${signal ?? `status ${status}`}${said()}`;
        plug.report(new HostError(text, { subject: plug.name, other: program, remedy }));
      });
    });
    return socket;
  }

  private commandLine(): string[] {
    const { tcp, udp, args = [] } = this.options;
    return [
      ...["--foreground", "--quiet", "--fd", String(CHILD_FD)],
      ...(tcp === undefined ? [] : ["--tcp-ports", tcp]),
      ...(udp === undefined ? [] : ["--udp-ports", udp]),
      ...args,
    ];
  }
}

/** What a process said last may arrive after the news that it ended. */
function whenSilent({ stderr }: ChildProcess, then: () => void): void {
  if (stderr === null || stderr.closed) then();
  else stderr.once("close", then);
}

/** Keeps reading what it says, and gives back the first and the last of it, as the end of a sentence. */
function collect({ stderr }: ChildProcess): () => string {
  let text = "";
  stderr?.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
    if (text.length > 4 * KEPT_CHARACTERS) text = `${text.slice(0, KEPT_CHARACTERS)}…${text.slice(-KEPT_CHARACTERS)}`;
  });
  return () => {
    const lines = text.split("\n").filter((line) => line.trim() !== "" && !SYSLOG_NOISE.test(line));
    return lines.length === 0 ? "" : `: ${lines.join("; ")}`;
  };
}
