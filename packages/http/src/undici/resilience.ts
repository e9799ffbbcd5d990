import type { Unsubscribe } from "@breakwater/core";
import type { KeyedBreaker } from "@breakwater/breaker";
import type { KeyedLimiter } from "@breakwater/limiter";
import type { Dispatcher } from "undici";
import type { ClientEvents, ClientStats } from "../client/client-log.ts";
import { readClientOptions, type ClientOptions } from "../client/options.ts";
import { Pipeline } from "../client/pipeline.ts";
import { attemptWith, type Arrival } from "./attempt.ts";
import { Dispatching, type CarriesCall } from "./dispatching.ts";
import { Exchange } from "./exchange.ts";
import type { ResponseHead } from "./response-head.ts";

export type ResilienceOptions = ClientOptions<ResponseHead>;

/** An interceptor for `dispatcher.compose`. Composed with several dispatchers it is one client: they share breakers and budgets. */
export interface Resilience {
  (dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch;
  /** The breakers, one for each origin; undefined where there are none. */
  readonly breaker: KeyedBreaker<ResponseHead> | undefined;
  /** The limits, one for each origin; undefined where there are none. */
  readonly limiter: KeyedLimiter | undefined;
  readonly stats: ClientStats;
  /** Listeners cannot fail a call: what they throw becomes a process warning. */
  on<Type extends keyof ClientEvents>(type: Type, listener: (event: ClientEvents[Type]) => void): Unsubscribe;
}

/**
 * The same as `resilientFetch`, for undici: deadline, retries, hedges, a breaker and a limit for each origin, round `dispatch`.
 *
 * It decides by the head. What has been handed on is never asked for again, so a body that breaks off fails with its error. Upgrades
 * and `CONNECT` pass through as they are.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function resilience(options: ResilienceOptions = {}): Resilience {
  const settings = readClientOptions(options);
  const pipeline = new Pipeline<Dispatching, Arrival>(settings, attemptWith(settings), (arrival) => arrival.discard());

  const interceptor = (dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch => {
    return (given, handler) => {
      if (isForeign(given)) return dispatch(given, handler);
      const { call } = given as CarriesCall; // any object may be asked for a property
      const exchange = new Exchange(handler, call, settings);
      const outgoing = read(dispatch, given, exchange);
      if (outgoing === undefined) return true;
      exchange.begin();
      const inner = Object.assign({}, call, { signal: exchange.signal, isRepeatable: outgoing.isRepeatable });
      pipeline.send(outgoing, inner, (arrival) => exchange.answer(arrival)).catch((error: unknown) => exchange.error(error));
      return outgoing.isAccepted;
    };
  };
  return Object.defineProperties(interceptor, {
    breaker: { value: pipeline.breaker },
    limiter: { value: pipeline.limiter },
    stats: { get: () => pipeline.stats },
    on: { value: pipeline.log.on.bind(pipeline.log) },
  }) as Resilience; // the compiler does not see through property descriptors
}

// Headers may be an iterator of the caller's, which throws what it likes.
function read(dispatch: Dispatcher.Dispatch, given: Dispatcher.DispatchOptions, exchange: Exchange): Dispatching | undefined {
  try {
    return new Dispatching(dispatch, given, exchange);
  } catch (error) {
    exchange.error(error);
    return undefined;
  }
}

// Two-way connections, and what is no request at all, about which the dispatcher knows what to say.
function isForeign(options: Dispatcher.DispatchOptions): boolean {
  const given = options as Partial<Dispatcher.DispatchOptions> | null | undefined; // JavaScript callers may pass anything
  if (typeof given !== "object" || given === null) return true;
  const { method, upgrade } = given;
  return method === "CONNECT" || (upgrade !== undefined && upgrade !== null && upgrade !== false);
}
