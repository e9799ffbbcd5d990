import type { BreakerMode, BreakerOpenReason, BreakerState, Verdict } from "@breakwater/breaker";
import type { Entry, Tripping } from "./judges.ts";

export interface Shape {
  readonly of: Tripping;
  readonly breakMs: number;
  /** Each level doubles the break. */
  readonly isGrowing: boolean;
  readonly decayMs: number;
  readonly probes: number;
  readonly requiredSuccesses: number;
  readonly probeTimeoutMs: number;
  readonly rampMs: number;
  readonly rampFrom: number;
}

/** A call that the oracle lets in. */
export interface Trial {
  readonly period: number;
  readonly startedAt: number;
  isOver: boolean;
  /** Has the place of a probe. */
  isHolding: boolean;
  /** By which measures it was found slow. */
  readonly foundSlow: Set<number>;
}

/** Keeps everything that ever happened, numbers the periods, and computes each answer from the beginning. */
export class Oracle {
  now = 0;
  mode: BreakerMode = "auto";
  holders = 0;
  readonly transitions: string[] = [];
  readonly #shape: Shape;
  #state: "closed" | "open" | "half-open" = "closed";
  #period = 0;
  #history: Entry[] = [];
  #trials: Trial[] = [];
  #successes = 0;
  #failures = 0;
  #endsAt = 0;
  #level = 0;
  #closedAt = 0;
  #ramp: { readonly startedAt: number; sum: number; admitted: number } | undefined;

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  get state(): BreakerState {
    if (this.holders > 0) return "isolated";
    if (this.mode === "disabled") return "disabled";
    return this.#state === "open" && this.now >= this.#endsAt ? "half-open" : this.#state;
  }

  get retryAfterMs(): number | undefined {
    if (this.holders > 0) return undefined;
    if (this.mode !== "auto") return 0;
    if (this.#state === "open") return Math.max(0, this.#endsAt - this.now);
    if (this.#state === "half-open") return this.#trials.filter((each) => this.#isHolding(each)).length < this.#wanted ? 0 : undefined;
    if (this.#ramp === undefined || this.#goesWith(this.#ramp.sum + this.#share())) return 0;
    return Math.max(0, this.#ramp.startedAt + this.#shape.rampMs - this.now);
  }

  get level(): number {
    return this.#state === "closed" ? this.#decayed() : this.#level;
  }

  /** A trial, a trial of no period when it is let by, or why not. */
  acquire(): Trial | BreakerOpenReason {
    if (this.holders > 0) return "isolated";
    if (this.mode === "disabled") return this.#trial(-1);
    const answer = this.#consider();
    return typeof answer === "string" && this.mode === "observing" ? this.#trial(-1) : answer;
  }

  /** `toldMs`: how long it took, if whoever made the call said so. */
  settle(trial: Trial, verdict: Verdict, toldMs?: number): void {
    trial.isOver = true;
    trial.isHolding = false;
    if (this.mode === "disabled") return;
    const tookMs = toldMs ?? this.now - trial.startedAt;
    if (trial.period !== this.#period) this.#look();
    else if (this.#state === "half-open") this.#settleProbe(trial, verdict, tookMs);
    else this.#settleCall(trial, verdict, tookMs);
  }

  reset(): void {
    if (this.#state !== "closed") this.#enter("closed", "closed");
    else this.#begin();
    this.#level = 0;
    this.#ramp = undefined;
  }

  resume(): void {
    if (this.#state !== "closed") return;
    this.#begin();
    this.#startRamp();
  }

  open(ms: number | undefined, atLeastMs = 0): void {
    const { breakMs, isGrowing } = this.#shape;
    if (this.#state === "closed") this.#level = this.#decayed();
    if (this.#state !== "open") this.#level += 1;
    this.#endsAt = this.now + (ms ?? Math.max(atLeastMs, isGrowing ? breakMs * 2 ** (this.#level - 1) : breakMs));
    this.#enter("open", "opened");
  }

  #consider(): Trial | BreakerOpenReason {
    if (this.#state === "closed") {
      if (this.#look()) return this.#consider();
      if (this.#ramp !== undefined && !this.#goesOnRamp(this.#ramp)) return "ramp";
      return this.#keep(this.#trial(this.#period));
    }
    if (this.#state === "open") {
      if (this.now < this.#endsAt) return "open";
      this.#enter("half-open", "halfOpened");
    }
    if (this.#look()) return this.#consider();
    if (this.#trials.filter((each) => this.#isHolding(each)).length >= this.#wanted) return "half-open";
    const probe = this.#trial(this.#period);
    probe.isHolding = true;
    return this.#keep(probe);
  }

  /** Somebody calls, or a call ends. Whether what has become slow has ended the period. */
  #look(): boolean {
    if (this.#state === "closed") return this.#findSlow() && this.#judge();
    if (this.#state === "open") return false;
    for (const probe of this.#trials) {
      if (probe.isOver || probe.foundSlow.size > 0 || this.now - probe.startedAt < this.#slowMs) continue;
      probe.foundSlow.add(this.#slowMs);
      probe.isHolding = false;
      this.#failures += 1;
      if (!this.#hasFailed) continue;
      this.open(undefined);
      return true;
    }
    return false;
  }

  #settleProbe(probe: Trial, verdict: Verdict, tookMs: number): void {
    const { period } = probe;
    const counts = probe.foundSlow.size === 0;
    if (verdict !== "success" && verdict !== "neutral") {
      if (counts) this.#failProbe(verdict);
      if (this.#period === period) this.#look();
      return;
    }
    if (this.#look() || !counts) return;
    if (tookMs >= this.#slowMs) this.#failProbe("failure");
    else if (verdict === "success") this.#successes += 1;
    if (this.#successes < this.#shape.requiredSuccesses || this.#period !== period) return;
    this.#enter("closed", "closed");
    this.#startRamp();
  }

  #failProbe(verdict: Verdict): void {
    const { tripForMs, retryAfterMs } = typeof verdict === "object" ? verdict : {};
    this.#failures += 1;
    if (tripForMs !== undefined) this.open(tripForMs);
    else if (this.#hasFailed) this.open(undefined, retryAfterMs);
  }

  #settleCall(trial: Trial, verdict: Verdict, tookMs: number): void {
    const before = this.#history.length;
    this.#findSlow();
    const entry = { at: this.now, fault: "remote", slowMs: undefined } as const;
    for (const slowMs of this.#shape.of.slowMs) {
      const isBad = tookMs >= slowMs;
      if (!trial.foundSlow.has(slowMs) && (isBad || verdict !== "neutral")) this.#history.push({ ...entry, isBad, slowMs });
    }
    const { fault = "remote", tripForMs, retryAfterMs } = typeof verdict === "object" ? verdict : {};
    if (verdict !== "neutral") this.#history.push({ ...entry, isBad: verdict !== "success", fault });
    if (tripForMs !== undefined) this.open(tripForMs);
    else if (this.#history.slice(before).some(({ isBad }) => isBad)) this.#judge(retryAfterMs);
  }

  #findSlow(): boolean {
    const before = this.#history.length;
    for (const slowMs of this.#shape.of.slowMs) {
      for (const trial of this.#trials) {
        if (trial.isOver || trial.foundSlow.has(slowMs) || this.now - trial.startedAt < slowMs) continue;
        trial.foundSlow.add(slowMs);
        this.#history.push({ at: this.now, isBad: true, fault: "remote", slowMs });
      }
    }
    return this.#history.length > before;
  }

  #judge(atLeastMs?: number): boolean {
    const isTripped = this.#shape.of.judge(this.#history, this.now);
    if (isTripped) this.open(undefined, atLeastMs);
    return isTripped;
  }

  #goesOnRamp(ramp: { sum: number; admitted: number; readonly startedAt: number }): boolean {
    if (this.now >= ramp.startedAt + this.#shape.rampMs) {
      this.#ramp = undefined;
      return true;
    }
    ramp.sum += this.#share();
    const goes = this.#goesWith(ramp.sum);
    if (goes) ramp.admitted += 1;
    return goes;
  }

  #goesWith(sum: number): boolean {
    return sum - (this.#ramp?.admitted ?? 0) >= 1 - 1e-9;
  }

  #share(): number {
    const { rampFrom, rampMs } = this.#shape;
    const gone = Math.min(1, (this.now - (this.#ramp?.startedAt ?? 0)) / rampMs);
    return rampFrom + (1 - rampFrom) * gone;
  }

  #startRamp(): void {
    if (this.#shape.rampMs > 0) this.#ramp = { startedAt: this.now, sum: 1 - this.#shape.rampFrom, admitted: 0 };
  }

  #isHolding(probe: Trial): boolean {
    return probe.isHolding && this.now - probe.startedAt < Math.min(this.#shape.probeTimeoutMs, this.#slowMs);
  }

  get #slowMs(): number {
    return this.#shape.of.slowMs[0] ?? Infinity;
  }

  get #wanted(): number {
    return this.#shape.probes - this.#successes - this.#failures;
  }

  get #hasFailed(): boolean {
    return this.#failures > this.#shape.probes - this.#shape.requiredSuccesses;
  }

  #decayed(): number {
    const { decayMs } = this.#shape;
    return decayMs === 0 ? 0 : Math.max(0, this.#level - Math.floor((this.now - this.#closedAt) / decayMs));
  }

  #trial(period: number): Trial {
    return { period, startedAt: this.now, isOver: false, isHolding: false, foundSlow: new Set() };
  }

  #keep(trial: Trial): Trial {
    this.#trials.push(trial);
    return trial;
  }

  #begin(): void {
    this.#period += 1;
    this.#history = [];
    this.#trials = [];
    this.#successes = this.#failures = 0;
    this.#ramp = undefined;
  }

  #enter(state: "closed" | "open" | "half-open", event: string): void {
    this.#state = state;
    this.#begin();
    if (state === "closed") this.#closedAt = this.now;
    this.transitions.push(event);
  }
}
