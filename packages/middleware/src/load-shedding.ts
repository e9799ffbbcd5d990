import {
  checkFunction,
  checkNumber,
  describeLayer,
  noCall,
  noopMeter,
  systemClock,
  warn,
  type Call,
  type Clock,
  type Guard,
  type Meter,
  type Service,
} from "@breakwater/core";
import { counters } from "./counters.ts";
import { LoadReading } from "./load-reading.ts";
import { ShedError } from "./shed-error.ts";

/**
 * Refuses the least important calls while there is too much to do. How it works, and why.
 *
 * The problem: past its capacity a service that takes everything answers nothing in time; and what is refused at random is
 * often what the others waited for. The idea: a load, measured where it hurts, and a threshold for each priority, the lower the
 * less important. As the load rises the classes go one after the other, the last first:
 *
 *     load      0 ......... 0.8 ...... 0.9 ...... 1.0      startAt 0.8, three priorities
 *     refused                2          2, 1       2, 1, 0
 *
 * Refusing lowers the load, so near a threshold a class comes and goes with each reading. That is wanted: it is the only way in
 * which a class is admitted by halves. What was rejected: a share of each class by chance, which fails nearly every request that
 * takes several calls. Where the load tells only of too much and not of how much, the `Shedder` of `@breakwater/limiter` finds
 * the share window by window.
 */
export interface LoadSheddingOptions {
  /**
   * How much there is to do against what can be done: 0 is nothing, 1 all that can be borne; it may be more. What it throws, or a
   * number below 0 or none, becomes a process warning, and the last load stands; before there is any, 0.
   */
  readonly load: () => number;
  /** From which load on the least important are refused, from 0 to below 1. The most important are from 1 on. Default 0.8. */
  readonly startAt?: number | undefined;
  /** How many priorities there are: 0 to `priorities` - 1, of `call.priority`; larger ones count as the last. Default 4. */
  readonly priorities?: number | undefined;
  /**
   * Instead of these two: for each priority from which load on it is refused; Infinity for never. A list that does not rise, with
   * the most important first.
   */
  readonly thresholds?: readonly number[] | undefined;
  /** The priority of calls that have none. Default the middle one: of 4 it is 2. */
  readonly defaultPriority?: number | undefined;
  /** How long a reading of the load holds, in ms from 0. Default 100. */
  readonly sampleMs?: number | undefined;
  /** After how long to come again, in ms. A refusal says between once and twice this, so that not all come at once. Default 1,000. */
  readonly retryAfterMs?: number | undefined;
  /** From 0 (included) to 1 (excluded). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Stands in refusals, in the order of a stack and in the attributes of the measurements. */
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock; core's `CoarseClock` is cheaper to read. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

export interface LoadSheddingStats {
  /** As it was read last; 0 before that. */
  readonly load: number;
  readonly admitted: number;
  readonly shed: number;
}

export type LoadSheddingLayer = Guard & {
  /** The load, and the counts since the layer was made. */
  readonly stats: LoadSheddingStats;
};

/**
 * Refuses calls with {@link ShedError} (`ERR_SHED`) while the load is too high for their priority. Put it far out: what is refused
 * should have cost nothing yet. A call whose signal is aborted already rejects with that reason.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function loadShedding(options: LoadSheddingOptions): LoadSheddingLayer {
  const { load, sampleMs = 100, clock = systemClock, name, meter = noopMeter } = options;
  checkFunction("load", load);
  const thresholds = thresholdsOf(options);
  const refusal = refusals(options, thresholds);
  const reading = new LoadReading(load, checkNumber("sampleMs", sampleMs), clock);
  const counts = counters(meter, "breakwater.load_shedding.calls", "Calls by what became of them", name, ["admitted", "shed"]);
  const priorityOf = classes(thresholds.length, options.defaultPriority);
  const layer = <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
    // JavaScript may leave the call out.
    (input, call = noCall as C) => {
      if (call.signal?.aborted === true) return Promise.reject(call.signal.reason);
      const priority = priorityOf(call);
      const now = reading.read();
      if (now >= (thresholds[priority] ?? Infinity)) {
        counts.add("shed");
        return Promise.reject(refusal(now, priority));
      }
      counts.add("admitted");
      return next(input, call);
    };
  Object.defineProperty(layer, "stats", { get: () => ({ load: reading.last, ...counts.snapshot() }) });
  // What was defined just now the compiler cannot see.
  return describeLayer(layer, { kind: "load-shedding", name }) as LoadSheddingLayer;
}

/** For each priority from which load on it is refused. */
function thresholdsOf({ startAt, priorities, thresholds }: LoadSheddingOptions): readonly number[] {
  if (thresholds === undefined) return linear(startAt ?? 0.8, priorities ?? 4);
  if (startAt !== undefined || priorities !== undefined) throw new TypeError("thresholds must not be given with startAt or priorities");
  const own = copyOf(thresholds);
  if (own.length === 0) throw new TypeError("thresholds must be a list of at least one");
  let max = Infinity;
  return own.map((threshold, index) => (max = checkNumber(`thresholds[${index}]`, threshold, { max })));
}

function copyOf(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? (list as readonly unknown[]).slice() : [];
}

function linear(startAt: number, priorities: number): readonly number[] {
  checkNumber("startAt", startAt, { max: 1 - Number.EPSILON });
  checkNumber("priorities", priorities, { min: 1, max: 1_000, integer: true });
  const last = priorities - 1;
  // Both ends as they were given, without rounding.
  return Array.from({ length: priorities }, (_, priority) => (priority === 0 ? 1 : startAt + ((1 - startAt) * (last - priority)) / last));
}

/** What a caller sends as its priority, as one of those that there are. */
function classes(count: number, defaultPriority = count >> 1): (call: Call) => number {
  checkNumber("defaultPriority", defaultPriority, { max: count - 1, integer: true });
  // NaN, and whatever JavaScript sends, is no priority.
  return ({ priority }) => (typeof priority === "number" && priority >= 0 ? Math.min(Math.floor(priority), count - 1) : defaultPriority);
}

function refusals(options: LoadSheddingOptions, thresholds: readonly number[]): (load: number, priority: number) => ShedError {
  const { retryAfterMs: leastMs = 1_000, random = Math.random, name } = options;
  checkNumber("retryAfterMs", leastMs, { max: Number.MAX_VALUE });
  checkFunction("random", random);
  const jitter = (): number => {
    try {
      return checkNumber("random()", random(), { max: 1 });
    } catch (error) {
      warn(error);
      return Math.random();
    }
  };
  return (load, priority) => {
    const retryAfterMs = leastMs * (1 + jitter());
    return new ShedError({ load, priority, threshold: thresholds[priority] ?? Infinity, retryAfterMs, source: name });
  };
}
