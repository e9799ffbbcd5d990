import { isRejected, type Meter, type Service } from "@breakwater/core";
import { Hedge, Retry, RetryBudget, retryAfterMs, type Budget } from "@breakwater/retry";
import type { Answer, ClientCall, Discard, Outbound } from "./answer.ts";
import type { ClientLog } from "./client-log.ts";
import { hedged } from "./hedged.ts";
import { isMistake } from "./mistakes.ts";
import type { ClientHedgeOptions, ClientRetryOptions, ClientSettings } from "./options.ts";

/**
 * Retry, hedge and budget of each origin: one that is down must not use up what another could retry with.
 *
 * At most `maxOrigins` are kept, and the least recently used is forgotten first. Its calls go on with what they have; it comes
 * back with a new budget, that is, with the few retries that anybody may have.
 */
export class Origins<Out extends Outbound<A>, A extends Answer> {
  readonly #settings: ClientSettings<A>;
  readonly #log: ClientLog<A>;
  readonly #discard: Discard<A>;
  readonly #inner: Service<Out, A, ClientCall>;
  readonly #senders = new Map<string, Service<Out, A, ClientCall>>();

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(settings: ClientSettings<A>, log: ClientLog<A>, discard: Discard<A>, inner: Service<Out, A, ClientCall>) {
    this.#settings = { ...settings, meter: withoutGauges(settings.meter) };
    this.#log = log;
    this.#discard = discard;
    this.#inner = inner;
    const { hedge } = settings;
    // Made for nobody, so that wrong options are found now.
    this.#make("", hedge === undefined || typeof hedge.delayMs === "number" ? hedge : { ...hedge, delayMs: 0 });
  }

  get size(): number {
    return this.#senders.size;
  }

  /** What sends to this origin. */
  get(origin: string): Service<Out, A, ClientCall> {
    const known = this.#senders.get(origin);
    const sender = known ?? this.#make(origin, this.#settings.hedge);
    if (known !== undefined) this.#senders.delete(origin); // and back, as the latest
    else if (this.#senders.size >= this.#settings.maxOrigins) this.#forgetOldest();
    this.#senders.set(origin, sender);
    return sender;
  }

  #forgetOldest(): void {
    for (const oldest of this.#senders.keys()) {
      this.#senders.delete(oldest);
      return;
    }
  }

  #make(origin: string, hedging: ClientHedgeOptions | undefined): Service<Out, A, ClientCall> {
    const { retry: retrying, clock, statuses } = this.#settings;
    const budget = retrying?.budget === false ? false : new RetryBudget({ ...retrying?.budget, clock });
    const hedge = hedging === undefined ? undefined : this.#hedge(origin, hedging, retrying === undefined ? budget : paidOnly(budget));
    const inner = hedge === undefined ? this.#inner : hedged(hedge, statuses, this.#discard, this.#inner);
    return retrying === undefined ? inner : this.#retry(origin, retrying, budget).layer(inner);
  }

  #retry(origin: string, { attempts, backoff }: ClientRetryOptions, budget: Budget | false): Retry<A> {
    const { name, clock, random, meter, statuses, maxRetryAfterMs, balancer } = this.#settings;
    const retry = new Retry<A>({
      name,
      attempts,
      backoff,
      budget,
      clock,
      random,
      meter,
      idempotent: isRepeatable,
      retryResultIf: ({ status }) => statuses.has(status),
      retryIf: (error) => {
        if (isMistake(error)) return false;
        // Among several endpoints another one may be asked, and at once: what the open one asks for is no concern of that.
        return balancer !== undefined && isOpen(error) ? true : undefined;
      },
      retryAfter: (subject) => {
        const leastMs = isRejected(subject) ? undefined : retryAfterMs(subject);
        // Nobody waits for ever: the retry gives up at once.
        return leastMs !== undefined && leastMs > maxRetryAfterMs ? Infinity : leastMs;
      },
    });
    this.#log.followRetry(origin, retry);
    return retry;
  }

  #hedge(origin: string, { delayMs, maxHedges }: ClientHedgeOptions, budget: Budget | false): Hedge<A> {
    const { name, clock, meter } = this.#settings;
    const hedge = new Hedge<A>({
      name,
      delayMs: typeof delayMs === "function" ? delayMs(origin) : delayMs,
      maxHedges,
      budget,
      clock,
      meter,
      idempotent: isRepeatable,
      dispose: this.#discard,
    });
    this.#log.followHedge(origin, hedge);
    return hedge;
  }
}

// What the two are called with is handed down from the client's own call.
function isRepeatable(call: Partial<ClientCall>): boolean {
  return call.isRepeatable === true;
}

function isOpen(error: unknown): boolean {
  return isRejected(error) && error.code === "ERR_BREAKER_OPEN";
}

/** The retry has counted the call already. */
function paidOnly(budget: Budget | false): Budget | false {
  return budget === false ? false : { deposit: () => undefined, tryWithdraw: () => budget.tryWithdraw() };
}

/** Counts add up over origins. A gauge of each would stay when the origin is forgotten. */
function withoutGauges(meter: Meter): Meter {
  return {
    counter: (name, options) => meter.counter(name, options),
    histogram: (name, options) => meter.histogram(name, options),
    gauge: () => () => undefined,
  };
}
