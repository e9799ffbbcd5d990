import { Emitter, warn, increment, type Outcome, type Unsubscribe } from "@breakwater/core";
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
    const { snapshot, control } = settings;
    if (snapshot !== undefined) this.#restore(snapshot);
    // Silently: whoever hears of it might ask a keyed breaker for this very key, which is not in its place yet.
    control?.enroll(this);
    if (control?.isIsolated === true) this.#addHolder(control);
    if (this.#givenMode !== "auto") (this.#override ??= new Override()).mode = this.#givenMode;
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

  /** The mode without what only the control wants. */
  get ownMode(): BreakerMode {
    return this.#override?.isModeOwn === true ? this.#override.mode : this.settings.mode;
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

  // Nothing may fail the call that is being settled: neither a trip of the user's nor the meter. Nor may a broken meter keep the
  // circuit from counting.
  succeed(admission: Admission, durationMs?: number): void {
    this.successes += 1;
    if (this.settings.measures !== undefined) this.#measure("success", admission, durationMs);
    try {
      if (this.#isLearning) this.countSuccess(admission, durationMs);
      else this.forget(admission);
    } catch (error) {
      warn(error);
    }
  }

  fail(admission: Admission, error: unknown, verdict?: FailureVerdict, durationMs?: number): void {
    this.failures += 1;
    if (this.settings.measures !== undefined) this.#measure("failure", admission, durationMs);
    try {
      if (this.#isLearning) this.countFailure(admission, error, verdict, durationMs);
      else this.forget(admission);
    } catch (fault) {
      warn(fault);
    }
  }

  release(admission: Admission, durationMs?: number): void {
    this.neutrals += 1;
    if (this.settings.measures !== undefined) this.#measure("neutral", admission, durationMs);
    try {
      if (this.#isLearning) this.countNothing(admission, durationMs);
      else this.forget(admission);
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
    if (this.#events?.has("rejected") === true || this.settings.relay?.has("rejected") === true) this.refuse(refusal);
    else this.#countRejection();
  }

  protected changed<Type extends keyof typeof states>(type: Type, event: BreakerEvents[Type]): void {
    if (type === "opened") this.openings += 1;
    increment(this.settings.measures?.transitions[states[type]]);
    this.#emit(type, event);
  }

  isolate(): Isolation {
    const isolation = new Isolation((self) => this.letGo(self));
    this.hold(isolation);
    return isolation;
  }

  hold(holder: object): void {
    if (this.#addHolder(holder)) this.#emit("isolated", {});
  }

  letGo(holder: object): void {
    const override = this.#override;
    if (override?.holders.delete(holder) !== true || override.holders.size > 0) return;
    this.#dropIfIdle(override);
    try {
      this.resume();
    } catch (error) {
      warn(error); // a trip of the user's makes no new window: it goes on with the old one
    }
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

  /** Whether somebody wants something of this very breaker that its options and control do not. */
  get hasOwnHand(): boolean {
    return this.hasOwnIsolation || this.#override?.isModeOwn === true;
  }

  /** `isOwn`: it is asked of this breaker, not of all of a control. */
  setMode(mode: BreakerMode, isOwn: boolean): void {
    const from = this.mode;
    const isModeOwn = isOwn && mode !== this.#givenMode;
    if (from === mode && isModeOwn === (this.#override?.isModeOwn ?? false)) return;
    const override = (this.#override ??= new Override());
    override.mode = mode;
    override.isModeOwn = isModeOwn;
    this.#dropIfIdle(override);
    if (from !== mode) this.#emit("modeChanged", { from, to: mode });
  }

  /** What a breaker that is made now begins with. */
  get #givenMode(): BreakerMode {
    const { control, mode } = this.settings;
    return control === undefined || control.mode === "auto" ? mode : control.mode;
  }

  /** While it is disabled what ends is counted, but nothing is concluded from it. */
  get #isLearning(): boolean {
    return this.#override === undefined || this.#override.mode !== "disabled";
  }

  /** Whether it is the first. */
  #addHolder(holder: object): boolean {
    const { holders } = (this.#override ??= new Override());
    const isFirst = holders.size === 0;
    holders.add(holder);
    return isFirst;
  }

  #restore({ state, leftMs, level, isIsolated }: BreakerSnapshot): void {
    this.restore(state === "open" ? (leftMs ?? Infinity) : undefined, level);
    if (isIsolated) this.#addHolder(new Isolation((self) => this.letGo(self)));
  }

  #overrule(override: Override): Admission | Refusal<BreakerOpenReason> {
    const { mode, holders, bypass } = override;
    if (holders.size > 0) return isolated;
    if (mode === "disabled") return bypass;
    const answer = this.ask();
    if (answer.isAdmitted || mode !== "observing") return answer;
    override.wouldReject += 1;
    increment(this.settings.measures?.calls["would-reject"]);
    return bypass;
  }

  #dropIfIdle(override: Override): void {
    if (override.isIdle) this.#override = undefined;
  }

  #measure(outcome: Outcome, { startedAt }: Admission, durationMs: number | undefined): void {
    const { measures, rules } = this.settings;
    increment(measures?.calls[outcome]);
    try {
      const tookMs = durationMs ?? (startedAt === undefined ? undefined : rules.now() - startedAt);
      if (tookMs !== undefined) measures?.durations[outcome].record(tookMs / 1000);
    } catch (error) {
      warn(error);
    }
  }

  #countRejection(): void {
    this.rejections += 1;
    increment(this.settings.measures?.calls.rejected);
  }

  #emit<Type extends keyof BreakerEvents>(type: Type, event: BreakerEvents[Type]): void {
    this.#events?.emit(type, event);
    this.settings.relay?.emit(type, event, this);
  }
}
