import type { Call } from "@breakwater/core";

/**
 * What a policy sees of an endpoint.
 *
 * The balancer owns it: a policy reads it, and writes only into `state`, which is its own.
 */
export interface Candidate<State = unknown> {
  readonly key: string;
  readonly value: unknown;
  /** Above 0: one that has 0 is no candidate, unless all have, and then each has 1. */
  readonly weight: number;
  /** Picks that are not settled. */
  readonly pending: number;
  /** Those of them that are expected to take long, whatever the endpoint's load: see `isLongPoll`. */
  readonly longPolls: number;
  /** Rank by the time of joining. Candidates are always listed in this order. */
  readonly order: number;
  /** The share of its weight that it gets now: below 1 in a slow start. */
  shareAt(now: number): number;
  readonly state: State;
}

/** What a policy may use. */
export interface PolicyContext {
  /** In ms. It never goes back. */
  readonly now: () => number;
  /** Calls back no earlier than that, unless cancelled; does not keep the process alive. Returns what cancels it. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** How to choose among endpoints. It is data, and may be shared: each balancer has a strategy of its own. */
export interface Policy<State = unknown> {
  readonly name: string;
  /** Whether it needs the time. Where nothing does, no clock is read. */
  readonly readsClock: boolean;
  strategy(context: PolicyContext): Strategy<State>;
}

export interface Strategy<State = unknown> {
  /** What is kept of one endpoint, for as long as it is listed. */
  newState(key: string): State;
  /** One for each group of endpoints: with zones there are two. */
  selector(): Selector<State>;
  /** For `stats`: the higher, the later it is chosen. */
  loadOf(candidate: Candidate<State>, now: number): number;
  succeeded?(candidate: Candidate<State>, elapsedMs: number, now: number): void;
  /** `elapsedMs` is 0 for a long poll. */
  failed?(candidate: Candidate<State>, elapsedMs: number, error: unknown, now: number): void;
  /** The caller went away: the answer would have taken longer than that. */
  cancelled?(candidate: Candidate<State>, elapsedMs: number, now: number): void;
}

export interface Selector<State = unknown> {
  /** The candidates are these from now on. Called before the first choice, and when one came, left, or changed its weight. */
  changed(candidates: readonly Candidate<State>[]): void;
  /** One of them. Asked only while there are at least two. */
  choose(call: Call, now: number): Candidate<State>;
}
