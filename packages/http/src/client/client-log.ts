import { Emitter, type Unsubscribe } from "@breakwater/core";
import type { KeyedBreakerStats } from "@breakwater/breaker";
import type { KeyedLimiterStats } from "@breakwater/limiter";
import type { Ending, GiveUpReason, Hedge, HedgeReason, Retry } from "@breakwater/retry";
import type { Answer, Discard } from "./answer.ts";

/** What happens to a call beyond being sent. Breaker and limiter have events of their own. */
export interface ClientEvents {
  /** An attempt ended badly, and another is scheduled. Of an answer there is the status, else the error. */
  readonly retried: {
    readonly origin: string;
    readonly attempt: number;
    readonly status: number | undefined;
    readonly error: unknown;
    readonly delayMs: number;
  };
  /** It would have been sent again, and is not: the caller gets this answer, or this error. */
  readonly gaveUp: {
    readonly origin: string;
    readonly reason: GiveUpReason;
    readonly attempts: number;
    readonly status: number | undefined;
    readonly error: unknown;
  };
  /** One more request was sent beside one that is slow, or in place of one that failed. */
  readonly hedged: { readonly origin: string; readonly attempt: number; readonly reason: HedgeReason };
}

/** Counts since it was made; of breaker and limiter as they say themselves. */
export interface ClientStats {
  readonly calls: number;
  readonly retries: number;
  /** Calls that would have been sent again, and were not. */
  readonly gaveUp: number;
  readonly hedges: number;
  /** Calls that a hedge answered. */
  readonly hedgeWins: number;
  /** Origins of which something is remembered for retries and hedges. */
  readonly origins: number;
  readonly breaker: KeyedBreakerStats | undefined;
  readonly limiter: KeyedLimiterStats | undefined;
}

/** What is told of the calls of one client. It outlives the origins that are forgotten. */
export class ClientLog<A extends Answer> {
  calls = 0;
  readonly #discard: Discard<A>;
  readonly #counts = { retries: 0, gaveUp: 0, hedges: 0, hedgeWins: 0 };
  readonly #events = new Emitter<ClientEvents>();

  constructor(discard: Discard<A>) {
    this.#discard = discard;
  }

  get counts(): Pick<ClientStats, "calls" | "retries" | "gaveUp" | "hedges" | "hedgeWins"> {
    return { calls: this.calls, ...this.#counts };
  }

  on<Type extends keyof ClientEvents>(type: Type, listener: (event: ClientEvents[Type]) => void): Unsubscribe {
    return this.#events.on(type, listener);
  }

  /** An answer that is asked for again is let go before the wait, not after it. */
  followRetry(origin: string, retry: Retry<A>): void {
    retry.on("retried", ({ attempt, ending, error, delayMs }) => {
      const answer = this.#answerOf(ending);
      if (answer !== undefined) this.#discard(answer);
      this.#counts.retries += 1;
      this.#events.emit("retried", { origin, attempt, status: answer?.status, error, delayMs });
    });
    retry.on("gaveUp", ({ reason, attempts, ending, error }) => {
      this.#counts.gaveUp += 1;
      this.#events.emit("gaveUp", { origin, reason, attempts, status: this.#answerOf(ending)?.status, error });
    });
  }

  followHedge(origin: string, hedge: Hedge<A>): void {
    hedge.on("hedged", ({ attempt, reason }) => {
      this.#counts.hedges += 1;
      this.#events.emit("hedged", { origin, attempt, reason });
    });
    hedge.on("won", ({ attempt }) => {
      if (attempt > 1) this.#counts.hedgeWins += 1;
    });
  }

  #answerOf(ending: Ending): A | undefined {
    return ending.status === "succeeded" ? (ending.value as A) : undefined; // what is retried makes nothing else
  }
}
