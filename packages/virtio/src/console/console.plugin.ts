/** The console device as a plugin: hvc0 of a guest on the machine's terminal, ports with names, and a port that reports how a test ended. */
import { ConfigError, type PluginDefinition, SerialConsoleToken, type SerialPort, UNPLUGGED, type Vmm } from "@trapline/core";
import type { JsonSchema, PluginFactory } from "@trapline/core/machine-file";
import { placementOptions, type VirtioPlacement } from "../transport/placement.ts";
import { virtioDevicePlugin } from "../transport/virtio-plugin.ts";
import { MAX_PORTS, VirtioConsole } from "./console-device.ts";
import type { ConsolePortSetup } from "./console-port.ts";
import { EXIT_PORT_NAME, ExitPort } from "./exit-port.ts";

/** UTF-8, bytes. */
const MAX_NAME_BYTES = 128;

/** One port, and what is behind it. */
export interface ConsolePortOptions {
  /** Linux has the port as /dev/virtio-ports/NAME. Default: none. */
  readonly name?: string;
  /** A console (hvc0, hvc1, …), not only a port. Default: true where it has no name. */
  readonly console?: boolean;
  /**
   * What it is plugged into: the machine's terminal, where no other device has it; a test device, which ends the run with the code that the
   * guest writes (`3q`); or nothing. Default: `exit` by the name org.trapline.exit, the terminal for other consoles, nothing else.
   */
  readonly to?: "terminal" | "exit" | "nothing";
  /** In the place of `to`. */
  readonly port?: SerialPort;
}

/** Where the device is, and its ports. */
export interface ConsoleOptions extends VirtioPlacement {
  /** Unique in its machine. Default "console0". */
  readonly name?: string;
  /** One to 31. Default: one console on the terminal. */
  readonly ports?: readonly ConsolePortOptions[];
}

/**
 * @throws ConfigError for a placement that contradicts itself, and for ports that cannot be
 *
 * @example
 * virtioConsole({ ports: [{}, { name: "org.trapline.exit" }] })
 * virtioConsole({ legacy: true, ports: [{ to: "exit" }] }) // kvm-unit-tests' chr-testdev
 */
export function virtioConsole(options: ConsoleOptions = {}): PluginDefinition {
  const { name = "console0", ports = [{}] } = options;
  checkPorts(name, ports);
  return virtioDevicePlugin({
    name,
    place: options,
    fingerprint: { ports: ports.map((port) => ({ name: port.name ?? "", isConsole: isConsole(port) })) },
    make: (vmm) => new VirtioConsole(name, ports.map((port, id) => setupOf(vmm, id === 0 ? name : `${name}.${id}`, port)), vmm),
    life: (device, vmm) => ({
      attach(scope) {
        scope.add(() => device.control$.complete());
        for (const port of device.ports) {
          const then = (act: () => void) => (): void => {
            act();
            vmm.wake();
          };
          scope.add(port.plug.listen(then(() => device.inputCame(port))));
          scope.add(port.plug.drained?.(then(() => device.roomCame(port))));
          scope.add(port.plug.watch?.(then(() => device.outsideChanged(port))));
        }
      },
    }),
  });
}

function setupOf(vmm: Vmm, plugged: string, options: ConsolePortOptions): Omit<ConsolePortSetup, "id"> {
  return { name: options.name ?? "", isConsole: isConsole(options), plug: options.port ?? plugOf(vmm, plugged, options) };
}

function plugOf(vmm: Vmm, plugged: string, options: ConsolePortOptions): SerialPort {
  const { to = options.name === EXIT_PORT_NAME ? "exit" : isConsole(options) ? "terminal" : "nothing" } = options;
  if (to === "exit") return new ExitPort(plugged, (code) => vmm.powerOff(code));
  return (to === "terminal" ? vmm.find(SerialConsoleToken)?.connect(plugged) : undefined) ?? UNPLUGGED;
}

function isConsole({ name, console }: ConsolePortOptions): boolean {
  return console ?? name === undefined;
}

function checkPorts(device: string, ports: readonly ConsolePortOptions[]): void {
  const refuse = (message: string, remedy: string, value: number | string): never => {
    throw new ConfigError(message, { subject: device, value, remedy });
  };
  if (ports.length < 1 || ports.length > MAX_PORTS) refuse(`${device} cannot have ${ports.length} ports`, `give it 1 to ${MAX_PORTS}`, ports.length);
  const names = new Set<string>();
  for (const { name, to, port } of ports) {
    if (to !== undefined && port !== undefined) refuse(`a port of ${device} is plugged into both ${to} and a port of the caller's`, "leave one out", to);
    if (name === undefined) continue;
    const bytes = new TextEncoder().encode(name).length;
    if (bytes === 0 || bytes > MAX_NAME_BYTES) refuse(`a port of ${device} has a name of ${bytes} bytes`, `use 1 to ${MAX_NAME_BYTES}, or leave it out`, bytes);
    if (names.has(name)) refuse(`two ports of ${device} are named ${name}`, "give each a name of its own", name);
    names.add(name);
  }
}

/** What may be written in a machine file: {@link ConsoleOptions} but for the name, which is that of the instance, and ports of the caller's. */
export const options: JsonSchema = {
  type: "object",
  properties: {
    ...placementOptions,
    ports: {
      type: "array",
      minItems: 1,
      maxItems: MAX_PORTS,
      description: "default: one console on the terminal",
      items: {
        type: "object",
        properties: {
          name: { type: "string", minLength: 1, maxLength: MAX_NAME_BYTES, description: "Linux has it as /dev/virtio-ports/NAME" },
          console: { type: "boolean", description: "a console, not only a port; default: true where it has no name" },
          to: { enum: ["terminal", "exit", "nothing"], description: "terminal; exit: a test device; default: exit by the name org.trapline.exit, the terminal for other consoles" },
        },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
};

/** For machine files. */
export const plugin: PluginFactory<ConsoleOptions> = (given, { name }) => virtioConsole(name === undefined ? given : { ...given, name });
