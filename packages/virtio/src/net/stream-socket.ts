/**
 * The two ends of QEMU's `-netdev stream` on a Unix socket: a client that connects to a path (another QEMU, a passt that somebody
 * started, a Trapline machine), and a server with one client at a time, the next when that has gone.
 */
import { HostError, messageOf } from "@trapline/core";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { dialledPort } from "./dialled-port.ts";
import type { NetworkBackend, NetworkPlug, NetworkPort } from "./network-backend.ts";
import { StreamPort } from "./stream-port.ts";

/** What to do when nobody listens, or a connection ends. */
export interface StreamClientOptions {
  /** Try again so many milliseconds after a failed attempt or the end of a connection. Default: the first connection is the only one. */
  readonly reconnectMs?: number;
}

/** The end that connects to a Unix socket (QEMU's -netdev stream, passt). */
export class StreamClient implements NetworkBackend {
  private readonly path: string;
  private readonly reconnectMs: number | undefined;

  /** @param path of a Unix socket on which somebody listens */
  constructor(path: string, options: StreamClientOptions = {}) {
    this.path = path;
    this.reconnectMs = options.reconnectMs;
  }

  /** @throws HostError when nobody listens and `reconnectMs` is not given */
  connect(plug: NetworkPlug): Promise<NetworkPort> {
    return dialledPort(plug, { peer: this.path, reconnectMs: this.reconnectMs, dial: () => this.dial(plug) });
  }

  private dial(plug: NetworkPlug): Promise<Socket> {
    const { path } = this;
    return new Promise((resolve, reject) => {
      const socket = createConnection({ path });
      const fail = (cause: Error): void => {
        const remedy = "start the other end first, or set reconnectMs";
        const text = `${plug.name} cannot connect to ${path}: ${messageOf(cause)}`;
        reject(new HostError(text, { subject: plug.name, other: path, remedy, cause }));
      };
      socket.once("error", fail);
      socket.once("connect", () => {
        socket.off("error", fail);
        resolve(socket);
      });
    });
  }
}

/** The end that listens on a Unix socket; one connection at a time. */
export class StreamServer implements NetworkBackend {
  private readonly path: string;

  /** @param path of the Unix socket to make; it is removed when the machine closes */
  constructor(path: string) {
    this.path = path;
  }

  /** @throws HostError when the socket cannot be made */
  async connect(plug: NetworkPlug): Promise<NetworkPort> {
    const { path } = this;
    const server = createServer((socket) => void port.open(socket));
    const port = new StreamPort(plug, path, { ended: () => {}, closed: () => void server.close() });
    try {
      await listening(server, path);
    } catch (cause) {
      const remedy = "remove the file if nobody uses it any more, or choose another path in a folder that you may write";
      throw new HostError(`${plug.name} cannot listen on ${path}: ${messageOf(cause)}`, { subject: plug.name, other: path, remedy, cause });
    }
    return port;
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      server.on("error", () => {}); // of single connections that could not be accepted
      resolve();
    });
  });
}
