/** How a job ended, as a value: expected events are answers, not errors. */
export type Outcome =
  | { readonly kind: 'done'; readonly summary?: Readonly<Record<string, string | number | boolean>> }
  /** Nothing to do: the step was done before, or somebody else holds it. */
  | { readonly kind: 'skip'; readonly reason: string }
  /** Come back later; no attempt is counted. */
  | { readonly kind: 'snooze'; readonly delayMs: number; readonly reason: string };
