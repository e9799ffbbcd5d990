import type { LimitStrategy, Sample, StrategyPolicy } from "@breakwater/limiter";

/**
 * The strategies of Netflix/concurrency-limits and of Envoy as they are there, each call a sample, to stand beside ours:
 * written after the descriptions in `reference/limiter.md` 4.5 to 4.9, with the same constants.
 */
class RawVegas implements LimitStrategy {
  readonly initial = 20;
  #limit = 20;
  #unloadedMs = 0;
  #probeCount = 0;
  #jitter = 1;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  sample({ startedAt, endedAt, inFlight, isSuccess }: Sample): number {
    const ms = Math.max(endedAt - startedAt, 1e-6);
    this.#probeCount += 1;
    if (this.#jitter * 30 * this.#limit <= this.#probeCount) {
      this.#jitter = 0.5 + 0.5 * this.#random();
      this.#probeCount = 0;
      this.#unloadedMs = ms;
    } else if (this.#unloadedMs === 0 || ms < this.#unloadedMs) this.#unloadedMs = ms;
    else this.#step(ms, inFlight, isSuccess);
    return this.#limit;
  }

  #step(ms: number, inFlight: number, isSuccess: boolean): void {
    const log = Math.max(1, Math.floor(Math.log10(Math.floor(this.#limit))));
    const queue = Math.ceil(this.#limit * (1 - this.#unloadedMs / ms));
    if (!isSuccess) this.#limit -= log;
    else if (inFlight * 2 < this.#limit) return;
    else if (queue <= log) this.#limit += 6 * log;
    else if (queue < 3 * log) this.#limit += log;
    else if (queue > 6 * log) this.#limit -= log;
    this.#limit = Math.min(1000, Math.max(1, this.#limit));
  }
}

class RawGradient2 implements LimitStrategy {
  readonly initial = 20;
  #limit = 20;
  #longMs = 0;
  #count = 0;

  sample({ startedAt, endedAt, inFlight }: Sample): number {
    const ms = Math.max(endedAt - startedAt, 1e-6);
    this.#count += 1;
    const share = this.#count <= 10 ? 1 / this.#count : 2 / 601;
    this.#longMs += share * (ms - this.#longMs);
    const long = this.#longMs;
    if (long / ms > 2) this.#longMs *= 0.95;
    if (inFlight < this.#limit / 2) return this.#limit;
    const gradient = Math.min(1, Math.max(0.5, (1.5 * long) / ms));
    return (this.#limit = Math.min(200, Math.max(20, 0.8 * this.#limit + 0.2 * (this.#limit * gradient + 4))));
  }
}

class RawAimd implements LimitStrategy {
  readonly initial = 20;
  #limit = 20;
  readonly #timeoutMs: number;
  readonly #min: number;

  constructor(timeoutMs: number, min: number) {
    this.#timeoutMs = timeoutMs;
    this.#min = min;
  }

  sample({ startedAt, endedAt, inFlight, isSuccess }: Sample): number {
    if (!isSuccess || endedAt - startedAt > this.#timeoutMs) this.#limit = Math.floor(this.#limit * 0.9);
    else if (inFlight * 2 >= this.#limit) this.#limit += 1;
    return (this.#limit = Math.min(200, Math.max(this.#min, this.#limit)));
  }
}

/** Median of the window every 100 ms; every 60 s the limit is pinned to 3 for 50 calls. */
class RawEnvoy implements LimitStrategy {
  readonly initial = 20;
  #limit = 20;
  #before = 20;
  #leastMs = 0;
  #pinnedSince: number | undefined = 0;
  #pinAt = 0;
  #updateAt = 0;
  #window: number[] = [];
  #atLeast = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  sample({ startedAt, endedAt }: Sample): number {
    if (this.#pinnedSince !== undefined) {
      if (startedAt >= this.#pinnedSince) this.#window.push(endedAt - startedAt);
      if (this.#window.length >= 50) this.#unpin(endedAt);
    } else {
      this.#window.push(endedAt - startedAt);
      if (endedAt >= this.#updateAt) this.#update(endedAt);
      if (endedAt >= this.#pinAt || this.#atLeast >= 5) this.#pin(endedAt);
    }
    return this.#limit;
  }

  #pin(now: number): void {
    this.#before = this.#limit;
    this.#limit = 3;
    this.#pinnedSince = now;
    this.#window = [];
    this.#atLeast = 0;
  }

  #unpin(now: number): void {
    this.#leastMs = this.#median();
    this.#limit = this.#before;
    this.#pinnedSince = undefined;
    this.#pinAt = now + 60_000 * (1 + 0.15 * this.#random());
    this.#window = [];
  }

  #update(now: number): void {
    this.#updateAt = now + 100;
    const next = this.#limit * Math.min(2, Math.max(0.5, (1.25 * this.#leastMs) / this.#median()));
    this.#limit = Math.min(1000, Math.max(3, Math.floor(next + Math.sqrt(next))));
    this.#atLeast = this.#limit === 3 ? this.#atLeast + 1 : 0;
    this.#window = [];
  }

  #median(): number {
    const sorted = this.#window.sort((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)] ?? NaN;
  }
}

export const rawVegas: StrategyPolicy = (random) => new RawVegas(random);
export const rawGradient2: StrategyPolicy = () => new RawGradient2();
export const rawAimd = (timeoutMs: number, min: number): StrategyPolicy => () => new RawAimd(timeoutMs, min);
export const rawEnvoy: StrategyPolicy = (random) => new RawEnvoy(random);
