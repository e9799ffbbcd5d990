import {
  Emitter,
  checkNumber,
  describeLayer,
  noCall,
  noopMeter,
  systemClock,
  warn,
  type Call,
  type Clock,
  type Counter,
  type Guard,
  type Meter,
  type Service,
  type Unsubscribe,
  type Work,
} from "@breakwater/core";
import { LimiterRejectedError } from "../errors.ts";
import { PriorityCursor } from "./priority-cursor.ts";
import type { OverloadSignal } from "./signal.ts";

export interface ShedderOptions {
  /** What tells of overload; any one of them is enough. */
  readonly signals: readonly OverloadSignal[];
  /** How many priorities there are: 0 to `levels` - 1, of `call.priority`; larger ones count as the last. Default 8. */
  readonly levels?: number | undefined;
  /** So many of the first are never shed. Default 1: what is critical is served as long as anything is. */
  readonly protectedLevels?: number | undefined;
  /** The level of calls without a priority. Default the middle one. */
  readonly defaultLevel?: number | undefined;
  /** How often signals are read, in ms above 0. Default 1000. */
  readonly windowMs?: number | undefined;
  /** Or after so many calls, whichever comes first. Default 2000. */
  readonly windowCalls?: number | undefined;
  /** What share of those admitted is given up in a window with overload. Default 0.05. */
  readonly decreaseRatio?: number | undefined;
  /** What share of those who come is admitted in addition in a window without. Default 0.01. */
  readonly increaseRatio?: number | undefined;
  readonly name?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly meter?: Meter | undefined;
}

export interface ShedderEvents {
  readonly rejected: { readonly error: LimiterRejectedError; readonly level: number };
  /** A signal tells of too much; `pressure` is 1 or more. */
  readonly overloaded: { readonly signal: string; readonly pressure: number };
  /** None does any more. */
  readonly recovered: object;
}

export interface ShedderStats {
  /** Levels below it are admitted; the number of levels when nothing is shed. */
  readonly position: number;
  readonly isOverloaded: boolean;
  /** The worst of the last window's signals. */
  readonly signal: string | undefined;
  readonly pressure: number;
  readonly admitted: number;
  readonly shed: number;
}

/**
 * Sheds load by priority while a signal tells of overload: the least important first, the critical last, as much as it takes.
 *
 * It stands at the front of a service. No timer of its own runs: a window ends with the first call after its time.
 */
export class Shedder {
  readonly name: string | undefined;
  readonly #clock: Clock;
  readonly #signals: readonly OverloadSignal[];
  readonly #cursor: PriorityCursor;
  readonly #defaultLevel: number;
  readonly #windowMs: number;
  readonly #windowCalls: number;
  readonly #events = new Emitter<ShedderEvents>();
  readonly #rejections: Counter | undefined;
  #windowEndsAt = -Infinity;
  #worst: { readonly name: string | undefined; readonly pressure: number } = { name: undefined, pressure: 0 };
  #admitted = 0;
  #shed = 0;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: ShedderOptions) {
    const { signals, levels = 8, protectedLevels = Math.min(1, levels), windowMs = 1000, windowCalls = 2000, decreaseRatio, increaseRatio } = options;
    const isList: boolean = Array.isArray(signals);
    if (!isList || signals.length === 0) throw new TypeError("signals must hold at least one");
    this.#signals = [...signals];
    // With few levels one step is a level: the bound matters where levels are many.
    this.#cursor = new PriorityCursor({ levels, protectedLevels, decreaseRatio, increaseRatio });
    this.#defaultLevel = checkNumber("defaultLevel", options.defaultLevel ?? levels >> 1, { max: levels - 1, integer: true });
    this.#windowMs = checkNumber("windowMs", windowMs, { min: Number.MIN_VALUE });
    this.#windowCalls = checkNumber("windowCalls", windowCalls, { min: 1, integer: true });
    this.name = options.name;
    this.#clock = options.clock ?? systemClock;
    const { meter = noopMeter, name } = options;
    this.#rejections = meter === noopMeter ? undefined : meter.counter("breakwater.limiter.rejections", {
      description: "Calls that were not admitted",
      unit: "{call}",
      attributes: { ...(name !== undefined && { name }), reason: "overloaded" },
    });
  }

  /** Put it on answers, for an {@link UpstreamCursor}. */
  get position(): number {
    return this.#cursor.position;
  }

  get stats(): ShedderStats {
    const { name, pressure } = this.#worst;
    return { position: this.position, isOverloaded: pressure >= 1, signal: name, pressure, admitted: this.#admitted, shed: this.#shed };
  }

  on<Type extends keyof ShedderEvents>(type: Type, listener: (event: ShedderEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /** Lets the signals begin to measure. Their timers do not keep the process alive. */
  start(): void {
    for (const signal of this.#signals) signal.start?.(this.#clock);
  }

  stop(): void {
    for (const signal of this.#signals) signal.stop?.();
  }

  /** Whether a call of that priority is let in now. There is nothing to give back. */
  tryAdmit(priority?: number): boolean {
    const now = this.#clock.now();
    if (now >= this.#windowEndsAt || this.#cursor.arrived >= this.#windowCalls) this.#endWindow(now);
    const isAdmitted = this.#cursor.admits(this.#levelOf(priority));
    if (isAdmitted) this.#admitted += 1;
    else this.#shed += 1;
    return isAdmitted;
  }

  /**
   * Does the work if the call is let in, in this very turn.
   *
   * Rejects with the signal's own reason, or with {@link LimiterRejectedError} (`overloaded`, or `deadline` for a call that
   * nobody waits for any more).
   */
  run<T>(work: Work<T>, call: Call = noCall): Promise<T> {
    const refusal = this.#refusal(call);
    if (refusal !== undefined) return refusal;
    try {
      return Promise.resolve(work(call));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** {@link run} as a layer: fits round anything. */
  get layer(): Guard {
    return describeLayer(
      <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
      (input, call) =>
        this.#refusal(call) ?? next(input, call),
      { kind: "shedder", name: this.name },
    );
  }

  #refusal(call: Call): Promise<never> | undefined {
    if (call.signal?.aborted === true) return Promise.reject(call.signal.reason);
    const { deadlineAt } = call;
    if (deadlineAt !== undefined && deadlineAt < Infinity && deadlineAt <= this.#clock.now()) return this.#refuse("deadline", call);
    return this.tryAdmit(call.priority) ? undefined : this.#refuse("overloaded", call);
  }

  #refuse(reason: "overloaded" | "deadline", { priority }: Call): Promise<never> {
    const level = this.#levelOf(priority);
    const source = this.name;
    const retryAfterMs = reason === "overloaded" ? Math.max(0, this.#windowEndsAt - this.#clock.now()) : undefined;
    const who = `shedder${source === undefined ? "" : ` ${source}`}`;
    const message = reason === "deadline" ? `${who} got the call past its deadline` : `${who} sheds level ${level}: below ${this.position} are admitted`;
    const error = new LimiterRejectedError(message, { reason, limit: this.position, source, retryAfterMs });
    this.#rejections?.add(1);
    if (this.#events.has("rejected")) this.#events.emit("rejected", { error, level });
    return Promise.reject(error);
  }

  #levelOf(priority: number | undefined): number {
    if (priority === undefined) return this.#defaultLevel;
    // Whatever a caller sends: it must not shift the counts.
    return priority >= 0 ? Math.min(Math.floor(priority), this.#cursor.levels - 1) : this.#defaultLevel;
  }

  #endWindow(now: number): void {
    const isFirst = this.#windowEndsAt === -Infinity;
    this.#windowEndsAt = now + this.#windowMs;
    if (isFirst) return;
    const before = this.#worst.pressure >= 1;
    this.#worst = this.#read(now);
    const { name = "", pressure } = this.#worst;
    this.#cursor.endWindow(pressure >= 1);
    if (pressure >= 1 && !before) this.#events.emit("overloaded", { signal: name, pressure });
    else if (pressure < 1 && before) this.#events.emit("recovered", {});
  }

  #read(now: number): { readonly name: string | undefined; readonly pressure: number } {
    let worst: { readonly name: string | undefined; readonly pressure: number } = { name: undefined, pressure: 0 };
    for (const signal of this.#signals) {
      const pressure = readOf(signal, now);
      if (pressure > worst.pressure) worst = { name: signal.name, pressure };
    }
    return worst;
  }
}

// A signal may be foreign: one that cannot be read tells of nothing, and fails no call.
function readOf(signal: OverloadSignal, now: number): number {
  try {
    return signal.read(now);
  } catch (error) {
    warn(error);
    return 0;
  }
}
