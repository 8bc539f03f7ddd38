/**
 * Which of the WebAssembly modules that were made are still alive. V8 gives the memory of a module's code back when the module is
 * collected, and nobody counts that memory: neither `process.memoryUsage` nor the heap's statistics. Beside compiled code there are the
 * interpreter's handlers among them, one module each, which stay.
 */
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Bytes = Uint8Array<ArrayBuffer>;

interface Namespace {
  compile: (bytes: Bytes) => Promise<object>;
  Module: new (bytes: Bytes) => object;
}

export class CompiledModules {
  private readonly modules: WeakRef<object>[] = [];
  private readonly namespace: Namespace;
  private readonly original: Namespace;
  private readonly collect: () => void;

  /** Watches all that are made from now on, until `close`. */
  constructor() {
    setFlagsFromString("--expose-gc");
    this.collect = runInNewContext("gc") as () => void;
    this.namespace = (globalThis as unknown as { readonly WebAssembly: Namespace }).WebAssembly;
    const { compile, Module } = (this.original = { compile: this.namespace.compile, Module: this.namespace.Module });
    const { modules } = this;
    this.namespace.compile = async (bytes) => {
      const module = await compile(bytes);
      modules.push(new WeakRef(module));
      return module;
    };
    this.namespace.Module = class extends Module {
      constructor(bytes: Bytes) {
        super(bytes);
        modules.push(new WeakRef(this));
      }
    };
  }

  get made(): number {
    return this.modules.length;
  }

  /** How many are left when all garbage is collected, that of the heap among it. */
  async alive(): Promise<number> {
    await setImmediate(); // a WeakRef keeps its target until the end of the turn that made it
    this.collect();
    return this.modules.filter((module) => module.deref() !== undefined).length;
  }

  close(): void {
    Object.assign(this.namespace, this.original);
  }
}
