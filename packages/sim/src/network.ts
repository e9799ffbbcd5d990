import type { Call, Layer, Service } from "@breakwater/core";
import type { Distribution } from "./random.ts";
import type { Simulation } from "./simulation.ts";

export interface NetworkOptions {
  /** There and back together, in ms; half of it before the server works, half after. */
  readonly roundTripMs: Distribution;
  /** How many of the requests vanish, never to be answered. From 0 to 1; default 0. */
  readonly lossRatio?: number | undefined;
  readonly name?: string | undefined;
}

/** Puts a network before a service. A lost request is never answered: whoever waits for it needs a timeout. */
export function network<In, Out>(sim: Simulation, options: NetworkOptions): Layer<Service<In, Out>> {
  const { roundTripMs, lossRatio = 0, name = "network" } = options;
  const random = sim.stream(name);
  return (next) => async (input, call) => {
    if (lossRatio > 0 && random() < lossRatio) return new Promise<never>(() => undefined);
    const halfMs = roundTripMs(random) / 2;
    await sim.sleep(halfMs);
    try {
      return await next(input, call);
    } finally {
      await sim.sleep(halfMs);
    }
  };
}

export interface PatienceOptions {
  /** How long the client waits for an answer, in ms. */
  readonly timeoutMs: number;
}

/** The client was tired of waiting. The server is not told, and goes on. */
export class ImpatientError extends Error {
  static {
    this.prototype.name = "ImpatientError";
  }
}

/** A client that leaves after a while; without a signal, so that the server goes on with work nobody wants. */
export function patience<In, Out>(sim: Simulation, { timeoutMs }: PatienceOptions): Layer<Service<In, Out>> {
  return (next) => (input, call) =>
    new Promise((resolve, reject) => {
      const timer = sim.setTimer(() => reject(new ImpatientError(`no answer within ${timeoutMs} ms`)), timeoutMs);
      next(input, call).then(resolve, reject).finally(() => timer.cancel());
    });
}

export interface RetryOptions {
  /** How often in all, the first time included. */
  readonly attempts: number;
  /** How long to wait before attempt 2, 3, ... */
  readonly backoffMs: (attempt: number, random: () => number) => number;
  /** Default: after every error. */
  readonly isRetried?: ((error: unknown) => boolean) | undefined;
  readonly name?: string | undefined;
}

/** A client that asks again: what turns an overload into a storm. */
export function retries<In, Out>(sim: Simulation, options: RetryOptions): Layer<Service<In, Out>> {
  const { attempts, backoffMs, isRetried = () => true, name = "retries" } = options;
  const random = sim.stream(name);
  return (next) => async (input, call: Call) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await next(input, call);
      } catch (error) {
        if (attempt >= attempts || !isRetried(error)) throw error;
      }
      await sim.sleep(backoffMs(attempt + 1, random));
    }
  };
}
