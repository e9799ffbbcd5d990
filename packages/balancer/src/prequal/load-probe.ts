import { checkNumber, describeLayer, noCall, systemClock, type Call, type Clock, type Guard, type Work } from "@breakwater/core";
import { elapsed } from "../elapsed.ts";

/*
 * How it works, and why.
 *
 * The server's half of Prequal: how many requests are in flight here, and how long one would take that came now. The second is the
 * median of what requests took lately that arrived when about as many were in flight as now. Not of all requests: a server that
 * has just become busy would still show the durations of its idle time, and draw the next ones. In the source's simulation the mean
 * went from 42 to 227 ms without that condition.
 *
 * So durations are kept by the number in flight at arrival: one short ring for each number up to 16, then one for each quarter of a
 * doubling. Where the ring of the current number is empty, the nearest that is not answers.
 *
 * Wydrowski et al., "Load is not what you should balance: Introducing Prequal" (NSDI 2024).
 */

export interface LoadProbeOptions {
  /** How many durations are kept for each number in flight: a whole number from 1 to 1,000. Default 16. */
  readonly samples?: number | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

/** What a server says to a probe. Plain data. */
export interface LoadAnswer {
  readonly inFlight: number;
  /** How long a request would take that came now; 0 while nothing is known. */
  readonly latencyMs: number;
}

/** One request that is in flight. End it once; whatever is said after that changes nothing. */
export interface LoadVisit {
  /** It was answered, and its duration counts. */
  success(): void;
  /** It ended in another way: a failure is often quick, and says nothing about what an answer takes. */
  release(): void;
}

const exact = 16;
const perDoubling = 4;

/** Counts what is in flight, and answers probes. */
export class LoadProbe {
  readonly #samples: number;
  readonly #now: () => number;
  readonly #rings: Ring[] = [];
  #inFlight = 0;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor({ samples = 16, clock = systemClock }: LoadProbeOptions = {}) {
    this.#samples = checkNumber("samples", samples, { min: 1, max: 1_000, integer: true });
    this.#now = elapsed(clock);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** What to send to who asks. */
  answer(): LoadAnswer {
    return { inFlight: this.#inFlight, latencyMs: this.#nearest(levelOf(this.#inFlight))?.median() ?? 0 };
  }

  /** A request has arrived. Prefer {@link run} or {@link layer} where they fit. */
  arrive(): LoadVisit {
    const level = levelOf(this.#inFlight);
    const arrivedAt = this.#now();
    this.#inFlight += 1;
    let isOpen = true;
    const end = (isSample: boolean): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#inFlight -= 1;
      if (isSample) (this.#rings[level] ??= new Ring(this.#samples)).add(this.#now() - arrivedAt);
    };
    return { success: () => end(true), release: () => end(false) };
  }

  /** Does the work as one request. Value and error pass through as they are. */
  async run<T>(work: Work<T>, call: Call = noCall): Promise<T> {
    const visit = this.arrive();
    try {
      const value = await work(call);
      visit.success();
      return value;
    } catch (error) {
      visit.release();
      throw error;
    }
  }

  /** {@link run} as a layer: put it outermost, so that waiting in the server counts. */
  get layer(): Guard {
    // Who leaves the call out, as JavaScript may, asks for nothing of it: any kind of call will do.
    const layer: Guard = <In, Out, C extends Call>(next: (input: In, call: C) => Promise<Out>) => (input: In, call: C = noCall as C) =>
      this.run(() => next(input, call), call);
    return describeLayer(layer, { kind: "load-probe" });
  }

  #nearest(level: number): Ring | undefined {
    for (let distance = 0; distance <= Math.max(level, this.#rings.length); distance += 1) {
      const ring = this.#rings[level - distance] ?? this.#rings[level + distance];
      if (ring !== undefined) return ring;
    }
    return undefined;
  }
}

/** Which ring durations belong to that began with so many others in flight. */
function levelOf(inFlight: number): number {
  return inFlight < exact ? inFlight : exact + Math.floor(perDoubling * Math.log2(inFlight / exact));
}

/** The last so many durations. */
class Ring {
  readonly #durations: Float64Array;
  #count = 0;
  #next = 0;

  constructor(size: number) {
    this.#durations = new Float64Array(size);
  }

  add(durationMs: number): void {
    this.#durations[this.#next] = durationMs;
    this.#next = (this.#next + 1) % this.#durations.length;
    this.#count = Math.max(this.#count, this.#next === 0 ? this.#durations.length : this.#next);
  }

  median(): number {
    const sorted = this.#durations.slice(0, this.#count).sort();
    return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  }
}
