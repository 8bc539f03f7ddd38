/**
 * The far end of a serial line, as a UART sees it: it takes bytes as they are sent and hands over bytes when asked, so a
 * UART whose FIFO is full simply does not ask, and what waits is the host's to keep and to limit. What is optional serves devices
 * that can say more than a UART (a virtio console): back-pressure, the terminal's size, whether anybody is there.
 *
 * Every callback comes between two guest instructions, and none from inside a call of the port.
 */

/** In the place of a byte: the line was held low, a break. */
export const SERIAL_BREAK = 0x100;

/** How large a terminal is. */
export interface TerminalSize {
  /** Characters, 0 … 65535 each. */
  readonly columns: number;
  readonly rows: number;
}

export interface SerialPort {
  /** The guest sent a byte. */
  send(byte: number): void;
  /**
   * The guest sent several: takes as many as there is room for, from the first on, and gives their number; after fewer than all it calls
   * back by `drained`. The bytes may change once it returns. Left out by ports that always have room: then `send` gets each byte.
   */
  write?(bytes: Uint8Array): number;
  /** `room` is called when `write` has room again. One listener. Returns how to stop it. */
  drained?(room: () => void): () => void;
  /** `take` would give something. */
  readonly waiting: boolean;
  /** The next byte for the guest, or {@link SERIAL_BREAK}. Called only while something waits. */
  take(): number;
  /** `input` is called when something begins to wait, between two guest instructions. One listener. Returns how to stop it. */
  listen(input: () => void): () => void;
  /** The terminal at the far end; undefined where it is none, or not known. */
  readonly size?: TerminalSize | undefined;
  /** Somebody is at the far end. Left out: always. */
  readonly connected?: boolean;
  /** `changed` is called when `size` or `connected` changed. One listener. Returns how to stop it. */
  watch?(changed: () => void): () => void;
}

/** Where a machine's terminal is: the first UART that asks gets it. */
export interface SerialConsole {
  /** The port, for the device of that name; undefined when another device has it. */
  connect(device: string): SerialPort | undefined;
}

/** A cable that is plugged in nowhere: bytes are lost, nothing ever comes. */
export const UNPLUGGED: SerialPort = {
  send: () => {},
  write: (bytes) => bytes.length,
  waiting: false,
  take: () => 0,
  listen: () => () => {},
};
