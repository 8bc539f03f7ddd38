/**
 * A strict reader of value change dumps: the grammar of IEEE Std 1364-2005, 18.2 (and table 18-1 for keywords), with every rule as an
 * error. Knows nothing of the writer.
 */

export interface VcdVariable {
  /** With its scopes: "board.gsi.gsi_1_sensor". */
  readonly name: string;
  readonly bits: number;
  /** Time and value of each change, the initial one first. */
  readonly changes: (readonly [time: number, value: string])[];
}

export interface Vcd {
  readonly timescale: string;
  readonly variables: readonly VcdVariable[];
}

/** @throws Error at the first thing that the standard does not allow */
export function parseVcd(text: string): Vcd {
  if (!/^[\x20-\x7e\n]*$/.test(text)) throw new Error("a value change dump is printable ASCII");
  const words = text.split(/\s+/).filter((word) => word !== "");
  let at = 0;
  const next = (): string => words[at++] ?? fail("it ends too early");
  const section = (): string[] => {
    const inside: string[] = [];
    for (let word = next(); word !== "$end"; word = next()) inside.push(word);
    return inside;
  };
  const byCode = new Map<string, VcdVariable>();
  const names = new Set<string>();
  const scopes: string[] = [];
  let timescale = "";
  for (let word = next(); word !== "$enddefinitions"; word = next()) {
    const inside = section();
    if (word === "$timescale") timescale = inside.join(" ");
    else if (word === "$scope") scopes.push(scopeName(inside));
    else if (word === "$upscope" && (inside.length > 0 || scopes.pop() === undefined)) fail("$upscope without a scope, or with an operand");
    else if (word === "$var") declare(inside, scopes, byCode, names);
    else if (!["$upscope", "$version", "$date", "$comment"].includes(word)) fail(`no declaration: ${word}`);
  }
  if (section().length > 0 || scopes.length > 0) fail("$enddefinitions inside a scope");
  if (!/^(1|10|100) ?(s|ms|us|ns|ps|fs)$/.test(timescale)) fail(`$timescale ${timescale}`);
  let time = -1;
  let dumping = false;
  while (at < words.length) {
    const word = next();
    if (word === "$dumpvars") dumping = true;
    else if (word === "$end" && dumping) dumping = false;
    else if (word === "$comment" && !dumping) section();
    else if (word.startsWith("#")) {
      const stamp = Number(/^#(\d+)$/.exec(word)?.[1] ?? fail(`time ${word}`));
      if (stamp <= time || dumping) fail(`time ${stamp} after ${time}`);
      time = stamp;
    } else {
      const vector = /^[bB]([01xzXZ]+)$/.exec(word)?.[1];
      const [, scalar, scalarCode] = /^([01xzXZ])(.+)$/.exec(word) ?? [];
      const variable = byCode.get(vector === undefined ? (scalarCode ?? "") : next()) ?? fail(`a change of nothing: ${word}`);
      if ((vector === undefined) !== (variable.bits === 1)) fail(`${variable.name} has ${variable.bits} bits: ${word}`);
      if ((vector?.length ?? 1) > variable.bits || /^(0[01]|xx|zz)/i.test(vector ?? "")) fail(`${variable.name}: ${word} is too long`);
      if (time < 0) fail("a change before any time");
      variable.changes.push([time, vector ?? scalar!]);
    }
  }
  if (dumping) fail("$dumpvars has no end");
  return { timescale, variables: [...byCode.values()] };
}

function scopeName([kind, name, ...more]: string[]): string {
  if (!["module", "task", "function", "begin", "fork"].includes(kind ?? "") || more.length > 0) fail(`$scope ${kind}`);
  return identifier(name);
}

function declare([type, bits, code, name, range, ...more]: string[], scopes: readonly string[], byCode: Map<string, VcdVariable>, names: Set<string>): void {
  if (!["wire", "reg", "integer", "event", "parameter", "real"].includes(type ?? "")) fail(`$var ${type}`);
  if (!/^[1-9]\d*$/.test(bits ?? "") || !/^[!-~]+$/.test(code ?? "") || more.length > 0) fail(`$var ${type} ${bits} ${code}`);
  if (range !== undefined && range !== `[${Number(bits) - 1}:0]`) fail(`${name} has ${bits} bits and range ${range}`);
  const full = [...scopes, identifier(name)].join(".");
  if (scopes.length === 0 || names.has(full) || byCode.has(code!)) fail(`${full} is declared twice, or in no scope`);
  names.add(full);
  byCode.set(code!, { name: full, bits: Number(bits), changes: [] });
}

function identifier(name: string | undefined): string {
  return name !== undefined && /^[A-Za-z_][A-Za-z0-9_$]*$/.test(name) ? name : fail(`no identifier: ${name}`);
}

function fail(what: string): never {
  throw new Error(what);
}
