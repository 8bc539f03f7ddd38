/**
 * The file that keeps a flash bank: as many bytes as the bank has, each at its own place, so that other programs read and write the same
 * file. What the guest programs or erases is written at once, so that nothing is lost when the process is: a few microseconds a word.
 *
 * A file that is missing or empty is made, all zero and sparse. Blocks that are zero are not touched in memory. Cold but for `write`.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { ConfigError, HostError, messageOf } from "@trapline/core";

/** Read and compared at a time. */
const PIECE_BYTES = 0x4_0000;
const ZEROS = new Uint8Array(PIECE_BYTES);

export class FlashFile {
  readonly path: string;
  private readonly fd: number;
  private readonly size: number;
  private isOpen = true;

  /**
   * @param size of the bank, bytes
   * @throws HostError for a file that cannot be opened, ConfigError for one of another size
   */
  constructor(path: string, size: number) {
    this.path = path;
    this.size = size;
    this.fd = this.attempt("opened", () => openSync(path, constants.O_RDWR | constants.O_CREAT));
    try {
      this.checkSize();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Reads the file into `bytes`, which are zero. @throws HostError */
  load(bytes: Uint8Array): void {
    this.eachPiece((piece, at) => {
      if (Buffer.compare(piece, ZEROS) !== 0) bytes.set(piece, at);
    });
  }

  /** @throws HostError */
  write(offset: number, bytes: Uint8Array): void {
    this.attempt("written", () => {
      if (!this.isOpen) throw new Error("it is closed");
      for (let done = 0; done < bytes.length; ) done += writeSync(this.fd, bytes, done, bytes.length - done, offset + done);
    });
  }

  /** Writes what differs from `bytes`. @throws HostError */
  follow(bytes: Uint8Array): void {
    this.eachPiece((piece, at) => {
      const wanted = bytes.subarray(at, at + piece.length);
      if (Buffer.compare(piece, wanted) !== 0) this.write(at, wanted);
    });
  }

  /** Safe to call again. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.fd);
  }

  private checkSize(): void {
    const { size } = this.attempt("examined", () => fstatSync(this.fd));
    if (size === 0) this.attempt("made", () => ftruncateSync(this.fd, this.size));
    else if (size !== this.size) {
      throw new ConfigError(`flash file ${this.path} has ${size} bytes, and its bank has ${this.size}`, {
        subject: this.path,
        value: size,
        limit: this.size,
        remedy: `make it that long (truncate -s ${this.size}), or name a file that does not exist`,
      });
    }
  }

  private eachPiece(visit: (piece: Uint8Array, at: number) => void): void {
    const piece = new Uint8Array(PIECE_BYTES);
    for (let at = 0; at < this.size; at += PIECE_BYTES) {
      this.attempt("read", () => {
        for (let done = 0; done < PIECE_BYTES; ) {
          const count = readSync(this.fd, piece, done, PIECE_BYTES - done, at + done);
          if (count === 0) throw new Error("it has become shorter");
          done += count;
        }
      });
      visit(piece, at);
    }
  }

  private attempt<T>(what: string, use: () => T): T {
    try {
      return use();
    } catch (cause) {
      throw new HostError(`flash file ${this.path} cannot be ${what}: ${messageOf(cause)}`, { subject: this.path, remedy: "check the path, its permissions and the disk", cause });
    }
  }
}
