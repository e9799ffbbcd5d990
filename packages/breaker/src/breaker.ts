import { checkNumber, type LayerDescription, type Unsubscribe } from "@breakwater/core";
import { BreakerGate } from "./breaker-gate.ts";
import type { BreakerEvents, BreakerMode } from "./events.ts";
import { Guarded } from "./guarded.ts";
import { healthOf, type BreakerHealth } from "./health.ts";
import { readOptions, type BreakerOptions } from "./options.ts";
import type { Isolation } from "./control/override.ts";
import type { BreakerSnapshot } from "./control/snapshot.ts";
import type { BreakerState, BreakerStats } from "./stats.ts";

/**
 * Stops asking a dependency that keeps failing, and asks again, a few calls at first, after a break.
 *
 * It has no timer: it turns half-open when a caller comes after the break. While it is closed a call costs one derived promise
 * and no reading of a clock, unless the trip is one of time or durations, or a meter was given.
 *
 * `Result` is what `classify` can judge: with a `classify` for responses the breaker takes only work that makes responses.
 */
export class Breaker<Result = unknown> extends Guarded<Result, BreakerGate> {
  /**
   * @param gate - internal: many breakers may share what their options come to
   * @throws TypeError or RangeError naming the option and the value.
   */
  constructor(options: BreakerOptions<Result> = {}, gate: BreakerGate = gateOf(options)) {
    super(gate);
  }

  get name(): string | undefined {
    return this.gate.name;
  }

  /** @internal */
  protected get description(): LayerDescription {
    return { kind: "breaker", name: this.name };
  }

  /**
   * What a caller would meet now. Asking changes nothing: once the break is over it says `half-open`, while the circuit
   * turns, and `halfOpened` is emitted, when a caller comes. Calls that hang and became slow meanwhile are not in it: the next
   * caller, or the next call that ends, finds them, and may find that they open it.
   */
  get state(): BreakerState {
    return stateOf(this.gate);
  }

  get mode(): BreakerMode {
    return this.gate.mode;
  }

  /**
   * How long until a call may go, in ms; 0 when one may now; undefined where nobody can know, while probes are out or somebody
   * holds it open. As `state` it does not look at calls that became slow.
   */
  get retryAfterMs(): number | undefined {
    if (this.gate.isIsolated) return undefined;
    return this.gate.mode === "auto" ? this.gate.leftMs : 0;
  }

  /**
   * Whether it is as good as new: closed, without a failure in its window, no call hanging that is slow already, and without an
   * isolation or a mode of its own; what its options or its control want a new one gets as well. Forgetting it loses nothing, but
   * how the calls end that are running.
   */
  get isForgettable(): boolean {
    return this.gate.isClean && !this.gate.hasOwnHand;
  }

  /** @internal Whether forgetting it loses no more than failures, or probes: for one that nobody has asked for long. */
  get isExpendable(): boolean {
    return this.gate.circuitState !== "open" && !this.gate.hasOwnHand;
  }

  get stats(): BreakerStats {
    const { mode, successes, failures, neutrals, rejections, wouldReject, openings, level, admissionRatio } = this.gate;
    return { state: this.state, mode, successes, failures, neutrals, rejections, wouldReject, openings, level, admissionRatio };
  }

  /** What this breaker contributes to the health of what uses it: plain data. */
  get health(): BreakerHealth {
    return healthOf(this.stats, this.retryAfterMs, this.name);
  }

  /** Listeners see the new state, and cannot fail a call: what they throw becomes a process warning. */
  on<Type extends keyof BreakerEvents>(type: Type, listener: (event: BreakerEvents[Type]) => void): Unsubscribe {
    return this.gate.on(type, listener);
  }

  /** Closed and empty, as if new; what is still running does not count. Isolations and the mode stay. */
  reset(): void {
    this.gate.reset();
  }

  /**
   * Refuses everybody until the handle is released; with several handles, until the last is. The state beneath lives on. A
   * closed breaker then begins afresh, with its ramp: after maintenance a dependency may be cold.
   */
  isolate(): Isolation {
    return this.gate.isolate();
  }

  /** Ends all isolations of this breaker, those too whose handles are lost or were in a snapshot; not its control's. */
  release(): void {
    this.gate.letGoOfAll();
  }

  /**
   * Opens it now, for so long in ms, by default until `reset`; then it recovers as ever. One that is open already gets another
   * break, of the same level.
   *
   * @throws TypeError or RangeError when `breakMs` is no number from 0.
   */
  forceOpen(breakMs: number = Number.POSITIVE_INFINITY): void {
    this.gate.forceOpen(checkNumber("breakMs", breakMs));
  }

  /**
   * Lets everybody through and learns nothing, until `enable`: what ends meanwhile is in `stats` and in the measurements, but
   * opens and closes nothing, though it began before. Isolation still refuses.
   */
  disable(): void {
    this.gate.setMode("disabled", true);
  }

  /**
   * Counts and changes its state as ever, but refuses nobody, until `enable`: to try options in production.
   * `stats.wouldReject` says what it would have refused.
   */
  observe(): void {
    this.gate.setMode("observing", true);
  }

  /** Goes by its state again. */
  enable(): void {
    this.gate.setMode("auto", true);
  }

  /**
   * What to hand to a successor as the option `snapshot`: state, growth, and isolation and mode of its own. A ramp is not in it, nor
   * what only its control wants.
   */
  toJSON(): BreakerSnapshot {
    const { level, leftMs = 0, hasOwnIsolation: isIsolated, ownMode: mode } = this.gate;
    if (this.gate.isClosed) return { version: 1, state: "closed", level, isIsolated, mode };
    return { version: 1, state: "open", leftMs: leftMs === Infinity ? null : leftMs, level, isIsolated, mode };
  }
}

function gateOf(options: BreakerOptions<never>): BreakerGate {
  const settings = readOptions(options);
  const gate = new BreakerGate(settings, settings.name);
  settings.measures?.observe(settings.meter, () => stateOf(gate));
  return gate;
}

function stateOf({ isIsolated, mode, circuitState }: BreakerGate): BreakerState {
  if (isIsolated) return "isolated";
  return mode === "disabled" ? "disabled" : circuitState;
}
