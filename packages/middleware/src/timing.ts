import {
  checkFunction,
  describeLayer,
  noCall,
  noopMeter,
  outcomeOfError,
  systemClock,
  warn,
  isThenable,
  type Call,
  type Clock,
  type Guard,
  type Histogram,
  type Meter,
  type Outcome,
  type Service,
} from "@breakwater/core";

export interface TimingOptions {
  /**
   * Hears how long each call took, in ms, and how it ended. What it throws, or rejects with, becomes a process warning; nobody
   * waits for it.
   */
  readonly record?: ((durationMs: number, outcome: Outcome, call: Call) => unknown) | undefined;
  /** Gets the histogram `breakwater.call.duration`, in seconds, by `outcome`. Default: measures nothing. */
  readonly meter?: Meter | undefined;
  /** Stands in the order of a stack and in the attributes of the measurements. */
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

/**
 * Times calls: `success`; `failure`; or `neutral` for what was refused, and for what rejected after the caller had gone away. It
 * provides nothing. With neither `record` nor a meter that measures, the layer gives back the service that it is put round.
 *
 * @throws TypeError naming the option and the value.
 */
export function timing(options: TimingOptions): Guard {
  const { record, meter = noopMeter, name, clock = systemClock } = options;
  if (record !== undefined) checkFunction("record", record);
  const durations = meter === noopMeter ? undefined : histograms(meter, name);
  const layer: Guard = record === undefined && durations === undefined ? (next) => next : timingWith(new Times(clock, record, durations));
  return describeLayer(layer, { kind: "timing", name });
}

function timingWith(times: Times): Guard {
  return <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    // JavaScript may leave the call out.
    (input, call = noCall as C) => {
      const startedAt = times.now();
      try {
        // A native promise stays what it is; a thenable is followed as one.
        return Promise.resolve(next(input, call)).then(
          (answer) => {
            times.record(startedAt, "success", call);
            return answer;
          },
          (error: unknown) => {
            times.record(startedAt, outcomeOfError(error, call), call);
            throw error;
          },
        );
      } catch (error) {
        times.record(startedAt, outcomeOfError(error, call), call);
        return Promise.reject(error);
      }
    };
}

type Durations = Readonly<Record<Outcome, Histogram>>;

function histograms(meter: Meter, name: string | undefined): Durations {
  const of = (outcome: Outcome): Histogram =>
    meter.histogram("breakwater.call.duration", {
      description: "How long calls took",
      unit: "s",
      attributes: name === undefined ? { outcome } : { name, outcome },
    });
  return { success: of("success"), failure: of("failure"), neutral: of("neutral") };
}

class Times {
  readonly #clock: Clock;
  readonly #record: TimingOptions["record"];
  readonly #durations: Durations | undefined;

  constructor(clock: Clock, record: TimingOptions["record"], durations: Durations | undefined) {
    this.#clock = clock;
    this.#record = record;
    this.#durations = durations;
  }

  now(): number {
    return this.#clock.now();
  }

  record(startedAt: number, outcome: Outcome, call: Call): void {
    const durationMs = this.#clock.now() - startedAt;
    // Each by itself: a broken meter does not silence the record.
    try {
      this.#durations?.[outcome].record(durationMs / 1_000);
    } catch (error) {
      warn(error);
    }
    try {
      const promised = this.#record?.(durationMs, outcome, call);
      if (isThenable(promised)) Promise.resolve(promised).catch(warn);
    } catch (error) {
      warn(error);
    }
  }
}
