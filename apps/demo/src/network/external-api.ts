import type { Call, Meter } from "@breakwater/core";
import { resilientFetch, type ResilientFetch } from "@breakwater/http/client";
import { exponential } from "@breakwater/retry";
import { ApiError } from "../dependencies.ts";
import { trip } from "../trip.ts";
import { blame } from "./blame.ts";
import type { Order } from "./operations.ts";
import type { ServiceConfig } from "./service-config.ts";

/** The upstream over HTTP: each attempt timed and behind the breaker, and one more where the first failed and the budget has it. */
export class ExternalApi {
  readonly fetch: ResilientFetch;
  readonly #origin: string;

  constructor({ upstreamOrigin, timeoutMs, breakMs }: ServiceConfig, meter: Meter) {
    this.#origin = upstreamOrigin;
    this.fetch = resilientFetch({
      name: "external-api",
      timeoutMs: timeoutMs / 2,
      retry: { attempts: 2, backoff: exponential({ initialMs: 20 }) },
      breaker: { trip, breakMs },
      meter,
    });
  }

  /** Takes 50 ms of it. */
  call({ id, fail }: Order, call: Call): Promise<unknown> {
    const ask = async (): Promise<unknown> => {
      const response = await this.fetch(`${this.#origin}/external/${id}${fail === true ? "?fail" : ""}`, { call });
      const body: unknown = await response.json(); // read in any case: an unread body holds its connection
      if (!response.ok) throw new ApiError(`the external API answered ${response.status}`);
      return body;
    };
    return blame("external-api", ask, call);
  }
}
