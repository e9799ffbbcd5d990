/** What `tryRun` answers. A refusal has what the error would have: the reason, when to come back, and what led to it. */
export type RunResult<T> =
  | { readonly status: "succeeded"; readonly value: T }
  | { readonly status: "failed"; readonly error: unknown }
  | {
      readonly status: "refused";
      readonly reason: string;
      readonly retryAfterMs: number | undefined;
      readonly cause: unknown;
    };
