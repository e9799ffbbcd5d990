import {
  checkFunction,
  Deadlines,
  describeLayer,
  noCall,
  noopMeter,
  systemClock,
  widen,
  type Call,
  type Clock,
  type GuardFor,
  type Meter,
  type Service,
} from "@breakwater/core";
import { CoalescingExpiredError } from "./coalescing-errors.ts";
import { counters, type Counters } from "./counters.ts";
import { canLeave, Flight, type FlightOptions } from "./flight.ts";

export interface CoalescingOptions<Input = unknown, Needs extends Call = Call> {
  /**
   * What makes two calls the same: everything in input and call that the answer depends on, the user too where it does. Undefined
   * for a call that is not shared. What it throws, the call rejects with.
   */
  readonly key: (input: Input, call: Needs) => string | undefined;
  /** Stands in errors, in the order of a stack and in the attributes of the measurements. */
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

export interface CoalescingStats {
  /** Calls that began work. */
  readonly executed: number;
  /** Calls that joined work which was under way. */
  readonly shared: number;
  /** Pieces of work that can be joined now. */
  readonly inFlight: number;
}

/** A layer for services whose input and call are such as `key` reads. */
export interface CoalescingLayer<Input = unknown, Needs extends Call = Call> extends GuardFor<Input, Needs> {
  readonly stats: CoalescingStats;
}

/**
 * Calls with the same key that are under way at the same time share one execution, and its answer or error, the same reference for
 * all. Nothing is kept once it has settled.
 *
 * Each caller leaves alone, by its own abort or deadline; when the last has left, the work's signal is aborted. The work gets the
 * call of who came first, with a signal of its own, and without a deadline: nobody's deadline is that of the others, and the
 * last to give up ends it. Its priority stays that of the first. A caller who cannot leave gives the work no signal.
 *
 * Work that calls the same service with its own key waits for itself. Services that are wrapped separately share nothing.
 *
 * @throws TypeError naming the option and the value.
 */
export function coalescing<Input = unknown, Needs extends Call = Call>(
  options: CoalescingOptions<Input, Needs>,
): CoalescingLayer<Input, Needs> {
  const { key, name, clock = systemClock, meter = noopMeter } = options;
  checkFunction("key", key);
  const outcomes = counters(meter, "breakwater.coalescing.calls", "Calls by whether they began work or joined it", name, ["executed", "shared"]);
  const desk: Desk = { clock, deadlines: new Deadlines(clock), name, outcomes, inFlight: 0 };
  const layer = <Out>(next: Service<Input, Out, Needs>): Service<Input, Out, Needs> => {
    const flights = new Flights(next, desk);
    // JavaScript may leave the call out.
    return (input, call = noCall as Needs) => {
      try {
        const given = key(input, call);
        return given === undefined ? next(input, call) : flights.ask(checkKey(given), input, call);
      } catch (error) {
        return Promise.reject(error);
      }
    };
  };
  Object.defineProperty(layer, "stats", { get: () => ({ ...outcomes.snapshot(), inFlight: desk.inFlight }) });
  // What was defined just now the compiler cannot see.
  return describeLayer(layer, { kind: "coalescing", name, inside: ["authentication"] }) as CoalescingLayer<Input, Needs>;
}

function checkKey(key: unknown): string {
  if (typeof key !== "string") throw new TypeError(`key must answer a string or undefined, got ${typeof key}`);
  return key;
}

interface Desk extends FlightOptions {
  readonly outcomes: Counters<"executed" | "shared">;
  inFlight: number;
}

/** What is under way of one service. */
class Flights<Input, Out, Needs extends Call> {
  readonly #next: Service<Input, Out, Needs>;
  readonly #desk: Desk;
  readonly #flights = new Map<string, Flight<Out>>();

  constructor(next: Service<Input, Out, Needs>, desk: Desk) {
    this.#next = next;
    this.#desk = desk;
  }

  ask(key: string, input: Input, call: Needs): Promise<Out> {
    const { signal, deadlineAt } = call;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (deadlineAt !== undefined && deadlineAt < Infinity && deadlineAt <= this.#desk.clock.now()) {
      return Promise.reject(new CoalescingExpiredError(this.#desk.name));
    }
    const flight = this.#flights.get(key);
    this.#desk.outcomes.add(flight === undefined ? "executed" : "shared");
    return flight === undefined ? this.#begin(key, input, call) : flight.join(call);
  }

  #begin(key: string, input: Input, call: Needs): Promise<Out> {
    const flight = new Flight<Out>(this.#desk, call, () => {
      this.#flights.delete(key);
      this.#desk.inFlight -= 1;
    });
    this.#flights.set(key, flight);
    this.#desk.inFlight += 1;
    const answer = flight.join(call);
    flight.start(() => this.#next(input, sharedCall(call, flight.signal)));
    return answer;
  }
}

function sharedCall<Needs extends Call>(call: Needs, signal: AbortSignal | undefined): Needs {
  if (!canLeave(call)) return call;
  // Every call may have a signal, and may do without a deadline.
  return widen(call, { signal, deadlineAt: undefined }) as unknown as Needs;
}
