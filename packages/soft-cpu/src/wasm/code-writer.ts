/**
 * Writes the body of one WebAssembly function. Blocks are named by the depth at which they were opened, so that a branch
 * can be written however deep one is by then. Hot while code is generated.
 */
import { ByteWriter } from "./byte-writer.ts";
import { I32, op, SIMD_PREFIX, type ValueType, VOID } from "./opcodes.ts";

/** A block that is open: what a branch names. */
export type Label = number;

export class CodeWriter extends ByteWriter {
  /** Types of the locals behind the parameters. */
  readonly locals: ValueType[] = [];
  private readonly parameters: number;
  private depth = 0;

  constructor(parameters: number) {
    super();
    this.parameters = parameters;
  }

  /** A new local variable. */
  local(type: ValueType): number {
    this.locals.push(type);
    return this.parameters + this.locals.length - 1;
  }

  get(local: number): void {
    this.byte(0x20);
    this.unsigned(local);
  }

  set(local: number): void {
    this.byte(0x21);
    this.unsigned(local);
  }

  tee(local: number): void {
    this.byte(0x22);
    this.unsigned(local);
  }

  i32(value: number): void {
    this.byte(0x41);
    this.signed(value);
  }

  i64(value: bigint): void {
    this.byte(0x42);
    this.signed64(value);
  }

  /** An instruction without immediates. */
  op(opcode: number): void {
    if (opcode > 0xff) {
      this.byte(SIMD_PREFIX);
      this.unsigned(opcode - 0xfd00);
    } else {
      this.byte(opcode);
    }
  }

  /** A load or store; the alignment hint is left at one byte, which no engine minds. */
  memory(opcode: number, offset: number): void {
    this.op(opcode);
    this.byte(0);
    this.unsigned(offset);
  }

  /** Loads from a constant address. */
  loadAt(opcode: number, address: number): void {
    this.i32(0);
    this.memory(opcode, address);
  }

  /** memory.copy: destination, source and a number of bytes are on the stack. */
  memoryCopy(): void {
    this.byte(0xfc);
    this.unsigned(10);
    this.byte(0);
    this.byte(0);
  }

  block(type: ValueType | typeof VOID = VOID): Label {
    this.byte(0x02);
    this.byte(type);
    return ++this.depth;
  }

  loop(type: ValueType | typeof VOID = VOID): Label {
    this.byte(0x03);
    this.byte(type);
    return ++this.depth;
  }

  if(type: ValueType | typeof VOID = VOID): Label {
    this.byte(0x04);
    this.byte(type);
    return ++this.depth;
  }

  else(): void {
    this.byte(0x05);
  }

  end(): void {
    this.byte(0x0b);
    this.depth--;
  }

  br(label: Label): void {
    this.byte(0x0c);
    this.unsigned(this.depth - label);
  }

  brIf(label: Label): void {
    this.byte(0x0d);
    this.unsigned(this.depth - label);
  }

  brTable(labels: readonly Label[], fallback: Label): void {
    this.byte(0x0e);
    this.unsigned(labels.length);
    for (const label of labels) this.unsigned(this.depth - label);
    this.unsigned(this.depth - fallback);
  }

  return(): void {
    this.byte(0x0f);
  }

  call(fn: number): void {
    this.byte(0x10);
    this.unsigned(fn);
  }

  /** Calls a function in the place of this one, which is left: its result is this one's. */
  returnCall(index: number): void {
    this.byte(0x12);
    this.unsigned(index);
  }

  /** As `callIndirect`, in the place of this function. */
  returnCallIndirect(type: number): void {
    this.byte(0x13);
    this.unsigned(type);
    this.byte(0);
  }

  callIndirect(type: number): void {
    this.byte(0x11);
    this.unsigned(type);
    this.byte(0);
  }

  unreachable(): void {
    this.byte(op.unreachable);
  }

  /** if (i32 on the stack is 0) … the common guard around an early exit. */
  ifZero(type: ValueType | typeof VOID = VOID): Label {
    this.op(op["i32.eqz"]);
    return this.if(type);
  }

  /** A fresh i32 local holding what is on the stack. */
  keepI32(): number {
    const local = this.local(I32);
    this.set(local);
    return local;
  }
}
