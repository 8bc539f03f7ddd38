// What must not stand in a tracked text file. Each rule is a pattern and the files it is about; tree-rules.spec.ts has a row for each.

/** A line that breaks a rule. */
export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly rule: string;
  readonly text: string;
}

interface TreeRule {
  readonly rule: string;
  readonly files: RegExp;
  readonly pattern: RegExp;
}

const SPEC = /\.spec(-d)?\.ts$/;
const CODE = /\.(ts|mts|cts|js|mjs|cjs)$/;
const EVERYWHERE = /(?:)/;

const RULES: readonly TreeRule[] = [
  // A tree that works on one machine only; hosts of package mirrors included.
  { rule: "path of one machine", files: EVERYWHERE, pattern: /(^|[^\w.])(\/(work|farm|root)\/|\/(home|Users)\/\w|[A-Z]:\\Users\\)/ },
  { rule: "host of a package mirror", files: EVERYWHERE, pattern: /:\/\/[a-z.]*(regis|debia)/ },
  // A focused test hides all others, a skipped one hides itself. What a machine lacks is `context.skip("reason")` at run time.
  { rule: "focused or skipped test", files: SPEC, pattern: /\b(it|test|describe|suite|bench)(\.\w+)*\.(only|skip|todo|fails)\b/ },
  { rule: "unfinished", files: CODE, pattern: /\b(TO[D]O(?!\(#\d+\))|FIX[M]E|X{3})\b/ },
];

/** Every line of `text` that breaks a rule for a file of that name. */
export function findInText(file: string, text: string): Finding[] {
  const rules = RULES.filter((rule) => rule.files.test(file));
  return text.split(/\r?\n/).flatMap((content, index) =>
    rules
      .filter(({ pattern }) => pattern.test(content))
      .map(({ rule }) => ({ file, line: index + 1, rule, text: content.trim().slice(0, 120) })),
  );
}
