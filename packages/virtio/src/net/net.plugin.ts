/** The network device as a plugin, with what it is plugged into: a hub, a stream socket, passt, or a network of the caller's. */
import { ConfigError, type PluginDefinition } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { placementOptions, type VirtioPlacement } from "../transport/placement.ts";
import { virtioDevicePlugin } from "../transport/virtio-plugin.ts";
import { ETHERNET_HEADER_BYTES, macOfNames, MAX_FRAME_BYTES, parseMac, VLAN_TAG_BYTES } from "./ethernet.ts";
import { VirtioNet } from "./net-device.ts";
import type { NetworkBackend } from "./network-backend.ts";
import { type NetworkHub, networkHub } from "./network-hub.ts";
import { Passt, type PasstOptions } from "./passt.ts";
import { StreamClient, StreamServer } from "./stream-socket.ts";

/** One end of QEMU's `-netdev stream`: a path to connect to, or one to listen on. */
export interface StreamOptions {
  /** Of a Unix socket on which somebody listens. */
  readonly connect?: string;
  /** Of the Unix socket to make. */
  readonly listen?: string;
  /** With `connect`: try again after so many milliseconds. Default: the first connection is the only one. */
  readonly reconnectMs?: number;
}

/** Where the device is, and what is at the other end: one of `hub`, `stream`, `passt` and `network`. Without one the link is down. */
export interface NetOptions extends VirtioPlacement {
  /** Unique in its machine. Default "net0". */
  readonly name?: string;
  /** Machines of this process: a hub, or the name of one (see `networkHub`). */
  readonly hub?: NetworkHub | string;
  readonly stream?: StreamOptions;
  /** The host's network, through passt(1): `true` for its defaults. */
  readonly passt?: boolean | PasstOptions;
  /** Any other network. Without one of these four nothing is plugged in, and the link is down. */
  readonly network?: NetworkBackend;
  /** "52:54:00:12:34:56". Default: made from the names of machine and device. */
  readonly mac?: string;
  /** Largest payload of a frame, 68 … 65517, told to the driver. Default: not told; drivers take 1500. */
  readonly mtu?: number;
}

/** A longer one, with a tag, would be no frame. */
const MAX_MTU = MAX_FRAME_BYTES - ETHERNET_HEADER_BYTES - VLAN_TAG_BYTES;
const MIN_MTU = 68;
const MAX_RECONNECT_MS = 3_600_000;

/**
 * @throws ConfigError for options that contradict each other or are out of range
 *
 * @example
 * createMachine({ clock: { kind: "host" }, plugins: [softCpu(), vgicV3(), net({ passt: true })] })
 */
export function net(options: NetOptions = {}): PluginDefinition {
  const { name = "net0", mac, mtu } = options;
  const network = networkOf(name, options);
  const given = mac === undefined ? undefined : parseMac(mac, name);
  if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= MIN_MTU && mtu <= MAX_MTU)) {
    const remedy = `use ${MIN_MTU} to ${MAX_MTU}`;
    throw new ConfigError(`${name} has an MTU of ${mtu}`, { subject: name, value: mtu, limit: MAX_MTU, remedy });
  }
  return virtioDevicePlugin({
    name,
    place: options,
    fingerprint: { mac: mac ?? null, mtu: mtu ?? null },
    make(vmm) {
      const address = given ?? macOfNames(vmm.machineName, name);
      return new VirtioNet({ name, mac: address, ...(mtu === undefined ? {} : { mtu }) }, vmm);
    },
    life: (device) => ({
      async attach(scope) {
        scope.add(() => device.unplug());
        if (network !== undefined) await device.plugInto(network());
      },
    }),
  });
}

/** What it is plugged into, if anything; looked up when the machine attaches. */
function networkOf(name: string, { hub, stream, passt, network }: NetOptions): (() => NetworkBackend) | undefined {
  const choices = { hub, stream, passt: passt === false ? undefined : passt, network };
  const chosen = Object.entries(choices).filter(([, choice]) => choice !== undefined).map(([key]) => key);
  if (chosen.length > 1) throw refuse(name, `${name} is plugged into ${chosen.join(" and ")}`, "leave one of them");
  if (hub !== undefined) return () => (typeof hub === "string" ? networkHub(hub) : hub);
  if (stream !== undefined) return streamOf(name, stream);
  if (choices.passt !== undefined) return () => new Passt(passt === true ? {} : (passt as PasstOptions));
  return network === undefined ? undefined : () => network;
}

function streamOf(name: string, { connect, listen, reconnectMs }: StreamOptions): () => NetworkBackend {
  if ((connect === undefined) === (listen === undefined)) {
    throw refuse(name, `the stream of ${name} needs a path to connect to or one to listen on`, "give one of the two");
  }
  if (listen === undefined) return () => new StreamClient(connect!, reconnectMs === undefined ? {} : { reconnectMs });
  if (reconnectMs !== undefined) {
    throw refuse(name, `the stream of ${name} listens and has reconnectMs`, "leave it out: a server waits anyway");
  }
  return () => new StreamServer(listen);
}

function refuse(name: string, message: string, remedy: string): ConfigError {
  return new ConfigError(message, { subject: name, remedy });
}

const path: JsonSchema = { type: "string", minLength: 1 };
const reconnectMs: JsonSchema = {
  ...{ type: "integer", minimum: 1, maximum: MAX_RECONNECT_MS },
  description: "try again after so many milliseconds; default: the first connection is the only one",
};
const passtOptions: JsonSchema = {
  type: "object",
  properties: {
    tcp: { type: "string", description: 'ports of the host that lead to the guest, as passt writes them: "2222:22"' },
    udp: { type: "string", description: "likewise for UDP" },
    args: { type: "array", items: { type: "string" }, description: "more arguments of passt" },
    program: { type: "string", minLength: 1, description: "default: passt" },
    reconnectMs,
  },
  additionalProperties: false,
};

/** What may be written in a machine file: {@link NetOptions} but for the name, that of the instance, and what only code can give. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    ...placementOptions,
    hub: { type: "string", minLength: 1, description: "name of a hub; all machines of this process that name it are joined by it" },
    stream: {
      type: "object",
      properties: {
        connect: { ...path, description: "a Unix socket on which somebody listens (QEMU's -netdev stream, passt)" },
        listen: { ...path, description: "the Unix socket to make" },
        reconnectMs,
      },
      additionalProperties: false,
    },
    passt: { anyOf: [{ type: "boolean" }, passtOptions], description: "the host's network, through passt" },
    mac: { type: "string", description: "52:54:00:12:34:56; default: made from the names of machine and device" },
    mtu: { type: "integer", minimum: MIN_MTU, maximum: MAX_MTU, description: "told to the driver; default: not told" },
  },
  additionalProperties: false,
};

/** For machine files: paths are relative to the file. */
export const plugin: PluginFactory<NetOptions> = (given, context) => {
  const { name } = context;
  const { connect, listen, ...others } = given.stream ?? {};
  const stream = {
    ...others,
    ...(connect === undefined ? {} : { connect: context.resolve(connect) }),
    ...(listen === undefined ? {} : { listen: context.resolve(listen) }),
  };
  return net({ ...given, ...(name === undefined ? {} : { name }), ...(given.stream === undefined ? {} : { stream }) });
};
