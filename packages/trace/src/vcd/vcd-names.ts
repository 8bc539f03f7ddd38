/** Names and codes of a value change dump: IEEE Std 1364-2005, 18.2.1 (identifier codes) and 3.7 (identifiers). Pure. */

/** Identifier codes are of the printable characters ! to ~. */
const FIRST = 0x21;
const CODES = 94;

/** The code of the n-th variable: !, ", … ~, then two characters. */
export function identifierCode(n: number): string {
  const rest = Math.floor(n / CODES);
  return `${rest === 0 ? "" : identifierCode(rest - 1)}${String.fromCharCode(FIRST + (n % CODES))}`;
}

/** A simple identifier: letters, digits, _ and $, no digit first; 1024 characters are the least a tool must take, we keep to 64. */
export function identifier(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_$]+/g, "_").replace(/^_+(?=.)|_+$/g, "") || "_";
  return (/^[A-Za-z_]/.test(plain) ? plain : `_${plain}`).slice(0, 64);
}

/** A name that its scope does not have yet. */
export function unusedName(name: string, taken: ReadonlySet<string>): string {
  const plain = identifier(name);
  if (!taken.has(plain)) return plain;
  for (let n = 2; ; n++) if (!taken.has(`${plain}_${n}`)) return `${plain}_${n}`;
}
