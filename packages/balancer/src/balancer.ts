import { checkNumber, describeLayer, isRejected, noCall, widen, type Call, type Provider, type Unsubscribe } from "@breakwater/core";
import { outcomeOf } from "./classify.ts";
import { Core } from "./core.ts";
import type { EndpointOptions } from "./endpoint.ts";
import type { BalancerEvents } from "./events.ts";
import { healthOf, type BalancerHealth } from "./health.ts";
import { readOptions, type BalancerOptions } from "./options.ts";
import type { Pick } from "./pick.ts";
import type { BalancerStats } from "./stats.ts";

/** Work that is done at an endpoint. It may answer at once or with a promise. */
export type EndpointWork<T, R> = (value: T, call: Call) => R | PromiseLike<R>;

/**
 * Chooses among endpoints, and learns from how the calls went: who is slow gets less, who keeps failing nothing for a while, and
 * who is new a little at first.
 *
 * A pick looks at two endpoints, never waits and sets no timer.
 */
export class Balancer<T> {
  readonly #core: Core<T>;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: BalancerOptions<T> = {}) {
    this.#core = new Core(readOptions(options));
  }

  get name(): string | undefined {
    return this.#core.settings.name;
  }

  /**
   * An endpoint for one call. Settle it once, whatever happens: until then the call counts as in flight there. For streams, callbacks
   * and whatever else is no promise; prefer {@link run} where it fits.
   *
   * @throws NoEndpointError (`ERR_NO_ENDPOINT`) when the list is empty; what the policy's `keyOf` or `isLongPoll` throws.
   */
  pick(call: Call = noCall): Pick<T> {
    return this.#core.pick(call);
  }

  /**
   * Does the work at an endpoint, and learns from how it went. Value and error pass through as they are. Rejects with
   * {@link NoEndpointError} when there is none; the work is not started then.
   */
  run<R>(work: EndpointWork<T, R>, call: Call = noCall): Promise<R> {
    let pick: Pick<T> | undefined;
    try {
      pick = this.#core.pick(call);
      return this.#follow(pick, work(pick.endpoint.value, call), call);
    } catch (error) {
      if (pick !== undefined) this.#learnFromError(pick, error, call);
      return Promise.reject(error);
    }
  }

  /** {@link run} as a layer: what is inside finds the endpoint's value in `call.endpoint`. */
  get layer(): Provider<{ readonly endpoint: T }> {
    // Who leaves the call out, as JavaScript may, asks for nothing of it: any kind of call will do.
    const layer: Provider<{ readonly endpoint: T }> = (next) => (input, call = noCall as typeof call) =>
      this.run((endpoint) => next(input, widen(call, { endpoint })), call);
    return describeLayer(layer, { kind: "balancer", name: this.name });
  }

  /**
   * The endpoints are these from now on. It is a difference by key: those that stay keep their statistics, with what is said of
   * them now; those that go get no more calls, and those that they have may end.
   *
   * @throws TypeError or RangeError naming the option and the value; nothing has changed then.
   */
  update(endpoints: Iterable<EndpointOptions<T>>): void {
    this.#core.update(endpoints);
  }

  /**
   * Leaves one out, for so long in ms, by default until {@link restore}: for those who know better, such as a health check. No limit holds
   * it back; with too few left all are used. False when there is no such endpoint.
   *
   * @throws TypeError or RangeError when `ejectMs` is no number from 0.
   */
  eject(key: string, ejectMs: number = Number.POSITIVE_INFINITY): boolean {
    return this.#core.eject(key, checkNumber("ejectMs", ejectMs));
  }

  /** Takes one back before its time. False when it is not out. */
  restore(key: string): boolean {
    return this.#core.restore(key);
  }

  /** Listeners see the new state, and cannot fail a call: what they throw becomes a process warning. */
  on<Type extends keyof BalancerEvents<T>>(type: Type, listener: (event: BalancerEvents<T>[Type]) => void): Unsubscribe {
    return this.#core.events.on(type, listener);
  }

  /** Asking changes nothing. O(n). */
  get stats(): BalancerStats {
    return this.#core.stats;
  }

  /** What this balancer contributes to the health of what uses it: plain data. */
  get health(): BalancerHealth {
    return healthOf(this.stats, this.name);
  }

  /** A derived promise and two closures: an async function with a `try` round its `await` costs half as much again. */
  #follow<R>(pick: Pick<T>, result: R | PromiseLike<R>, call: Call): Promise<R> {
    // A native promise is followed as it is; anything else costs one more hop.
    const promise = result instanceof Promise ? (result as Promise<R>) : Promise.resolve(result);
    return promise.then(
      (value) => {
        this.#learn(pick, value, call);
        return value;
      },
      (error: unknown) => {
        this.#learnFromError(pick, error, call);
        throw error;
      },
    );
  }

  #learn(pick: Pick<T>, value: unknown, call: Call): void {
    const { classify } = this.#core.settings;
    const outcome = classify === undefined ? "success" : outcomeOf(classify, { status: "fulfilled", value }, call);
    if (outcome === "success") pick.success();
    else if (outcome === "failure") pick.failure(value);
    else pick.release();
  }

  #learnFromError(pick: Pick<T>, reason: unknown, call: Call): void {
    const outcome = outcomeOf(this.#core.settings.classify, { status: "rejected", reason }, call);
    if (outcome === "success") pick.success();
    else if (outcome === "failure") pick.failure(reason);
    // A refusal was quick because nothing was asked; an abort ended what had been.
    else if (call.signal?.aborted === true && !isRejected(reason)) pick.cancel();
    else pick.release();
  }
}
