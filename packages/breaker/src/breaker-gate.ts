import { Emitter, warn, type Outcome, type Unsubscribe } from "@breakwater/core";
import type { Admission, Refusal } from "./circuit/admission.ts";
import { Circuit } from "./circuit/circuit.ts";
import type { Classify, FailureVerdict } from "./classify.ts";
import { BreakerOpenError, type BreakerOpenReason } from "./errors.ts";
import type { BreakerEvents, BreakerMode } from "./events.ts";
import type { Gate } from "./gate.ts";
import type { Controlled } from "./control/manual-control.ts";
import type { Settings } from "./options.ts";
import { Isolation, Override } from "./control/override.ts";
import type { BreakerSnapshot } from "./control/snapshot.ts";

const isolated: Refusal<BreakerOpenReason> = { isAdmitted: false, reason: "isolated", retryAfterMs: undefined, cause: undefined };

const states = { opened: "open", halfOpened: "half-open", closed: "closed" } as const;

/**
 * The circuit with what is said about it (counts, events, measurements) and what people want over it (isolation, modes): what
 * permits, `run` and `layer` all pass through, in and out. It is the circuit, rather than having one, for the 48 bytes that
 * another object would be: there may be a hundred thousand.
 */
export class BreakerGate extends Circuit implements Gate, Controlled {
  readonly name: string | undefined;
  readonly settings: Settings;
  successes = 0;
  failures = 0;
  neutrals = 0;
  rejections = 0;
  openings = 0;
  /** Made when somebody listens: of many breakers most have nobody who does. */
  #events: Emitter<BreakerEvents> | undefined = undefined;
  /** While somebody wants it otherwise than the circuit. */
  #override: Override | undefined = undefined;

  constructor(settings: Settings, name: string | undefined) {
    super(settings.rules);
    this.settings = settings;
    this.name = name;
    const { snapshot, mode, control } = settings;
    if (snapshot !== undefined) this.#restore(snapshot);
    if (mode !== "auto") this.setMode(mode);
    control?.enroll(this);
  }

  get classify(): Classify | undefined {
    return this.settings.classify;
  }

  /** Let through because it only observed. */
  get wouldReject(): number {
    return this.#override?.wouldReject ?? 0;
  }

  get mode(): BreakerMode {
    return this.#override?.mode ?? "auto";
  }

  get isIsolated(): boolean {
    return this.#override !== undefined && this.#override.holders.size > 0;
  }

  on<Type extends keyof BreakerEvents>(type: Type, listener: (event: BreakerEvents[Type]) => void): Unsubscribe {
    return (this.#events ??= new Emitter<BreakerEvents>()).on(type, listener);
  }

  admit(): Admission | Refusal<BreakerOpenReason> {
    return this.#override === undefined ? this.ask() : this.#overrule(this.#override);
  }

  // Nothing may fail the call that is being settled: neither a trip of the user's nor the meter.
  succeed(admission: Admission, durationMs?: number): void {
    this.successes += 1;
    try {
      if (this.settings.measures !== undefined) this.#measure("success", admission, durationMs);
      this.countSuccess(admission, durationMs);
    } catch (error) {
      warn(error);
    }
  }

  fail(admission: Admission, error: unknown, verdict?: FailureVerdict, durationMs?: number): void {
    this.failures += 1;
    try {
      if (this.settings.measures !== undefined) this.#measure("failure", admission, durationMs);
      this.countFailure(admission, error, verdict, durationMs);
    } catch (fault) {
      warn(fault);
    }
  }

  release(admission: Admission, durationMs?: number): void {
    this.neutrals += 1;
    try {
      if (this.settings.measures !== undefined) this.#measure("neutral", admission, durationMs);
      this.countNothing(admission);
    } catch (error) {
      warn(error);
    }
  }

  refuse({ reason, retryAfterMs, cause }: Refusal<BreakerOpenReason>): BreakerOpenError {
    const error = new BreakerOpenError({ reason, retryAfterMs, source: this.name, cause });
    this.#countRejection();
    this.#emit("rejected", { reason, error });
    return error;
  }

  turnAway(refusal: Refusal<BreakerOpenReason>): void {
    if (this.#events?.has("rejected") === true || this.settings.relay !== undefined) this.refuse(refusal);
    else this.#countRejection();
  }

  protected changed<Type extends keyof typeof states>(type: Type, event: BreakerEvents[Type]): void {
    if (type === "opened") this.openings += 1;
    this.settings.measures?.transitions[states[type]].add(1);
    this.#emit(type, event);
  }

  isolate(): Isolation {
    const isolation = new Isolation((self) => this.letGo(self));
    this.hold(isolation);
    return isolation;
  }

  hold(holder: object): void {
    const { holders } = (this.#override ??= new Override());
    holders.add(holder);
    if (holders.size === 1) this.#emit("isolated", {});
  }

  letGo(holder: object): void {
    const override = this.#override;
    if (override?.holders.delete(holder) !== true || override.holders.size > 0) return;
    this.#dropIfIdle(override);
    this.resume();
    this.#emit("released", { state: this.circuitState });
  }

  /** Whether a handle of this breaker alone holds it. */
  get hasOwnIsolation(): boolean {
    return [...(this.#override?.holders ?? [])].some((holder) => holder instanceof Isolation);
  }

  /** Ends the isolations of this breaker alone, those too whose handle is lost. */
  letGoOfAll(): void {
    for (const holder of [...(this.#override?.holders ?? [])]) if (holder instanceof Isolation) this.letGo(holder);
  }

  setMode(mode: BreakerMode): void {
    const from = this.mode;
    if (from === mode) return;
    const override = (this.#override ??= new Override());
    override.mode = mode;
    this.#dropIfIdle(override);
    this.#emit("modeChanged", { from, to: mode });
  }

  #restore({ state, leftMs, level, isIsolated }: BreakerSnapshot): void {
    this.restore(state === "open" ? (leftMs ?? Infinity) : undefined, level);
    if (isIsolated) this.isolate();
  }

  #overrule(override: Override): Admission | Refusal<BreakerOpenReason> {
    const { mode, holders, bypass } = override;
    if (holders.size > 0) return isolated;
    if (mode === "disabled") return bypass;
    const answer = this.ask();
    if (answer.isAdmitted || mode !== "observing") return answer;
    override.wouldReject += 1;
    this.settings.measures?.calls["would-reject"].add(1);
    return bypass;
  }

  #dropIfIdle(override: Override): void {
    if (override.isIdle) this.#override = undefined;
  }

  #measure(outcome: Outcome, { startedAt }: Admission, durationMs: number | undefined): void {
    const { measures, rules } = this.settings;
    measures?.calls[outcome].add(1);
    const tookMs = durationMs ?? (startedAt === undefined ? undefined : rules.now() - startedAt);
    if (tookMs !== undefined) measures?.durations[outcome].record(tookMs / 1000);
  }

  #countRejection(): void {
    this.rejections += 1;
    this.settings.measures?.calls.rejected.add(1);
  }

  #emit<Type extends keyof BreakerEvents>(type: Type, event: BreakerEvents[Type]): void {
    this.#events?.emit(type, event);
    this.settings.relay?.(type, event, this);
  }
}
