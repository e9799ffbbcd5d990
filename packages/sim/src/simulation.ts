import type { Clock, Timer } from "@breakwater/core";
import { EventQueue, type Event } from "./event-queue.ts";
import { randomFrom, seedOf, type Random } from "./random.ts";

/**
 * Virtual time: a discrete-event simulation that drives real objects.
 *
 * The problem: a limiter shows what it is worth after minutes of overload, and a wall clock makes such a test slow,
 * noisy and different on every machine. Re-implementing the limiter inside a model would be quick, and would prove
 * nothing about the limiter.
 *
 * The idea: the objects under test are the real ones, and get this simulation's `clock` and `random`. Between two events
 * no time passes, so a minute costs as much as its events. Real objects settle promises, so after each event everything
 * that can go on without time must have gone on before the next: the loop hops over `process.nextTick`, which Node
 * serves when no microtask is left (elsewhere over a timer, which is slower).
 *
 *     pop the earliest event --> now = its time --> call it --> let all promises go on --> again
 *
 * Events of the same time come in the order in which they were made. Nothing else decides anything: the same seed gives
 * the same run, bit for bit, on every machine.
 */
export interface SimulationOptions {
  /** The same seed gives the same run. A whole number; default 1. */
  readonly seed?: number | undefined;
}

export class Simulation implements Clock {
  readonly seed: number;
  /** Hand this to the objects under test, and to nothing else: use {@link stream} for the world around them. */
  readonly random: Random;
  readonly #events = new EventQueue();
  #now = 0;

  constructor({ seed = 1 }: SimulationOptions = {}) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be a whole number, got ${seed}`);
    this.seed = seed;
    this.random = this.stream("random");
  }

  /** Hand this to the objects under test. It is the simulation itself. */
  get clock(): Clock {
    return this;
  }

  /** Virtual milliseconds since the start. */
  now(): number {
    return this.#now;
  }

  /** @throws RangeError for a delay that is NaN: an event at no time would end the run. */
  setTimer(callback: () => void, delayMs: number): Timer {
    if (Number.isNaN(delayMs)) throw new RangeError("delayMs must be a number, got NaN");
    return this.#events.add(this.#now + Math.max(delayMs, 0), callback);
  }

  /** Calls back at that time; at once if it has passed. */
  at(timeMs: number, callback: () => void): Timer {
    return this.setTimer(callback, timeMs - this.#now);
  }

  /** Resolves after that many virtual ms. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(resolve, delayMs);
    });
  }

  /**
   * Random numbers of their own for one part of the world. Arrivals drawn from a stream stay the same whatever else is
   * changed in the experiment, so two policies meet the very same load.
   */
  stream(name: string): Random {
    return randomFrom(seedOf(`${this.seed} ${name}`));
  }

  /**
   * Runs until that time, or until nothing is left that would keep a process alive. Rejects with what an event's callback
   * throws.
   */
  async run(untilMs?: number): Promise<void> {
    await allPromises();
    for (let steps = 1; ; steps += 1) {
      const event = this.#next(untilMs ?? Infinity);
      if (event === undefined) return;
      this.#fire(event);
      // Now and then the process gets its turn, for signals and output.
      await (steps % 4096 === 0 ? inputAndOutput() : allPromises());
    }
  }

  #next(untilMs: number): Event | undefined {
    if (untilMs === Infinity && this.#events.held === 0) return undefined;
    const event = this.#events.peek();
    if (event !== undefined && event.timeMs <= untilMs) return event;
    if (untilMs < Infinity) this.#now = Math.max(this.#now, untilMs);
    return undefined;
  }

  #fire(event: Event): void {
    this.#events.remove(event);
    this.#now = event.timeMs;
    event.callback();
  }
}

// Node serves the tick queue when no microtask is left, which is just what "all promises went on" means.
function allPromises(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof process === "object" && typeof process.nextTick === "function") process.nextTick(resolve);
    else setTimeout(resolve, 0);
  });
}

function inputAndOutput(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
