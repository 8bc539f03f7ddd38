/**
 * A process of its own for every row. What V8 learns from one row (the types seen at a call, the size of its heap) then does
 * not change another one's figure: a row alone gives what it gives in a whole run, and a crash has a name. The process is
 * told when to take a sample, so rows can still take turns.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { HostError, messageOf } from "@trapline/core";
import { loadGroup } from "./groups.ts";
import type { PreparedRow } from "./row.ts";

/** What the row's process can be asked for: the methods of {@link PreparedRow}. */
type Question = "warmUp" | "sample" | "sampleQemu" | "bytesPerOp" | "close";
type Answer = { readonly value?: number } | { readonly failure: string };
/** The first message of the process: which methods the row has. */
type Ready = { readonly methods: readonly Question[] } | { readonly failure: string };

/**
 * Prepares the row `name` of `file` in a process of its own.
 * @throws HostError, now or from the methods of the result, when the row throws or its process dies.
 */
export async function startRow(file: string, name: string): Promise<PreparedRow> {
  const child = fork(fileURLToPath(import.meta.url), [file, name], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const has = new Set(await methodsOf(child, name));
  const ask = async (question: Question): Promise<number> => {
    child.send(question);
    return (await reply<{ value?: number }>(child, name)).value ?? NaN;
  };
  return {
    sample: () => ask("sample"),
    ...(has.has("warmUp") ? { warmUp: async () => void (await ask("warmUp")) } : {}),
    ...(has.has("sampleQemu") ? { sampleQemu: () => ask("sampleQemu") } : {}),
    ...(has.has("bytesPerOp") ? { bytesPerOp: () => ask("bytesPerOp") } : {}),
    async close() {
      if (!child.connected) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await ask("close").finally(() => child.connected && child.disconnect());
      await ended;
    },
  };
}

async function methodsOf(child: ChildProcess, name: string): Promise<readonly Question[]> {
  try {
    return (await reply<{ methods: readonly Question[] }>(child, name)).methods;
  } catch (error) {
    if (child.connected) child.disconnect();
    throw error;
  }
}

function reply<T extends object>(child: ChildProcess, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new HostError(`${name} could not be measured: ${why}`, { subject: name }));
    const onMessage = (message: unknown): void => {
      done();
      if ("failure" in (message as object)) fail((message as { failure: string }).failure);
      else resolve(message as T);
    };
    const onExit = (status: number | null, signal: string | null): void => {
      done();
      fail(`its process ended with ${signal ?? `status ${status}`}`);
    };
    const onError = (error: Error): void => {
      done();
      fail(error.message);
    };
    const done = (): void => void child.off("message", onMessage).off("exit", onExit).off("error", onError);
    child.on("message", onMessage).on("exit", onExit).on("error", onError);
  });
}

/** The other side: one row, which answers until its parent hangs up. */
async function serve(send: (message: Ready | Answer) => void, file: string, name: string): Promise<void> {
  const failed = (cause: unknown): void => send({ failure: cause instanceof Error ? (cause.stack ?? cause.message) : messageOf(cause) });
  try {
    const { rows } = await loadGroup(file);
    const prepared = await rows.find((row) => row.name === name)!.prepare();
    process.on("message", (question: Question) => {
      const answer = async (): Promise<Answer> => {
        const value = await prepared[question]?.();
        return value === undefined ? {} : { value };
      };
      answer().then(send, failed);
    });
    const all: readonly Question[] = ["warmUp", "sample", "sampleQemu", "bytesPerOp", "close"];
    send({ methods: all.filter((method) => prepared[method] !== undefined) });
  } catch (cause) {
    failed(cause);
  }
}

if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file = "", name = ""] = process.argv.slice(2);
  process.on("disconnect", () => process.exit());
  process.channel!.ref(); // stay, also without anything to do, until the parent hangs up
  await serve((message) => process.send!(message), file, name);
}
