import type { Service } from "@breakwater/core";
import { KeyedBreaker, type Classify, type KeyedBreakerOptions } from "@breakwater/breaker";
import { Deadline, Timeout, TimeoutError, remainingMs } from "@breakwater/deadline";
import { KeyedLimiter } from "@breakwater/limiter";
import { retryAfterMs } from "@breakwater/retry";
import type { Answer, ClientCall, Discard, Outbound, Sending } from "./answer.ts";
import { balanceWith } from "./balance.ts";
import { ClientLog, type ClientStats } from "./client-log.ts";
import { isMistake } from "./mistakes.ts";
import type { ClientSettings } from "./options.ts";
import { Origins } from "./origins.ts";
import { isOverdue, timed } from "./overdue.ts";

/**
 * What `resilientFetch` and `resilience` do with a request, up to the head of the answer.
 *
 * How it works, and why. A call goes through the layers of the patterns' packages, from outside in:
 *
 *     deadline > retry of the origin > hedge of the origin > choice of an endpoint > breaker > limiter > timeout > attempt
 *
 * The deadline holds for all attempts and waits. Each attempt is let in, counted and timed by itself, and the time begins when it
 * has its place, so that a line on our side does not look like a slow server. Whatever answer nobody gets, of a retried attempt, a
 * hedge that lost, an attempt that was too late, is discarded, and so its connection is let go.
 *
 * All of these layers are done with a call when the head is there. What becomes of the body is the client's.
 */
export class Pipeline<Out extends Outbound<A>, A extends Answer> {
  readonly breaker: KeyedBreaker<A> | undefined;
  readonly limiter: KeyedLimiter | undefined;
  readonly log: ClientLog<A>;
  readonly #settings: ClientSettings<A>;
  readonly #origins: Origins<Out, A>;
  readonly #send: Service<Out, A, ClientCall>;
  /** The same for a call that brings a tighter deadline: a `Deadline` with a time of its own leaves that to whoever set it. */
  readonly #sendByGiven: Service<Out, A, ClientCall>;
  readonly #drop: Discard<A>;
  readonly #dropped = new WeakSet<A>();

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(settings: ClientSettings<A>, attempt: Service<Sending<Out>, A, ClientCall>, discard: Discard<A>) {
    const { name, clock, meter, deadlineMs, timeoutMs, breaker, limiter, balancer } = settings;
    const shared = { name, clock, meter, dispose: this.#discard };
    const timeout = new Timeout<A>({ ...shared, timeoutMs });
    this.#settings = settings;
    this.#drop = discard;
    this.log = new ClientLog(this.#discard);
    this.breaker = breaker === undefined ? undefined : new KeyedBreaker<A>({ ...breakerDefaults(settings), ...breaker, name, clock, meter });
    this.limiter = limiter === undefined ? undefined : new KeyedLimiter({ ...limiter, name, clock });
    const one = this.#guarded(timed(settings, timeout.layer(attempt)));
    this.#origins = new Origins(settings, this.log, this.#discard, balanceWith(balancer, one));
    // Which endpoint it will be is not known yet, and a retry may go to another: what it costs all of them is one budget.
    const send = (outgoing: Out, call: ClientCall): Promise<A> => this.#origins.get(balancer === undefined ? outgoing.origin : "")(outgoing, call);
    this.#sendByGiven = new Deadline<A>(shared).layer(send);
    this.#send = deadlineMs === undefined ? this.#sendByGiven : new Deadline<A>({ ...shared, timeoutMs: deadlineMs }).layer(send);
  }

  get stats(): ClientStats {
    return { ...this.log.counts, origins: this.#origins.size, breaker: this.breaker?.stats, limiter: this.limiter?.stats };
  }

  /** `handOut` gets the answer, whose body is the caller's from then on, in the same turn in which it is known that he is still there. */
  async send<T>(outgoing: Out, call: ClientCall, handOut: (answer: A) => T): Promise<T> {
    this.log.calls += 1;
    try {
      const leftMs = remainingMs(call, this.#settings.clock);
      const answer = await (leftMs < this.#deadlineMs ? this.#sendByGiven(outgoing, call) : this.#send(outgoing, call));
      // In the very moment of the head.
      if (call.signal?.aborted === true) throw call.signal.reason;
      if (this.#dropped.has(answer)) throw this.#tooLate(leftMs);
      return handOut(answer);
    } catch (error) {
      if (outgoing.latest !== undefined) this.#discard(outgoing.latest);
      throw error;
    }
  }

  // A wait for another attempt that ended late, because the process was busy: the deadline has passed, but its own timer has not
  // fired yet, and the retry hands out the answer that it had. The body of that is gone.
  #tooLate(leftMs: number): TimeoutError {
    return new TimeoutError({ timeoutMs: Math.min(this.#deadlineMs, leftMs), reason: "deadline", source: this.#settings.name });
  }

  get #deadlineMs(): number {
    return this.#settings.deadlineMs ?? Infinity;
  }

  #guarded(attempt: Service<Sending<Out>, A, ClientCall>): Service<Sending<Out>, A, ClientCall> {
    const keyOf = ({ origin }: Sending<Out>): string => origin;
    const limited = this.limiter === undefined ? attempt : this.limiter.layer<Sending<Out>, ClientCall>(keyOf)(attempt);
    return this.breaker === undefined ? limited : this.breaker.layer<Sending<Out>, ClientCall>(keyOf)(limited);
  }

  readonly #discard: Discard<A> = (answer) => {
    this.#dropped.add(answer);
    this.#drop(answer);
  };
}

// A server that asks for patience with 429 is neither well nor broken. Errors count by the default.
function breakerDefaults<A extends Answer>({ maxOrigins, maxRetryAfterMs }: ClientSettings<A>): KeyedBreakerOptions<A> {
  const classify: Classify<A> = (result) => {
    if (result.status === "rejected") {
      if (isMistake(result.reason)) return "neutral";
      return isOverdue(result.reason) ? "failure" : undefined;
    }
    const { status } = result.value;
    if (status === 429) return "neutral";
    if (status < 500) return "success";
    // What it asks for is believed within reason: nobody may switch us off for a year.
    return { outcome: "failure", retryAfterMs: Math.min(retryAfterMs(result.value) ?? 0, maxRetryAfterMs) };
  };
  return { classify, maxKeys: maxOrigins };
}
