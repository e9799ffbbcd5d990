import {
  describeLayer,
  noCall,
  type Call,
  type Emitter,
  type Service,
  type Unsubscribe,
  type Work,
  type ResultGuard,
} from "@breakwater/core";
import { BoundedRun } from "./bounded-run.ts";
import type { Bounds } from "./bounds.ts";
import type { TimeoutEvents } from "./events.ts";

/** How a call begins: it is refused, handed through as it is, or run within a time. */
type Beginning<T> = Promise<never> | undefined | BoundedRun<T>;

/** The ways to do work within a time. */
export abstract class Bounded<Result, Events extends TimeoutEvents<Result>> {
  /** @internal */
  protected readonly bounds: Bounds;

  /** @internal */
  constructor(bounds: Bounds) {
    this.bounds = bounds;
  }

  get name(): string | undefined {
    return this.bounds.settings.name;
  }

  /**
   * Does the work within the time. The work gets a call of its own: its signal is aborted when the time is over or the caller
   * goes away, and its deadline is the end of the time, or the caller's if that is earlier.
   *
   * Values, errors and the reason of the caller's abort pass through as they are. A caller who is gone already is told so, and
   * the work is not started; but a deadline that hands the call on does not look. Work that answers at once, with no promise, has
   * answered, however long that took.
   */
  run<T extends Result>(work: Work<T>, call: Call = noCall): Promise<T> {
    const beginning = this.begin<T>(call);
    if (beginning instanceof Promise) return beginning;
    try {
      return beginning === undefined ? promised(work(call)) : beginning.follow(work(beginning.call));
    } catch (error) {
      beginning?.threw(error);
      return Promise.reject(error);
    }
  }

  /** {@link run} as a layer. A service that is called without a call hands on one with the deadline and the signal alone. */
  get layer(): ResultGuard<Result> {
    const layer: ResultGuard<Result> = <In, Out extends Result, C extends Call>(next: Service<In, Out, C>) =>
      // Who leaves the call out, as JavaScript may, asks for nothing of it: any kind of call will do.
      (input: In, call: C = noCall as C): Promise<Out> => {
        const beginning = this.begin<Out>(call);
        if (beginning instanceof Promise) return beginning;
        try {
          if (beginning === undefined) return promised(next(input, call));
          // A copy of the C that came in, but for the two properties of Call.
          return beginning.follow(next(input, beginning.call as Call as C));
        } catch (error) {
          beginning?.threw(error);
          return Promise.reject(error);
        }
      };
    return describeLayer(layer, { kind: this.bounds.reason, name: this.name });
  }

  /** Listeners see what was decided, and cannot fail a call: what they throw becomes a process warning. */
  on<Type extends keyof Events>(type: Type, listener: (event: Events[Type]) => void): Unsubscribe {
    // Values in events are those that work gave, which `run` takes only if it gives a Result.
    return (this.bounds.emitter as unknown as Emitter<Events>).on(type, listener);
  }

  /** @internal */
  protected abstract begin<T>(call: Call): Beginning<T>;

  /** @internal Starts a run that ends at this time, which is `timeoutMs` from now, unless the caller is gone. */
  protected bound<T>(call: Call, now: number, endsAt: number, timeoutMs: number): Promise<never> | BoundedRun<T> {
    const { signal } = call;
    if (signal?.aborted !== true) return new BoundedRun<T>(this.bounds, call, signal, now, endsAt, timeoutMs);
    this.bounds.neutral();
    return Promise.reject(signal.reason);
  }
}

/** A native promise is the answer as it is. */
function promised<T>(result: T | PromiseLike<T>): Promise<T> {
  return result instanceof Promise ? (result as Promise<T>) : Promise.resolve(result);
}
