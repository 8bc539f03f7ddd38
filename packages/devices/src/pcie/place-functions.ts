/**
 * Who gets which device and function number on a bus: whoever asks for one, then the others the free devices from 1 on, in the
 * order in which they came. Cold.
 */
import { ConfigError, type PciPlace } from "@trapline/core";

const DEVICES = 32;
const FUNCTIONS = 8;

/** What is plugged, and where it wants to be; `settled` once it has a number that does not change any more. */
export interface Plugged<T> {
  readonly name: string;
  readonly place: PciPlace;
  readonly what: T;
  settled?: number;
}

/**
 * Places by device << 3 | function.
 * @param all also give numbers to those who asked for none; those stay with them
 * @throws ConfigError for a place that is taken, naming both; for one that does not exist; for a bus that is full
 */
export function placeFunctions<T>(bus: string, plugged: readonly Plugged<T>[], all: boolean): ReadonlyMap<number, Plugged<T>> {
  const taken = new Map<number, Plugged<T>>();
  for (const each of plugged) {
    const wanted = each.settled ?? wantedPlace(bus, each);
    if (wanted === undefined) continue;
    const other = taken.get(wanted);
    if (other !== undefined) {
      throw new ConfigError(`${each.name} and ${other.name} both want to be device ${wanted >>> 3}, function ${wanted & 7} of ${bus}`, {
        subject: each.name,
        other: other.name,
        value: wanted >>> 3,
        remedy: "give one of them another number, or none",
      });
    }
    taken.set(wanted, each);
  }
  if (!all) return taken;
  const devices = new Set([...taken.keys()].map((place) => place >>> 3));
  for (const each of plugged) {
    if (each.settled === undefined && wantedPlace(bus, each) === undefined) taken.set(freeDevice(bus, each.name, devices) << 3, each);
  }
  for (const [place, each] of taken) each.settled = place;
  return taken;
}

function wantedPlace(bus: string, { name, place: { device, function: number = 0 } }: Plugged<unknown>): number | undefined {
  if (device === undefined && number === 0) return undefined;
  const valid = (value: number, count: number): boolean => Number.isInteger(value) && value >= 0 && value < count;
  if (device !== undefined && valid(device, DEVICES) && valid(number, FUNCTIONS)) return (device << 3) | number;
  throw new ConfigError(`${name} wants to be device ${device ?? "(any)"}, function ${number} of ${bus}`, {
    subject: name,
    other: bus,
    limit: `device 0 to ${DEVICES - 1}, function 0 to ${FUNCTIONS - 1}`,
    remedy: "use numbers in that range; a function other than 0 needs a device number",
  });
}

function freeDevice(bus: string, name: string, taken: Set<number>): number {
  for (let device = 1; device < DEVICES; device++) {
    if (taken.has(device)) continue;
    taken.add(device);
    return device;
  }
  throw new ConfigError(`there is no device number left for ${name} on ${bus}`, {
    subject: name,
    other: bus,
    limit: DEVICES,
    remedy: "put several functions into one device, or add a second host",
  });
}
