/** Machine file errors for people: place, sentence, the source line with a caret under what is meant, the remedy. */
import { type MachineFileError, type MachineFileProblem, placeOf, statementOf } from "./machine-file-error.ts";

/**
 * Prints every finding, in file order:
 *
 *     demo.yaml:9:33: plugins[1].uart0.base: abc is not a whole number
 *       9 |   - uart0: { use: pl011, base: abc }
 *         |                                ^~~
 *       hint: write 4096, 0x0900_0000 or 64K
 *
 * Control characters of the file are replaced: what is printed cannot steer a terminal. No colours.
 */
export function formatMachineFileErrors(error: MachineFileError): string {
  const blocks = error.problems.map(formatProblem);
  if (error.omitted > 0) blocks.push(`${error.file}: ${error.omitted} more`);
  return `${blocks.join("\n")}\n`;
}

function formatProblem(problem: MachineFileProblem): string {
  const lines = [`${placeOf(problem)}: ${statementOf(problem)}`];
  const { excerpt, line } = problem;
  if (excerpt !== undefined && line !== undefined) {
    const gutter = String(line).length;
    // Tabs stay tabs in the line of the caret, so that it lands where the terminal puts the text.
    const before = excerpt.text.slice(0, excerpt.before).replace(/[^\t]/g, " ");
    const length = Math.max(1, Math.min(problem.length, excerpt.text.length - excerpt.before));
    lines.push(`  ${line} | ${excerpt.text}`, `  ${" ".repeat(gutter)} | ${before}^${"~".repeat(length - 1)}`);
  }
  if (problem.hint !== undefined) lines.push(`  hint: ${problem.hint}`);
  return lines.join("\n");
}
