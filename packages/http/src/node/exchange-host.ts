import type { Clock } from "@breakwater/core";
import type { CallMaker } from "../front/call-options.ts";
import type { Failures } from "../front/failures.ts";
import type { Exchange } from "./exchange.ts";
import type { HttpRequest } from "./request.ts";
import type { Routing } from "./route.ts";

/** What an exchange needs of its server. */
export interface ExchangeHost {
  readonly routing: Routing;
  readonly calls: CallMaker<HttpRequest>;
  readonly failures: Failures;
  readonly clock: Clock;
  readonly stalledMs: number;
  /** What an answer says about how long its connection may be idle. */
  readonly keepAlive: string | undefined;
  /** Whether no more is taken. */
  readonly isClosing: boolean;
  /** The response is out, or its connection is gone. */
  closed(exchange: Exchange): void;
}

/** What the request expects of the server: nothing, a 100 before it sends the body, or something that nobody knows. */
export type Expectation = "nothing" | "continue" | "other";
