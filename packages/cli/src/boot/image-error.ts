/** How images are refused: a ConfigError that names the file, what was found, what was wanted, and what to do. Cold. */
import { ConfigError } from "@trapline/core";

/** An image as it came from the host. */
export interface ImageFile {
  /** As the user called it; stands in errors. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /**
   * Reads the same bytes from the file once more, into memory of the same length, on other threads. Resolves to false when they may be others by
   * now, or cannot be read; what is in `into` is then worthless.
   */
  readonly readAgain?: (into: Uint8Array) => Promise<boolean>;
}

export function imageError(image: ImageFile, message: string, remedy: string, facts: { value?: number | string; limit?: number | string } = {}): ConfigError {
  return new ConfigError(`${image.name}: ${message}`, { subject: image.name, remedy, ...facts });
}

/** Sizes in errors, exact and readable: "0x1a0b000 bytes (26.0 MiB)". */
export function sizeText(bytes: number): string {
  return `0x${bytes.toString(16)} bytes (${(bytes / 2 ** 20).toFixed(1)} MiB)`;
}
