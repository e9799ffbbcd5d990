import type { Endpoint } from "./endpoint.ts";
import type { Candidate } from "./policies/policy.ts";
import type { SlowStart } from "./slow-start.ts";

/** What ejection knows of an endpoint. Changes only in Ejector and Fleet. */
export class Conduct {
  /** Until when it is left out; -Infinity when it is not. */
  ejectedUntil: number = Number.NEGATIVE_INFINITY;
  /** A result of a call that was picked in another epoch says nothing of this one: each ejection and each return begins one. */
  epoch = 0;
  /** How often it was ejected, less one for each good interval since: the factor of the next ejection's length. */
  strikes = 0;
  failuresInRow = 0;
  /** In this interval. */
  calls = 0;
  failures = 0;
  /** Since when it is in without a break. */
  inSince: number = Number.NEGATIVE_INFINITY;

  get isEjected(): boolean {
    return this.ejectedUntil !== -Infinity;
  }
}

/** One endpoint with all that is known of it. It lives until it has left the list and its last call has ended. */
export class Host<T> implements Candidate {
  endpoint: Endpoint<T>;
  order = 0;
  /** As policies see it: above 0. */
  weight = 1;
  /** Whether it counts among those to choose from: listed, and not with weight 0 beside others that have more. */
  isMember = false;
  isListed = true;
  pending = 0;
  longPolls = 0;
  picks = 0;
  successes = 0;
  failures = 0;
  neutrals = 0;
  ejections = 0;
  readonly conduct: Conduct = new Conduct();
  readonly state: unknown;
  #slowStart: SlowStart | undefined = undefined;
  #startedAt = 0;

  constructor(endpoint: Endpoint<T>, state: unknown) {
    this.endpoint = endpoint;
    this.state = state;
  }

  get key(): string {
    return this.endpoint.key;
  }

  get value(): T {
    return this.endpoint.value;
  }

  shareAt(now: number): number {
    return this.#slowStart === undefined ? 1 : this.#slowStart.shareAt(now - this.#startedAt);
  }

  startSlowly(slowStart: SlowStart | undefined, now: number): void {
    this.#slowStart = slowStart;
    this.#startedAt = now;
  }
}
