/**
 * The far end of a serial line, as a UART sees it: it takes bytes as they are sent and hands over bytes when asked, so a
 * UART whose FIFO is full simply does not ask, and what waits is the host's to keep and to limit.
 */

/** In the place of a byte: the line was held low, a break. */
export const SERIAL_BREAK = 0x100;

export interface SerialPort {
  /** The guest sent a byte. */
  send(byte: number): void;
  /** `take` would give something. */
  readonly waiting: boolean;
  /** The next byte for the guest, or {@link SERIAL_BREAK}. Called only while something waits. */
  take(): number;
  /** `input` is called when something begins to wait, between two guest instructions. One listener. Returns how to stop it. */
  listen(input: () => void): () => void;
}

/** Where a machine's terminal is: the first UART that asks gets it. */
export interface SerialConsole {
  /** The port, for the device of that name; undefined when another device has it. */
  connect(device: string): SerialPort | undefined;
}

/** A cable that is plugged in nowhere: bytes are lost, nothing ever comes. */
export const UNPLUGGED: SerialPort = {
  send: () => {},
  waiting: false,
  take: () => 0,
  listen: () => () => {},
};
