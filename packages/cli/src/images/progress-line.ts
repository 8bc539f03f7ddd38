/** One line on a terminal that says what takes so long, and is gone afterwards; nothing where nobody watches. */
import type { Spinner } from "yocto-spinner";

export interface ProgressLine {
  show(text: string): void;
  /** Takes the line away. Safe to call again. */
  end(): void;
}

export const NO_PROGRESS: ProgressLine = { show: () => {}, end: () => {} };

export function progressLine(stream: NodeJS.WriteStream): ProgressLine {
  if (!stream.isTTY) return NO_PROGRESS;
  let spinner: Spinner | undefined;
  let isAskedFor = false;
  /** What is to be seen; the spinner may still be loading. */
  let shown: string | undefined;
  const update = (): void => {
    if (spinner === undefined) return;
    if (shown === undefined) return void spinner.stop();
    spinner.text = shown;
    if (!spinner.isSpinning) spinner.start();
  };
  const load = async (): Promise<void> => {
    const { default: yoctoSpinner } = await import("yocto-spinner");
    // Signals are ours: process.ts ends what runs, and this line with it.
    spinner = yoctoSpinner({ stream, handleSignals: false });
    update();
  };
  return {
    show(text) {
      shown = text;
      if (!isAskedFor) void load();
      isAskedFor = true;
      update();
    },
    end() {
      shown = undefined;
      update();
    },
  };
}
