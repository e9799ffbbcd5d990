import { Deadlines, describeLayer, noCall, type Call, type ResultGuard, type Service, type Unsubscribe, type Work } from "@breakwater/core";
import type { HedgeEvents } from "./events.ts";
import { HedgeLedger } from "./ledger.ts";
import { readHedgeOptions, type HedgeOptions } from "./options.ts";
import { Race } from "./race.ts";
import type { RaceContext } from "./race-context.ts";
import type { HedgeStats } from "./stats.ts";

/**
 * Sends a call that takes too long a second time, and takes the answer that comes first: a remedy for slow tails, not for a slow
 * dependency. See The Tail at Scale (CACM, February 2013), and gRPC's proposal A6.
 *
 * Only for what may be done twice. The losers' signals are aborted, and what they answer all the same goes to `dispose`. The signal
 * that the work is handed follows the caller's until the call settles, and no longer.
 *
 * `Result` is what `dispose` can take: with a `dispose` for responses the hedge takes only work that makes responses.
 */
export class Hedge<Result = unknown> {
  readonly name: string | undefined;
  /** {@link run} as a layer. A service that is called without a call hands on an empty one. */
  readonly layer: ResultGuard<Result>;
  readonly #context: RaceContext;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: HedgeOptions<Result>) {
    const settings = readHedgeOptions(options);
    this.#context = {
      settings,
      ledger: new HedgeLedger(settings),
      deadlines: new Deadlines(settings.clock),
      readsClock: settings.measured !== undefined || settings.delayMs !== Infinity,
    };
    this.name = settings.name;
    this.layer = describeLayer(this.#guard, { kind: "hedge", name: settings.name });
  }

  /**
   * Does the work, again if it takes too long or fails, and settles as the first try that succeeds. If all fail it rejects with
   * the error of the earliest that did; when the caller aborts, at once, with the signal's own reason.
   */
  run<T extends Result>(work: Work<T>, call: Call = noCall): Promise<T> {
    return this.#race(perform<T>, work, call);
  }

  get stats(): HedgeStats {
    const { ledger, settings } = this.#context;
    const { calls, hedges, hedgeWins, denials, disposals, running } = ledger;
    return { calls, hedges, hedgeWins, denials, disposals, running, delayMs: ledger.delayMs(settings.clock.now()) };
  }

  /** Listeners see committed state, and cannot fail a call: what they throw becomes a process warning. */
  on<Type extends keyof HedgeEvents>(type: Type, listener: (event: HedgeEvents[Type]) => void): Unsubscribe {
    return this.#context.ledger.events.on(type, listener);
  }

  // Who leaves the call out, as JavaScript may, asks for nothing of it: any kind of call will do.
  readonly #guard: ResultGuard<Result> = <In, Out extends Result, C extends Call>(next: Service<In, Out, C>) =>
    (input: In, call: C = noCall as C): Promise<Out> => this.#race(next, input, call);

  #race<In, Out, C extends Call>(service: (input: In, call: C) => Out | PromiseLike<Out>, input: In, call: C): Promise<Out> {
    if (call.signal?.aborted === true) return Promise.reject(call.signal.reason);
    this.#context.ledger.called();
    return new Promise<Out>((resolve, reject) => {
      new Race(this.#context, service, input, call, resolve, reject).start();
    });
  }
}

/** A hedge as a layer alone. Make a {@link Hedge} where its events or numbers are of interest. */
export function hedge<Result = unknown>(options: HedgeOptions<Result>): ResultGuard<Result> {
  return new Hedge(options).layer;
}

// What `run` races is the work itself, as the input, so that no call needs a function of its own.
function perform<T>(work: Work<T>, call: Call): T | PromiseLike<T> {
  return work(call);
}
