/** Writes a WebAssembly module: types, imports, functions, exports, table elements (WebAssembly 2.0, 5.5). */
import { ByteWriter } from "./byte-writer.ts";
import { CodeWriter } from "./code-writer.ts";
import type { ValueType } from "./opcodes.ts";

interface DefinedFunction {
  readonly type: number;
  readonly code: CodeWriter;
  readonly exportName: string | undefined;
}

/** A function being written, with the number by which others call it: final once all imports are known. */
export interface FunctionHandle {
  readonly code: CodeWriter;
  readonly index: number;
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

export class ModuleWriter {
  private readonly types: { readonly parameters: readonly ValueType[]; readonly results: readonly ValueType[] }[] = [];
  private readonly typeIndex = new Map<string, number>();
  private readonly imports: ByteWriter[] = [];
  private importedFunctions = 0;
  private readonly functions: DefinedFunction[] = [];
  private readonly elements: { readonly offset: number; readonly functions: readonly number[] }[] = [];

  type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters.join()}>${results.join()}`;
    let index = this.typeIndex.get(key);
    if (index === undefined) {
      index = this.types.length;
      this.types.push({ parameters, results });
      this.typeIndex.set(key, index);
    }
    return index;
  }

  importMemory(module: string, name: string): void {
    const entry = this.importEntry(module, name, 2);
    entry.byte(0);
    entry.unsigned(1); // at least one page; the machine's memory has as many as it has
  }

  importTable(module: string, name: string, minimum: number): void {
    const entry = this.importEntry(module, name, 1);
    entry.byte(0x70);
    entry.byte(0);
    entry.unsigned(minimum);
  }

  /** Returns the function's number. Imports are numbered before all functions of the module's own, whose numbers they move. */
  importFunction(module: string, name: string, parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const entry = this.importEntry(module, name, 0);
    entry.unsigned(this.type(parameters, results));
    return this.importedFunctions++;
  }

  function(parameters: readonly ValueType[], results: readonly ValueType[], exportName?: string): FunctionHandle {
    const code = new CodeWriter(parameters.length);
    const position = this.functions.push({ type: this.type(parameters, results), code, exportName }) - 1;
    const indexNow = (): number => this.importedFunctions + position;
    return {
      code,
      get index() {
        return indexNow();
      },
    };
  }

  /** Puts functions into the imported table, from `offset`, when the module is instantiated. */
  element(offset: number, functions: readonly number[]): void {
    this.elements.push({ offset, functions });
  }

  /** The module's bytes. Nothing can be added to it afterwards. */
  build(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.append(HEADER);
    this.section(out, 1, (s) => this.writeTypes(s));
    this.section(out, 2, (s) => {
      s.unsigned(this.imports.length);
      for (const entry of this.imports) s.append(entry.view());
    });
    this.section(out, 3, (s) => {
      s.unsigned(this.functions.length);
      for (const { type } of this.functions) s.unsigned(type);
    });
    this.section(out, 7, (s) => this.writeExports(s));
    if (this.elements.length > 0) this.section(out, 9, (s) => this.writeElements(s));
    this.section(out, 10, (s) => this.writeCode(s));
    const bytes = out.view().slice() as Uint8Array<ArrayBuffer>;
    out.release();
    for (const entry of this.imports) entry.release();
    for (const { code } of this.functions) code.release();
    return bytes;
  }

  private importEntry(module: string, name: string, kind: number): ByteWriter {
    const entry = new ByteWriter();
    entry.name(module);
    entry.name(name);
    entry.byte(kind);
    this.imports.push(entry);
    return entry;
  }

  private section(out: ByteWriter, id: number, write: (section: ByteWriter) => void): void {
    const section = new ByteWriter();
    write(section);
    out.byte(id);
    out.unsigned(section.length);
    out.append(section.view());
    section.release();
  }

  private writeTypes(s: ByteWriter): void {
    s.unsigned(this.types.length);
    for (const { parameters, results } of this.types) {
      s.byte(0x60);
      s.unsigned(parameters.length);
      s.append(parameters);
      s.unsigned(results.length);
      s.append(results);
    }
  }

  private writeExports(s: ByteWriter): void {
    const exported = [...this.functions.entries()].filter(([, f]) => f.exportName !== undefined);
    s.unsigned(exported.length);
    for (const [index, { exportName }] of exported) {
      s.name(exportName!);
      s.byte(0);
      s.unsigned(this.importedFunctions + index);
    }
  }

  private writeElements(s: ByteWriter): void {
    s.unsigned(this.elements.length);
    for (const { offset, functions } of this.elements) {
      s.byte(0);
      s.byte(0x41);
      s.signed(offset);
      s.byte(0x0b);
      s.unsigned(functions.length);
      for (const fn of functions) s.unsigned(fn);
    }
  }

  private writeCode(s: ByteWriter): void {
    s.unsigned(this.functions.length);
    for (const { code } of this.functions) {
      const head = new ByteWriter();
      writeLocals(head, code.locals);
      s.unsigned(head.length + code.length + 1);
      s.append(head.view());
      s.append(code.view());
      s.byte(0x0b);
      head.release();
    }
  }
}

/** Locals are declared in runs of one type. */
function writeLocals(out: ByteWriter, locals: readonly ValueType[]): void {
  const runs: { type: ValueType; count: number }[] = [];
  for (const type of locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  out.unsigned(runs.length);
  for (const { type, count } of runs) {
    out.unsigned(count);
    out.byte(type);
  }
}
