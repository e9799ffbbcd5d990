import { checkFunction, checkNumber, type Clock, type Timer } from "@breakwater/core";
import type { OverloadSignal } from "./signal.ts";

export interface EventLoopDelayOptions {
  /** How late a timer may be, in the worst case of a window, in ms above 0. Default 50. */
  readonly maxMs?: number | undefined;
  /** How often it is measured, in ms above 0. Default 20. */
  readonly sampleMs?: number | undefined;
}

/**
 * How late timers are: the time for which the event loop was busy with something else.
 *
 * One timer is set again and again, and its *lateness* counts: when it fired, less when it should have. So an idle process
 * reads 0, where `monitorEventLoopDelay` reads its own resolution. A block that lasts is seen by reading, too: a timer that
 * should have fired long ago is late already. The timer never keeps the process alive.
 */
class EventLoopDelay implements OverloadSignal {
  readonly name = "event-loop-delay";
  readonly #maxMs: number;
  readonly #sampleMs: number;
  #clock: Clock | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #dueAt = 0;
  #worstMs = 0;

  constructor(maxMs: number, sampleMs: number) {
    this.#maxMs = maxMs;
    this.#sampleMs = sampleMs;
  }

  start(clock: Clock): void {
    if (this.#clock !== undefined) return;
    this.#clock = clock;
    this.#worstMs = 0;
    this.#arm(clock);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock = undefined;
  }

  read(): number {
    if (this.#clock === undefined) return 0;
    const worstMs = Math.max(this.#worstMs, this.#clock.now() - this.#dueAt);
    this.#worstMs = 0;
    return worstMs / this.#maxMs;
  }

  #arm(clock: Clock): void {
    this.#dueAt = clock.now() + this.#sampleMs;
    this.#timer = clock.setTimer(() => {
      this.#worstMs = Math.max(this.#worstMs, clock.now() - this.#dueAt);
      this.#arm(clock);
    }, this.#sampleMs);
    this.#timer.unref();
  }
}

/**
 * The event loop is late: requests wait before anybody sees them. The signal to begin with.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function eventLoopDelay({ maxMs = 50, sampleMs = 20 }: EventLoopDelayOptions = {}): OverloadSignal {
  checkNumber("maxMs", maxMs, { min: Number.MIN_VALUE });
  checkNumber("sampleMs", sampleMs, { min: Number.MIN_VALUE });
  return new EventLoopDelay(maxMs, sampleMs);
}

/** What Node's `performance.eventLoopUtilization()` answers, in ms since the process began. */
export interface LoopTimes {
  readonly idle: number;
  readonly active: number;
}

export interface EventLoopUtilizationOptions {
  /** What share of the time the loop may be busy, above 0, up to 1. Default 0.95. */
  readonly max?: number | undefined;
  /** Default `performance.eventLoopUtilization`. */
  readonly read?: (() => LoopTimes) | undefined;
}

/**
 * How much of the time the event loop is busy, from one reading to the next: measured since the process began, as some do, an
 * hour of peace hides a minute of overload.
 */
class EventLoopUtilization implements OverloadSignal {
  readonly name = "event-loop-utilization";
  readonly #max: number;
  readonly #read: () => LoopTimes;
  #last: LoopTimes;

  constructor(max: number, read: () => LoopTimes) {
    this.#max = max;
    this.#read = read;
    this.#last = read();
  }

  start(): void {
    this.#last = this.#read();
  }

  read(): number {
    const times = this.#read();
    const active = times.active - this.#last.active;
    const total = active + times.idle - this.#last.idle;
    this.#last = times;
    return total > 0 ? active / total / this.#max : 0;
  }
}

/**
 * The event loop is busy nearly all the time: one more request makes all of them later.
 *
 * @throws TypeError where the platform does not measure it and `read` is missing, and for wrong options.
 */
export function eventLoopUtilization({ max = 0.95, read }: EventLoopUtilizationOptions = {}): OverloadSignal {
  checkNumber("max", max, { min: Number.MIN_VALUE, max: 1 });
  if (read !== undefined) checkFunction("read", read);
  return new EventLoopUtilization(max, read ?? platformReader());
}

function platformReader(): () => LoopTimes {
  const { performance } = globalThis as { performance?: { eventLoopUtilization?: () => LoopTimes } }; // Node has it, browsers do not
  if (typeof performance?.eventLoopUtilization !== "function") {
    throw new TypeError("eventLoopUtilization needs the option read: this platform does not measure it");
  }
  return () => performance.eventLoopUtilization?.() ?? { idle: 0, active: 0 };
}
