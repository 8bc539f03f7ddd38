/** What a matcher answers vitest. */
export interface MatcherAnswer {
  readonly pass: boolean;
  readonly message: () => string;
}

/** Throws what a matcher says of something that it cannot be asked about: a mistake in the test, whatever `not` says. */
export function refuse(matcher: string, wanted: string, received: unknown): never {
  const kind = received === null ? "null" : typeof received;
  throw new TypeError(
    `${matcher} is asked about ${wanted}, not about ${
      kind === "object"
        ? `an object (${Object.keys(received as object)
            .slice(0, 5)
            .join(", ")})`
        : `a ${kind}`
    }`,
  );
}
