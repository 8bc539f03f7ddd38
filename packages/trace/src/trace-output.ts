/**
 * Where a trace in another format is written, and how it stays readable if the writing stops at any moment: what closes the file is
 * written behind every piece, and overwritten by the next one. Everything is ASCII, so that characters are bytes.
 */

/** A file, or in tests a text. */
export interface TraceOutput {
  /** Can be written to at places that were written before. Not a pipe. */
  readonly seekable: boolean;
  /** Writes ASCII text at a byte offset: the end, or, where that can be done, before it. */
  write(text: string, offset: number): void;
}

/** Characters that are collected before they are written. */
const PIECE = 0x1_0000;

/** Text that grows at its end and is always closed. */
export class ClosedText {
  private readonly output: TraceOutput;
  private readonly closing: string;
  private waiting = "";
  /** Where the next piece goes. */
  private offset = 0;
  private ended = false;

  /** @param closing what makes the text complete */
  constructor(output: TraceOutput, closing = "") {
    this.output = output;
    this.closing = closing;
  }

  /** Where the next character will stand. */
  get length(): number {
    return this.offset + this.waiting.length;
  }

  add(text: string): void {
    this.waiting += text;
    if (this.waiting.length >= PIECE) this.flush();
  }

  /** Writes what waits, and behind it what closes the text, where that can be overwritten later. */
  flush(): void {
    if (this.ended || this.waiting === "") return;
    this.output.write(this.output.seekable ? this.waiting + this.closing : this.waiting, this.offset);
    this.offset += this.waiting.length;
    this.waiting = "";
  }

  /** Writes the rest. Safe to call again. */
  end(): void {
    if (this.ended) return;
    this.output.write(this.waiting + this.closing, this.offset);
    this.offset += this.waiting.length;
    this.waiting = "";
    this.ended = true;
  }

  /** Replaces characters that were added before by as many others. Only where the output is seekable. */
  replace(text: string, offset: number): void {
    if (offset < this.offset && offset + text.length > this.offset) this.flush();
    if (offset < this.offset) this.output.write(text, offset);
    else this.waiting = this.waiting.slice(0, offset - this.offset) + text + this.waiting.slice(offset - this.offset + text.length);
  }
}

/** Output that is kept as text. */
export class TextOutput implements TraceOutput {
  readonly seekable: boolean;
  text = "";

  constructor(seekable = true) {
    this.seekable = seekable;
  }

  write(text: string, offset: number): void {
    this.text = this.text.slice(0, offset).padEnd(offset) + text + this.text.slice(offset + text.length);
  }
}
