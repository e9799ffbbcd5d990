import type { Sample } from "./strategy.ts";

/**
 * How long calls take when nothing queues, and how it is found out.
 *
 * The problem: every limit that learns from latency compares it with the latency of an idle dependency, and under a load
 * that never ends nobody ever sees that. The smallest time seen is no measure: one lucky call spoils it for good
 * (Netflix's Vegas), and a dependency that has become slower for good is never forgiven. A mean over a long time is none
 * either: under a lasting load it becomes the loaded latency, and the limit climbs (Netflix's Gradient2).
 *
 * The idea: a mean over calls that *began* while so little was in flight that there can have been no queue: at most 0.4 of
 * the limit. Often such calls come by themselves, when load is light. When none came for a while, and the limit is in
 * use, it is lowered to that for a moment: a probe. Calls that began before the probe say nothing about it (Envoy counted
 * them, #11579).
 *
 * Was the probe low enough? By Little's law what is in flight, divided by the time that it takes, is the throughput. If that
 * hardly fell, there was a queue even so: then the time found is only an upper bound, and the next probe, lower since the
 * limit is, follows at once. So a limit that started ten times too high finds down in a few steps.
 *
 * A probe costs throughput while it lasts, so the pause after it is 40 times as long as it was, and at least
 * `probeEveryMs`; the pause varies by 15 %, lest all processes probe at the same time.
 */
const lowRatio = 0.4;
const enough = { calls: 100, ms: 100 };
const tolerable = { calls: 20, ms: 1000 };
const longestMs = 10_000;
const pauseShare = 40;
// Two windows: time for the limit to follow, before the next probe confirms it.
const confirmMs = 400;
// A mean of 100 calls is off by a tenth now and then; beyond these it has really changed.
const sameFrom = 0.7;
const sameTo = 1.4;
const smoothing = 0.3;
const hardlyFell = 0.8;

export class Probe {
  /** The time of a call that meets no queue, in ms; NaN until it is known. */
  unqueuedMs: number = Number.NaN;
  readonly #everyMs: number;
  readonly #random: () => number;
  /** The limit when the time was learned. */
  #knownLimit: number;
  /** When the probe began that goes on. */
  #since: number | undefined = undefined;
  #dueAt = -Infinity;
  #calls = 0;
  #sumMs = 0;
  #inFlight = 0;

  constructor(everyMs: number, limit: number, random: () => number) {
    this.#everyMs = everyMs;
    this.#knownLimit = limit;
    this.#random = random;
  }

  get isOn(): boolean {
    return this.#since !== undefined;
  }

  get isKnown(): boolean {
    return this.unqueuedMs > 0;
  }

  /** So much may be in flight without a queue. */
  get lowLimit(): number {
    return Math.max(1, Math.floor(lowRatio * this.#knownLimit));
  }

  /** The limit at which the time was learned. */
  get knownLimit(): number {
    return this.#knownLimit;
  }

  add(sample: Sample): void {
    if (!sample.isSuccess || sample.inFlight > this.lowLimit) return;
    if (this.#since !== undefined && sample.startedAt < this.#since) return;
    this.#calls += 1;
    this.#sumMs += sample.endedAt - sample.startedAt;
    this.#inFlight += sample.inFlight;
  }

  isDue(now: number): boolean {
    return now >= this.#dueAt;
  }

  begin(now: number): void {
    this.#since = now;
    this.#forget();
  }

  /** Breaks it off, to be made up for soon. */
  cancel(now: number): void {
    this.#since = undefined;
    this.#dueAt = now + confirmMs;
    this.#forget();
  }

  /** Enough was seen, or it takes too long. */
  isOver(now: number): boolean {
    if (this.#since === undefined) return false;
    const elapsedMs = now - this.#since;
    if (this.#calls >= enough.calls && elapsedMs >= enough.ms) return true;
    return (this.#calls >= tolerable.calls && elapsedMs >= tolerable.ms) || elapsedMs >= longestMs;
  }

  /** Ends the probe. `ratePerMs` is the throughput at the full limit. */
  end(now: number, limit: number, ratePerMs: number): ProbeResult {
    const durationMs = now - (this.#since ?? now);
    const before = this.unqueuedMs;
    const isQueued = this.lowLimit > 1 && this.#inFlight / this.#sumMs > hardlyFell * ratePerMs;
    this.#learn(isQueued);
    this.#since = undefined;
    this.#knownLimit = limit;
    const change = this.unqueuedMs / before;
    const isSettled = !isQueued && change > 0.8 && change < 1.25;
    const pauseMs = Math.max(this.#everyMs, pauseShare * durationMs) * (0.85 + 0.3 * this.#random());
    this.#dueAt = now + (isSettled ? pauseMs : confirmMs);
    return { isQueued, isSlower: change > 1.25 };
  }

  /** Learns from calls that came by while little was in flight, if there were enough. */
  learnInPassing(now: number, limit: number): void {
    if (this.#calls < enough.calls) return;
    this.#learn(false);
    this.#knownLimit = limit;
    this.#dueAt = Math.max(this.#dueAt, now + this.#everyMs);
  }

  /** The limit has grown so much that more than before counts as little. */
  follow(limit: number): void {
    if (limit > 1.5 * this.#knownLimit) this.#knownLimit = limit;
  }

  #learn(replaces: boolean): void {
    const mean = this.#sumMs / this.#calls;
    const change = mean / this.unqueuedMs;
    if (this.#calls === 0) return;
    if (replaces || !(change > sameFrom && change < sameTo)) this.unqueuedMs = mean;
    else this.unqueuedMs += smoothing * (mean - this.unqueuedMs);
    this.#forget();
  }

  #forget(): void {
    this.#calls = this.#sumMs = this.#inFlight = 0;
  }
}

export interface ProbeResult {
  /** There was a queue even so: the time is an upper bound. */
  readonly isQueued: boolean;
  /** Calls take longer than before for a reason other than a queue. */
  readonly isSlower: boolean;
}
