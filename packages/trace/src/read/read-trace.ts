/**
 * Reads a trace of JSON Lines piece by piece: memory does not grow with the file. Damage stays where it is: a line that is no event is
 * told with its place, and the lines before and after it are events as ever. A last line that was cut, by a full disk or a killed
 * process, is no damage. Lines beyond MAX_LINE_CHARS are passed over and told, too.
 */
import { ConfigError, type WireEvent } from "@trapline/core";
import { parseLine } from "./parse-line.ts";

/** Characters of one line that are looked at. */
export const MAX_LINE_CHARS = 0x10_0000;

/** What becomes of damaged lines. */
export interface ReadTraceOptions {
  /** Told of each damaged line; the reading goes on. Without it, the first one ends the reading with that error. */
  readonly damaged?: (error: ConfigError) => void;
}

/** How a trace read. */
export interface ReadTraceResult {
  readonly events: number;
  /** Lines, empty ones too. */
  readonly lines: number;
  readonly damagedLines: number;
  /** The last line has no end and is no event. */
  readonly cut: boolean;
}

/**
 * Calls `take` for each event, in order.
 *
 * @param source the file's bytes: a read stream
 * @param name of the file, for errors
 * @throws ConfigError naming file and line, unless `damaged` takes it; what `source` or `take` throw
 *
 * @example
 * await readTrace(createReadStream("trace.jsonl"), "trace.jsonl", (event) => tracker.next(event));
 */
export async function readTrace(
  source: AsyncIterable<Uint8Array>,
  name: string,
  take: (event: WireEvent) => void,
  { damaged = raise }: ReadTraceOptions = {},
): Promise<ReadTraceResult> {
  const lines = new Lines(name, take, damaged);
  const decoder = new TextDecoder();
  for await (const bytes of source) lines.add(decoder.decode(bytes, { stream: true }));
  lines.add(decoder.decode());
  return lines.end();
}

class Lines {
  private readonly name: string;
  private readonly take: (event: WireEvent) => void;
  private readonly damaged: (error: ConfigError) => void;
  private rest = "";
  /** The line under way is too long: what comes of it is dropped. */
  private tooLong = false;
  private events = 0;
  private lines = 0;
  private damagedLines = 0;

  constructor(name: string, take: (event: WireEvent) => void, damaged: (error: ConfigError) => void) {
    this.name = name;
    this.take = take;
    this.damaged = damaged;
  }

  add(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.line(this.rest + text.slice(from, end));
      this.rest = "";
      from = end + 1;
    }
    this.rest += text.slice(from);
    if (this.rest.length <= MAX_LINE_CHARS) return;
    this.rest = "";
    this.tooLong = true;
  }

  end(): ReadTraceResult {
    const last = this.rest;
    const event = last.trim() === "" || this.tooLong ? undefined : parseLine(last);
    if (last !== "" || this.tooLong) this.lines++;
    if (typeof event === "object") this.emit(event);
    return { events: this.events, lines: this.lines, damagedLines: this.damagedLines, cut: typeof event === "string" || this.tooLong };
  }

  private line(text: string): void {
    this.lines++;
    const long = this.tooLong || text.length > MAX_LINE_CHARS;
    this.tooLong = false;
    if (long) return this.refuse(`it has more than ${MAX_LINE_CHARS} characters`);
    if (text.trim() === "") return;
    const event = parseLine(text);
    if (typeof event === "string") this.refuse(event);
    else this.emit(event);
  }

  private emit(event: WireEvent): void {
    this.events++;
    this.take(event);
  }

  private refuse(fault: string): void {
    this.damagedLines++;
    const subject = `${this.name}:${this.lines}`;
    this.damaged(
      new ConfigError(`${subject}: this line is no event: ${fault}`, {
        subject,
        remedy: "mend or delete it; the other lines are good without it",
      }),
    );
  }
}

function raise(error: ConfigError): never {
  throw error;
}
