import { isThenable } from "@breakwater/core";
import { isStatus, type HealthStatus, type Verdict } from "./status.ts";
import { textOf } from "./text-of.ts";

/** What a pattern says of itself. `Breaker.health` is one, and so is the `report` of another `Health`. */
export interface Contribution {
  readonly status: HealthStatus;
  /** For people. */
  readonly reason: string;
}

/** Anything that knows how it is: a breaker, a pool, a limiter. Its `health` is read, never kept. */
export interface Contributor {
  readonly health: Contribution;
}

/** Something that knows how it is, or a function that says it. */
export type ContributionSource = Contributor | (() => Contribution);

/** A source, and how much it weighs. */
export interface ContributionOptions {
  readonly from: ContributionSource;
  /** Whether what it says is the whole's, rather than at most DEGRADED. Default false. */
  readonly critical?: boolean | undefined;
}

/** One contribution's options, complete and checked. */
export interface ContributionSettings {
  readonly name: string;
  readonly critical: boolean;
  readonly read: () => Contribution;
}

/** What a pattern said when it was asked last. */
export interface ContributionReading extends Verdict, Contribution {
  readonly name: string;
}

/**
 * The contributions, read whenever the whole is judged, and every `intervalMs` while polling.
 *
 * A reader is foreign code. One that throws, or answers no status, is UNKNOWN. And one that looks at this very health,
 * directly or by way of another, gets what was read before instead of an endless recursion.
 */
export class ContributionList {
  readonly #settings: readonly ContributionSettings[];
  readonly #intervalMs: number;
  #last: readonly ContributionReading[];
  #dueAt: number;
  #isReading = false;

  constructor(settings: readonly ContributionSettings[], intervalMs: number) {
    this.#settings = settings;
    this.#intervalMs = intervalMs;
    this.#dueAt = settings.length === 0 ? Infinity : -Infinity;
    this.#last = settings.map((each) => readingOf(each, "UNKNOWN", "was not asked yet"));
  }

  /** As they were read last. */
  get last(): readonly ContributionReading[] {
    return this.#last;
  }

  /** When a poll should read next; Infinity when there is nothing to read. */
  get dueAt(): number {
    return this.#dueAt;
  }

  read(now: number): readonly ContributionReading[] {
    if (this.#isReading || this.#settings.length === 0) return this.#last;
    this.#isReading = true;
    this.#last = this.#settings.map(ask);
    this.#dueAt = now + this.#intervalMs;
    this.#isReading = false;
    return this.#last;
  }
}

function ask(settings: ContributionSettings): ContributionReading {
  try {
    const answer = settings.read();
    if (isThenable<unknown>(answer)) return readingOf(settings, "UNKNOWN", absorbed(answer));
    const { status, reason } = answer;
    if (!isStatus(status)) return readingOf(settings, "UNKNOWN", "did not answer a status");
    // Another's decision to drain is to this one a part that cannot be used.
    return readingOf(settings, status === "DRAINING" ? "UNHEALTHY" : status, textOf(reason));
  } catch (error) {
    return readingOf(settings, "UNKNOWN", `could not be asked: ${textOf(error)}`);
  }
}

// The types have no promise here. JavaScript may, and one that rejects would end the process.
function absorbed(answer: PromiseLike<unknown>): string {
  answer.then(undefined, () => undefined);
  return "answered with a promise";
}

function readingOf({ name, critical }: ContributionSettings, status: HealthStatus, reason: string): ContributionReading {
  return { name, critical, vouches: false, status, reason };
}
